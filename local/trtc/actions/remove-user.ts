/**
 * RemoveUser and RemoveUserByStrRoomId: what they do to a robot is undocumented, so it is a switch.
 * The emulator knows of no users but robots: a room that no robot plays in does not exist.
 */
import { NUMERIC_ROOM, STRING_ROOM } from "../../../shared/validation/fields.js";
import { checkRoom, type RoomIdType } from "../../../shared/validation/rooms.js";
import { refusal } from "../refusal.js";
import type { TrtcRequests } from "../schemas.js";
import { endTask } from "../task.js";
import type { ActionContext } from "./context.js";

/** "List of up to 10 users to be removed." */
const USERS_MAX = 10;

export const removeUser = (
  context: ActionContext,
  { RoomId, UserIds }: TrtcRequests["RemoveUser"],
): object => {
  const room = { roomId: String(RoomId), roomIdType: NUMERIC_ROOM } as const;
  return removeRobots(context, room, requireUserIds(UserIds));
};

export const removeUserByStrRoomId = (
  context: ActionContext,
  { RoomId, UserIds }: TrtcRequests["RemoveUserByStrRoomId"],
): object => {
  checkRoom(RoomId, STRING_ROOM);
  const room = { roomId: RoomId, roomIdType: STRING_ROOM } as const;
  return removeRobots(context, room, requireUserIds(UserIds));
};

function removeRobots(
  { tasks, application, switches }: ActionContext,
  room: { roomId: string; roomIdType: RoomIdType },
  userIds: readonly string[],
): object {
  const inRoom = tasks
    .live()
    .filter(
      (task) =>
        task.sdkAppId === application.sdkAppId &&
        task.roomId === room.roomId &&
        task.roomIdType === room.roomIdType,
    );
  if (inRoom.length === 0) throw refusal("FailedOperation.RoomNotExist");
  if (!switches.removedRobotEndsTask) return {};
  for (const { taskId } of inRoom.filter(({ userId }) => userIds.includes(userId))) {
    tasks.changeLive(taskId, (task, now) => endTask(task, "robot-removed", now));
  }
  return {};
}

function requireUserIds(value: unknown): string[] {
  if (value === undefined) throw refusal("MissingParameter.UserIds", "UserIds is missing.");
  const isList =
    Array.isArray(value) &&
    value.length >= 1 &&
    value.length <= USERS_MAX &&
    value.every((entry): entry is string => typeof entry === "string" && entry !== "");
  if (isList) return value;
  throw refusal("InvalidParameter.UserIds", `UserIds is no list of 1 to ${USERS_MAX} users.`);
}
