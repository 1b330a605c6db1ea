/** Ends a task at TRTC and ends its row, if this instance still holds the row. */
import { addMs } from "../../clock.js";
import type { Slot } from "../../store/engine/database-time.js";
import type { EndReason, Ingest } from "../../store/ingests/ingest-row.js";
import { answerCodeOf, TrtcError } from "../../trtc/trtc-error.js";
import { isThere } from "./check-task.js";
import { isPastCap, reasonWhenGone } from "../lifecycle.js";
import { throughOutage } from "../outage.js";
import { removeRobot } from "./evict-robot.js";
import type { Services } from "../services.js";
import { heldMs } from "../timing.js";
import { callInSlot, saysGone } from "../trtc-call.js";

/**
 * The row is due again after a stop that TRTC did not carry out. The pause grows with the time
 * since the first stop. So a stop that keeps failing leaves the slots to others. A stop that did not
 * leave, because it got no slot in a crowd, has not failed.
 */
const RETRY_MIN_MS = 1000;
const RETRY_MAX_MS = 60_000;

const retryMs = (error: TrtcError, askedMs: number): number =>
  answerCodeOf(error) === undefined
    ? RETRY_MIN_MS
    : Math.min(Math.max(askedMs / 4, RETRY_MIN_MS), RETRY_MAX_MS);

export interface TaskToEnd {
  ingest: Ingest;
  /** The slot of the call. */
  slot: Slot | undefined;
  /** The start of this attempt. The row's `stopAskedAt` is the start of the first one. */
  askedAt: Date;
  timeLeftMs: () => number;
}

/** Throws TrtcError when the task may still exist. The row then stays due. */
export async function endTask(services: Services, task: TaskToEnd): Promise<Ingest | undefined> {
  const { store, clock } = services;
  const { ingest, askedAt, timeLeftMs } = task;
  const { taskId, fence } = ingest;
  const stopAskedAt = ingest.stopAskedAt ?? askedAt;
  const leftMs = heldMs(services, ingest, timeLeftMs);
  const end = (reason: EndReason) =>
    throughOutage(services, leftMs, () =>
      store.ingests.markEnded({ taskId, fence, reason, at: clock.now() }),
    );
  try {
    const wasThere = await stopAtTrtc(services, task);
    const isFirst = stopAskedAt.getTime() === askedAt.getTime();
    const isKnown = wasThere || !isFirst || ingest.endReason === "failed";
    return await end(isKnown ? requestedReason(ingest) : reasonWhenGone(ingest, askedAt));
  } catch (error) {
    if (!(error instanceof TrtcError)) throw error;
    const now = clock.now();
    if (isPastCap(ingest, now)) return end(requestedReason(ingest));
    const retryAt = addMs(now, retryMs(error, now.getTime() - stopAskedAt.getTime()));
    await throughOutage(services, leftMs, () => store.ingests.release({ taskId, fence, retryAt }));
    throw error;
  }
}

/** True when the task still existed. The task and its robot are gone afterwards. */
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
  // A start with a lost answer may have left another task with this robot.
  if (ingest.lateStartUntil !== null) await removeRobot(services, ingest, leftMs);
  return wasThere;
}

/**
 * TRTC probably answers this for a TaskId that it has forgotten. The code may mean something else,
 * so we check the task. Otherwise we would repeat a refused stop forever.
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
 * The row stores its reason when the first stop begins. After a lost answer, "gone" means that the
 * earlier attempt worked. TRTC itself ends a task whose source has failed for good.
 */
const requestedReason = ({ endReason }: Ingest): EndReason => endReason ?? "stopped";
