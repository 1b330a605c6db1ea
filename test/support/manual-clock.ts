/** A clock that stands still until it is moved: sleepers wake in the order of their time. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../shared/clock.js";

export interface ManualClock extends Clock {
  /** Moves time on, waking every sleeper on the way at its own instant. */
  advance: (ms: number) => Promise<void>;
  /** The wall clock alone jumps, as when it is set; no sleeper wakes. */
  jump: (ms: number) => void;
}

interface Sleeper {
  atMs: number;
  wake: () => void;
}

/** Turns of the event loop that real I/O (a query, a call over loopback) gets between two wake-ups. */
const TURNS = 20;

export function manualClock(start = new Date("2026-01-01T00:00:00Z")): ManualClock {
  let elapsed = 0;
  let offset = 0;
  const sleepers = new Set<Sleeper>();
  const settle = async () => {
    for (let turn = 0; turn < TURNS; turn += 1) await nextTurn();
  };
  return {
    now: () => new Date(start.getTime() + elapsed + offset),
    elapsedMs: () => elapsed,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const sleeper = {
          atMs: elapsed + Math.max(0, ms),
          wake: () => {
            sleepers.delete(sleeper);
            resolve();
          },
        };
        if (signal?.aborted === true || ms <= 0) {
          resolve();
          return;
        }
        sleepers.add(sleeper);
        signal?.addEventListener("abort", sleeper.wake, { once: true });
      }),
    async advance(ms) {
      const untilMs = elapsed + ms;
      await settle();
      for (;;) {
        const next = [...sleepers].sort((a, b) => a.atMs - b.atMs)[0];
        if (!next || next.atMs > untilMs) break;
        elapsed = Math.max(elapsed, next.atMs);
        next.wake();
        await settle();
      }
      elapsed = untilMs;
      await settle();
    },
    jump(ms) {
      offset += ms;
    },
  };
}
