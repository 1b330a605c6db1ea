/**
 * Cases that TRTC makes impossible to prevent, and that we do not promise. Every exception of the
 * checks stands here.
 */
import { ROOM_DISMISSED, ROOM_LEFT } from "../../../emulator/callbacks/bodies.js";
import type { Task } from "../../../emulator/tasks/task.js";
import { MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { isScheduled } from "../../../shared/store/ingests/ingest-row.js";
import { rollDueAt } from "../../../shared/ingest/programme/next-step.js";
import { isOver, placeAfter, placeAt } from "../../../shared/ingest/programme/timeline.js";
import type { Programme } from "../../../shared/store/programmes/programme-row.js";
import type { StoredIngest } from "../model/tables.js";
import type { Fact, Known } from "./facts.js";
import { mayHaveFailed } from "./source-log.js";

/**
 * A request may be under way for five minutes. Until then another task of the row's robot may
 * appear. The row records this time and stays under watch.
 */
export const mayStartLate = ({ lateStartUntil }: StoredIngest): boolean => lateStartUntil !== null;

/**
 * We repeat a start, or the removal of its robot, when no answer comes. The first request may still
 * arrive, up to five minutes late. It then ends the task of the second request, and we cannot
 * recall it. This covers only rows with a possible late start, and requests signed before the task
 * began.
 */
export const isOwnLateRequest = (
  { call, task }: Extract<Fact, { kind: "task-ended" }>,
  row: StoredIngest,
): boolean =>
  mayStartLate(row) &&
  call.action !== "StopStreamIngest" &&
  call.signedMs < task.startedAt.getTime();

/**
 * We never receive the TaskId of a start whose answer was lost. Only the removal of its robot can
 * end such a task. With the switch removedRobotEndsTask: false, a removed robot comes back. The
 * task then plays to the end of its source or to its native cap. A live source without a loop has
 * neither.
 */
export const isBeyondReach = ({ trtc, heard }: Known, { taskId }: Task): boolean =>
  !trtc.switches.removedRobotEndsTask && !heard.has(taskId);

/**
 * TRTC may refuse a start again and again. Its robot may come back with TaskExist, or the account
 * may be at its stream limit. The outcome stays unknown until we give the start up. That happens at
 * its deadline, or ten minutes after the request.
 */
export function reconcilesFromMs({ trtc }: Known, row: StoredIngest): number {
  const { removedRobotEndsTask, sameRobot, taskExistKey, concurrency } = trtc.switches;
  const comesBack = !removedRobotEndsTask && sameRobot === "refuse" && taskExistKey !== "never";
  if (row.state !== "starting" || (!comesBack && concurrency === undefined)) return 0;
  const givenUpMs = row.startBy?.getTime() ?? row.createdAt.getTime() + 10 * MINUTE_MS;
  return Math.min(row.deadlineAt.getTime(), givenUpMs);
}

/** No run of ours lasts so long. */
const RUN_MAX_MS = 75 * MINUTE_MS;

/** Its StartTime comes long after the run's end, so it stays scheduled. */
export const startsAfterTheRun = ({ nowMs }: Known, row: StoredIngest): boolean =>
  isScheduled(row) && (row.startsAt?.getTime() ?? 0) > nowMs() + RUN_MAX_MS;

/**
 * TRTC reported three failures within a minute, and no success after them. We end the ingest as
 * failed, or later record this as the reason.
 */
export const hasSourceFailed = ({ sources }: Known, { trtcTaskId }: StoredIngest): boolean =>
  mayHaveFailed(sources.get(trtcTaskId ?? "") ?? []);

/** TRTC reported the room's end ten seconds or more after the ingest started. */
const wasDismissed = ({ roomEvents }: Known, row: StoredIngest): boolean =>
  [...roomEvents].some(
    (event) =>
      event.type === ROOM_DISMISSED &&
      event.room.roomId === row.roomId &&
      event.room.roomIdType === row.roomIdType &&
      row.startedAt !== null &&
      event.at.getTime() - row.startedAt.getTime() >= 10 * SECOND_MS,
  );

/** TRTC reported after the start that the robot was removed (3), or left with its room (5). */
const wasPutOut = ({ roomEvents }: Known, row: StoredIngest): boolean =>
  [...roomEvents].some(
    (event) =>
      event.type === ROOM_LEFT &&
      (event.reason === 3 || event.reason === 5) &&
      event.userId === row.robotUserId &&
      event.room.roomId === row.roomId &&
      row.startedAt !== null &&
      event.at >= row.startedAt,
  );

/** TRTC's event explains this end reason. */
export const endsByEvent = (known: Known, row: StoredIngest): boolean =>
  (row.endReason === "failed" && hasSourceFailed(known, row)) ||
  (row.endReason === "stopped" && (wasDismissed(known, row) || wasPutOut(known, row)));

/** Its last item is over, or has failed and is skipped. `ms` allows for the clocks of machines. */
export function isListOver(programme: Programme, ms: number): boolean {
  const place = placeAt(programme, new Date(ms));
  if (isOver(place)) return true;
  return programme.onItemFailure === "Skip" && placeAfter(programme, place) === undefined;
}

/**
 * A programme ends its own tasks: its list is over, a source has failed, an item has a second, or a
 * fresh task follows.
 */
export const endsByProgramme = (
  { nowMs, skewMaxMs }: Pick<Known, "nowMs" | "skewMaxMs">,
  { programme, onAir, state, endReason, deadlineAt }: StoredIngest,
): boolean => {
  if (!programme) return false;
  if (endReason === "failed") return true;
  const ms = nowMs() + 2 * skewMaxMs;
  if (endReason === "finished") return isListOver(programme, ms);
  if (state === "stopping") return false;
  const rollAt = onAir ? rollDueAt(onAir, deadlineAt) : undefined;
  if (rollAt && rollAt.getTime() <= ms) return true;
  // The task makes room for one that begins at the second of its item.
  return programme.items.some(({ SeekSecond = 0 }) => SeekSecond > 0);
};

/** Another occurrence has taken its room, or its schedule has taken it back before it began. */
export const endsBySchedule = ({ endCause, occurrence, startedAt }: StoredIngest): boolean =>
  (endCause === "cut" && occurrence?.cut !== undefined) ||
  (endCause === "schedule" && startedAt === null);

/** Every revision of an occurrence has a row of its own. */
export const isSameOccurrence = (row: StoredIngest, other: StoredIngest): boolean =>
  row.occurrence !== null &&
  row.occurrence.scheduleId === other.occurrence?.scheduleId &&
  row.occurrence.nominalAt === other.occurrence.nominalAt;

/** A hidden row of a roll-over. It holds the fresh task, and after the swap the old one. */
export const isSuccessor = ({ successorOf }: StoredIngest): boolean => successorOf !== null;

/** A restart has another task, and an answer may have left before it. */
export const isTaskOf = ({ rowIdOf }: Known, row: StoredIngest, trtcTaskId: unknown): boolean =>
  row.programme !== null && rowIdOf.get(String(trtcTaskId)) === row.taskId;
