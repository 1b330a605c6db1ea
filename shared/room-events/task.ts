/**
 * Events 701 and 702: the state of a task's source, and the end of a task. They have only a TaskId.
 */
import { FAILED_FOR_GOOD, FAILED_SURELY } from "../store/ingests/media.js";
import type { IngestAfterEvent, TaskEvent } from "../store/room-events/events.js";
import { stepNow } from "../ingest/programme/step-now.js";
import { CALLBACK_EARLY_MS, STEP_LEASE_MS } from "../ingest/timing.js";
import { checkNow } from "./robot.js";
import { stopForEvent } from "./stop.js";
import type { SourceEvent, EventResult, TaskEndEvent } from "./types.js";
import type { Services } from "../ingest/services.js";

/**
 * After a fourth failure within a minute, TRTC no longer retries. The ingest ends as failed. We
 * stop its task, since TRTC also bills a task that plays nothing. After a third failure, a last
 * retry may still run. reconcile-ingests handles that case. A programme has a step at once: another
 * source may take over, while the task is still there.
 */
export async function sourceHasMoved(
  services: Services,
  { sdkAppId, trtcTaskId, media, eventAt }: SourceEvent,
  timeLeftMs: () => number,
): Promise<EventResult> {
  const at = services.clock.now();
  const recorded = await record(services, { sdkAppId, trtcTaskId, media, eventAt, at });
  if (!recorded) return {};
  const { ingest, failedTimes } = recorded;
  if (ingest.state === "ended" && failedTimes >= FAILED_FOR_GOOD) {
    await services.store.roomEvents.explainEnd(ingest.taskId);
  }
  const { taskId, state, programme } = ingest;
  if (state === "running" && programme && media === "failed" && failedTimes >= FAILED_FOR_GOOD) {
    return stepForEvent(services, taskId, timeLeftMs);
  }
  if (state !== "running" || programme || failedTimes < FAILED_SURELY) return { ingest: taskId };
  const followUp = await stopForEvent(services, ingest, { reason: "failed", timeLeftMs });
  return { ingest: taskId, followUp };
}

/** The claim is written before the answer. If the step fails, advance-ingests does it again. */
async function stepForEvent(
  services: Services,
  taskId: string,
  timeLeftMs: () => number,
): Promise<EventResult> {
  const { store, clock, trtc } = services;
  // No longer than the function lives, so that a killed one delays the step by no more.
  const leaseMs = Math.min(timeLeftMs() + CALLBACK_EARLY_MS, STEP_LEASE_MS);
  const claim = { taskId, at: clock.now(), leaseMs };
  const ingest = await store.programmes.claimStep(claim);
  if (!ingest) return { ingest: taskId };
  return {
    ingest: taskId,
    async followUp(timeLeftMs) {
      await trtc.ready();
      await stepNow(services, { ingest, slot: undefined, timeLeftMs });
    },
  };
}

/**
 * TRTC reports that the task is over. A sibling API also sends this event on retries and
 * migrations, so we check the task first. The row stays due until TRTC answers NotExist. A stop in
 * progress ends the row itself, with TRTC's answer. An ingest that starts again is past this task.
 */
export async function taskHasEnded(
  services: Services,
  { sdkAppId, trtcTaskId, eventAt }: TaskEndEvent,
): Promise<EventResult> {
  const { store, clock } = services;
  const at = clock.now();
  const recorded = await record(services, { sdkAppId, trtcTaskId, eventAt, at });
  if (!recorded) return {};
  const { ingest } = recorded;
  const { taskId } = ingest;
  const isHeld = ingest.leaseUntil !== null && ingest.leaseUntil.getTime() > at.getTime();
  const isPast = ingest.state === "ended" || ingest.state === "starting";
  if (isPast || (ingest.state === "stopping" && isHeld)) {
    return { ingest: taskId };
  }
  // If TRTC does not answer now, the next run of reconcile-ingests checks again.
  await store.roomEvents.checkSoon(taskId);
  return { ingest: taskId, followUp: (left) => checkNow(services, ingest, left) };
}

/**
 * Stores the event of a task that no ingest owns. Usually the answer to its start is on the way,
 * and the start then applies the event. The answer may arrive just before the event is stored, so
 * we look for the ingest again. The event does not name its ingest, and we do not guess.
 */
async function record(
  { store }: Services,
  event: TaskEvent,
): Promise<IngestAfterEvent | undefined> {
  const known = await store.roomEvents.recordTaskEvent(event);
  if (known) return known;
  await store.unclaimedTasks.keep(event);
  const claimed = await store.roomEvents.recordTaskEvent(event);
  if (claimed) await store.unclaimedTasks.drop(event);
  return claimed;
}
