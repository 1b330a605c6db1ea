/**
 * How many calls came in one second, measured strictly: over every span of one second, wherever it
 * begins. The seconds of a clock would let twice as many through where two of them meet.
 */
import { SECOND_MS } from "../../shared/clock.js";

/**
 * A call is counted once its body is read, at the instant when its head arrived. So instants may
 * come in the wrong order, by as much time as a body may take (the server's limit).
 */
const KEPT_MS = 30 * SECOND_MS;

export interface RateWindow {
  /** Whether a call that arrived at this instant is within the limit. Milliseconds, any origin. */
  admit(atMs: number, limit: number): boolean;
  calls(): number;
  throttled(): number;
  /** Over all calls, the throttled ones as well: what the caller really did. */
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
      // A throttled call takes no room of the next ones: a caller that is too fast gets its limit.
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

/** Keeps the order, and returns the place. */
function insert(timesMs: number[], atMs: number): number {
  let index = timesMs.length;
  while (index > 0 && (timesMs[index - 1] ?? 0) > atMs) index -= 1;
  timesMs.splice(index, 0, atMs);
  return index;
}

/** The fullest second that holds the call at `index`; two calls exactly a second apart share none. */
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
