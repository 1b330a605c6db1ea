/**
 * A task by the id that a caller sent. Another application's task does not exist for it; whether
 * one that was started in another region does is not documented, and so a switch.
 */
import { looksLikeTaskId } from "../tasks/task-id.js";
import type { Task } from "../tasks/task.js";
import { refusal } from "../api/refusal.js";
import type { ActionContext } from "./context.js";

/** Undefined when there is no such task; throws InvalidParameter.TaskId when there cannot be one. */
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
