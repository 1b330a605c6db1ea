/**
 * Where a playing medium is, computed from instants and never accumulated: however long it runs
 * and however often somebody looks, it is where the clock says, to the millisecond.
 */
import { SECOND_MS, addMs } from "../../shared/clock.js";

export interface Playback {
  /** Where the first round began; a seek at or past the end makes the first round over at once. */
  seekSeconds: number;
  /** Seconds of media that were played before `since`. */
  playedSeconds: number;
  since: Date;
  /** Seconds of media a second: the tempo, or 0 while it stands still. */
  rate: number;
}

export interface Playhead {
  positionSeconds: number;
  /** Rounds that were played to their end. */
  loops: number;
}

export const playFrom = (since: Date, rate: number, seekSeconds = 0): Playback => ({
  seekSeconds,
  playedSeconds: 0,
  since,
  rate,
});

/** The same playback from now on at another rate. */
export const atRate = (playback: Playback, rate: number, now: Date): Playback => ({
  ...playback,
  playedSeconds: playedSeconds(playback, now),
  since: now,
  rate,
});

/** `null` for a medium without an end, and for one whose length is not known yet. */
export function playheadAt(playback: Playback, durationSeconds: number | null, at: Date): Playhead {
  const played = playedSeconds(playback, at);
  if (durationSeconds === null) {
    return { positionSeconds: playback.seekSeconds + played, loops: 0 };
  }
  const total = Math.min(playback.seekSeconds, durationSeconds) + played;
  return {
    positionSeconds: total % durationSeconds,
    loops: Math.floor(total / durationSeconds),
  };
}

/** When so many rounds are over: length × rounds − seek, at this rate; undefined if it stands still. */
export function endOfRounds(
  playback: Playback,
  { durationSeconds, rounds }: { durationSeconds: number; rounds: number },
): Date | undefined {
  const seekSeconds = Math.min(playback.seekSeconds, durationSeconds);
  const leftSeconds = durationSeconds * rounds - seekSeconds - playback.playedSeconds;
  if (leftSeconds <= 0) return playback.since;
  if (playback.rate === 0) return undefined;
  return addMs(playback.since, Math.round((leftSeconds / playback.rate) * SECOND_MS));
}

function playedSeconds({ playedSeconds: before, since, rate }: Playback, at: Date): number {
  const passedMs = Math.max(0, at.getTime() - since.getTime());
  return before + (passedMs / SECOND_MS) * rate;
}
