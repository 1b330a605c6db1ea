/** The parts of SCF around a function: its context, its time limit, and the error at the limit. */
import { randomUUID } from "node:crypto";
import { systemClock } from "../shared/clock.js";
import type { LocalFunction } from "./declared/functions.js";

export class TimeLimitError extends Error {
  override readonly name = "TimeLimitError";
}

/**
 * The remaining time that a function sees once the runtime ends. It suffices to finish current
 * work. A timer's run takes nothing new, and due work stays due.
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
