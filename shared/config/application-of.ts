/** Which application a request acts in, and so which site and region. */
import { ApiError } from "../contract/errors.js";
import type { Action, Requests } from "../contract/schemas.js";
import type { Site } from "../contract/sites.js";
import { isTaskId } from "../contract/task-id.js";
import type { Application, Caller, Config } from "./configuration.js";
import { checkRegion } from "./region.js";

/** A start always acts in one application. Other requests may act in any of the caller's. */
export type ApplicationFor<A extends Action> = A extends "StartStreamIngest"
  ? Application
  : Application | undefined;

/**
 * The application that a request acts in, with its region checked. `undefined`: any of the caller's.
 * A list covers them all, and a TaskId of ours belongs to one, so neither has to name it.
 */
export function applicationFor<A extends Action>(
  config: Config,
  caller: Caller,
  { action, request, region }: { action: A; request: Requests[A]; region: string | undefined },
): ApplicationFor<A> {
  const isUnique = "TaskId" in request && isTaskId(request.TaskId) && caller.SdkAppIds.length > 1;
  if (request.SdkAppId === undefined && (action === "ListStreamIngests" || isUnique)) {
    return undefined as ApplicationFor<A>;
  }
  const sdkAppId = request.SdkAppId ?? onlyApplication(caller);
  const application = config.applications.get(sdkAppId);
  if (!application || !caller.SdkAppIds.includes(sdkAppId)) {
    throw new ApiError("UnauthorizedOperation.SdkAppId");
  }
  checkRegion(application.Site, region);
  return application;
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
 * The site decides which fields there are, and the application decides the site. The request has
 * not been checked yet, and may be refused for its application later. For applications on both
 * sites it is the Chinese one, which has every field.
 */
export function siteFor(config: Config, { SdkAppIds }: Caller, sdkAppId: unknown): Site {
  const named = typeof sdkAppId === "number" ? config.applications.get(sdkAppId) : undefined;
  if (named) return named.Site;
  const sites = new Set(SdkAppIds.map((id) => config.applications.get(id)?.Site));
  return sites.size === 1 && sites.has("intl") ? "intl" : "cn";
}
