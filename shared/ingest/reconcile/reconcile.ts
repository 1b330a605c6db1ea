/**
 * Brings rows and TRTC back into agreement after a failure. Each duty has its own file here.
 *
 * A run works on one bounded batch. Any number of runs may overlap: they claim each row first, or
 * the work is repeatable.
 */
import { addMs, DAY_MS } from "../../clock.js";
import type { Services } from "../services.js";
import { RECONCILE_RESERVE_MS } from "../timing.js";
import { watchBudgets } from "./budgets.js";
import { stopFailedSources } from "./failed-sources.js";
import { endMissedStarts } from "./missed-starts.js";
import { removeLateRobots } from "./late-starts.js";
import { stopOverdue } from "./overdue-stops.js";
import { forgetEndedIngests } from "./retention.js";
import type { Outcome, ReconcileRun } from "./run.js";
import { checkStaleTasks } from "./stale-tasks.js";
import { reconcileUnclaimed, type UnclaimedCounts } from "./unclaimed-tasks.js";
import { resumeUnfinishedStarts } from "./unfinished-starts.js";

/**
 * `started`, `failed`, `unsettled`: starts without an answer. `stopped`: overdue stops, and ingests
 * whose source has failed. `cleared`: robots removed after a late start. `described`, `gone`: stale
 * tasks that TRTC knows, or no longer knows. `refused`: TRTC refused the call, and the next run
 * repeats it. `warned`: levels of budgets that were reported. `forgotten`: ingests that ended before
 * the retention, and are deleted.
 */
export interface ReconcileCounts
  extends
    Record<Outcome | "warned" | "forgotten", number>,
    UnclaimedCounts,
    Record<string, number> {}

/** Resolved dead letters stay this long, so an operator can still examine them. */
const RESOLVED_KEPT_MS = 30 * DAY_MS;

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
  await endMissedStarts(services, run);
  await removeLateRobots(services, run);
  await checkStaleTasks(services, run);
  const warned = await watchBudgets(services, run);
  const unclaimed = await reconcileUnclaimed(services, run);
  await services.store.deadLetters.forgetResolved(addMs(services.clock.now(), -RESOLVED_KEPT_MS));
  const forgotten = await forgetEndedIngests(services, run);
  return { ...counts, ...unclaimed, warned, forgotten };
}
