/**
 * What TRTC gives nobody a means against, and what the house says plainly that it does not promise:
 * every exception that the checks make, in one place.
 */
import type { Task } from "../../../local/trtc/task.js";
import type { StoredIngest } from "../model/tables.js";
import type { Known } from "./facts.js";

/**
 * A request that is under way is taken for five minutes. While nobody knows whether one is, another
 * task of the row's robot may turn up: the row says until when, and is looked after until then.
 */
export const isUnsure = ({ unsureUntil }: StoredIngest): boolean => unsureUntil !== null;

/**
 * Nobody was ever told the TaskId of a start whose answer was lost. Such a task can only be ended by
 * removing its robot; where TRTC lets a removed robot come back (switch removedRobotEndsTask: false)
 * there is no way at all, and it plays to the end of its source or to its native cap. A live source
 * that is no loop has neither.
 */
export const isBeyondReach = ({ trtc, heard }: Known, { taskId }: Task): boolean =>
  !trtc.switches.removedRobotEndsTask && !heard.has(taskId);
