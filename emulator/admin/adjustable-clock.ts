/**
 * A clock that can be moved forward, so that a test of seven days takes milliseconds. A sleep on
 * this clock ends when the clock passes its end.
 */
import { addMs, type Clock } from "../../shared/clock.js";

export interface AdjustableClock extends Clock {
  /** Never goes back: other code may already have used an instant. */
  advance(ms: number): void;
  /** The sum of all moves. */
  offsetMs(): number;
  /** Returns to the base clock. Each sleep keeps its remaining time. */
  reset(): void;
}

interface Sleeper {
  /** The end of the sleep, on this clock. */
  endMs: number;
  nap: AbortController;
}

export function adjustableClock(base: Clock): AdjustableClock {
  let offsetMs = 0;
  const sleepers = new Set<Sleeper>();
  const elapsedMs = (): number => base.elapsedMs() + offsetMs;

  /**
   * Ends when the time is over on the base clock, when the clock is moved, or when `signal` aborts.
   */
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
      // At least once, so that even a sleep of 0 ms yields to other work.
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
