/** One run of a function for one event: its name, its time, its log. */
import { randomUUID } from "node:crypto";
import { systemClock } from "../clock.js";
import { asApiError } from "../contract/errors.js";
import type { Services } from "../ingest/services.js";
import { boundLog, consoleLog, type Log, type LogFields } from "../log.js";

/** The platform's context of a run: SCF uses snake case, AWS uses camel case. */
export interface PlatformContext {
  request_id?: string;
  awsRequestId?: string;
  getRemainingTimeInMillis?: () => number;
}

/** The middlewares and the handler of a function share this object. */
export interface Invocation {
  readonly functionName: string;
  /** The platform's request id, so that its log and ours agree. */
  readonly requestId: string;
  /** Milliseconds until the function must answer. */
  readonly timeLeftMs: () => number;
  /** The same function, under the name that middy reads. */
  readonly getRemainingTimeInMillis: () => number;
  readonly elapsedMs: () => number;
  /** The log adds the function's name and the request id to each line. */
  log: Log;
  /** Set before the handler runs. Their log adds the same fields. */
  services?: Services;
  /**
   * Fields of the closing log line, collected during the run. Never a request, an answer or a URL.
   */
  readonly line: Partial<
    Pick<LogFields, "action" | "caller" | "ingest" | "schedule" | "room" | "counts" | "detail">
  >;
}

/** Used when the platform gives no time. It is shorter than every time limit in serverless.yml. */
const TIME_LIMIT_MS = 20_000;

/** `callerWaitsMs`: the caller closes the connection then, even if the platform gives more time. */
export function newInvocation(
  functionName: string,
  context: PlatformContext | undefined,
  callerWaitsMs = Number.POSITIVE_INFINITY,
): Invocation {
  const startedMs = systemClock.elapsedMs();
  const elapsedMs = () => systemClock.elapsedMs() - startedMs;
  const requestId = context?.request_id ?? context?.awsRequestId ?? randomUUID();
  const platformLeftMs = () =>
    context?.getRemainingTimeInMillis?.call(context) ?? TIME_LIMIT_MS - elapsedMs();
  const timeLeftMs = () => Math.min(platformLeftMs(), callerWaitsMs - elapsedMs());
  return {
    functionName,
    requestId,
    timeLeftMs,
    getRemainingTimeInMillis: timeLeftMs,
    elapsedMs,
    // The log of the services replaces this one. It reports services that fail to open.
    log: boundLog(consoleLog, { function: functionName, requestId }),
    line: {},
  };
}

/** The result of a run, as log fields. */
export type Outcome = Pick<LogFields, "level" | "outcome" | "detail">;

/**
 * Our own failures, and those of the database or TRTC, are errors. `mistake` is the level of a
 * caller's mistake.
 */
export function failureOf(error: unknown, mistake: LogFields["level"]): Outcome {
  const { code, status, detail } = asApiError(error);
  return { level: status >= 500 ? "error" : mistake, outcome: code, detail };
}
