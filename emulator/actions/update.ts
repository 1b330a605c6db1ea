/** UpdateStreamIngest: fields that are not sent stay as they are, including a pause. */
import { refusal } from "../api/refusal.js";
import type { TrtcRequests } from "../api/schemas.js";
import { isStreamUrl } from "../source/stream-url.js";
import { changeTask, type TaskChange } from "../tasks/changes.js";
import type { ActionContext } from "./context.js";
import { requireTask } from "./find-task.js";

export function updateStreamIngest(
  context: ActionContext,
  request: TrtcRequests["UpdateStreamIngest"],
): { Status: string } {
  const { tasks } = context;
  const { TaskId, StreamUrl } = request;
  if (StreamUrl !== undefined && !isStreamUrl(StreamUrl)) {
    throw refusal("InvalidParameter.StreamUrl");
  }
  const before = requireTask(context, TaskId);
  if (!tasks.isLive(before)) throw refusal("FailedOperation.TaskNotExist");
  tasks.changeLive(TaskId, (task, now) => changeTask(task, changeOf(request), now));
  const after = tasks.find(TaskId);
  if (after && after.sourceVersion !== before.sourceVersion) void context.openSource(after);
  return { Status: "InProgress" };
}

const changeOf = (request: TrtcRequests["UpdateStreamIngest"]): TaskChange => ({
  ...(request.StreamUrl !== undefined && { streamUrl: request.StreamUrl }),
  ...(request.Volume !== undefined && { volume: request.Volume }),
  ...(request.IsPause !== undefined && { isPause: request.IsPause }),
  ...(request.EnableProgress !== undefined && { enableProgress: request.EnableProgress }),
  ...(request.Tempo !== undefined && { tempo: request.Tempo }),
});
