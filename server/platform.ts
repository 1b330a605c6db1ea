/** The parts of SCF around a function: its context, its time limit, and the error at the limit. */
import { randomUUID } from "node:crypto";
import { systemClock } from "../shared/clock.js";
import type { HostedFunction } from "./declared/functions.js";

export class TimeLimitError extends Error {
  override readonly name = "TimeLimitError";
}

/** The end of the process. It asks the invocations under way to finish. */
export interface Ending {
  signal: AbortSignal;
  /** Milliseconds that the work under way still has. */
  leftMs: () => number;
}

/**
 * Ends the process in so many milliseconds at the latest. A timer's run takes nothing new with so
 * little time left, and due work stays due.
 */
export function makeEnding(forMs: number): Ending & { begin: () => void } {
  const begun = new AbortController();
  let endsAtMs = Number.POSITIVE_INFINITY;
  return {
    signal: begun.signal,
    leftMs: () => endsAtMs - systemClock.elapsedMs(),
    begin() {
      if (begun.signal.aborted) return;
      endsAtMs = systemClock.elapsedMs() + forMs;
      begun.abort();
    },
  };
}

export async function invoke(
  { name, handler, timeLimitMs }: HostedFunction,
  event: unknown,
  ending?: Ending,
): Promise<unknown> {
  const startedMs = systemClock.elapsedMs();
  const leftMs = () => timeLimitMs - (systemClock.elapsedMs() - startedMs);
  const context = {
    request_id: randomUUID(),
    function_name: name,
    time_limit_in_ms: timeLimitMs,
    getRemainingTimeInMillis: () => Math.min(leftMs(), ending?.leftMs() ?? leftMs()),
  };
  const done = new AbortController();
  const limit = systemClock.sleep(timeLimitMs, done.signal).then(() => {
    if (!done.signal.aborted) throw new TimeLimitError(`${name} took over ${timeLimitMs} ms`);
  });
  try {
    return await Promise.race([handler(event, context), limit]);
  } finally {
    done.abort();
  }
}
