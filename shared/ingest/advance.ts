/**
 * Starts scheduled ingests on the second, tries again what did not start, and carries out the steps
 * of programmes. Both are queues of due rows with slots of their own, so one never delays the other.
 */
import { asApiError } from "../contract/errors.js";
import type { Ingest } from "../store/ingests/ingest-row.js";
import { withoutQueries } from "../trtc/trtc-error.js";
import { runDue } from "./due-run.js";
import { stepOnTime } from "./programme/step.js";
import type { StepResult } from "./programme/write-step.js";
import type { Services } from "./services.js";
import { startOccurrence } from "./overlap/start-occurrence.js";
import type { StartedOnTime } from "./start/scheduled-start.js";
import { ADVANCE_LEASE_MS, ADVANCE_RESERVE_MS, STEP_LEASE_MS } from "./timing.js";

/**
 * `spared`: the start or the step has moved, or the ingest was stopped. `retried`, `again`: it did
 * not succeed, and is due again. `failed`: its window is over. `unknown`: TRTC did not answer, and
 * reconcile-ingests takes it up. `switched`: another source is on air. `read`: the headers of a
 * source were read. `rolled`: a fresh task has taken over. `restarted`: TRTC had ended the task, or the item needs a task of its own.
 * `over`: the list has ended.
 */
export interface AdvanceCounts
  extends Record<StartedOnTime, number>, Record<StepResult, number>, Record<string, number> {
  claimed: number;
}

export async function advanceIngests(
  services: Services,
  { timeLeftMs }: { timeLeftMs: () => number },
): Promise<AdvanceCounts> {
  const { store, config } = services;
  const counts: AdvanceCounts = {
    claimed: 0,
    started: 0,
    spared: 0,
    retried: 0,
    failed: 0,
    unknown: 0,
    switched: 0,
    read: 0,
    rolled: 0,
    restarted: 0,
    over: 0,
    again: 0,
  };
  const run = {
    tickMs: config.advanceTickMs,
    hasTime: () => timeLeftMs() > ADVANCE_RESERVE_MS,
  };
  const starts = runDue(services, {
    ...run,
    nextAt: store.scheduled.nextClaimAt,
    claim: store.scheduled.claimDue,
    async work(ingest) {
      const start = () => startOccurrence(services, ingest, timeLeftMs);
      counts[await guarded(services, ingest, start)] += 1;
    },
    leaseMs: ADVANCE_LEASE_MS,
  });
  const steps = runDue(services, {
    ...run,
    nextAt: store.programmes.nextClaimAt,
    claim: store.programmes.claimDue,
    async work(ingest) {
      counts[await guarded(services, ingest, () => stepOnTime(services, ingest, timeLeftMs))] += 1;
    },
    leaseMs: STEP_LEASE_MS,
  });
  const [started, stepped] = await Promise.all([starts, steps]);
  counts.claimed = started + stepped;
  return counts;
}

/** A failure of the database leaves the row as it is. Another run takes it when its lease ends. */
async function guarded<Result extends string>(
  { log }: Services,
  { taskId, callerId }: Ingest,
  work: () => Promise<Result>,
): Promise<Result | "unknown"> {
  try {
    return await work();
  } catch (error) {
    const { code: outcome, detail = "" } = asApiError(error);
    log({
      level: "warn",
      ingest: taskId,
      caller: callerId,
      outcome,
      detail: withoutQueries(detail),
    });
    return "unknown";
  }
}
