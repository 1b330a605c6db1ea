/**
 * Finds a task by the id that a caller sent. A caller cannot see another application's task. TRTC
 * does not document whether a task of another region is visible, so a switch decides.
 */
import { looksLikeTaskId } from "../tasks/task-id.js";
import type { Task } from "../tasks/task.js";
import { refusal } from "../api/refusal.js";
import type { ActionContext } from "./context.js";

/**
 * Undefined when the task does not exist. Throws InvalidParameter.TaskId when the id cannot exist.
 */
export function findTask(
  { tasks, application, region, switches }: ActionContext,
  taskId: string,
): Task | undefined {
  if (!looksLikeTaskId(taskId)) throw refusal("InvalidParameter.TaskId");
  const task = tasks.find(taskId);
  if (task?.sdkAppId !== application.sdkAppId) return undefined;
  return switches.taskSeenFrom === "every-region" || task.region === region ? task : undefined;
}

export function requireTask(context: ActionContext, taskId: string): Task {
  const task = findTask(context, taskId);
  if (!task) throw refusal("InvalidParameter.TaskId");
  return task;
}
