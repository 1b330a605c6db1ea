/**
 * A clock that can be put forward: so that seven days are a test of milliseconds. Whoever sleeps on
 * it sleeps by it, and wakes when time has been moved past the end of the sleep.
 */
import { addMs, type Clock } from "../../shared/clock.js";

export interface AdjustableClock extends Clock {
  /** Never back: an instant that somebody was told has passed. */
  advance(ms: number): void;
  /** How far it has been put forward in all. */
  offsetMs(): number;
}

export function adjustableClock(base: Clock): AdjustableClock {
  let offsetMs = 0;
  const sleepers = new Set<AbortController>();
  const elapsedMs = (): number => base.elapsedMs() + offsetMs;

  /** Ends when the time is over by the base, when the clock is moved, or when `signal` aborts. */
  async function nap(ms: number, signal: AbortSignal | undefined): Promise<void> {
    const moved = new AbortController();
    const wake = (): void => moved.abort();
    sleepers.add(moved);
    signal?.addEventListener("abort", wake, { once: true });
    await base.sleep(ms, moved.signal);
    signal?.removeEventListener("abort", wake);
    sleepers.delete(moved);
  }

  return {
    now: () => addMs(base.now(), offsetMs),
    elapsedMs,
    async sleep(ms, signal) {
      const endMs = elapsedMs() + ms;
      // At least once: whoever sleeps for no time lets the others have a turn.
      do {
        if (signal?.aborted) return;
        await nap(endMs - elapsedMs(), signal);
      } while (elapsedMs() < endMs);
    },
    advance(ms) {
      offsetMs += ms;
      for (const sleeper of sleepers) sleeper.abort();
    },
    offsetMs: () => offsetMs,
  };
}
