/** Deletes ingests that ended before the operator's retention, in small batches. */
import { addMs, DAY_MS, SECOND_MS } from "../../clock.js";
import type { Services } from "../services.js";
import type { ReconcileRun } from "./run.js";

/** Few enough that no statement of a start waits for one of these. */
const BATCH = 500;

/** The rest of a backlog waits for the next run, so that a run always ends soon. */
const BUDGET_MS = 10 * SECOND_MS;

/** Returns how many it deleted. */
export async function forgetEndedIngests(
  { store, clock, config }: Services,
  { hasTime }: Pick<ReconcileRun, "hasTime">,
): Promise<number> {
  if (config.retentionDays === 0) return 0;
  const endedBefore = addMs(clock.now(), -config.retentionDays * DAY_MS);
  const untilMs = clock.elapsedMs() + BUDGET_MS;
  let forgotten = 0;
  while (hasTime() && clock.elapsedMs() < untilMs) {
    const batch = await store.ingests.forgetEnded({ endedBefore, limit: BATCH });
    forgotten += batch;
    if (batch < BATCH) break;
  }
  return forgotten;
}
