/** Checks what a caller may do. All checks happen before the first write. */
import { ApiError } from "../contract/errors.js";
import type { Caller, Config } from "../config/configuration.js";
import { checkRoom, type RoomIdType } from "../contract/rooms.js";
import { checkStreamUrl } from "../contract/stream-url.js";

export function checkRoomGrant(caller: Caller, roomId: string, roomIdType: RoomIdType): void {
  checkRoom(roomId, roomIdType);
  if (!caller.roomRule || caller.roomRule.test(roomId)) return;
  throw new ApiError(
    "UnauthorizedOperation",
    "The caller may not enter this room: send a RoomId that fits its grant.",
  );
}

/**
 * We sign only for UserIds that the caller's configuration allows. A login made here works in every
 * room. A caller that has a UserSig sends its own and needs no permission.
 */
export function checkUserGrant(
  caller: Caller,
  { UserId: userId, UserSig }: { UserId?: string; UserSig?: string },
): void {
  if (userId === undefined || UserSig !== undefined) return;
  if (caller.userRule?.test(userId) === true) return;
  throw new ApiError(
    "UnauthorizedOperation",
    "The caller may not have a login made for this UserId: send its UserSig with it, leave UserId out to get a robot of its own, or have a UserPattern set that it fits.",
  );
}

/** `field` is the place of the URL in the request, where that is not `StreamUrl`. */
export const checkStreamGrant = (
  config: Config,
  caller: Caller,
  streamUrl: string,
  field?: string,
): void =>
  checkStreamUrl(
    streamUrl,
    { allowPrivateHosts: config.allowPrivateStreamHosts, hosts: caller.StreamHosts },
    field,
  );
