/** 103 and 104: somebody has entered or left a room. Of interest is whether it was a robot of ours. */
import { addMs, SECOND_MS } from "../clock.js";
import type { Ingest } from "../store/ingest-row.js";
import { endGone } from "./describe.js";
import { passOver } from "./room-event-stop.js";
import type { Taken, UserEvent } from "./room-event.js";
import type { Services } from "./services.js";
import { callInNextSlot } from "./trtc-call.js";

/** How far TRTC's clock and ours may be apart. */
const SKEW_MS = 2 * SECOND_MS;

/**
 * The robot is there, so TRTC has acted on the start: its answer comes within the call's own time
 * limit, or not at all. Then whoever waits for it is gone, and the start is free to be settled.
 */
export async function robotHasEntered(
  { store, clock, config }: Services,
  { sdkAppId, roomId, userId, eventAt }: UserEvent,
): Promise<Taken> {
  const answerBy = addMs(eventAt, config.trtcTimeoutMs + SKEW_MS);
  const robot = { sdkAppId, roomId, userId };
  const ingest = await store.robotEntered({ ...robot, at: clock.now(), answerBy });
  return { ingest: ingest?.taskId };
}

/** The robot has left: whether its task is over, TRTC is asked at once. */
export async function robotHasLeft(
  services: Services,
  { sdkAppId, roomId, userId }: UserEvent,
): Promise<Taken> {
  const ingest = await services.store.robotLeft({ sdkAppId, roomId, userId });
  if (!ingest) return {};
  return { ingest: ingest.taskId, followUp: (left) => askAbout(services, ingest, left) };
}

/** What TRTC does not answer now is asked by the next run of settle-ingests. */
export async function askAbout(
  services: Services,
  ingest: Ingest,
  timeLeftMs: () => number,
): Promise<void> {
  const { store, clock } = services;
  const { taskId, sdkAppId, trtcTaskId } = ingest;
  const request = { SdkAppId: sdkAppId, TaskId: trtcTaskId ?? "" };
  try {
    const action = "DescribeStreamIngest";
    const { Status } = await callInNextSlot(services, action, { ingest, request, timeLeftMs });
    if (Status === "NotExist") await endGone(services, ingest, timeLeftMs);
    else await store.heardOf({ taskId, at: clock.now() });
  } catch (error) {
    passOver(services, ingest, error);
  }
}
