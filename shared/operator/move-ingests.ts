/**
 * MoveIngests: moves the times of ingests of any callers, by the rules of an update. Each ingest has
 * its own result, whatever becomes of the others.
 */
import { SECOND_MS } from "../clock.js";
import type { Services } from "../ingest/services.js";
import type { Ingest } from "../store/ingests/ingest-row.js";
import { readForOperator } from "../store/operator.js";
import { NO_SUCH_INGEST } from "./describe.js";
import { inTurns } from "./in-turns.js";
import { type HowToMove, moveOne } from "./move.js";
import type { OperatorCall } from "./request.js";
import { whyNot } from "./why-not.js";

/** With less time an update does not begin. */
const MOVE_MS = 3 * SECOND_MS;

interface MoveResult {
  Outcome: "moved" | "failed";
  /** The new deadline. */
  Deadline?: string;
  Message?: string;
}

export async function moveIngests(
  services: Services,
  { request: { TaskIds, BySeconds, KeepStart }, timeLeftMs }: OperatorCall<"MoveIngests">,
) {
  const rows = await services.store.health.read((query) => readForOperator(query, TaskIds));
  const known = new Map(rows.map((ingest) => [ingest.taskId, ingest]));
  const move = { byMs: BySeconds * SECOND_MS, keepsStart: KeepStart, timeLeftMs };
  const Results = await inTurns(TaskIds, async (TaskId) => ({
    TaskId,
    ...(await resultOf(services, known.get(TaskId), move)),
  }));
  return { Results };
}

async function resultOf(
  services: Services,
  ingest: Ingest | undefined,
  move: HowToMove,
): Promise<MoveResult> {
  if (!ingest) return { Outcome: "failed", Message: NO_SUCH_INGEST };
  if (move.timeLeftMs() < MOVE_MS) {
    return { Outcome: "failed", Message: "The time of the request was over: send it again." };
  }
  try {
    return { Outcome: "moved", Deadline: await moveOne(services, ingest, move) };
  } catch (error) {
    return { Outcome: "failed", Message: whyNot(services, ingest, error) };
  }
}
