/** RemoveUser and RemoveUserByStrRoomId: names that are not in the room are ignored. */
import { NUMERIC_ROOM, STRING_ROOM } from "../../shared/contract/fields.js";
import { checkRoom } from "../../shared/contract/rooms.js";
import { refusal } from "../api/refusal.js";
import type { Room } from "../tasks/rooms.js";
import type { TrtcRequests } from "../api/schemas.js";
import type { ActionContext } from "./context.js";
import { requireRobots, throwOut } from "./throw-out.js";

/** "List of up to 10 users to be removed." */
const USERS_MAX = 10;

export function removeUser(
  context: ActionContext,
  { SdkAppId: sdkAppId, RoomId, UserIds }: TrtcRequests["RemoveUser"],
): object {
  const room = { sdkAppId, roomId: String(RoomId), roomIdType: NUMERIC_ROOM } as const;
  return removeRobots(context, room, requireUserIds(UserIds));
}

export function removeUserByStrRoomId(
  context: ActionContext,
  { SdkAppId: sdkAppId, RoomId: roomId, UserIds }: TrtcRequests["RemoveUserByStrRoomId"],
): object {
  checkRoom(roomId, STRING_ROOM);
  const room = { sdkAppId, roomId, roomIdType: STRING_ROOM } as const;
  return removeRobots(context, room, requireUserIds(UserIds));
}

function removeRobots(context: ActionContext, room: Room, userIds: readonly string[]): object {
  const named = requireRobots(context, room).filter(({ userId }) => userIds.includes(userId));
  throwOut(context, named, "robot-removed");
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
  throw refusal("InvalidParameter.UserIds", `UserIds is not a list of 1 to ${USERS_MAX} users.`);
}
