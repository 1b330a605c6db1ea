/** Ends a task at TRTC and writes it down, if the row is still ours to end. */
import { addMs } from "../clock.js";
import type { Slot } from "../store/database-time.js";
import type { EndReason, Ingest } from "../store/ingest-row.js";
import { reasonWhenGone } from "./lifecycle.js";
import type { Services } from "./services.js";
import { callInSlot, saysGone, slotWaitMaxMs } from "./trtc-call.js";

/**
 * How long a claim holds. A stop is over within it, its slot included, or is given up; and a
 * killed instance delays its stops by no more.
 */
export const LEASE_MS = 10_000;

/** What `beginStop` and `beginDueStop` ask for: a slot that comes while the claim still holds. */
export const stopTiming = (at: Date, timeLeftMs: () => number) => ({
  at,
  leaseMs: LEASE_MS,
  waitMaxMs: slotWaitMaxMs(Math.min(timeLeftMs(), LEASE_MS)),
});

/** After a stop that TRTC did not carry out, the row is due again. */
const RETRY_MS = 1000;

export interface TaskToEnd {
  ingest: Ingest;
  /** Taken for the call. */
  slot: Slot | undefined;
  /** When this attempt asked; the row's `stopAskedAt` is that of the first. */
  askedAt: Date;
  timeLeftMs: () => number;
}

/** Throws TrtcError when the task may still be there; the row then stays due. */
export async function endTask(
  services: Services,
  { ingest, slot, askedAt, timeLeftMs }: TaskToEnd,
): Promise<Ingest | undefined> {
  const { store, clock } = services;
  const { taskId, fence, sdkAppId } = ingest;
  try {
    const TaskId = ingest.trtcTaskId ?? "";
    const request = { SdkAppId: sdkAppId, TaskId };
    // A claim that has lapsed is another's: the call must be over before that.
    const leaseLeftMs = () => (ingest.leaseUntil?.getTime() ?? 0) - clock.now().getTime();
    await callInSlot(services, "StopStreamIngest", {
      ingest,
      request,
      slot,
      timeLeftMs: () => Math.min(timeLeftMs(), leaseLeftMs()),
    });
  } catch (error) {
    if (!saysGone(error)) {
      await store.release({ taskId, fence, retryAt: addMs(clock.now(), RETRY_MS) });
      throw error;
    }
    const isFirst = ingest.stopAskedAt?.getTime() === askedAt.getTime();
    const reason = isFirst ? reasonWhenGone(ingest, askedAt) : wanted(ingest);
    return store.markEnded({ taskId, fence, reason, at: clock.now() });
  }
  return store.markEnded({ taskId, fence, reason: wanted(ingest), at: clock.now() });
}

/**
 * Written when the stop was first asked. If an earlier attempt's answer was lost, "it is gone"
 * means that attempt worked.
 */
const wanted = ({ endReason }: Ingest): EndReason => endReason ?? "stopped";
