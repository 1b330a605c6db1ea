/** What TRTC has told of each source, in the order in which the house heard it. */
import { MINUTE_MS } from "../../../shared/clock.js";
import type { IngestEvent } from "../../../emulator/callbacks/bodies.js";

export interface Heard {
  event: IngestEvent;
  ms: number;
  /** Answered; else it has come, and nobody knows whether it had its effect. */
  isTaken: boolean;
}

/** Of 701. */
const [PLAYS, FAILED] = [0, 1];

/** TRTC's page: three times, within a minute, and none of them followed by a success. */
const FOR_GOOD = 3;
/** Whether or not that page counts the first of them, which is before any new try. */
const SURELY = 4;

interface Failures {
  failed: ReadonlySet<number>;
  playedMs: number;
  times: number;
}

function haveCome({ failed, playedMs, times }: Failures): boolean {
  const counted = [...failed].filter((ms) => ms > playedMs).sort((a, b) => a - b);
  return counted.some((ms, index) => ms - (counted[index - times + 1] ?? -Infinity) <= MINUTE_MS);
}

interface How {
  times: number;
  /** Whether a failure counts that nobody knows to have had its effect; a success then does not. */
  isDoubtful: boolean;
}

/** When the house knew first, or had last come to know, that a source had failed for good. */
function failures(heard: readonly Heard[], { times, isDoubtful }: How) {
  const failed = new Set<number>();
  let playedMs = -Infinity;
  let sinceMs: number | undefined;
  let wasSo = false;
  for (const { event, ms, isTaken } of heard) {
    const atMs = event.at.getTime();
    if (event.status === FAILED && (isTaken || isDoubtful)) failed.add(atMs);
    if (event.status === PLAYS && (isTaken || !isDoubtful)) playedMs = Math.max(playedMs, atMs);
    const isSo = haveCome({ failed, playedMs, times });
    wasSo ||= isSo;
    sinceMs = isSo ? (sinceMs ?? ms) : undefined;
  }
  return { wasSo, sinceMs };
}

/** At some time the house may have taken it to be so. */
export const mayHaveFailed = (heard: readonly Heard[]): boolean =>
  failures(heard, { times: FOR_GOOD, isDoubtful: true }).wasSo;

/** And may have known that TRTC does not try again. */
export const mayHaveFailedSurely = (heard: readonly Heard[]): boolean =>
  failures(heard, { times: SURELY, isDoubtful: true }).wasSo;

/** Since when the house must take it to be so. */
export const failedSinceMs = (heard: readonly Heard[]): number | undefined =>
  failures(heard, { times: FOR_GOOD, isDoubtful: false }).sinceMs;
