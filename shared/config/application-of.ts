/** Which application a request acts in, and so which site and region. */
import { ApiError } from "../contract/errors.js";
import type { Action, Requests } from "../contract/schemas.js";
import type { Site } from "../contract/sites.js";
import { isScheduleAction } from "../contract/schedules/schemas.js";
import { isTaskId } from "../contract/task-id.js";
import { isObject } from "../json.js";
import type { Application, Caller, Config } from "./configuration.js";
import { checkRegion } from "./region.js";

/**
 * A start and a new schedule always act in one application. Other requests may act in any of the
 * caller's.
 */
export type ApplicationFor<A extends Action> = A extends
  "StartStreamIngest" | "CreateIngestSchedule"
  ? Application
  : Application | undefined;

/**
 * The application that a request acts in, with its region checked. `undefined`: any of the caller's.
 * A list covers them all. A TaskId of ours and a ScheduleId belong to one, so none has to name it.
 */
export function applicationFor<A extends Action>(
  config: Config,
  caller: Caller,
  { action, request, region }: { action: A; request: Requests[A]; region: string | undefined },
): ApplicationFor<A> {
  const isUnique = "TaskId" in request && isTaskId(request.TaskId) && caller.SdkAppIds.length > 1;
  const mayBeAny = isUnique || action === "ListStreamIngests" || isScheduleAction(action);
  const named = sdkAppIdIn(request);
  if (named === undefined && mayBeAny) return undefined as ApplicationFor<A>;
  const sdkAppId = named ?? onlyApplication(caller);
  const application = config.applications.get(sdkAppId);
  if (!application || !caller.SdkAppIds.includes(sdkAppId)) {
    throw new ApiError("UnauthorizedOperation.SdkAppId");
  }
  checkRegion(application.Site, region);
  return application;
}

/** A schedule names its application in its Ingest. */
function sdkAppIdIn(request: Requests[Action]): number | undefined {
  if ("SdkAppId" in request) return request.SdkAppId;
  return "Ingest" in request ? request.Ingest.SdkAppId : undefined;
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
export function siteFor(
  config: Config,
  { SdkAppIds }: Caller,
  { SdkAppId, Ingest }: Readonly<Record<string, unknown>>,
): Site {
  const sdkAppId = SdkAppId ?? (isObject(Ingest) ? Ingest["SdkAppId"] : undefined);
  const named = typeof sdkAppId === "number" ? config.applications.get(sdkAppId) : undefined;
  if (named) return named.Site;
  const sites = new Set(SdkAppIds.map((id) => config.applications.get(id)?.Site));
  return sites.size === 1 && sites.has("intl") ? "intl" : "cn";
}
