/** 701 and 702: how the source of a task does, and that the task is over. They name the task alone. */
import { FAILED_FOR_GOOD, FAILED_SURELY } from "../store/ingests/media.js";
import type { IngestAfterEvent, TaskEvent } from "../store/room-events/events.js";
import { checkNow } from "./robot.js";
import { stopForEvent } from "./stop.js";
import type { SourceEvent, Taken, TaskEndEvent } from "./types.js";
import type { Services } from "../ingest/services.js";

/**
 * A fourth failure within a minute, and TRTC has surely tried as often as it tries: the ingest ends
 * as failed, and its task is stopped, since a task that plays nothing is billed all the same. After
 * the third a last try may be under way: reconcile-ingests sees what becomes of it.
 */
export async function sourceHasMoved(
  services: Services,
  { sdkAppId, trtcTaskId, media, eventAt }: SourceEvent,
  timeLeftMs: () => number,
): Promise<Taken> {
  const at = services.clock.now();
  const recorded = await record(services, { sdkAppId, trtcTaskId, media, eventAt, at });
  if (!recorded) return {};
  const { ingest, failedTimes } = recorded;
  if (ingest.state === "ended" && failedTimes >= FAILED_FOR_GOOD) {
    await services.store.explainEnd(ingest.taskId);
  }
  if (ingest.state !== "running" || failedTimes < FAILED_SURELY) return { ingest: ingest.taskId };
  const followUp = await stopForEvent(services, ingest, { reason: "failed", timeLeftMs });
  return { ingest: ingest.taskId, followUp };
}

/**
 * TRTC tells that the task is over. A sibling API sends such an event on retries and migrations
 * too, so TRTC is asked before the row ends; until it says NotExist, the row stays due. One that
 * somebody stops at this moment is left to that stop, which has TRTC's own answer.
 */
export async function taskHasEnded(
  services: Services,
  { sdkAppId, trtcTaskId, eventAt }: TaskEndEvent,
): Promise<Taken> {
  const { store, clock } = services;
  const at = clock.now();
  const recorded = await record(services, { sdkAppId, trtcTaskId, eventAt, at });
  if (!recorded) return {};
  const { ingest } = recorded;
  const { taskId } = ingest;
  const isHeld = ingest.leaseUntil !== null && ingest.leaseUntil.getTime() > at.getTime();
  if (ingest.state === "ended" || (ingest.state === "stopping" && isHeld)) {
    return { ingest: taskId };
  }
  // If TRTC does not answer now, the next run of reconcile-ingests asks.
  await store.checkSoon(taskId);
  return { ingest: taskId, followUp: (left) => checkNow(services, ingest, left) };
}

/**
 * A task that no ingest has is kept: mostly the answer to its start is under way, which takes over
 * what was told. An answer that was written in between has not, so the ingest is looked for again.
 * Nothing in the event says whose it is, so whose it might be is not guessed.
 */
async function record(
  { store }: Services,
  event: TaskEvent,
): Promise<IngestAfterEvent | undefined> {
  const known = await store.recordTaskEvent(event);
  if (known) return known;
  await store.keepUnclaimed(event);
  const claimed = await store.recordTaskEvent(event);
  if (claimed) await store.dropUnclaimed(event);
  return claimed;
}
