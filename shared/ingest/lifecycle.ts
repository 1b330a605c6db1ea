/**
 * The rules of an ingest's lifecycle, as pure functions over instants.
 *
 *   starting ──► running ──► stopping ──► ended(reason)
 *      └────────────┴──────────────────────►
 */
import { addMs, MINUTE_MS } from "../clock.js";
import type { EndReason, Ingest, Play } from "../store/ingests/ingest-row.js";
import type { Programme } from "../store/programmes/programme-row.js";
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
  /** A fresh task follows the one that ends. So the deadline may lie beyond TRTC's cap. */
  mayRestart?: boolean | undefined;
}

export interface Deadline {
  deadlineAt: Date;
  /** No update can move the deadline past this. */
  latestAt: Date;
  /** The MaxDuration that TRTC gets with a loop, in minutes. It is the second limit. */
  nativeCapMinutes: number | undefined;
}

export const isLoop = ({ RepeatNum }: Pick<Play, "RepeatNum">): boolean => RepeatNum === -1;

/** Fresh tasks follow each other only where a programme allows restarts. */
export const mayRestart = (programme: Programme | null): boolean =>
  programme !== null && programme.restartsPerHour > 0;

/** The longest ingest that the caller may have: without restarts one task carries all of it. */
export function limitAtOf(
  startAt: Date,
  { limitMinutes, mayRestart: isRestarted }: Pick<Bounds, "limitMinutes" | "mayRestart">,
): Date {
  const minutes = isRestarted ? limitMinutes : Math.min(limitMinutes, MAX_DURATION_MINUTES);
  return addMs(startAt, minutes * MINUTE_MS);
}

/** True when the caller may have the end that it asks for, and no single task lasts until then. */
export function outlastsTask(startAt: Date, bounds: Bounds): boolean {
  const { limitMinutes } = bounds;
  const asked = askedDeadline(startAt, bounds);
  if (asked === undefined || limitMinutes <= MAX_DURATION_MINUTES) return false;
  return asked > limitAtOf(startAt, { limitMinutes });
}

/** Returns the earlier of the requested end and the caller's limit. Every ingest has a deadline. */
export function deadlineFrom(startAt: Date, bounds: Bounds): Deadline {
  const limitAt = limitAtOf(startAt, bounds);
  const { defaultMinutes: maxDurationMinutes, extendableUntil, isLoop: needsCap } = bounds;
  const asked = askedDeadline(startAt, bounds) ?? askedDeadline(startAt, { maxDurationMinutes });
  const boundAt = extendableUntil ? earliest(extendableUntil, limitAt) : limitAt;
  const deadlineAt = asked ? earliest(asked, boundAt) : boundAt;
  if (!needsCap) return { deadlineAt, latestAt: boundAt, nativeCapMinutes: undefined };
  const lastAt = extendableUntil ? boundAt : deadlineAt;
  const cap = capOf(startAt, { lastAt, boundAt, mayRestart: bounds.mayRestart ?? false });
  return { deadlineAt, ...cap };
}

/**
 * The deadline of a start that is sent again. Its caller may know both times of the first attempt,
 * so they stay. The cap counts from the new start.
 */
export function deadlineAgain(startAt: Date, ingest: StartedAgain): Deadline {
  const { deadlineAt, latestAt, play, asked } = ingest;
  if (!isLoop(play)) return { deadlineAt, latestAt, nativeCapMinutes: undefined };
  const isRestarted = mayRestart(ingest.programme);
  const isFree = isRestarted && asked?.ExtendableUntil === undefined;
  const lastAt = isFree ? deadlineAt : latestAt;
  return { deadlineAt, ...capOf(startAt, { lastAt, boundAt: latestAt, mayRestart: isRestarted }) };
}

type StartedAgain = Pick<Ingest, "deadlineAt" | "latestAt" | "play" | "programme" | "asked">;

interface CapBounds {
  /** The cap covers the time until here. */
  lastAt: Date;
  boundAt: Date;
  mayRestart: boolean;
}

/** Where no fresh task follows, no deadline can be moved past the cap. */
function capOf(startAt: Date, { lastAt, boundAt, mayRestart: isRestarted }: CapBounds) {
  const nativeCapMinutes = capMinutes(lastAt.getTime() - startAt.getTime());
  const capAt = addMs(startAt, nativeCapMinutes * MINUTE_MS);
  return { latestAt: isRestarted ? boundAt : earliest(capAt, boundAt), nativeCapMinutes };
}

/** The task of a start ends by then at the latest, whatever is asked meanwhile. */
export const taskEndsBy = (
  startAt: Date,
  { latestAt, nativeCapMinutes }: Pick<Deadline, "latestAt" | "nativeCapMinutes">,
): Date =>
  nativeCapMinutes === undefined
    ? latestAt
    : earliest(latestAt, addMs(startAt, nativeCapMinutes * MINUTE_MS));

/** The cap is rounded up by less than a minute. The hour covers TRTC's clock and a late start. */
const SURELY_OVER_MS = 61 * MINUTE_MS;

/** True when TRTC must have ended the loop by itself. No check is necessary then. */
export const isPastCap = (ingest: LastTask, at: Date): boolean =>
  isLoop(ingest.play) && lastTaskEndsBy(ingest).getTime() + SURELY_OVER_MS <= at.getTime();

type LastTask = Pick<Ingest, "play" | "latestAt" | "state" | "startedAt" | "onAir">;

/** A start that is sent again may have made a task since. */
function lastTaskEndsBy({ latestAt, state, startedAt, onAir }: LastTask): Date {
  const since = onAir ? new Date(onAir.taskSince) : startedAt;
  if (state === "starting" || since === null) return latestAt;
  return earliest(latestAt, addMs(since, MAX_DURATION_MINUTES * MINUTE_MS));
}

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
