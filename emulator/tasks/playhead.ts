/**
 * The position of a playing medium, computed from instants and never accumulated. It is therefore
 * exact to the millisecond, however long it runs and however often it is read.
 */
import { SECOND_MS, addMs } from "../../shared/clock.js";

/** Played time is in milliseconds. Quarter steps of the tempo add up without error. */
export interface Playback {
  /** When it began. A later rate does not change it. */
  begunAt: Date;
  /** Where the first round began. A seek at or past the end finishes the first round at once. */
  seekSeconds: number;
  /** Milliseconds of media played before `since`. */
  playedMs: number;
  since: Date;
  /** Seconds of media a second: the tempo, or 0 while it stands still. */
  rate: number;
}

export interface Playhead {
  positionSeconds: number;
  /** Completed rounds. */
  loops: number;
}

export const playFrom = (since: Date, rate: number, seekSeconds = 0): Playback => ({
  begunAt: since,
  seekSeconds,
  playedMs: 0,
  since,
  rate,
});

/** The same playback at another rate from now on. */
export const atRate = (playback: Playback, rate: number, now: Date): Playback => ({
  ...playback,
  playedMs: playedMsAt(playback, now),
  since: now,
  rate,
});

/** `null` for a medium without an end, or with an unknown length. */
export function playheadAt(playback: Playback, durationSeconds: number | null, at: Date): Playhead {
  const playedMs = playedMsAt(playback, at);
  const seekMs = playback.seekSeconds * SECOND_MS;
  if (durationSeconds === null) {
    return { positionSeconds: (seekMs + playedMs) / SECOND_MS, loops: 0 };
  }
  const roundMs = durationSeconds * SECOND_MS;
  const totalMs = Math.min(seekMs, roundMs) + playedMs;
  const loops = Math.floor(totalMs / roundMs);
  return { positionSeconds: Math.max(0, totalMs - loops * roundMs) / SECOND_MS, loops };
}

/**
 * When this many rounds are over: length × rounds − seek, at this rate. Undefined if it stands
 * still.
 */
export function endOfRounds(
  playback: Playback,
  { durationSeconds, rounds }: { durationSeconds: number; rounds: number },
): Date | undefined {
  const seekSeconds = Math.min(playback.seekSeconds, durationSeconds);
  const leftMs = (durationSeconds * rounds - seekSeconds) * SECOND_MS - playback.playedMs;
  if (leftMs <= 0) return playback.since;
  if (playback.rate === 0) return undefined;
  return addMs(playback.since, Math.round(leftMs / playback.rate));
}

function playedMsAt({ playedMs, since, rate }: Playback, at: Date): number {
  return playedMs + Math.max(0, at.getTime() - since.getTime()) * rate;
}
