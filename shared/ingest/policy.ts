/** What a caller may do. Everything here is decided before anything is written. */
import { ApiError } from "../contract/errors.js";
import type { Application, Caller, Config } from "../config/configuration.js";
import { checkRegion } from "../config/region.js";
import { checkRoom, type RoomIdType } from "../contract/rooms.js";
import type { Action, Requests } from "../contract/schemas.js";
import type { Site } from "../contract/sites.js";
import { checkStreamUrl } from "../contract/stream-url.js";
import { isTaskId } from "./ids.js";

/**
 * The application that a request acts in, with its region checked. `undefined`: any of the caller's.
 * A list covers them all, and a TaskId of ours belongs to one, so neither has to name it.
 */
export function applicationFor<A extends Action>(
  config: Config,
  caller: Caller,
  { action, request, region }: { action: A; request: Requests[A]; region: string | undefined },
): Application | undefined {
  const isUnique = "TaskId" in request && isTaskId(request.TaskId) && caller.SdkAppIds.length > 1;
  if (request.SdkAppId === undefined && (action === "ListStreamIngests" || isUnique)) {
    return undefined;
  }
  const application = applicationOf(config, caller, request.SdkAppId);
  checkRegion(application.Site, region);
  return application;
}

/** The application that was named; or the caller's only one, when none was. */
export function applicationOf(
  config: Config,
  caller: Caller,
  sdkAppId: number | undefined,
): Application {
  const wanted = sdkAppId ?? onlyApplication(caller);
  const application = config.applications.get(wanted);
  if (application && caller.SdkAppIds.includes(wanted)) return application;
  throw new ApiError("UnauthorizedOperation.SdkAppId");
}

function onlyApplication({ SdkAppIds }: Caller): number {
  const [first, ...others] = SdkAppIds;
  if (first !== undefined && others.length === 0) return first;
  throw new ApiError(
    "MissingParameter.SdkAppId",
    "SdkAppId is missing: the caller has several applications, so send the number of one.",
  );
}

/**
 * The site decides which fields there are, and the application decides the site; of a request that
 * has not been checked yet, and that may be refused for its application later. Of applications on
 * both sites it is the Chinese one, which has every field.
 */
export function siteFor(config: Config, { SdkAppIds }: Caller, sdkAppId: unknown): Site {
  const named = typeof sdkAppId === "number" ? config.applications.get(sdkAppId) : undefined;
  if (named) return named.Site;
  const sites = new Set(SdkAppIds.map((each) => config.applications.get(each)?.Site));
  return sites.size === 1 && sites.has("intl") ? "intl" : "cn";
}

export function checkRoomGrant(caller: Caller, roomId: string, roomIdType: RoomIdType): void {
  checkRoom(roomId, roomIdType);
  if (!caller.roomRule || caller.roomRule.test(roomId)) return;
  throw new ApiError(
    "UnauthorizedOperation",
    "The caller may not enter this room: send a RoomId that fits its grant.",
  );
}

/**
 * We sign for a user only who is the caller's to name: whoever has a login made here is that user
 * in every room. With a UserSig it can sign for the user itself.
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

export const checkStreamGrant = (config: Config, caller: Caller, streamUrl: string): void =>
  checkStreamUrl(streamUrl, {
    allowPrivateHosts: config.allowPrivateStreamHosts,
    hosts: caller.StreamHosts,
  });
