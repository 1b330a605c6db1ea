/** Events 103 and 104: a user has entered or left a room. Only our robots matter here. */
import { addMs, SECOND_MS } from "../clock.js";
import type { Ingest } from "../store/ingests/ingest-row.js";
import { checkTask } from "../ingest/stop/check-task.js";
import { logTrtcFailure } from "../ingest/log-trtc-failure.js";
import type { EventResult, UserEvent } from "./types.js";
import type { Services } from "../ingest/services.js";

/** The most that TRTC's clock and ours may differ. */
const SKEW_MS = 2 * SECOND_MS;

/**
 * The robot is in the room, so TRTC has accepted the start. Its answer arrives within the call's
 * time limit, or never. After that, another instance may reconcile the start. The limit counts from
 * now: the event may belong to an earlier ingest of the same robot. If TRTC's clock is far behind,
 * all events look old, and starts are reconciled later.
 */
export async function robotHasEntered(
  { store, clock, config }: Services,
  { sdkAppId, roomId, userId, eventAt }: UserEvent,
): Promise<EventResult> {
  const at = clock.now();
  const answerBy = addMs(at, config.trtcTimeoutMs + SKEW_MS);
  const askedBefore = addMs(eventAt, SKEW_MS);
  const robot = { sdkAppId, roomId, userId };
  const ingest = await store.roomEvents.robotEntered({ ...robot, at, answerBy, askedBefore });
  return { ingest: ingest?.taskId };
}

/**
 * The robot has left, so we check at once whether its task is over. If TRTC gives a cause for the
 * removal, it replaces a guessed end reason.
 */
export async function robotHasLeft(services: Services, event: UserEvent): Promise<EventResult> {
  const { store } = services;
  const { sdkAppId, roomId, userId, eventAt, cause } = event;
  const left = { sdkAppId, roomId, userId, eventAt };
  const ingest = await store.roomEvents.robotLeft({ ...left, cause });
  const explain = async () => {
    if (cause !== undefined) await store.roomEvents.explainRemoval({ ...left, cause });
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

/** If TRTC does not answer now, the next run of reconcile-ingests checks again. */
export async function checkNow(
  services: Services,
  ingest: Ingest,
  timeLeftMs: () => number,
): Promise<void> {
  const { store, clock } = services;
  try {
    const answer = await checkTask(services, ingest, { timeLeftMs });
    if (answer === "there")
      await store.roomEvents.markSeen({ taskId: ingest.taskId, at: clock.now() });
  } catch (error) {
    logTrtcFailure(services, ingest, error);
  }
}
