/**
 * A clock that stands still until a test moves it. Sleepers wake in the order of their time. Time
 * moves only while no other work is in progress, so queries and calls take no time.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../../shared/clock.js";

export interface ManualClock extends Clock {
  /** Moves time forward. Each sleeper wakes at its own instant. */
  advance: (ms: number) => Promise<void>;
  /** Moves from sleeper to sleeper until the work is done, at most `ms`. */
  advanceUntilDone: <T>(work: Promise<T>, ms?: number) => Promise<T>;
  /** Moves the wall clock only, as when it is set. No sleeper wakes. */
  jump: (ms: number) => void;
  /** Counts work in progress, so that time waits for it. */
  busy: <T>(work: Promise<T>) => Promise<T>;
}

interface Sleeper {
  atMs: number;
  wake: () => void;
}

/** Idle turns of the event loop, after which the current work is complete. */
const QUIET_TURNS = 5;

/** Far more turns than a request takes. After them the work does not depend on this clock. */
const IDLE_TURNS_MAX = 50_000;

export function manualClock(start = new Date("2026-01-01T00:00:00Z")): ManualClock {
  let elapsed = 0;
  let offset = 0;
  let underWay = 0;
  const sleepers = new Set<Sleeper>();

  async function untilQuiet(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet += 1) {
      await nextTurn();
      if (underWay > 0) quiet = 0;
    }
  }

  /** Wakes the next sleeper, unless its time is after `untilMs`. */
  async function step(untilMs: number): Promise<boolean> {
    await untilQuiet();
    const [next] = [...sleepers].sort((a, b) => a.atMs - b.atMs);
    if (!next || next.atMs > untilMs) return false;
    elapsed = Math.max(elapsed, next.atMs);
    next.wake();
    return true;
  }

  function sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms <= 0 || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        sleepers.delete(sleeper);
        resolve();
      };
      const sleeper = { atMs: elapsed + ms, wake };
      sleepers.add(sleeper);
      signal?.addEventListener("abort", wake, { once: true });
    });
  }

  return {
    now: () => new Date(start.getTime() + elapsed + offset),
    elapsedMs: () => elapsed,
    sleep,
    async advance(ms) {
      const untilMs = elapsed + ms;
      while (await step(untilMs));
      elapsed = untilMs;
      await untilQuiet();
    },
    async advanceUntilDone(work, ms = 10 * 60_000) {
      const untilMs = elapsed + ms;
      const done = { yet: false };
      const mark = () => (done.yet = true);
      void work.then(mark, mark);
      // Uncounted work (a request over HTTP) may be between two sleeps for a while.
      for (let idle = 0; !done.yet && idle < IDLE_TURNS_MAX; idle += 1) {
        if (await step(untilMs)) idle = 0;
      }
      return work;
    },
    jump(ms) {
      offset += ms;
    },
    async busy(work) {
      underWay += 1;
      try {
        return await work;
      } finally {
        underWay -= 1;
      }
    },
  };
}

/** The same object. Its calls, and those of its groups, count as work until they are answered. */
export function countedBy<T extends object>(clock: ManualClock, object: T): T {
  return new Proxy(object, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value === "object" && value !== null) return countedBy(clock, value);
      if (typeof value !== "function") return value;
      return (...parameters: unknown[]) => {
        if (name === "by") return countedBy(clock, Reflect.apply(value, target, parameters) as T);
        const result: unknown = Reflect.apply(value, target, parameters);
        return result instanceof Promise ? clock.busy(result) : result;
      };
    },
  });
}
