/** UpdateStreamIngest: fields that are not sent stay as they are, including a pause. */
import { refusal } from "../api/refusal.js";
import type { TrtcRequests } from "../api/schemas.js";
import { isStreamUrl } from "../source/stream-url.js";
import { changeTask, type TaskChange } from "../tasks/changes.js";
import { isOtherSize, sizeText } from "../tasks/picture-size.js";
import type { Task } from "../tasks/task.js";
import type { ActionContext } from "./context.js";
import { requireTask } from "./find-task.js";

export function updateStreamIngest(
  context: ActionContext,
  request: TrtcRequests["UpdateStreamIngest"],
): { Status: string } {
  const { tasks, switches, clock } = context;
  const { TaskId, StreamUrl } = request;
  if (StreamUrl !== undefined && !isStreamUrl(StreamUrl)) {
    throw refusal("InvalidParameter.StreamUrl");
  }
  const before = requireTask(context, TaskId);
  if (!tasks.isLive(before)) {
    if (switches.updateAfterEnd === "status") return { Status: "NotExist" };
    throw refusal("FailedOperation.TaskNotExist");
  }
  if (StreamUrl !== undefined) requireSameSize(context, before, StreamUrl);
  tasks.changeLive(TaskId, (task, now) => changeTask(task, changeOf(request), now, switches));
  const after = tasks.find(TaskId);
  if (after && lastVersionOf(after) !== lastVersionOf(before)) {
    const { streamUrl, at } = after.awaited.at(-1) ?? {};
    void context.openSource({
      taskId: TaskId,
      streamUrl: streamUrl ?? after.streamUrl,
      sourceVersion: lastVersionOf(after),
      updateAt: at ?? clock.now(),
    });
  }
  return { Status: "InProgress" };
}

/** The version of its source once every update has taken effect. */
const lastVersionOf = ({ sourceVersion, awaited }: Task): number => sourceVersion + awaited.length;

/** TRTC can refuse at once only what it knows already: the size of a source that it has opened. */
function requireSameSize(context: ActionContext, { pictureSize }: Task, streamUrl: string): void {
  if (context.switches.updateResolution !== "refused") return;
  const size = context.pictureSizes.find(streamUrl);
  if (!pictureSize || !size || !isOtherSize(pictureSize, size)) return;
  throw refusal(
    "InvalidParameter.StreamUrl",
    `The picture of StreamUrl is ${sizeText(size)}, and must stay ${sizeText(pictureSize)}.`,
  );
}

const changeOf = (request: TrtcRequests["UpdateStreamIngest"]): TaskChange => ({
  ...(request.StreamUrl !== undefined && { streamUrl: request.StreamUrl }),
  ...(request.Volume !== undefined && { volume: request.Volume }),
  ...(request.IsPause !== undefined && { isPause: request.IsPause }),
  ...(request.EnableProgress !== undefined && { enableProgress: request.EnableProgress }),
  ...(request.Tempo !== undefined && { tempo: request.Tempo }),
});
