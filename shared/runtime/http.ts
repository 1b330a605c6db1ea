/**
 * The function kind for HTTP. It authenticates the caller, reads and checks the request, runs the
 * use case, and answers in Tencent's envelope.
 */
import { asApiError } from "../contract/errors.js";
import type { Action } from "../contract/schemas.js";
import { actingAs } from "../ingest/services.js";
import { adviseStart } from "../ingest/start/start-errors.js";
import { callUseCase, type UseCases } from "../ingest/use-cases.js";
import { traceIdOf } from "./authenticate.js";
import { checkedCall, type HttpInvocation } from "./checked-call.js";
import { defineFunction, type FunctionHandler, type Middleware } from "./define-function.js";
import { answerWith, type HttpAnswer, refuseWith } from "./envelope.js";
import { headersOf } from "./http-event.js";
import { failureOf } from "./invocation.js";
import { looksSigned } from "./looks-signed.js";

export type HttpHandler = FunctionHandler<HttpAnswer>;

/**
 * A request without an action is of the action `unnamed`. With one use case, that is the only one.
 * Without any, the request must name its action.
 */
export const httpFunction = (functionName: string, useCases: UseCases, unnamed?: Action) =>
  defineFunction<HttpAnswer, HttpInvocation>(functionName, {
    actor: "caller",
    middlewares: [enveloped],
    async handle(event, services, invocation) {
      const call = checkedCall(event, { services, useCases, unnamed, invocation });
      const named = actingAs(services, { id: call.call.caller.Id });
      const answer = await callUseCase(named, useCases, call);
      if ("ScheduleId" in answer) invocation.line.schedule = String(answer.ScheduleId);
      if ("TaskId" in answer) invocation.line.ingest = String(answer.TaskId);
      return answerWith(answer, invocation.requestId);
    },
    // Callers' mistakes are normal when there are many callers.
    outcomeOf: (error) => failureOf(error, "info"),
  });

const enveloped: Middleware<HttpAnswer, HttpInvocation> = {
  before: ({ event, context }) => {
    // This runs before anything can fail: a refusal's status depends on it.
    context.isSigned = looksSigned(event);
    context.traceId = traceIdOf(headersOf(event));
  },
  after: (request) => {
    if (request.response) request.response = traceable(request.response, request.context);
  },
  onError: (request) => {
    const { requestId, isSigned, start } = request.context;
    const error = asApiError(request.error);
    const advised = start ? adviseStart(error, start) : error;
    request.response = traceable(refuseWith(advised, { requestId, isSigned }), request.context);
  },
};

const traceable = (answer: HttpAnswer, { traceId }: HttpInvocation): HttpAnswer =>
  traceId === undefined
    ? answer
    : { ...answer, headers: { ...answer.headers, "x-tc-traceid": traceId } };
