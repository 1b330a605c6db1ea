/**
 * What TRTC gives nobody a means against, and what the house says plainly that it does not promise:
 * every exception that the checks make, in one place.
 */
import { ROOM_DISMISSED, ROOM_LEFT } from "../../../emulator/callbacks/bodies.js";
import type { Task } from "../../../emulator/tasks/task.js";
import { MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import type { StoredIngest } from "../model/tables.js";
import type { Fact, Known } from "./facts.js";
import { mayHaveFailed } from "./source-log.js";

/**
 * A request that is under way is taken for five minutes. While nobody knows whether one is, another
 * task of the row's robot may turn up: the row says until when, and is looked after until then.
 */
export const mayStartLate = ({ lateStartUntil }: StoredIngest): boolean => lateStartUntil !== null;

/**
 * A start, or the removal of its robot, that got no answer is sent again. The first one may still
 * arrive, up to five minutes late, and then ends the task that the second one began: nobody can call
 * it back. Only for a row that says it is unsure, and a request that was signed before the task began.
 */
export const isOwnLateRequest = (
  { call, task }: Extract<Fact, { kind: "task-ended" }>,
  row: StoredIngest,
): boolean =>
  mayStartLate(row) &&
  call.action !== "StopStreamIngest" &&
  call.signedMs < task.startedAt.getTime();

/**
 * Nobody was ever told the TaskId of a start whose answer was lost. Such a task can only be ended by
 * removing its robot; where TRTC lets a removed robot come back (switch removedRobotEndsTask: false)
 * there is no way at all, and it plays to the end of its source or to its native cap. A live source
 * that is no loop has neither.
 */
export const isBeyondReach = ({ trtc, heard }: Known, { taskId }: Task): boolean =>
  !trtc.switches.removedRobotEndsTask && !heard.has(taskId);

/**
 * Where TRTC refuses a start again and again (its robot comes back and TaskExist is the answer, or
 * the account plays as many streams as it may), nobody can know the outcome until the house gives
 * the start up: at its deadline, or ten minutes after it was asked for.
 */
export function reconcilesFromMs({ trtc }: Known, row: StoredIngest): number {
  const { removedRobotEndsTask, sameRobot, taskExistKey, concurrency } = trtc.switches;
  const comesBack = !removedRobotEndsTask && sameRobot === "refuse" && taskExistKey !== "never";
  if (row.state !== "starting" || (!comesBack && concurrency === undefined)) return 0;
  return Math.min(row.deadlineAt.getTime(), row.createdAt.getTime() + 10 * MINUTE_MS);
}

/**
 * TRTC has told of three failures within a minute to open the source, and of no success after them:
 * the house ends the ingest as failed, or says afterwards that this is why it ended.
 */
export const hasSourceFailed = ({ sources }: Known, { trtcTaskId }: StoredIngest): boolean =>
  mayHaveFailed(sources.get(trtcTaskId ?? "") ?? []);

/** TRTC has told of a room's end, ten seconds or more after the ingest in it had started. */
const wasDismissed = ({ told }: Known, row: StoredIngest): boolean =>
  [...told].some(
    (event) =>
      event.type === ROOM_DISMISSED &&
      event.room.roomId === row.roomId &&
      event.room.roomIdType === row.roomIdType &&
      row.startedAt !== null &&
      event.at.getTime() - row.startedAt.getTime() >= 10 * SECOND_MS,
  );

/** TRTC has told that the ingest's robot was removed (3), or put out with its room (5), after its start. */
const wasPutOut = ({ told }: Known, row: StoredIngest): boolean =>
  [...told].some(
    (event) =>
      event.type === ROOM_LEFT &&
      (event.reason === 3 || event.reason === 5) &&
      event.userId === row.robotUserId &&
      event.room.roomId === row.roomId &&
      row.startedAt !== null &&
      event.at >= row.startedAt,
  );

/** The reason of an end that an event of TRTC's has brought about. */
export const endsByEvent = (known: Known, row: StoredIngest): boolean =>
  (row.endReason === "failed" && hasSourceFailed(known, row)) ||
  (row.endReason === "stopped" && (wasDismissed(known, row) || wasPutOut(known, row)));
