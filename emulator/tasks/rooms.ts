/** The rooms that robots play in. The emulator knows no other rooms. */
import type { RoomIdType } from "../../shared/contract/rooms.js";

export interface Room {
  sdkAppId: number;
  roomId: string;
  /** The number 77 and the text "77" are two rooms. */
  roomIdType: RoomIdType;
}

export const roomKey = ({ sdkAppId, roomId, roomIdType }: Room): string =>
  `${sdkAppId} ${roomIdType} ${roomId}`;

export const isSameRoom = (one: Room, other: Room): boolean => roomKey(one) === roomKey(other);
