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
  /** Back to the base. What sleeps has as long to sleep as before. */
  reset(): void;
}

interface Sleeper {
  /** On this clock. */
  endMs: number;
  nap: AbortController;
}

export function adjustableClock(base: Clock): AdjustableClock {
  let offsetMs = 0;
  const sleepers = new Set<Sleeper>();
  const elapsedMs = (): number => base.elapsedMs() + offsetMs;

  /** Ends when the time is over by the base, when the clock is moved, or when `signal` aborts. */
  async function nap(sleeper: Sleeper, signal: AbortSignal | undefined): Promise<void> {
    sleeper.nap = new AbortController();
    const wake = (): void => sleeper.nap.abort();
    signal?.addEventListener("abort", wake, { once: true });
    await base.sleep(sleeper.endMs - elapsedMs(), sleeper.nap.signal);
    signal?.removeEventListener("abort", wake);
  }

  return {
    now: () => addMs(base.now(), offsetMs),
    elapsedMs,
    async sleep(ms, signal) {
      const sleeper: Sleeper = { endMs: elapsedMs() + ms, nap: new AbortController() };
      sleepers.add(sleeper);
      // At least once: whoever sleeps for no time lets the others have a turn.
      do {
        if (signal?.aborted) break;
        await nap(sleeper, signal);
      } while (elapsedMs() < sleeper.endMs);
      sleepers.delete(sleeper);
    },
    advance(ms) {
      offsetMs += ms;
      for (const sleeper of sleepers) sleeper.nap.abort();
    },
    offsetMs: () => offsetMs,
    reset() {
      for (const sleeper of sleepers) sleeper.endMs -= offsetMs;
      offsetMs = 0;
    },
  };
}
