/** From an HTTP event to a checked call of one use case: who, what, and whether it fits. */
import { isTaskId } from "../ingest/ids.js";
import { applicationFor, siteFor } from "../ingest/policy.js";
import type { Call, Services, UseCase } from "../ingest/services.js";
import { checkRequest } from "../contract/check.js";
import type { Action } from "../contract/schemas.js";
import { authenticate, isSigned } from "./authenticate.js";
import { readHttpEvent } from "./http-event.js";
import { type ReadCall, readCall } from "./read-call.js";
import type { Trace } from "./trace.js";

export type UseCases = { readonly [A in Action]?: UseCase<A> };

interface Asked {
  services: Services;
  useCases: UseCases;
  trace: Trace;
}

/** Throws ApiError at the first thing that does not fit; nothing has been changed by then. */
export function checkedCall(event: unknown, asked: Asked): () => Promise<object> {
  const { services, useCases, trace } = asked;
  const { config, machineClock } = services;
  const request = readHttpEvent(event);
  trace.isSigned = isSigned(request);
  const { caller, signature, signing, form } = authenticate(config, request, machineClock.now());
  trace.caller = caller.Id;
  const read = readCall(request, Object.keys(useCases) as Action[], form);
  trace.action = read.action;
  const { timeLeftMs } = trace.invocation;
  return fitted(read.action, {
    ...asked,
    read,
    caller: { caller, signature, signing, timeLeftMs },
  });
}

interface Fitting<A extends Action> extends Asked {
  read: ReadCall;
  caller: Pick<Call<A>, "caller" | "signature" | "signing" | "timeLeftMs">;
}

function fitted<A extends Action>(action: A, fitting: Fitting<A>): () => Promise<object> {
  const { services, useCases, trace, read } = fitting;
  const { config } = services;
  const site = siteFor(config, fitting.caller.caller, read.fields["SdkAppId"]);
  const request = checkRequest({ action, site }, read.fields);
  if ("TaskId" in request && isTaskId(request.TaskId)) trace.ingest = request.TaskId;
  if ("RoomId" in request) trace.room = request.RoomId;
  if (action === "StartStreamIngest") trace.start = { hasToken: "ClientToken" in request };
  const call: Call<A> = { ...fitting.caller, request };
  call.application = applicationFor(config, call.caller, { action, request, region: read.region });
  call.region = call.application && read.region;
  const useCase = useCases[action];
  return () => (useCase as UseCase<A>)(services, call);
}
