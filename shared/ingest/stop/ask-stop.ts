/** Asks for the end of a start that is not over yet. */
import { type Ingest, waitsToStart } from "../../store/ingests/ingest-row.js";
import type { StopCause } from "../../store/ingests/stops.js";
import type { Services } from "../services.js";

/** An attempt lasts as long as a call to TRTC, and the next one comes seconds later. */
const LOOKS_MAX = 5;

/**
 * Ends a start that waits. The row of one under way remembers the stop, so that no other attempt
 * follows. An attempt may begin or end after the row was read, so a write without an effect reads it
 * again. Returns the row afterwards. One that runs or has ended is returned as it is.
 */
export async function askStop(
  { store, clock }: Pick<Services, "store" | "clock">,
  ingest: Ingest,
  { cause }: Pick<StopCause, "cause"> = {},
): Promise<Ingest> {
  const { taskId } = ingest;
  let seen = ingest;
  for (let looks = 0; looks < LOOKS_MAX && seen.state === "starting"; looks += 1) {
    const stop = { taskId, at: clock.now(), cause };
    const written = waitsToStart(seen)
      ? await store.scheduled.cancel(stop)
      : await store.ingests.askStop(stop);
    if (written) return written;
    seen = (await store.ingests.read(taskId)) ?? seen;
  }
  return seen;
}
