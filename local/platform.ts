/** What SCF does around a function: its context, its time limit, and what it says when time is up. */
import { randomUUID } from "node:crypto";
import { systemClock } from "../shared/clock.js";
import type { LocalFunction } from "./functions.js";

export class TimeLimitError extends Error {
  override readonly name = "TimeLimitError";
}

export async function invoke(
  { name, handler, timeLimitMs }: LocalFunction,
  event: unknown,
): Promise<unknown> {
  const startedMs = systemClock.elapsedMs();
  const context = {
    request_id: randomUUID(),
    function_name: name,
    time_limit_in_ms: timeLimitMs,
    getRemainingTimeInMillis: () => timeLimitMs - (systemClock.elapsedMs() - startedMs),
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
