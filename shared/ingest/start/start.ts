/**
 * StartStreamIngest: sends a robot user into a room to play one media URL.
 *
 * The row is written before the call to TRTC. So a crash in between leaves a row to reconcile,
 * never a robot without a row. A start makes two round trips to the database and one call to TRTC.
 * No transaction stays open during a call.
 */
import { SECOND_MS } from "../../clock.js";
import { ApiError } from "../../contract/errors.js";
import { ignoreFailure } from "../../ignore.js";
import type { Slot } from "../../store/engine/database-time.js";
import type { EndReason, Ingest } from "../../store/ingests/ingest-row.js";
import type { OverQuota } from "../../store/ingests/quotas.js";
import type { BegunStart, NewIngest } from "../../store/ingests/starts.js";
import { apiErrorOf, TrtcError, withoutQueries } from "../../trtc/trtc-error.js";
import type { Caller } from "../../config/configuration.js";
import { deadlineFrom } from "../lifecycle.js";
import { isRepeatable, planStart, type StartPlan } from "./plan-start.js";
import { playInRoom } from "./play-in-room.js";
import type { Call, Services } from "../services.js";
import { shortened, startedAndEnded, stoppedBefore, unknownOutcome } from "./start-errors.js";
import { probeSource } from "./probe-source.js";
import { resumeStart } from "./resume-start.js";
import { LEASE_MARGIN_MS, RESUME_MIN_MS } from "../timing.js";
import { slotWaitMaxMs } from "../trtc-call.js";
import { waitWhileStarting } from "../wait.js";

export interface StartAnswer {
  TaskId: string;
  TrtcTaskId: string;
  UserId: string;
  Deadline: string;
  Warning?: string;
  State?: Ingest["state"];
  EndReason?: EndReason;
}

export async function startIngest(
  services: Services,
  call: Call<"StartStreamIngest">,
): Promise<StartAnswer> {
  const plan = planStart(services, call);
  const begun = await begin(services, call, plan);
  switch (begun.outcome) {
    case "begun":
      return answerOf(await firstAttempt(services, call, { ...begun, plan }), { call, plan });
    case "token-known":
      return answerOf(await sameStart(services, call, { ingest: begun.ingest, plan }), {
        call,
        plan,
      });
    case "robot-busy":
      throw robotBusy(begun.ingest, call.caller.Id);
    case "over-quota":
      throw overQuota(begun, call.caller);
    case "no-slot":
      throw new ApiError("RequestLimitExceeded");
  }
}

/** Refuses a start that comes too late. A repeat of an earlier, timely start finds its row. */
async function begin(
  services: Services,
  call: Call<"StartStreamIngest">,
  plan: StartPlan,
): Promise<BegunStart> {
  const { refusal, row } = plan;
  if (refusal) return repeatOr(services, plan, refusal);
  if (call.request.ProbeSource !== true) return beginWith(services, call, row);
  // A repeat gets its answer without a probe, and so does a start whose robot is not free.
  const conflict = await services.store.ingests.findConflict(row);
  if (conflict) return conflict;
  const probed = await probeSource(services, call, plan);
  // The same start may have begun meanwhile, after a probe that succeeded.
  if (probed.refusal) return repeatOr(services, plan, probed.refusal);
  return beginWith(services, call, { ...row, media: probed.media });
}

async function repeatOr(
  { store }: Services,
  { row }: StartPlan,
  refusal: ApiError,
): Promise<BegunStart> {
  const conflict = await store.ingests.findConflict(row);
  if (conflict?.outcome === "token-known") return conflict;
  throw refusal;
}

async function beginWith(
  { store, trtc, clock }: Services,
  { timeLeftMs }: Call<"StartStreamIngest">,
  row: NewIngest,
): Promise<BegunStart> {
  // A new instance connects to its database while it loads the SDK.
  await Promise.all([store.ready(), trtc.ready()]);
  // The lease counts from `createdAt`, so it includes the time of the connection.
  const passedMs = clock.now().getTime() - row.createdAt.getTime();
  const leaseMs = passedMs + timeLeftMs() + LEASE_MARGIN_MS;
  return store.ingests.beginStart({ ...row, leaseMs, waitMaxMs: slotWaitMaxMs(timeLeftMs()) });
}

async function firstAttempt(
  services: Services,
  call: Call<"StartStreamIngest">,
  { plan, ingest, slot }: { plan: StartPlan; ingest: Ingest; slot: Slot | undefined },
): Promise<Ingest> {
  const { store, clock } = services;
  const { request, timeLeftMs } = call;
  const { application, bounds } = plan;
  const { taskId, fence } = ingest;
  try {
    return await playInRoom(services, {
      ingest,
      slot,
      application,
      brought: request,
      timeLeftMs,
      deadlineFrom: (startedAt) => deadlineFrom(startedAt, bounds),
    });
  } catch (error) {
    if (!(error instanceof TrtcError)) throw error;
    const at = clock.now();
    if (error.outcome === "unknown") {
      // No instance works on the row now, so a retry or reconcile-ingests can take it at once. If
      // the release fails, the lease ends by itself.
      await store.ingests.release({ taskId, fence, retryAt: at }).catch(ignoreFailure);
      throw unknownOutcome(call, withoutQueries(error.message));
    }
    const { code, message, retry } = apiErrorOf(error);
    const failed = await store.ingests.markFailed({ taskId, fence, code, message, retry, at });
    if (failed) throw apiErrorOf(error);
    // Another instance took the row over and may have started the task. The answer is its result.
    return (await store.ingests.read(taskId)) ?? ingest;
  }
}

/**
 * Handles a start with a known name. An equal request gets the same answer, never a second robot.
 */
async function sameStart(
  services: Services,
  call: Call<"StartStreamIngest">,
  { ingest, plan }: { ingest: Ingest; plan: StartPlan },
): Promise<Ingest> {
  if (ingest.requestHash !== plan.row.requestHash) {
    throw new ApiError(
      "InvalidParameterValue",
      call.request.ClientToken === undefined
        ? "This signature was sent before with another request: sign the new request anew."
        : "ClientToken was sent before with another request: send a new token for a new request.",
    );
  }
  return finishStart(services, ingest, call.timeLeftMs);
}

/** Waits for the instance that holds the row. Resumes the start when no instance holds it. */
async function finishStart(
  services: Services,
  known: Ingest,
  timeLeftMs: () => number,
): Promise<Ingest> {
  const { store, clock } = services;
  let ingest = await waitWhileStarting(services, known, timeLeftMs);
  while (ingest.state === "starting" && timeLeftMs() > RESUME_MIN_MS) {
    const { taskId } = ingest;
    const claim = { taskId, at: clock.now(), leaseMs: timeLeftMs() + LEASE_MARGIN_MS };
    const claimed = await store.ingests.claimStart(claim);
    if (claimed) return resumeStart(services, claimed, timeLeftMs);
    ingest = await waitWhileStarting(
      services,
      (await store.ingests.read(taskId)) ?? ingest,
      timeLeftMs,
    );
  }
  return ingest;
}

interface Answered {
  call: Call<"StartStreamIngest">;
  plan: StartPlan;
}

function answerOf(ingest: Ingest, { call, plan }: Answered): StartAnswer {
  if (ingest.failureCode !== null) {
    throw new ApiError(ingest.failureCode, ingest.failureMessage ?? undefined);
  }
  const isOver = ingest.state === "ended" || ingest.state === "stopping";
  if (ingest.trtcTaskId === null) throw isOver ? stoppedBefore(call) : unknownOutcome(call);
  if (isOver && !isRepeatable(ingest.clientToken) && call.signature !== undefined) {
    throw startedAndEnded(ingest);
  }
  const warning = shortened(ingest, plan.bounds);
  return {
    TaskId: ingest.taskId,
    TrtcTaskId: ingest.trtcTaskId,
    UserId: ingest.robotUserId,
    Deadline: ingest.deadlineAt.toISOString(),
    ...(warning === undefined ? {} : { Warning: warning }),
    ...(isOver ? { State: ingest.state, EndReason: ingest.endReason ?? "lost" } : {}),
  };
}

function overQuota(
  { quota, count, freeInMs }: OverQuota,
  { MaxIngests = 0, StartsPerMinute = 0 }: Caller,
): ApiError {
  if (quota === "MaxIngests") {
    return new ApiError(
      "LimitExceeded",
      `The caller has ${count} ingests live and may have ${MaxIngests} (MaxIngests): stop one, or wait until one ends, and send the request again.`,
    );
  }
  const seconds = Math.max(1, Math.ceil(freeInMs / SECOND_MS));
  return new ApiError(
    "RequestLimitExceeded",
    `The caller has started ${count} ingests within a minute and may start ${StartsPerMinute} (StartsPerMinute): send the request again in ${seconds} s.`,
  );
}

/** The error hides the state and the reason of another caller's robot. */
function robotBusy({ state, robotUserId, callerId }: Ingest, askedBy: string): ApiError {
  const why =
    callerId === askedBy
      ? ownRobotBusy(state, robotUserId)
      : "This UserId is not free: send another";
  return new ApiError(
    "FailedOperation.TaskExist",
    `${why}, or leave UserId out to get a robot of its own.`,
  );
}

/** The robot of an ended ingest leaves the room when no start of it can arrive any more. */
const ownRobotBusy = (state: Ingest["state"], robotUserId: string): string =>
  state === "ended"
    ? `A start of the robot ${robotUserId} was not answered, so it may still enter a room: send the request again in ten minutes`
    : `The robot ${robotUserId} already plays in a room: stop that ingest first`;
