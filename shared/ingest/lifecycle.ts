/**
 * The rules of an ingest's lifecycle, as pure functions over instants.
 *
 *   starting ──► running ──► stopping ──► ended(reason)
 *      └────────────┴──────────────────────►
 */
import { addMs, MINUTE_MS } from "../clock.js";
import type { EndReason, Ingest, Play } from "../store/ingests/ingest-row.js";
import { MAX_DURATION_MINUTES } from "../contract/fields.js";

export interface Bounds {
  stopAt?: Date | undefined;
  maxDurationMinutes?: number | undefined;
  /**
   * The default of a start that sends no StopTime and no MaxDuration. Absent: the caller's longest
   * duration.
   */
  defaultMinutes?: number | undefined;
  /** The latest deadline that an update may set. TRTC's own cap of a loop ends here. */
  extendableUntil?: Date | undefined;
  /** The caller's longest ingest. It ensures that every ingest has a deadline. */
  limitMinutes: number;
  isLoop: boolean;
}

export interface Deadline {
  deadlineAt: Date;
  /** No update can move the deadline past this. */
  latestAt: Date;
  /** The MaxDuration that TRTC gets with a loop, in minutes. It is the second limit. */
  nativeCapMinutes: number | undefined;
}

export const isLoop = ({ RepeatNum }: Pick<Play, "RepeatNum">): boolean => RepeatNum === -1;

/** Returns the earlier of the requested end and the caller's limit. Every ingest has a deadline. */
export function deadlineFrom(startAt: Date, bounds: Bounds): Deadline {
  const limitAt = addMs(startAt, bounds.limitMinutes * MINUTE_MS);
  const { defaultMinutes: maxDurationMinutes, extendableUntil, isLoop: needsCap } = bounds;
  const asked = askedDeadline(startAt, bounds) ?? askedDeadline(startAt, { maxDurationMinutes });
  const boundAt = extendableUntil ? earliest(extendableUntil, limitAt) : limitAt;
  const deadlineAt = asked ? earliest(asked, boundAt) : boundAt;
  if (!needsCap) return { deadlineAt, latestAt: boundAt, nativeCapMinutes: undefined };
  const lastAt = extendableUntil ? boundAt : deadlineAt;
  const nativeCapMinutes = capMinutes(lastAt.getTime() - startAt.getTime());
  const capAt = addMs(startAt, nativeCapMinutes * MINUTE_MS);
  return { deadlineAt, latestAt: earliest(capAt, boundAt), nativeCapMinutes };
}

/**
 * The deadline of a start that is sent again. Its caller may know both times of the first attempt,
 * so they stay. The cap counts from the new start.
 */
export function deadlineAgain(
  startAt: Date,
  { deadlineAt, latestAt, play }: Pick<Ingest, "deadlineAt" | "latestAt" | "play">,
): Deadline {
  if (!isLoop(play)) return { deadlineAt, latestAt, nativeCapMinutes: undefined };
  const nativeCapMinutes = capMinutes(latestAt.getTime() - startAt.getTime());
  const capAt = addMs(startAt, nativeCapMinutes * MINUTE_MS);
  return { deadlineAt, latestAt: earliest(capAt, latestAt), nativeCapMinutes };
}

/** The cap is rounded up by less than a minute. The hour covers TRTC's clock and a late start. */
const SURELY_OVER_MS = 61 * MINUTE_MS;

/** True when TRTC must have ended the loop by itself. No check is necessary then. */
export const isPastCap = (
  { play, latestAt }: Pick<Ingest, "play" | "latestAt">,
  at: Date,
): boolean => isLoop(play) && latestAt.getTime() + SURELY_OVER_MS <= at.getTime();

/** The earlier of StopTime and start + MaxDuration; `undefined` when neither was sent. */
export function askedDeadline(
  startAt: Date,
  { stopAt, maxDurationMinutes }: Pick<Bounds, "stopAt" | "maxDurationMinutes">,
): Date | undefined {
  const lastsUntil =
    maxDurationMinutes === undefined ? undefined : addMs(startAt, maxDurationMinutes * MINUTE_MS);
  return stopAt && lastsUntil ? earliest(stopAt, lastsUntil) : (stopAt ?? lastsUntil);
}

/** Rounded up, so TRTC never ends a loop before we do. */
const capMinutes = (durationMs: number): number =>
  Math.min(MAX_DURATION_MINUTES, Math.max(1, Math.ceil(durationMs / MINUTE_MS)));

export const earliest = (a: Date, b: Date): Date => (a.getTime() <= b.getTime() ? a : b);

/**
 * Returns when the row must stop. That is the earliest of its deadline, a requested stop, and the
 * end of its wait in an empty room.
 */
export const dueAt = ({
  deadlineAt,
  stopAskedAt,
  emptyAt,
}: Pick<Ingest, "deadlineAt" | "stopAskedAt" | "emptyAt">): Date =>
  [stopAskedAt, emptyAt].reduce<Date>((due, at) => (at ? earliest(due, at) : due), deadlineAt);

/**
 * Explains why TRTC no longer knows a task that we did not stop. A source with a play count has
 * finished. A loop has ended at its cap. Otherwise the reason is unknown.
 */
export function reasonWhenGone(ingest: Pick<Ingest, "play" | "deadlineAt">, at: Date): EndReason {
  if (!isLoop(ingest.play)) return "finished";
  return at.getTime() >= ingest.deadlineAt.getTime() ? "expired" : "lost";
}
