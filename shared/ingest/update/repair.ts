/** Brings TRTC back to what the row says, after an update that reached TRTC and not the row. */
import type { Ingest } from "../../store/ingests/ingest-row.js";
import type { Services } from "../services.js";
import { changeTask, isEmpty, type Media, mediaOfRow } from "./media.js";
import { endTurn, takeTurn } from "./turns.js";

/**
 * The instance was frozen in its turn, and another update had the next one. TRTC may play what this
 * update changed, and the row does not say so. So TRTC gets what the row says.
 */
export async function repair(
  services: Services,
  { ingest, media, timeLeftMs }: { ingest: Ingest; media: Media; timeLeftMs: () => number },
): Promise<void> {
  if (isEmpty(media)) return;
  const turn = await takeTurn(services, { ingest, timeLeftMs });
  const said = mediaOfRow(services, turn.ingest, media);
  try {
    await changeTask(services, { ...turn, media: said });
  } finally {
    await endTurn(services, turn);
  }
}
