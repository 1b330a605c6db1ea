/**
 * The common parts of every function: an invocation, open services, a bound log, a time limit, one
 * closing log line. A kind (HTTP, timer, callback, cloud event) adds its middlewares and its
 * handler.
 */
import middy, { type MiddlewareObj } from "@middy/core";
import { ApiError } from "../contract/errors.js";
import { actingAs, type Services } from "../ingest/services.js";
import { boundLog } from "../log.js";
import type { Actor } from "../store/history/actor.js";
import { sourceAddress } from "./http-event.js";
import {
  type Invocation,
  newInvocation,
  type Outcome,
  type PlatformContext,
} from "./invocation.js";
import { measured } from "./telemetry/measured.js";

export type Middleware<Answer, I extends Invocation = Invocation> = MiddlewareObj<
  unknown,
  Answer,
  Error,
  I
>;

export interface FunctionKind<Answer, I extends Invocation = Invocation> {
  /** What history calls the actor of its changes. */
  actor: Actor["kind"];
  handle: (event: unknown, services: Services, invocation: I) => Promise<Answer>;
  middlewares?: Middleware<Answer, I>[];
  /** Turns an error into log fields. */
  outcomeOf: (error: unknown) => Outcome;
  /** Returns false for an answer that needs no log line. */
  isNews?: (answer: Answer) => boolean;
  timeLimit?: TimeLimit;
}

export interface TimeLimit {
  /** The caller closes the connection then, even if the platform gives more time. */
  callerWaitsMs?: number;
  /** The function answers this long before its time is up. */
  answerEarlyMs: number;
  late: () => Error;
}

/** The platform ends a function after its time limit, without an answer. We answer just before. */
const TIME_LIMIT: TimeLimit = {
  answerEarlyMs: 300,
  late: () => new ApiError("InternalError", undefined, { detail: "the function's time is up" }),
};

export type FunctionHandler<Answer> = (
  event: unknown,
  context?: PlatformContext,
) => Promise<Answer>;

/** `functionName` is the name of the function's file. serverless.yml and the log use it too. */
export const defineFunction =
  <Answer, I extends Invocation = Invocation>(
    functionName: string,
    {
      actor,
      handle,
      middlewares = [],
      outcomeOf,
      isNews,
      timeLimit = TIME_LIMIT,
    }: FunctionKind<Answer, I>,
  ) =>
  (open: () => Promise<Services>): FunctionHandler<Answer> => {
    const { answerEarlyMs, late, callerWaitsMs } = timeLimit;
    const stack = middy<unknown, Answer, Error, I>({
      timeoutEarlyInMillis: answerEarlyMs,
      timeoutEarlyResponse: () => {
        throw late();
      },
    })
      .use(closingLine(outcomeOf, isNews))
      .use(middlewares)
      .use(withServices(open, actor))
      .use(measured({ functionName, actor, outcomeOf }))
      .handler((event: unknown, invocation: I) =>
        handle(event, invocation.services as Services, invocation),
      );
    const run = stack as unknown as (event: unknown, invocation: Invocation) => Promise<Answer>;
    return (event, context) => run(event, newInvocation(functionName, context, callerWaitsMs));
  };

/**
 * This is the first middleware on the way in and the last on the way out. So it sees every result.
 */
const closingLine = <Answer, I extends Invocation>(
  outcomeOf: (error: unknown) => Outcome,
  isNews: (answer: Answer) => boolean = () => true,
): Middleware<Answer, I> => {
  const write = ({ log, line, elapsedMs }: Invocation, { level, outcome, detail }: Outcome) => {
    const ms = Math.round(elapsedMs());
    log({ level, ...line, outcome, ms, detail: detail ?? line.detail });
  };
  return {
    after: ({ context, response }) => {
      if (isNews(response as Answer)) write(context, { level: "info", outcome: "ok" });
    },
    onError: ({ context, error }) => {
      write(context, outcomeOf(error));
    },
  };
};

const withServices = <Answer, I extends Invocation>(
  open: () => Promise<Services>,
  kind: Actor["kind"],
): Middleware<Answer, I> => ({
  before: async ({ event, context }) => {
    const services = await open();
    const { functionName, requestId } = context;
    const origin = { function: functionName, requestId };
    context.log = boundLog(services.log, origin);
    const from = sourceAddress(event);
    const actor = { kind, id: functionName, ...origin, from };
    context.services = { ...actingAs(services, actor), log: context.log };
  },
});
