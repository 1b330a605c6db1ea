/**
 * The one stack of every HTTP door: event in, who is calling, what is asked for, whether it fits,
 * the use case, Tencent's envelope out, one line in the log.
 */
import middy, { type MiddlewareObj } from "@middy/core";
import { systemClock } from "../clock.js";
import { ApiError, asApiError } from "../contract/errors.js";
import type { Services } from "../ingest/services.js";
import { adviseStart } from "../ingest/start/start-errors.js";
import { traceIdOf } from "./authenticate.js";
import { checkedCall, type UseCases } from "./checked-call.js";
import { answerWith, type HttpAnswer, refuseWith } from "./envelope.js";
import { headersOf } from "./http-event.js";
import type { PlatformContext } from "./invocation.js";
import { looksSigned } from "./looks-signed.js";
import { logTrace, newTrace, type Trace } from "./trace.js";

export type HttpHandler = (event: unknown, context?: PlatformContext) => Promise<HttpAnswer>;

/** The platform ends a function that is out of time without an answer; a caller should have ours. */
const ANSWER_EARLY_MS = 300;

/**
 * `door` is the name of the function's file. With several use cases the request chooses one by
 * its action; with one it need not name it.
 */
export const httpFunction =
  (functionName: string, useCases: UseCases) =>
  (open: () => Promise<Services>): HttpHandler => {
    const stack = middy<unknown, object, Error, PlatformContext, Internal>({
      timeoutEarlyInMillis: ANSWER_EARLY_MS,
      timeoutEarlyResponse: () => {
        throw new ApiError("InternalError", undefined, { detail: "the function's time is up" });
      },
    })
      .use(traced(functionName))
      .use(enveloped)
      .use(checked(open, useCases))
      // By now the event is the checked call, ready to run.
      .handler((run: unknown) => (run as () => Promise<object>)());
    return stack as HttpHandler;
  };

/** What travels with one event, and belongs to it alone. */
interface Internal extends Record<string, unknown> {
  trace: Trace;
}

type Middleware = MiddlewareObj<unknown, object, Error, PlatformContext, Internal>;

const traced = (functionName: string): Middleware => ({
  before: ({ event, context, internal }) => {
    const trace = newTrace(functionName, context, systemClock);
    // Before anything can go wrong: it decides the status that a refusal is sent with.
    trace.isSigned = looksSigned(event);
    trace.traceId = traceIdOf(headersOf(event));
    internal.trace = trace;
  },
  after: ({ internal }) => logTrace(internal.trace, systemClock),
  onError: ({ internal, error }) =>
    logTrace(internal.trace, systemClock, { error: asApiError(error) }),
});

const enveloped: Middleware = {
  after: (served) => {
    const { trace } = served.internal;
    const answer = served.response ?? {};
    if ("TaskId" in answer) trace.ingest = String(answer.TaskId);
    served.response = traceable(answerWith(answer, trace.invocation.requestId), trace);
  },
  onError: (served) => {
    const { trace } = served.internal;
    const { requestId } = trace.invocation;
    const { isSigned, start } = trace;
    const error = asApiError(served.error);
    const advised = start ? adviseStart(error, start) : error;
    const refusal = refuseWith(advised, { requestId, isSigned });
    served.response = traceable(refusal, trace);
  },
};

const traceable = (answer: HttpAnswer, { traceId }: Trace): HttpAnswer =>
  traceId === undefined
    ? answer
    : { ...answer, headers: { ...answer.headers, "x-tc-traceid": traceId } };

const checked = (open: () => Promise<Services>, useCases: UseCases): Middleware => ({
  before: async (served) => {
    const { trace } = served.internal;
    const services = await open();
    trace.log = services.log;
    served.event = checkedCall(served.event, { services, useCases, trace });
  },
});
