/** Ends a task at TRTC and writes it down, if the row is still ours to end. */
import { addMs } from "../../clock.js";
import type { Slot } from "../../store/engine/database-time.js";
import type { EndReason, Ingest } from "../../store/ingests/ingest-row.js";
import { TrtcError } from "../../trtc/trtc-error.js";
import { isThere } from "./check-task.js";
import { isPastCap, reasonWhenGone } from "../lifecycle.js";
import { removeRobot } from "./evict-robot.js";
import type { Services } from "../services.js";
import { heldMs, STOP_LEASE_MS } from "../timing.js";
import { callInSlot, saysGone, slotWaitMaxMs } from "../trtc-call.js";

/** What `beginStop` and `beginDueStop` ask for: a slot that comes while the claim still holds. */
export const stopTiming = (at: Date, timeLeftMs: () => number) => ({
  at,
  leaseMs: STOP_LEASE_MS,
  waitMaxMs: slotWaitMaxMs(Math.min(timeLeftMs(), STOP_LEASE_MS)),
});

/**
 * After a stop that TRTC did not carry out, the row is due again: soon at first, and ever later the
 * longer it has not worked, so that one that cannot work leaves the slots to the others.
 */
const RETRY_MIN_MS = 1000;
const RETRY_MAX_MS = 60_000;

const retryMs = (askedMs: number): number =>
  Math.min(Math.max(askedMs / 4, RETRY_MIN_MS), RETRY_MAX_MS);

export interface TaskToEnd {
  ingest: Ingest;
  /** Taken for the call. */
  slot: Slot | undefined;
  /** When this attempt asked; the row's `stopAskedAt` is that of the first. */
  askedAt: Date;
  timeLeftMs: () => number;
}

/** Throws TrtcError when the task may still be there; the row then stays due. */
export async function endTask(services: Services, task: TaskToEnd): Promise<Ingest | undefined> {
  const { store, clock } = services;
  const { ingest, askedAt } = task;
  const { taskId, fence } = ingest;
  const stopAskedAt = ingest.stopAskedAt ?? askedAt;
  const end = (reason: EndReason) => store.markEnded({ taskId, fence, reason, at: clock.now() });
  try {
    const wasThere = await stopAtTrtc(services, task);
    const isFirst = stopAskedAt.getTime() === askedAt.getTime();
    const isKnown = wasThere || !isFirst || ingest.endReason === "failed";
    return await end(isKnown ? requestedReason(ingest) : reasonWhenGone(ingest, askedAt));
  } catch (error) {
    if (!(error instanceof TrtcError)) throw error;
    const now = clock.now();
    if (isPastCap(ingest, now)) return end(requestedReason(ingest));
    const retryAt = addMs(now, retryMs(now.getTime() - stopAskedAt.getTime()));
    await store.release({ taskId, fence, retryAt });
    throw error;
  }
}

/** Whether the task was still there. Afterwards neither it nor its robot is. */
async function stopAtTrtc(
  services: Services,
  { ingest, slot, timeLeftMs }: TaskToEnd,
): Promise<boolean> {
  const request = { SdkAppId: ingest.sdkAppId, TaskId: ingest.trtcTaskId ?? "" };
  const leftMs = heldMs(services, ingest, timeLeftMs);
  let wasThere = true;
  try {
    const stop = { ingest, request, slot, timeLeftMs: leftMs };
    await callInSlot(services, "StopStreamIngest", stop);
  } catch (error) {
    const isGone = saysGone(error) || (await isUnknown(services, ingest, { error, leftMs }));
    if (!isGone) throw error;
    wasThere = false;
  }
  // A start whose answer was lost may have left another task with this robot.
  if (ingest.lateStartUntil !== null) await removeRobot(services, ingest, leftMs);
  return wasThere;
}

/**
 * Presumably what TRTC says of a TaskId that it has forgotten. It may mean something else, so it is
 * asked: a stop that is refused for good would be tried for ever.
 */
async function isUnknown(
  services: Services,
  ingest: Ingest,
  { error, leftMs }: { error: unknown; leftMs: () => number },
): Promise<boolean> {
  if (!(error instanceof TrtcError) || error.code !== "InvalidParameter.TaskId") return false;
  return !(await isThere(services, ingest, { timeLeftMs: leftMs }));
}

/**
 * Written when the stop was first asked. If an earlier attempt's answer was lost, "it is gone"
 * means that attempt worked; and a source that has failed for good is why TRTC ends a task itself.
 */
const requestedReason = ({ endReason }: Ingest): EndReason => endReason ?? "stopped";
