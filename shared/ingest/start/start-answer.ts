/** The answer of a start, read from its row. */
import { ApiError } from "../../contract/errors.js";
import type { State } from "../../contract/schemas.js";
import { type EndReason, type Ingest, isScheduled } from "../../store/ingests/ingest-row.js";
import type { Call } from "../services.js";
import { isRepeatable, type StartPlan } from "./plan-start.js";
import { shortened, startedAndEnded, stoppedBefore, unknownOutcome } from "./start-errors.js";

export interface StartAnswer {
  TaskId: string;
  TrtcTaskId: string | null;
  UserId: string;
  Deadline: string;
  Warning?: string;
  State?: State;
  EndReason?: EndReason;
  StartTime?: string;
}

interface Answered {
  call: Call<"StartStreamIngest">;
  plan: StartPlan;
}

/** Throws ApiError when the start failed, or when its outcome is not known. */
export function answerOf(ingest: Ingest, { call, plan }: Answered): StartAnswer {
  if (isScheduled(ingest)) return scheduledAnswer(ingest, plan);
  if (ingest.failureCode !== null && ingest.state === "ended") {
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

function scheduledAnswer(ingest: Ingest, plan: StartPlan): StartAnswer {
  const warning = shortened(ingest, plan.bounds);
  return {
    TaskId: ingest.taskId,
    TrtcTaskId: null,
    UserId: ingest.robotUserId,
    Deadline: ingest.deadlineAt.toISOString(),
    ...(warning === undefined ? {} : { Warning: warning }),
    State: "scheduled",
    ...(ingest.startsAt && { StartTime: ingest.startsAt.toISOString() }),
  };
}
