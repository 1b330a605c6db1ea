/** What SCF does around a function: its context, its time limit, and what it says when time is up. */
import { randomUUID } from "node:crypto";
import { systemClock } from "../shared/clock.js";
import type { LocalFunction } from "./declared/functions.js";

export class TimeLimitError extends Error {
  override readonly name = "TimeLimitError";
}

/**
 * What a function is told it has left once the runtime is ending: enough to finish what is under
 * way, and too little for a timer's run to take on anything more. What is due stays due.
 */
const ENDING_MS = 10_000;

export async function invoke(
  { name, handler, timeLimitMs }: LocalFunction,
  event: unknown,
  { ending }: { ending?: AbortSignal } = {},
): Promise<unknown> {
  const startedMs = systemClock.elapsedMs();
  const leftMs = () => timeLimitMs - (systemClock.elapsedMs() - startedMs);
  const context = {
    request_id: randomUUID(),
    function_name: name,
    time_limit_in_ms: timeLimitMs,
    getRemainingTimeInMillis: () =>
      ending?.aborted === true ? Math.min(leftMs(), ENDING_MS) : leftMs(),
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
