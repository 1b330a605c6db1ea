/**
 * Ends every ingest at its deadline. A run covers all deadlines before the next run, and stops each
 * ingest on the second.
 */
import { addMs, MINUTE_MS } from "../../clock.js";
import { asApiError } from "../../contract/errors.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import { TrtcError, withoutQueries } from "../../trtc/trtc-error.js";
import { runDue } from "../due-run.js";
import { beginDueStop } from "./begin-stop.js";
import { endTask } from "./end-task.js";
import { dueAt } from "../lifecycle.js";
import type { Services } from "../services.js";
import { sleepUntil } from "../wait.js";
import { EXPIRE_RESERVE_MS, STOP_LEASE_MS } from "../timing.js";

export interface ExpireCounts extends Record<string, number> {
  claimed: number;
  stopped: number;
  /** The deadline has moved, or another instance stopped the ingest first. */
  spared: number;
  /** The slot was too far away. The row is due again soon, for any run. */
  returned: number;
  /** TRTC did not carry out the stop. The row stays due. */
  failed: number;
}

/**
 * A stop without a slot is due again after this. Without a pause, the slots would be as far away.
 */
const RETURN_MS = 1000;

/** We refuse signed requests after five minutes. We keep their signatures longer. */
const SIGNATURE_KEPT_MS = 15 * MINUTE_MS;

export async function expireIngests(
  services: Services,
  { timeLeftMs }: { timeLeftMs: () => number },
): Promise<ExpireCounts> {
  const { store, machineClock, config } = services;
  const counts: ExpireCounts = { claimed: 0, stopped: 0, spared: 0, returned: 0, failed: 0 };
  counts.claimed = await runDue(services, {
    nextAt: store.ingests.nextClaimAt,
    claim: store.ingests.claimDue,
    async work(ingest) {
      counts[await stopOnTime(services, ingest, timeLeftMs)] += 1;
    },
    leaseMs: STOP_LEASE_MS,
    tickMs: config.expiryTickMs,
    hasTime: () => timeLeftMs() > EXPIRE_RESERVE_MS,
  });
  await store.signatures.forget(addMs(machineClock.now(), -SIGNATURE_KEPT_MS));
  return counts;
}

export async function stopOnTime(
  services: Services,
  claimed: Ingest,
  timeLeftMs: () => number,
): Promise<"stopped" | "spared" | "returned" | "failed"> {
  const { store, clock, trtc } = services;
  const { taskId, fence } = claimed;
  try {
    await trtc.ready();
    await sleepUntil(services, dueAt(claimed));
    const begun = await beginDueStop(services, claimed, timeLeftMs);
    if (!begun) {
      // Viewers may have entered the room since it was empty.
      if (claimed.emptySeconds !== null) await store.audience.updateEmptyAt(claimed);
      await store.ingests.release({ taskId, fence });
      return "spared";
    }
    if (!begun.slot) {
      const retryAt = addMs(clock.now(), RETURN_MS);
      await store.ingests.release({ taskId, fence: begun.ingest.fence, retryAt });
      return "returned";
    }
    const ended = await endTask(services, { ...begun, timeLeftMs });
    const latenessMs = -msUntil(dueAt(claimed), clock.now());
    report(services, claimed, { outcome: ended ? "ok" : "overtaken", latenessMs });
    return "stopped";
  } catch (error) {
    // An error of the database describes the failure in its detail.
    const { code: outcome, detail = "" } =
      error instanceof TrtcError ? { code: error.code, detail: error.message } : asApiError(error);
    report(services, claimed, { outcome, detail: withoutQueries(detail) });
    return "failed";
  }
}

function report(
  { log }: Services,
  { taskId, callerId }: Ingest,
  result: { outcome: string; latenessMs?: number; detail?: string },
): void {
  const level = result.outcome === "ok" ? "info" : "warn";
  log({ level, ingest: taskId, caller: callerId, ...result });
}

const msUntil = (at: Date, now: Date): number => at.getTime() - now.getTime();
