/** 103 and 104: somebody has entered or left a room. Of interest is whether it was a robot of ours. */
import { addMs, SECOND_MS } from "../clock.js";
import type { Ingest } from "../store/ingests/ingest-row.js";
import { checkTask } from "../ingest/stop/check-task.js";
import { logTrtcFailure } from "../ingest/log-trtc-failure.js";
import type { Taken, UserEvent } from "./types.js";
import type { Services } from "../ingest/services.js";

/** How far TRTC's clock and ours may be apart. */
const SKEW_MS = 2 * SECOND_MS;

/**
 * The robot is there, so TRTC has acted on the start: its answer comes within the call's own time
 * limit, or not at all. Then whoever waits for it is gone, and the start is free to be settled. That
 * counts from now, and not from the event, which may be an older one of the same robot's ingest
 * before this. Where TRTC's clock is far behind ours all seem to be, and starts are settled later.
 */
export async function robotHasEntered(
  { store, clock, config }: Services,
  { sdkAppId, roomId, userId, eventAt }: UserEvent,
): Promise<Taken> {
  const at = clock.now();
  const answerBy = addMs(at, config.trtcTimeoutMs + SKEW_MS);
  const askedBefore = addMs(eventAt, SKEW_MS);
  const robot = { sdkAppId, roomId, userId };
  const ingest = await store.robotEntered({ ...robot, at, answerBy, askedBefore });
  return { ingest: ingest?.taskId };
}

/**
 * The robot has left: whether its task is over, TRTC is asked at once. Where TRTC tells that it was
 * put out, that explains an end for a guessed reason, before this event or after it.
 */
export async function robotHasLeft(services: Services, event: UserEvent): Promise<Taken> {
  const { store } = services;
  const { sdkAppId, roomId, userId, eventAt, cause } = event;
  const left = { sdkAppId, roomId, userId, eventAt };
  const ingest = await store.robotLeft({ ...left, cause });
  const explain = async () => {
    if (cause !== undefined) await store.explainRemoval({ ...left, cause });
  };
  if (!ingest) {
    await explain();
    return {};
  }
  return {
    ingest: ingest.taskId,
    followUp: async (timeLeftMs) => {
      await checkNow(services, ingest, timeLeftMs);
      await explain();
    },
  };
}

/** What TRTC does not answer now is asked by the next run of reconcile-ingests. */
export async function checkNow(
  services: Services,
  ingest: Ingest,
  timeLeftMs: () => number,
): Promise<void> {
  const { store, clock } = services;
  try {
    const answer = await checkTask(services, ingest, { timeLeftMs });
    if (answer === "there") await store.markSeen({ taskId: ingest.taskId, at: clock.now() });
  } catch (error) {
    logTrtcFailure(services, ingest, error);
  }
}
