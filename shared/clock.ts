/**
 * Time, handed in. Everything that needs an instant, a duration or a pause takes a `Clock`,
 * so that a test can move time instead of waiting for it. The only file that reads the time.
 */
import { setTimeout as pause } from "node:timers/promises";

export interface Clock {
  /** The wall clock: for instants that are stored, signed or shown. */
  now(): Date;
  /** Milliseconds that only ever grow: for measuring how long something took. */
  elapsedMs(): number;
  /** Waits; ends early, without an error, when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  elapsedMs: () => performance.now(),
  async sleep(ms, signal) {
    if (signal?.aborted) return;
    try {
      await pause(Math.max(0, ms), undefined, signal ? { signal } : {});
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
  },
};

/** Whole seconds since 1970, as Tencent's signatures and UserSig count. */
export const unixSeconds = (at: Date): number => Math.floor(at.getTime() / 1000);

export const addMs = (at: Date, ms: number): Date => new Date(at.getTime() + ms);

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
