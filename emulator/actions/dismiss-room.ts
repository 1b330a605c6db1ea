/** DismissRoom and DismissRoomByStrRoomId: remove all users from the room and close it. */
import { NUMERIC_ROOM, STRING_ROOM } from "../../shared/contract/fields.js";
import { checkRoom } from "../../shared/contract/rooms.js";
import type { TrtcRequests } from "../api/schemas.js";
import type { ActionContext } from "./context.js";
import { requireRobots, throwOut } from "./throw-out.js";

export function dismissRoom(
  context: ActionContext,
  { SdkAppId: sdkAppId, RoomId }: TrtcRequests["DismissRoom"],
): object {
  const room = { sdkAppId, roomId: String(RoomId), roomIdType: NUMERIC_ROOM } as const;
  throwOut(context, requireRobots(context, room), "room-dismissed");
  return {};
}

export function dismissRoomByStrRoomId(
  context: ActionContext,
  { SdkAppId: sdkAppId, RoomId: roomId }: TrtcRequests["DismissRoomByStrRoomId"],
): object {
  checkRoom(roomId, STRING_ROOM);
  const room = { sdkAppId, roomId, roomIdType: STRING_ROOM } as const;
  throwOut(context, requireRobots(context, room), "room-dismissed");
  return {};
}
