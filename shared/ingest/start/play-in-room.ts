/**
 * One attempt at a start: waits for the slot, calls TRTC, and writes which task came of it. The row
 * is there by now, so whatever happens from here on, somebody can find out.
 */
import { addMs } from "../../clock.js";
import { asApiError } from "../../contract/errors.js";
import type { Slot } from "../../store/engine/database-time.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import type { Running } from "../../store/ingests/start-outcomes.js";
import { notCalled, TrtcError, withoutQueries } from "../../trtc/trtc-error.js";
import type { Application } from "../../config/configuration.js";
import type { Deadline } from "../lifecycle.js";
import { playOfTask } from "./presign.js";
import { type BroughtAlong, signRobot } from "./robot.js";
import type { Services } from "../services.js";
import { callInSlot, inTurn } from "../trtc-call.js";

export interface Attempt {
  /** Ours: in `starting`, and claimed for longer than `timeLeftMs`. */
  ingest: Ingest;
  slot: Slot | undefined;
  application: Application;
  /** What the caller signed itself, if it did. */
  brought?: BroughtAlong | undefined;
  /** TRTC counts a loop's cap from when it takes the call, so the deadline counts from just before. */
  deadlineFrom: (startedAt: Date) => Deadline;
  timeLeftMs: () => number;
}

/**
 * The row as it is then. Throws TrtcError: `refused`, and TRTC plays nothing of this attempt, or
 * `unknown`, and nobody may call the start failed. The row is left in `starting` by both.
 */
export async function playInRoom(services: Services, attempt: Attempt): Promise<Ingest> {
  const { ingest, application, brought, timeLeftMs } = attempt;
  const { clock } = services;
  const call = { ...callerOf(ingest), action: "StartStreamIngest" as const };
  // Its deadline counts from its slot, which others' turns may put off.
  const slot = await inTurn(services, { call, firstSlot: attempt.slot, timeLeftMs });
  const startedAt = addMs(clock.now(), Math.max(0, slot?.msUntil() ?? 0));
  const { deadlineAt, latestAt, nativeCapMinutes } = attempt.deadlineFrom(startedAt);
  if (deadlineAt.getTime() <= startedAt.getTime()) throw tooLate();
  const { roomId, roomIdType, robotUserId: userId } = ingest;
  const robot = { roomId, roomIdType, userId };
  const request = {
    SdkAppId: ingest.sdkAppId,
    RoomId: roomId,
    RoomIdType: roomIdType,
    ...signRobot(application, robot, { brought, now: clock.now(), latestAt }),
    ...playOfTask(services, ingest.play, latestAt),
    ...(nativeCapMinutes === undefined ? {} : { MaxDuration: nativeCapMinutes }),
  };
  const start = { ingest, request, slot, timeLeftMs };
  const { TaskId: trtcTaskId } = await callInSlot(services, "StartStreamIngest", start).catch(
    (error: unknown) => {
      throw ourSignature(ourLogin(error, brought), ingest);
    },
  );
  if (trtcTaskId === undefined) throw noTaskId();
  // Where nobody tells how the source does, nothing is said of it.
  const mediaState = application.CallbackKeys === undefined ? null : "connecting";
  return remember(services, attempt, { trtcTaskId, startedAt, deadlineAt, latestAt, mediaState });
}

/** What we signed is ours to mend: the caller sent nothing that it could correct. */
function ourLogin(error: unknown, brought: BroughtAlong = {}): unknown {
  if (!(error instanceof TrtcError)) return error;
  const field = /^InvalidParameter\.(UserSig|PrivateMapKey)$/.exec(error.code)?.[1];
  if (field === undefined || brought[field as keyof BroughtAlong] !== undefined) return error;
  const why = `TRTC refused the ${field} that we signed: ${error.message} Check the application's SecretKey in TRTC_APPS and this machine's clock.`;
  return notCalled(why, error);
}

/** TRTC may repeat the URL that we signed, and what it says is written down and answered. */
function ourSignature(error: unknown, { play }: Ingest): unknown {
  if (!(error instanceof TrtcError) || !play.Stored) return error;
  return new TrtcError(error.code, withoutQueries(error.message), error.outcome, error.cause);
}

const callerOf = ({ account, callerId }: Ingest) => ({ account, callerId });

/** If the row cannot be written now, the log at least says which task TRTC plays. */
async function remember(
  services: Services,
  { ingest, timeLeftMs }: Attempt,
  running: Running,
): Promise<Ingest> {
  const { store } = services;
  const { taskId, fence } = ingest;
  const { trtcTaskId } = running;
  try {
    const marked = await store.markRunning({ taskId, fence, ...running });
    if (marked) return marked;
    await stopSurplus(services, ingest, { trtcTaskId, timeLeftMs });
    return (await store.readIngest(taskId)) ?? ingest;
  } catch (error) {
    if (error instanceof TrtcError) throw error;
    const why = asApiError(error).detail ?? String(error);
    const detail = `TRTC plays ${trtcTaskId} for ${taskId}, which could not be written: ${why}`;
    throw new TrtcError("InternalError", detail, "unknown", error);
  }
}

/**
 * We were so slow that another took the row over, and may have started it again: of the two tasks
 * ours is the one that nobody knows. If it cannot be stopped now, its robot is removed with the
 * ingest's end: a row that was taken over says that it may be there.
 */
async function stopSurplus(
  services: Services,
  ingest: Ingest,
  { trtcTaskId, timeLeftMs }: { trtcTaskId: string; timeLeftMs: () => number },
): Promise<void> {
  const { store, log } = services;
  const { sdkAppId } = ingest;
  const action = "StopStreamIngest";
  const slot = await store.takeSlot({
    ...callerOf(ingest),
    ...{ action, waitMaxMs: timeLeftMs() },
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
