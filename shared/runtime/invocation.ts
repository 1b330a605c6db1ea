/** One run of a function for one event: its name, its time, its log. */
import { randomUUID } from "node:crypto";
import { systemClock } from "../clock.js";
import { asApiError } from "../contract/errors.js";
import type { Services } from "../ingest/services.js";
import { boundLog, consoleLog, type Log, type LogFields } from "../log.js";

/** What the platforms say about a run: SCF in snake case, AWS in camel case. */
export interface PlatformContext {
  request_id?: string;
  awsRequestId?: string;
  getRemainingTimeInMillis?: () => number;
}

/** The middlewares and the handler of a function share it. */
export interface Invocation {
  readonly functionName: string;
  /** The platform's own, so that its log and ours agree. */
  readonly requestId: string;
  /** Until the function has to answer. */
  readonly timeLeftMs: () => number;
  /** The same, by the name that middy reads. */
  readonly getRemainingTimeInMillis: () => number;
  readonly elapsedMs: () => number;
  /** Bound to the function and the request. */
  log: Log;
  /** Open before the handler runs. Their log is bound as well. */
  services?: Services;
  /** Fields of the closing line, collected on the way. Never a request, an answer or a URL. */
  readonly line: Partial<
    Pick<LogFields, "action" | "caller" | "ingest" | "room" | "counts" | "detail">
  >;
}

/** For a platform that does not say: shorter than any function's time limit in serverless.yml. */
const TIME_LIMIT_MS = 20_000;

/** `callerWaitsMs`: the caller hangs up then, even if the platform gives more time. */
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
    // Until the services are open: their failure to open must be readable somewhere.
    log: boundLog(consoleLog, { function: functionName, requestId }),
    line: {},
  };
}

/** How a run ended, as the log says it. */
export type Outcome = Pick<LogFields, "level" | "outcome" | "detail">;

/** A failure of ours, or below us, is an error. A caller's mistake has the level `mistake`. */
export function failureOf(error: unknown, mistake: LogFields["level"]): Outcome {
  const { code, status, detail } = asApiError(error);
  return { level: status >= 500 ? "error" : mistake, outcome: code, detail };
}
