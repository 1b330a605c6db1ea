/** Turns an HTTP event into a checked call of one use case: the caller, the request, its checks. */
import { applicationFor, siteFor } from "../config/application-of.js";
import { checkRequest } from "../contract/check.js";
import type { Action } from "../contract/schemas.js";
import { isTaskId } from "../contract/task-id.js";
import type { CheckedCall, Services } from "../ingest/services.js";
import type { UseCases } from "../ingest/use-cases.js";
import { type Authenticated, authenticate, isSigned } from "./authenticate.js";
import { readHttpEvent } from "./http-event.js";
import type { Invocation } from "./invocation.js";
import { type ReadCall, readCall } from "./read-call.js";

export interface HttpInvocation extends Invocation {
  /** Callers that sign get status 200 with every answer. */
  isSigned: boolean;
  /** X-TC-TraceId: an SDK's id of its request. The answer repeats it. */
  traceId: string | undefined;
  /** Set for a checked start. The advice of an error depends on it. */
  start?: { hasToken: boolean };
}

interface Served {
  services: Services;
  useCases: UseCases;
  /** The action of a request that names none. */
  unnamed?: Action | undefined;
  invocation: HttpInvocation;
}

/** Throws ApiError at the first failed check. Nothing has changed by then. */
export function checkedCall(
  event: unknown,
  { services, useCases, unnamed, invocation }: Served,
): CheckedCall {
  const { config, machineClock } = services;
  const request = readHttpEvent(event);
  invocation.isSigned = isSigned(request);
  const authenticated = authenticate(config, request, machineClock.now());
  invocation.line.caller = authenticated.caller.Id;
  const read = readCall(request, Object.keys(useCases) as Action[], {
    signed: authenticated.form,
    unnamed,
  });
  invocation.line.action = read.action;
  return fitted(read, authenticated, { config, invocation });
}

/** A repeat of one without its ClientToken may play a second time. */
const STARTS: ReadonlySet<Action> = new Set(["StartStreamIngest", "RunIngestSchedule"]);

function fitted<A extends Action>(
  { action, fields, region }: ReadCall<A>,
  { caller, signature, signing }: Authenticated,
  { config, invocation }: Pick<Services, "config"> & { invocation: HttpInvocation },
): CheckedCall<A> {
  const site = siteFor(config, caller, fields);
  const request = checkRequest({ action, site }, fields);
  const { line, timeLeftMs } = invocation;
  if ("TaskId" in request && isTaskId(request.TaskId)) line.ingest = request.TaskId;
  if ("RoomId" in request) line.room = request.RoomId;
  if ("Ingest" in request) line.room = request.Ingest.RoomId;
  if ("ScheduleId" in request) line.schedule = request.ScheduleId;
  if (STARTS.has(action)) invocation.start = { hasToken: "ClientToken" in request };
  const application = applicationFor(config, caller, { action, request, region });
  return {
    action,
    call: {
      caller,
      request,
      application,
      region: application && region,
      signature,
      signing,
      timeLeftMs,
    },
  };
}
