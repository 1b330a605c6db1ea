/**
 * Counts the calls in one second over every span of one second, wherever it begins. Counting by the
 * seconds of a clock would admit twice as many calls at the border of two seconds.
 */
import { SECOND_MS } from "../../shared/clock.js";

/**
 * A call counts once its body is read, at the instant when its head arrived. Instants may therefore
 * arrive out of order, by as much time as a body may take (the server's limit).
 */
const KEPT_MS = 30 * SECOND_MS;

export interface RateWindow {
  /** Whether a call at this instant is within the limit. In milliseconds, from any origin. */
  admit(atMs: number, limit: number): boolean;
  calls(): number;
  throttled(): number;
  /** Over all calls, including throttled ones: the caller's true rate. */
  mostInOneSecond(): number;
}

export function makeRateWindow(): RateWindow {
  const seenMs: number[] = [];
  const grantedMs: number[] = [];
  let [calls, throttled, most] = [0, 0, 0];
  return {
    admit(atMs, limit) {
      calls += 1;
      most = Math.max(most, mostAround(seenMs, insert(seenMs, atMs)));
      forget(seenMs);
      // A throttled call does not count against later calls, so a fast caller still gets its limit.
      const index = insert(grantedMs, atMs);
      const isWithin = mostAround(grantedMs, index) <= limit;
      if (!isWithin) {
        grantedMs.splice(index, 1);
        throttled += 1;
      }
      forget(grantedMs);
      return isWithin;
    },
    calls: () => calls,
    throttled: () => throttled,
    mostInOneSecond: () => most,
  };
}

/** Inserts in order and returns the position. */
function insert(timesMs: number[], atMs: number): number {
  let index = timesMs.length;
  while (index > 0 && (timesMs[index - 1] ?? 0) > atMs) index -= 1;
  timesMs.splice(index, 0, atMs);
  return index;
}

/**
 * The largest number of calls in a second that includes the call at `index`. Two calls exactly one
 * second apart share no second.
 */
function mostAround(timesMs: readonly number[], index: number): number {
  const atMs = timesMs[index] ?? 0;
  let most = 0;
  let end = index;
  for (let start = firstWithin(timesMs, index); start <= index; start += 1) {
    const startMs = timesMs[start] ?? atMs;
    while (end < timesMs.length && (timesMs[end] ?? 0) < startMs + SECOND_MS) end += 1;
    most = Math.max(most, end - start);
  }
  return most;
}

function firstWithin(timesMs: readonly number[], index: number): number {
  const atMs = timesMs[index] ?? 0;
  let start = index;
  while (start > 0 && atMs - (timesMs[start - 1] ?? 0) < SECOND_MS) start -= 1;
  return start;
}

function forget(timesMs: number[]): void {
  const newestMs = timesMs.at(-1) ?? 0;
  const stale = timesMs.findIndex((atMs) => newestMs - atMs <= KEPT_MS);
  if (stale > 0) timesMs.splice(0, stale);
}
