/** Moves the times of an ingest of any caller, by the rules of an update. */
import { addMs } from "../clock.js";
import type { Requests } from "../contract/schemas.js";
import type { Services } from "../ingest/services.js";
import { updateIngest } from "../ingest/update/update.js";
import { type Ingest, isScheduled } from "../store/ingests/ingest-row.js";
import { actingFor } from "./acting-for.js";

type Move = Requests["UpdateStreamIngest"];

/**
 * A scheduled ingest keeps its length, unless it is to keep its start. Its StopTime moves with its
 * start if its request had one.
 */
function moveOf(ingest: Ingest, byMs: number, keepsStart = false): Move {
  const { taskId: TaskId, startsAt, deadlineAt, asked } = ingest;
  const StopTime = addMs(deadlineAt, byMs).toISOString();
  if (keepsStart || !isScheduled(ingest) || startsAt === null) return { TaskId, StopTime };
  const StartTime = addMs(startsAt, byMs).toISOString();
  return asked?.StopTime === undefined ? { TaskId, StartTime } : { TaskId, StartTime, StopTime };
}

export function plannedMove(ingest: Ingest, byMs: number): string {
  const { StartTime } = moveOf(ingest, byMs);
  const start = StartTime === undefined ? "" : `start ${iso(ingest.startsAt)} to ${StartTime}, `;
  return `${start}end ${iso(ingest.deadlineAt)} to ${addMs(ingest.deadlineAt, byMs).toISOString()}`;
}

const iso = (at: Date | null): string => at?.toISOString() ?? "";

export interface HowToMove {
  byMs: number;
  /** Only the end of a scheduled ingest moves. */
  keepsStart?: boolean | undefined;
  timeLeftMs: () => number;
}

/** Returns the new deadline. Throws ApiError where the row does not allow the move. */
export async function moveOne(
  services: Services,
  ingest: Ingest,
  { byMs, keepsStart, timeLeftMs }: HowToMove,
): Promise<string> {
  const { Deadline } = await updateIngest(services, {
    caller: actingFor(ingest),
    request: moveOf(ingest, byMs, keepsStart),
    application: undefined,
    isOperator: true,
    timeLeftMs,
  });
  return Deadline;
}
