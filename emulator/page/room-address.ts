/** A room's address as a path, `/rooms/<0|1>/<room id>?sdkAppId=…`: writes it and reads it. */
import { checkRoom } from "../../shared/contract/rooms.js";
import type { RoomAddress } from "./view.js";

/** Room ids are shorter. The longest text in a query is a TaskId of about 100 characters. */
const PATH_CHARACTERS_MAX = 1024;

/**
 * Reads the room in a path after `/rooms/`, and the rest behind it. Undefined for an unknown room
 * type, an impossible room id or a broken percent sign.
 */
export function readRoomPath(
  path: string,
  query: URLSearchParams,
): { room: RoomAddress; rest: string } | undefined {
  if (path.length > PATH_CHARACTERS_MAX) return undefined;
  const [, kind, id, rest = ""] = /^([01])\/([^/]+)(\/.*)?$/.exec(path) ?? [];
  if (kind === undefined || id === undefined) return undefined;
  const sdkAppId = query.get("sdkAppId");
  if (sdkAppId !== null && !/^[1-9]\d{0,9}$/.test(sdkAppId)) return undefined;
  const roomIdType = kind === "1" ? 1 : 0;
  try {
    const roomId = decodeURIComponent(id);
    checkRoom(roomId, roomIdType);
    const named = sdkAppId === null ? undefined : Number(sdkAppId);
    return { room: { sdkAppId: named, roomId, roomIdType }, rest };
  } catch {
    return undefined;
  }
}

/** A `rest` begins with a slash. */
export function roomPath({ sdkAppId, roomId, roomIdType }: RoomAddress, rest = ""): string {
  const query = sdkAppId === undefined ? "" : `?sdkAppId=${sdkAppId}`;
  return `/rooms/${roomIdType}/${encodeURIComponent(roomId)}${rest}${query}`;
}
