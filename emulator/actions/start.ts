/**
 * StartStreamIngest: answers with a TaskId before it opens the source. As at TRTC, a TaskId does
 * not prove that media flows.
 */
import {
  ROBOT_PRIVILEGES,
  verifyPrivateMapKey,
} from "../../shared/signing/trtc/private-map-key.js";
import { verifyUserSig } from "../../shared/signing/trtc/user-sig.js";
import { checkRoom } from "../../shared/contract/rooms.js";
import { clockAdvice } from "../admin/clock-endpoint.js";
import { refusal } from "../api/refusal.js";
import { isSameRoom } from "../tasks/rooms.js";
import type { TrtcRequests } from "../api/schemas.js";
import { isRtmp, isStreamUrl } from "../source/stream-url.js";
import { beginTask, endTask } from "../tasks/task.js";
import { newTaskId } from "../tasks/task-id.js";
import type { ActionContext } from "./context.js";

type StartRequest = TrtcRequests["StartStreamIngest"];

export function startStreamIngest(
  context: ActionContext,
  request: StartRequest,
): { TaskId: string } {
  checkRoom(request.RoomId, request.RoomIdType);
  const streamUrl = requireStreamUrl(request.StreamUrl);
  requireLogin(context, request);
  requireFunctions(context, streamUrl);
  makeRoomForRobot(context, request);
  requireCapacity(context);

  const task = beginTask({
    taskId: newTaskId(),
    sdkAppId: request.SdkAppId,
    site: context.application.site,
    account: context.account,
    region: context.region,
    roomId: request.RoomId,
    roomIdType: request.RoomIdType,
    userId: request.UserId,
    repeatNum: request.RepeatNum ?? 1,
    maxDurationMinutes: request.MaxDuration,
    idleTimeoutSeconds: request.IdleTimeout,
    idleMeans: context.switches.idleMeans,
    endGraceSeconds: context.switches.endGraceSeconds,
    autoPush: request.AutoPush ?? false,
    enableProgress: request.EnableProgress ?? false,
    startedAt: context.clock.now(),
    streamUrl,
    seekSeconds: request.SeekSecond ?? 0,
    tempo: request.Tempo ?? 1,
    volume: request.Volume ?? 100,
  });
  context.tasks.add(task);
  void context.openSource(task);
  return { TaskId: task.taskId };
}

function requireStreamUrl(streamUrl: string | undefined): string {
  if (streamUrl !== undefined && isStreamUrl(streamUrl)) return streamUrl;
  throw refusal("InvalidParameter.StreamUrl");
}

function requireLogin({ application, clock }: ActionContext, request: StartRequest): void {
  const { sdkAppId, secretKey } = application;
  const holder = { sdkAppId, secretKey, userId: request.UserId };
  const login = verifyUserSig(request.UserSig, holder, clock.now());
  if (!login.ok) {
    const sentence = `UserSig is wrong: ${login.reason}.${adviceIfExpired(login.reason, clock)}`;
    throw refusal("InvalidParameter.UserSig", sentence);
  }
  if (!application.advancedPermission) return;
  if (request.PrivateMapKey === undefined) {
    throw refusal(
      "MissingParameter",
      "PrivateMapKey is missing: the application has advanced permission control on.",
    );
  }
  const pass = verifyPrivateMapKey(
    request.PrivateMapKey,
    {
      ...holder,
      roomId: request.RoomId,
      roomIdType: request.RoomIdType,
      privileges: ROBOT_PRIVILEGES,
    },
    clock.now(),
  );
  if (pass.ok) return;
  const sentence = `PrivateMapKey is wrong: ${pass.reason}.${adviceIfExpired(pass.reason, clock)}`;
  throw refusal("InvalidParameter.PrivateMapKey", sentence);
}

const adviceIfExpired = (reason: string, clock: ActionContext["clock"]): string =>
  reason === "expired" ? clockAdvice(clock) : "";

function requireFunctions({ application }: ActionContext, streamUrl: string): void {
  const { ingest = true, rtmp = true, site } = application;
  if (!ingest) throw refusal("FailedOperation.NotAllowed");
  if (!rtmp && site === "intl" && isRtmp(streamUrl)) {
    throw refusal("FailedOperation.NotRtmpFunction");
  }
}

/**
 * TRTC does not document this for ingest. Its other robots interrupt an earlier one of the same
 * name.
 */
function makeRoomForRobot(
  { tasks, application, switches }: ActionContext,
  { UserId: userId, RoomId: roomId, RoomIdType: roomIdType }: StartRequest,
): void {
  const { taskExistKey, sameRobot } = switches;
  if (taskExistKey === "never") return;
  const { sdkAppId } = application;
  const earlier = tasks
    .liveOfRobot({ sdkAppId, userId })
    .filter(
      (task) => taskExistKey === "robot" || isSameRoom(task, { sdkAppId, roomId, roomIdType }),
    );
  if (earlier.length === 0) return;
  if (sameRobot === "refuse") throw refusal("FailedOperation.TaskExist");
  for (const { taskId } of earlier) {
    tasks.changeLive(taskId, (task, now) => endTask(task, "interrupted", now));
  }
}

function requireCapacity({ tasks, account, switches: { concurrency } }: ActionContext): void {
  if (concurrency === undefined) return;
  const playing = tasks.live().filter((task) => task.account === account).length;
  if (playing >= concurrency) throw refusal("FailedOperation.RestrictedConcurrency");
}
