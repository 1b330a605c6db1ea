/**
 * The clock, passed in as a parameter. Code that needs an instant, a duration or a pause takes a
 * `Clock`, so a test can move time instead of waiting. No other file reads the time.
 */
import { setTimeout as pause } from "node:timers/promises";

export interface Clock {
  /** The wall clock, for instants that are stored, signed or shown. */
  now(): Date;
  /** Milliseconds that never go back, for measuring durations. */
  elapsedMs(): number;
  /** Waits. Ends early, without an error, when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  // `performance` would load a module of Node.js first, in each cold start.
  elapsedMs: () => Number(process.hrtime.bigint()) / 1e6,
  async sleep(ms, signal) {
    if (signal?.aborted) return;
    try {
      // Timers drop fractions of a millisecond, and a call must not leave before its slot.
      await pause(Math.ceil(Math.max(0, ms)), undefined, signal ? { signal } : {});
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
  },
};

/**
 * Aborts after so long. End it when the work is done: `AbortSignal.timeout` would keep its timer, and
 * make an error of it, long after an answer.
 */
export function timeLimit(ms: number): { signal: AbortSignal; end: () => void } {
  const aborting = new AbortController();
  const timer = setTimeout(() => {
    aborting.abort();
  }, ms);
  return {
    signal: aborting.signal,
    end: () => {
      clearTimeout(timer);
    },
  };
}

/** Whole seconds since 1970, as Tencent's signatures and UserSig count them. */
export const unixSeconds = (at: Date): number => Math.floor(at.getTime() / 1000);

export const addMs = (at: Date, ms: number): Date => new Date(at.getTime() + ms);

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const DAY_MS = 24 * 60 * MINUTE_MS;
