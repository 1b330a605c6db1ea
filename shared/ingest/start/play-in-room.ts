/**
 * One attempt at a start: waits for the slot, calls TRTC, and stores the TaskId. The row exists
 * before the call, so another instance can recover the start after a crash.
 */
import { addMs } from "../../clock.js";
import { asApiError } from "../../contract/errors.js";
import type { Slot } from "../../store/engine/database-time.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import type { Running } from "../../store/ingests/start-outcomes.js";
import { notCalled, TrtcError, withoutQueries } from "../../trtc/trtc-error.js";
import type { Application } from "../../config/configuration.js";
import { type Deadline, taskEndsBy } from "../lifecycle.js";
import { throughOutage } from "../outage.js";
import { nextStepAt } from "../programme/next-step.js";
import { type Began, playAt } from "../programme/play-now.js";
import { playOfTask } from "./presign.js";
import { type BroughtAlong, signRobot } from "./robot.js";
import type { Services } from "../services.js";
import { callInSlot, inTurn } from "../trtc-call.js";

export interface Attempt {
  /** A row in `starting` that this instance holds for longer than `timeLeftMs`. */
  ingest: Ingest;
  slot: Slot | undefined;
  application: Application;
  /** The caller's own user and signatures, if it sent them. */
  brought?: BroughtAlong | undefined;
  /**
   * Computes the deadline from a time just before the call. TRTC counts a loop's cap from the call.
   */
  deadlineFrom: (startedAt: Date) => Deadline;
  timeLeftMs: () => number;
}

/**
 * Returns the row as it is after the call. Throws TrtcError, and the row stays in `starting`.
 * `refused`: TRTC plays nothing of this attempt. `unknown`: TRTC may play it, so the start must not
 * count as failed.
 */
export async function playInRoom(services: Services, attempt: Attempt): Promise<Ingest> {
  const { ingest, application, brought, timeLeftMs } = attempt;
  const { clock } = services;
  const call = { ...callerOf(ingest), action: "StartStreamIngest" as const };
  // The deadline counts from the slot. Other callers' turns may delay the slot.
  const slot = await inTurn(services, { call, firstSlot: attempt.slot, timeLeftMs });
  const startedAt = addMs(clock.now(), Math.max(0, slot?.msUntil() ?? 0));
  const deadline = attempt.deadlineFrom(startedAt);
  const { deadlineAt, latestAt, nativeCapMinutes } = deadline;
  const until = taskEndsBy(startedAt, deadline);
  if (deadlineAt.getTime() <= startedAt.getTime()) throw tooLate();
  const { roomId, roomIdType, robotUserId: userId } = ingest;
  const robot = { roomId, roomIdType, userId };
  const began = playAt(ingest, startedAt);
  const request = {
    SdkAppId: ingest.sdkAppId,
    RoomId: roomId,
    RoomIdType: roomIdType,
    ...signRobot(application, robot, { brought, now: clock.now(), until }),
    ...playOfTask(services, began?.play ?? ingest.play, until),
    ...(nativeCapMinutes === undefined ? {} : { MaxDuration: nativeCapMinutes }),
  };
  const start = { ingest, request, slot, timeLeftMs };
  const { TaskId: trtcTaskId } = await callInSlot(services, "StartStreamIngest", start).catch(
    (error: unknown) => {
      throw ourSignature(ourLogin(error, brought), ingest);
    },
  );
  if (trtcTaskId === undefined) throw noTaskId();
  // Without callbacks no event reports the source, so its state stays null.
  const mediaState = application.CallbackKeys === undefined ? null : "connecting";
  const times = { startedAt, deadlineAt, latestAt };
  const isRestart = ingest.startedAt !== null;
  return remember(services, attempt, {
    ...times,
    trtcTaskId,
    mediaState,
    began: began && onAirAfter(began, { ...times, until, isHidden: ingest.successorOf !== null }),
    isRestart,
  });
}

interface TaskTimes extends Pick<Running, "startedAt" | "deadlineAt"> {
  until: Date;
  /** A successor has no steps: the ingest that it belongs to has them. */
  isHidden: boolean;
}

/** What the row says about a programme once its task has started. */
function onAirAfter(
  { programme, onAir: before, play }: Began,
  { startedAt: at, deadlineAt, until, isHidden }: TaskTimes,
): Running["began"] {
  const onAir = { ...before, taskEndsAt: until.toISOString(), rollAt: undefined };
  const stepAt = isHidden ? undefined : nextStepAt(programme, onAir, { at, deadlineAt });
  return { programme, onAir, stepAt: stepAt ?? null, streamUrl: play.StreamUrl };
}

/** Reports a signature of ours that TRTC refused as our own error: the caller cannot correct it. */
function ourLogin(error: unknown, brought: BroughtAlong = {}): unknown {
  if (!(error instanceof TrtcError)) return error;
  const field = /^InvalidParameter\.(UserSig|PrivateMapKey)$/.exec(error.code)?.[1];
  if (field === undefined || brought[field as keyof BroughtAlong] !== undefined) return error;
  const why = `TRTC refused the ${field} that we signed: ${error.message} Check the application's SecretKey in TRTC_APPS and this machine's clock.`;
  return notCalled(why, error);
}

/**
 * Hides the URL that we signed. TRTC may repeat it in an error, and errors are stored and answered.
 */
function ourSignature(error: unknown, { play }: Ingest): unknown {
  if (!(error instanceof TrtcError) || !play.Stored) return error;
  return new TrtcError(error.code, withoutQueries(error.message), error.outcome, error.cause);
}

const callerOf = ({ account, callerId }: Ingest) => ({ account, callerId });

/** Stores the TaskId. If the database fails, the log still has the TaskId of the task. */
async function remember(
  services: Services,
  { ingest, timeLeftMs }: Attempt,
  running: Running,
): Promise<Ingest> {
  const { store } = services;
  const { taskId, fence } = ingest;
  const { trtcTaskId } = running;
  try {
    const marked = await throughOutage(services, timeLeftMs, async () => {
      const changed = await store.ingests.markRunning({ taskId, fence, ...running });
      return changed ?? (await store.ingests.read(taskId)) ?? ingest;
    });
    // A write whose answer was lost finds nothing to change the second time.
    if (marked.trtcTaskId === trtcTaskId) return marked;
    await stopSurplus(services, ingest, { trtcTaskId, timeLeftMs });
    return (await store.ingests.read(taskId)) ?? ingest;
  } catch (error) {
    if (error instanceof TrtcError) throw error;
    const why = asApiError(error).detail ?? String(error);
    const detail = `TRTC plays ${trtcTaskId} for ${taskId}, which could not be written: ${why}`;
    throw new TrtcError("InternalError", detail, "unknown", error);
  }
}

/**
 * Another instance has taken the row over and may have started a second task. No row has our
 * TaskId, so we stop our task. If that fails, the robot is removed at the ingest's end: the row has
 * `lateStartUntil`.
 */
async function stopSurplus(
  services: Services,
  ingest: Ingest,
  { trtcTaskId, timeLeftMs }: { trtcTaskId: string; timeLeftMs: () => number },
): Promise<void> {
  const { store, log } = services;
  const { sdkAppId } = ingest;
  const action = "StopStreamIngest";
  const slot = await store.slots.take({
    ...callerOf(ingest),
    action,
    waitMaxMs: timeLeftMs(),
  });
  const request = { SdkAppId: sdkAppId, TaskId: trtcTaskId };
  try {
    await callInSlot(services, action, { ingest, request, slot, timeLeftMs });
  } catch (error) {
    const detail = `a task that came too late could not be stopped: ${withoutQueries(String(error))}`;
    const { taskId, callerId } = ingest;
    log({
      level: "warn",
      action,
      ingest: taskId,
      caller: callerId,
      outcome: "late",
      detail,
    });
  }
}

const tooLate = (): TrtcError =>
  new TrtcError(
    "RequestLimitExceeded",
    "So many calls are waiting that the stream would start after its StopTime: send a later one.",
    "refused",
  );

const noTaskId = (): TrtcError =>
  new TrtcError("InternalError", "TRTC answered without a TaskId", "unknown");
