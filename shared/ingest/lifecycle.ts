/**
 * The rules of an ingest's life, without its life: pure functions over instants.
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
  /** Of a start that asks for neither; absent: the caller's longest. */
  defaultMinutes?: number | undefined;
  /** How far an update may move the deadline: TRTC's own lock on a loop stands there. */
  extendableUntil?: Date | undefined;
  /** The caller's longest ingest: what makes sure that every ingest has a deadline. */
  limitMinutes: number;
  isLoop: boolean;
}

export interface Deadline {
  deadlineAt: Date;
  /** No update can move the deadline past this. */
  latestAt: Date;
  /** The MaxDuration that TRTC gets with a loop, in minutes: the second lock. */
  nativeCapMinutes: number | undefined;
}

export const isLoop = ({ RepeatNum }: Pick<Play, "RepeatNum">): boolean => RepeatNum === -1;

/** Every ingest has a deadline: the earliest of what was asked for and what the caller may have. */
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
 * Of a start that is sent again: its caller may have heard of the deadline, and of how far it can be
 * moved, so both stay. The cap counts anew.
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

/** The cap is rounded up by less than a minute; an hour is for TRTC's clock, and for a late start. */
const SURELY_OVER_MS = 61 * MINUTE_MS;

/** Whether TRTC must have ended a loop itself by now: then nobody has to ask it. */
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

/** Rounded up, so that TRTC's own end never comes before ours. */
const capMinutes = (durationMs: number): number =>
  Math.min(MAX_DURATION_MINUTES, Math.max(1, Math.ceil(durationMs / MINUTE_MS)));

const earliest = (a: Date, b: Date): Date => (a.getTime() <= b.getTime() ? a : b);

/**
 * When the row has to be stopped: at its deadline, as soon as somebody has asked, or when nobody has
 * been there for long enough.
 */
export const dueAt = ({
  deadlineAt,
  stopAskedAt,
  emptyAt,
}: Pick<Ingest, "deadlineAt" | "stopAskedAt" | "emptyAt">): Date =>
  [stopAskedAt, emptyAt].reduce<Date>((due, at) => (at ? earliest(due, at) : due), deadlineAt);

/**
 * Why a task is gone that TRTC no longer knows, though nobody of us had stopped it. A source that
 * is played a number of times comes to its end; a loop ends at its cap; else we know no reason.
 */
export function reasonWhenGone(ingest: Pick<Ingest, "play" | "deadlineAt">, at: Date): EndReason {
  if (!isLoop(ingest.play)) return "finished";
  return at.getTime() >= ingest.deadlineAt.getTime() ? "expired" : "lost";
}
