/**
 * StopStreamIngest: a task that ended earlier gets its own code. A task that never existed is a
 * wrong TaskId.
 */
import { refusal } from "../api/refusal.js";
import type { TrtcRequests } from "../api/schemas.js";
import { endTask } from "../tasks/task.js";
import type { ActionContext } from "./context.js";
import { requireTask } from "./find-task.js";

export function stopStreamIngest(
  context: ActionContext,
  { TaskId }: TrtcRequests["StopStreamIngest"],
): object {
  const { tasks } = context;
  const task = requireTask(context, TaskId);
  tasks.change(TaskId, (current) => ({ ...current, stopCalls: current.stopCalls + 1 }));
  if (!tasks.isLive(task)) throw refusal("FailedOperation.TaskFinished");
  tasks.changeLive(TaskId, (live, now) => endTask(live, "stopped", now));
  return {};
}
