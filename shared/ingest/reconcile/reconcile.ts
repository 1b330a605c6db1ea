/**
 * Brings rows and TRTC back into agreement after a failure. Each duty has its own file here.
 *
 * One bounded batch per run. Any number of runs may overlap: each row is claimed first, or the work
 * may safely happen twice.
 */
import { addMs, MINUTE_MS } from "../../clock.js";
import type { Services } from "../services.js";
import { RECONCILE_RESERVE_MS } from "../timing.js";
import { stopFailedSources } from "./failed-sources.js";
import { removeLateRobots } from "./late-starts.js";
import { stopOverdue } from "./overdue-stops.js";
import type { Outcome, ReconcileRun } from "./run.js";
import { checkStaleTasks } from "./stale-tasks.js";
import { reconcileUnclaimed, type UnclaimedCounts } from "./unclaimed-tasks.js";
import { resumeUnfinishedStarts } from "./unfinished-starts.js";

/**
 * `started`, `failed`, `unsettled`: starts without an answer. `stopped`: overdue ends, and ingests
 * whose source has failed. `cleared`: robots removed after a late start. `described`, `gone`:
 * stale tasks that TRTC knows, or no longer knows. `refused`: left for the next run, because TRTC
 * refused.
 */
export interface ReconcileCounts
  extends Record<Outcome, number>, UnclaimedCounts, Record<string, number> {}

/** Resolved dead letters stay this long, for questions about them. */
const RESOLVED_KEPT_MS = 30 * 24 * 60 * MINUTE_MS;

export async function reconcileIngests(
  services: Services,
  { timeLeftMs }: { timeLeftMs: () => number },
): Promise<ReconcileCounts> {
  const counts: Record<Outcome, number> = {
    started: 0,
    failed: 0,
    unsettled: 0,
    stopped: 0,
    cleared: 0,
    described: 0,
    gone: 0,
    refused: 0,
  };
  const run: ReconcileRun = {
    timeLeftMs,
    hasTime: () => timeLeftMs() > RECONCILE_RESERVE_MS,
    count: (outcome) => (counts[outcome] += 1),
  };
  await resumeUnfinishedStarts(services, run);
  await stopOverdue(services, run);
  await stopFailedSources(services, run);
  await removeLateRobots(services, run);
  await checkStaleTasks(services, run);
  const unclaimed = await reconcileUnclaimed(services, run);
  await services.store.forgetResolved(addMs(services.clock.now(), -RESOLVED_KEPT_MS));
  return { ...counts, ...unclaimed };
}
