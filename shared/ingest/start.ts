/**
 * StartStreamIngest: sends a robot user into a room to play one media URL.
 *
 * The row is written before TRTC is called, so a crash in between leaves a row to settle, never a
 * robot that nobody remembers. Two round trips to the database and one call to TRTC; no
 * transaction is held over the network.
 */
import { ApiError } from "../errors.js";
import type { Ingest } from "../store/ingest-row.js";
import type { BegunStart } from "../store/starts.js";
import { planStart, type StartPlan } from "./plan-start.js";
import { playInRoom, unknownOutcome } from "./play-in-room.js";
import type { Call, Services } from "./services.js";
import { slotWaitMaxMs } from "./trtc-call.js";
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
  const begun = await begin(services, call, plan);
  switch (begun.outcome) {
    case "begun":
      return answerOf(await playInRoom(services, call, { ...begun, plan }));
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

/** A start that comes too late begins nothing; one that was sent before, in time, is found. */
async function begin(
  { store, trtc }: Services,
  { timeLeftMs }: Call<"StartStreamIngest">,
  { row, refusal }: StartPlan,
): Promise<BegunStart> {
  if (refusal) {
    const known = await store.findStart(row);
    if (known.outcome === "token-known") return known;
    throw refusal;
  }
  // A cold instance connects to its database while it loads the SDK.
  await Promise.all([store.ready(), trtc.ready()]);
  const leaseMs = timeLeftMs() + LEASE_MARGIN_MS;
  return store.beginStart({ ...row, leaseMs, waitMaxMs: slotWaitMaxMs(timeLeftMs()) });
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
