/** ListStreamIngests: TRTC has no such action. Newest first. A caller sees only its own ingests. */
import { cursorText, PAGE_LIMIT, writeCursor, wrongCursor } from "../contract/cursors.js";
import { isTaskId } from "../contract/task-id.js";
import { storedToken } from "./start/plan-start.js";
import { present, type PresentedIngest } from "./present.js";
import type { Call, Services } from "./services.js";

export interface ListAnswer {
  Ingests: PresentedIngest[];
  /** The caller sends this as `Cursor` for the next page. It is null on the last page. */
  NextCursor: string | null;
}

export async function listIngests(
  { store, clock }: Services,
  { caller, request }: Call<"ListStreamIngests">,
): Promise<ListAnswer> {
  const limit = request.Limit ?? PAGE_LIMIT;
  const rows = await store.ingests.list({
    callerId: caller.Id,
    sdkAppId: request.SdkAppId,
    roomId: request.RoomId,
    roomIdType: request.RoomIdType,
    state: request.State,
    endReason: request.EndReason,
    mediaState: request.MediaState,
    clientToken: request.ClientToken === undefined ? undefined : storedToken(request.ClientToken),
    before: readCursor(request.Cursor),
    limit: limit + 1,
  });
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const NextCursor = rows.length > limit && last ? writeCursor(last.taskId) : null;
  const now = clock.now();
  return { Ingests: page.map((ingest) => present(ingest, now)), NextCursor };
}

export function readCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const taskId = cursorText(cursor);
  if (isTaskId(taskId)) return taskId;
  throw wrongCursor();
}
