/** DescribeStreamIngest: paused, failing and playing tasks are all `InProgress`, as documented. */
import type { TrtcRequests } from "../api/schemas.js";
import type { ActionContext } from "./context.js";
import { findTask } from "./find-task.js";

export function describeStreamIngest(
  context: ActionContext,
  { TaskId }: TrtcRequests["DescribeStreamIngest"],
): { Status: string } {
  const task = findTask(context, TaskId);
  const isLive = task !== undefined && context.tasks.isLive(task);
  return { Status: isLive ? "InProgress" : "NotExist" };
}
