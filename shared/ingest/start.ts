/**
 * StartStreamIngest: sends a robot user into a room to play one media URL.
 *
 * The row is written before TRTC is called, so a crash in between leaves a row to settle, never a
 * robot that nobody remembers. Two round trips to the database and one call to TRTC; no
 * transaction is held over the network.
 */
import { addMs } from "../clock.js";
import { ApiError } from "../errors.js";
import type { Slot } from "../store/database-time.js";
import type { Ingest } from "../store/ingest-row.js";
import { apiErrorOf, TrtcError } from "../trtc/trtc-error.js";
import { deadlineFrom } from "./lifecycle.js";
import { planStart, type StartPlan } from "./plan-start.js";
import { signRobot } from "./robot.js";
import type { Call, Services } from "./services.js";
import { callInSlot, slotWaitMaxMs } from "./trtc-call.js";
import { waitWhileStarting } from "./wait.js";

export interface StartAnswer {
  TaskId: string;
  TrtcTaskId: string;
  UserId: string;
  Deadline: string;
}

/** An instance that lives longer than its time limit does not exist: after that the row is free. */
const LEASE_MARGIN_MS = 5000;

export async function startIngest(
  services: Services,
  call: Call<"StartStreamIngest">,
): Promise<StartAnswer> {
  const plan = planStart(services, call);
  const begun = await services.store.beginStart({
    ...plan.row,
    leaseMs: call.timeLeftMs() + LEASE_MARGIN_MS,
    waitMaxMs: slotWaitMaxMs(call.timeLeftMs()),
  });
  switch (begun.outcome) {
    case "begun":
      return answerOf(await play(services, call, { ...begun, plan }));
    case "token-known":
      return answerOf(await sameStart(services, call, { ingest: begun.ingest, plan }));
    case "robot-busy":
      throw new ApiError(
        "FailedOperation.TaskExist",
        `The robot ${plan.row.robotUserId} already plays in a room: stop that ingest first, or leave UserId out to get a robot of its own.`,
      );
    case "no-slot":
      throw new ApiError("RequestLimitExceeded");
  }
}

/** Waits for the slot, calls TRTC and writes what came of it. */
async function play(
  services: Services,
  call: Call<"StartStreamIngest">,
  { ingest, slot, plan }: { ingest: Ingest; slot: Slot; plan: StartPlan },
): Promise<Ingest> {
  const { store, clock } = services;
  const { taskId, fence } = ingest;
  // TRTC counts a loop's cap from when it takes the call, so the deadline counts from just before.
  const startedAt = addMs(clock.now(), Math.max(0, slot.msUntil()));
  const { deadlineAt, latestAt, nativeCapMinutes } = deadlineFrom(startedAt, plan.bounds);
  const { account, site, region } = ingest;
  const robot = signRobot(plan.application, plan.robot, {
    brought: call.request,
    now: clock.now(),
    latestAt,
  });
  const request = {
    SdkAppId: ingest.sdkAppId,
    RoomId: ingest.roomId,
    RoomIdType: ingest.roomIdType,
    ...robot,
    ...ingest.play,
    ...(nativeCapMinutes === undefined ? {} : { MaxDuration: nativeCapMinutes }),
  };
  try {
    if (deadlineAt.getTime() <= startedAt.getTime()) throw tooLate();
    const { TaskId: trtcTaskId } = await callInSlot(services, "StartStreamIngest", {
      ingest: { account, site, region },
      request,
      slot,
      timeLeftMs: call.timeLeftMs,
    });
    if (trtcTaskId === undefined) throw noTaskId();
    const running = { taskId, fence, trtcTaskId, startedAt, deadlineAt, latestAt };
    return (await store.markRunning(running)) ?? (await reread(services, ingest));
  } catch (error) {
    if (!(error instanceof TrtcError)) throw error;
    if (error.outcome === "unknown") throw unknownOutcome(error);
    const { code, message, retry } = apiErrorOf(error);
    await store.markFailed({ taskId, fence, code, message, retry, at: clock.now() });
    throw apiErrorOf(error);
  }
}

/** The same token: the same answer if it is the same request, and never a second robot. */
async function sameStart(
  services: Services,
  call: Call<"StartStreamIngest">,
  { ingest, plan }: { ingest: Ingest; plan: StartPlan },
): Promise<Ingest> {
  if (ingest.requestHash !== plan.row.requestHash) {
    throw new ApiError(
      "InvalidParameterValue",
      "ClientToken was sent before with another request: send a new token for a new request.",
    );
  }
  return waitWhileStarting(services, ingest, call.timeLeftMs);
}

function answerOf(ingest: Ingest): StartAnswer {
  if (ingest.failureCode !== null) {
    throw new ApiError(ingest.failureCode, ingest.failureMessage ?? undefined);
  }
  if (ingest.trtcTaskId === null) throw unknownOutcome();
  return {
    TaskId: ingest.taskId,
    TrtcTaskId: ingest.trtcTaskId,
    UserId: ingest.robotUserId,
    Deadline: ingest.deadlineAt.toISOString(),
  };
}

const reread = async ({ store }: Services, ingest: Ingest): Promise<Ingest> =>
  (await store.readIngest(ingest.taskId)) ?? ingest;

/** Nobody may call this start failed: the row stays, and is settled later. */
const unknownOutcome = (cause?: TrtcError): ApiError =>
  new ApiError(
    "InternalError",
    "TRTC has not answered, so whether the stream plays is not known yet: send the same request with the same ClientToken again, or look it up with ListStreamIngests.",
    cause ? { detail: cause.message, cause } : {},
  );

const tooLate = (): TrtcError =>
  new TrtcError(
    "RequestLimitExceeded",
    "So many calls are waiting that the stream would start after its StopTime: send a later one.",
    "refused",
  );

const noTaskId = (): TrtcError =>
  new TrtcError("InternalError", "TRTC answered without a TaskId", "unknown");
