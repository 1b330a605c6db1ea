/** What is learned of an event on its way: for its line in the log, and for the form of its answer. */
import type { Clock } from "../clock.js";
import type { ApiError } from "../contract/errors.js";
import { consoleLog, type Log } from "../log.js";
import { type Invocation, invocationOf, type PlatformContext } from "./invocation.js";

export interface Trace {
  functionName: string;
  invocation: Invocation;
  startedMs: number;
  log: Log;
  isSigned: boolean;
  /** The SDKs name their request by it, and show what comes back. */
  traceId?: string | undefined;
  action?: string;
  caller?: string;
  ingest?: string | undefined;
  room?: string | undefined;
  /** Of a start that was read and checked: what an error may advise depends on it. */
  start?: { hasToken: boolean };
  /** For people, where nothing went wrong. */
  note?: string;
}

export const newTrace = (
  functionName: string,
  context: PlatformContext | undefined,
  clock: Clock,
): Trace => ({
  functionName,
  invocation: invocationOf(context, clock),
  startedMs: clock.elapsedMs(),
  // Until the services are open: what keeps them from opening must be readable somewhere.
  log: consoleLog,
  isSigned: false,
});

/**
 * A caller's mistake is no news, where callers are many; what broke below us, or in us, is.
 * One line per event. Only the named fields: never a request, an answer or a URL.
 */
export function logTrace(
  trace: Trace,
  clock: Clock,
  { error, mistake = "info" }: { error?: ApiError; mistake?: "info" | "warn" } = {},
): void {
  const { functionName, invocation, action, caller, ingest, room, note } = trace;
  trace.log({
    level: error ? (error.status >= 500 ? "error" : mistake) : "info",
    event: functionName,
    requestId: invocation.requestId,
    action,
    caller,
    ingest,
    room,
    outcome: error?.code ?? "ok",
    ms: Math.round(clock.elapsedMs() - trace.startedMs),
    detail: error?.detail ?? note,
  });
}
