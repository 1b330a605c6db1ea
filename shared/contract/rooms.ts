/** Room ids. To TRTC room 123 and room "123" are different rooms, so the type is never guessed. */
import { ApiError } from "./errors.js";
import { NUMERIC_ROOM, NUMERIC_ROOM_MAX, STRING_ROOM_PATTERN } from "./fields.js";

const STRING_ROOM_ID = new RegExp(STRING_ROOM_PATTERN);

export type RoomIdType = 0 | 1;

export function checkRoom(roomId: string, roomIdType: RoomIdType): void {
  if (roomIdType === NUMERIC_ROOM) {
    checkNumericRoom(roomId);
    return;
  }
  if (STRING_ROOM_ID.test(roomId)) return;
  throw new ApiError("InvalidParameter.StrRoomId");
}

function checkNumericRoom(roomId: string): void {
  const isNumber = /^[1-9]\d{0,9}$/.test(roomId) && Number(roomId) <= NUMERIC_ROOM_MAX;
  if (isNumber) return;
  throw new ApiError(
    "InvalidParameter.RoomId",
    `RoomId is no 32-bit integer, but RoomIdType is 1 (the default): send a number from 1 to ${NUMERIC_ROOM_MAX} as a string, or RoomIdType 0 for a string room.`,
  );
}
