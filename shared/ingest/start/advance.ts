/** Starts scheduled ingests on the second, and tries again what did not start. */
import { asApiError } from "../../contract/errors.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import { withoutQueries } from "../../trtc/trtc-error.js";
import { runDue } from "../due-run.js";
import type { Services } from "../services.js";
import { ADVANCE_LEASE_MS, ADVANCE_RESERVE_MS } from "../timing.js";
import { type StartedOnTime, startOnTime } from "./scheduled-start.js";

/**
 * `spared`: the start has moved, or was stopped. `retried`: it did not start, and is tried again.
 * `failed`: its window is over. `unknown`: TRTC did not answer, and reconcile-ingests takes it up.
 */
export interface AdvanceCounts extends Record<StartedOnTime, number>, Record<string, number> {
  claimed: number;
}

export async function advanceIngests(
  services: Services,
  { timeLeftMs }: { timeLeftMs: () => number },
): Promise<AdvanceCounts> {
  const { store, config } = services;
  const counts = { claimed: 0, started: 0, spared: 0, retried: 0, failed: 0, unknown: 0 };
  counts.claimed = await runDue(services, {
    nextAt: store.scheduled.nextClaimAt,
    claim: store.scheduled.claimDue,
    async work(ingest) {
      counts[await advance(services, ingest, timeLeftMs)] += 1;
    },
    leaseMs: ADVANCE_LEASE_MS,
    tickMs: config.advanceTickMs,
    hasTime: () => timeLeftMs() > ADVANCE_RESERVE_MS,
  });
  return counts;
}

/** A failure of the database leaves the row as it is. Another run takes it when its lease ends. */
async function advance(
  services: Services,
  ingest: Ingest,
  timeLeftMs: () => number,
): Promise<StartedOnTime> {
  try {
    return await startOnTime(services, ingest, timeLeftMs);
  } catch (error) {
    const { code: outcome, detail = "" } = asApiError(error);
    const { taskId, callerId } = ingest;
    services.log({
      level: "warn",
      ingest: taskId,
      caller: callerId,
      outcome,
      detail: withoutQueries(detail),
    });
    return "unknown";
  }
}
