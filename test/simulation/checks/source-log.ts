/** TRTC's events about each source, in the order in which we received them. */
import { MINUTE_MS } from "../../../shared/clock.js";
import type { IngestEvent } from "../../../emulator/callbacks/bodies.js";

export interface Heard {
  event: IngestEvent;
  ms: number;
  /** True when we answered the event. Otherwise its effect is unknown. */
  isTaken: boolean;
}

/** Values of event 701. */
const [PLAYS, FAILED] = [0, 1];

/** TRTC's page counts three failures within a minute, without a success after them. */
const FOR_GOOD = 3;
/** This holds whether or not that page counts the first failure, before any retry. */
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
  /** When true, a failure with unknown effect counts, and such a success does not. */
  isDoubtful: boolean;
}

/** When we first recorded, or last recorded, that a source failed for good. */
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

/** We may have recorded that the source failed for good. */
export const mayHaveFailed = (heard: readonly Heard[]): boolean =>
  failures(heard, { times: FOR_GOOD, isDoubtful: true }).wasSo;

/** We may have recorded that TRTC does not try again. */
export const mayHaveFailedSurely = (heard: readonly Heard[]): boolean =>
  failures(heard, { times: SURELY, isDoubtful: true }).wasSo;

/** From this time on, the record must say that the source failed for good. */
export const failedSinceMs = (heard: readonly Heard[]): number | undefined =>
  failures(heard, { times: FOR_GOOD, isDoubtful: false }).sinceMs;
