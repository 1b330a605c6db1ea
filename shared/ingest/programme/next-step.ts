/**
 * Decides what an ingest with a programme should play at an instant, and when the next decision is
 * due. Pure functions of the row and of the time: a crash between two steps loses nothing.
 */
import { addMs, MINUTE_MS, SECOND_MS } from "../../clock.js";
import type {
  FailedSource,
  OnAir,
  Programme,
  SourceKind,
  Target,
} from "../../store/programmes/programme-row.js";
import { anchoredAt, isOver, itemMs, placeAfter, placeAt, type Place } from "./timeline.js";

/** The longest wait for a source that keeps failing. */
const CLEAR_MAX_MS = 10 * MINUTE_MS;

/** A source that has been on air for so long has no earlier failures. */
const STEADY_MS = 10 * MINUTE_MS;

/** The pause before a failed source is tried again where no other source can take its place. */
const RETRY_MIN_MS = 5 * SECOND_MS;
const RETRY_MAX_MS = MINUTE_MS;

/** A failed main source is read so often while another source is on air. */
const PROBE_EVERY_MS = 10 * SECOND_MS;

/** A fresh task takes over so long before TRTC's cap ends the present one. */
const ROLL_AHEAD_MS = 30 * MINUTE_MS;

/** A length that is not known is learned so long before its item comes on air. */
const LEARN_AHEAD_MS = 30 * SECOND_MS;

export type Aim =
  | { kind: "play"; target: Target; programme: Programme; place: Place | undefined }
  /** The list is over, and no filler follows. */
  | { kind: "finish" }
  /** A source has failed, and OnItemFailure ends the ingest then. */
  | { kind: "fail" };

/** What should be on air at `at`. Where an item is skipped, the programme has another anchor. */
export function aimAt(programme: Programme, onAir: OnAir, at: Date): Aim {
  const place = placeAt(programme, at);
  if (isOver(place)) return afterList(programme, onAir);
  const { index, round } = place;
  if (programme.onItemFailure === "End" && hasPassedOver(programme, onAir, place)) {
    return { kind: "fail" };
  }
  const play = (source: SourceKind): Aim => ({
    kind: "play",
    target: { source, index, round },
    programme,
    place,
  });
  const { primary, backup } = failuresOf(onAir, place);
  if (!primary || isBack(programme, primary, at)) return play("primary");
  if (programme.backupUrl !== null && !isPaused(backup, at)) return play("backup");
  switch (programme.onItemFailure) {
    case "End":
      return { kind: "fail" };
    case "Filler":
      return play(programme.fillerUrl === null ? "primary" : "filler");
    case "Retry":
      return play("primary");
    case "Skip": {
      if (!programme.isList) return play("primary");
      const next = placeAfter(programme, place);
      return next ? aimAt(anchoredAt(programme, next, at), onAir, at) : afterList(programme, onAir);
    }
  }
}

/** The item after the present one could not be read, so the clock is past it already. */
function hasPassedOver(programme: Programme, onAir: OnAir, place: Place): boolean {
  if (onAir.index === place.index && onAir.round === place.round) return false;
  const next = placeAfter(programme, onAir);
  const item = next && programme.items[next.index];
  return item !== undefined && itemMs(item, programme) === 0;
}

/** The filler follows the list, until the deadline. */
function afterList(programme: Programme, { index, round }: Target): Aim {
  if (programme.fillerUrl === null) return { kind: "finish" };
  return { kind: "play", target: { source: "filler", index, round }, programme, place: undefined };
}

/** A failure counts for the item in which it happened. */
const failuresOf = (
  onAir: OnAir,
  { index, round }: Pick<Place, "index" | "round">,
): OnAir["failed"] => (onAir.index === index && onAir.round === round ? onAir.failed : {});

/** The main source has been healthy for long enough. */
function isBack(programme: Programme, primary: FailedSource, at: Date): boolean {
  const { preference, backupUrl } = programme;
  if (preference === "Equal" && backupUrl !== null) return false;
  const backAt = clearAt(programme, primary);
  return backAt !== undefined && backAt <= at;
}

/** When a healthy source has been healthy for long enough. Each failure doubles the time. */
function clearAt(
  { clearSeconds }: Programme,
  { healthySince, times }: FailedSource,
): Date | undefined {
  if (healthySince === null) return undefined;
  const clearMs = Math.min(clearSeconds * SECOND_MS * 2 ** (times - 1), CLEAR_MAX_MS);
  return addMs(new Date(healthySince), clearMs);
}

const isPaused = (failed: FailedSource | undefined, at: Date): boolean =>
  failed !== undefined && failed.nextAt !== null && new Date(failed.nextAt) > at;

/** The source that is on air has failed. */
export function afterFailure(onAir: OnAir, at: Date): OnAir {
  const known = onAir.failed[onAir.source];
  const isSteady = at.getTime() - new Date(onAir.since).getTime() >= STEADY_MS;
  const times = isSteady ? 1 : (known?.times ?? 0) + 1;
  const pauseMs = Math.min(RETRY_MIN_MS * 2 ** (times - 1), RETRY_MAX_MS);
  const nextAt = addMs(at, pauseMs).toISOString();
  const failure: FailedSource = { at: at.toISOString(), times, nextAt, healthySince: null };
  return { ...onAir, failed: { ...onAir.failed, [onAir.source]: failure } };
}

/**
 * The main source was read while another one is on air. It is read again when it may come back, so
 * that it does not wait for a whole interval more.
 */
export function afterProbe(
  { programme, onAir }: { programme: Programme; onAir: OnAir },
  { isHealthy, at }: { isHealthy: boolean; at: Date },
): OnAir {
  const { primary } = onAir.failed;
  if (!primary) return onAir;
  const healthySince = isHealthy ? (primary.healthySince ?? at.toISOString()) : null;
  const probed = { ...primary, healthySince };
  const backAt = clearAt(programme, probed);
  const laterAt = addMs(at, PROBE_EVERY_MS);
  const nextAt = backAt && backAt > at && backAt < laterAt ? backAt : laterAt;
  return {
    ...onAir,
    failed: { ...onAir.failed, primary: { ...probed, nextAt: nextAt.toISOString() } },
  };
}

/** The same ingest with another source on air. */
export function onAirWith(onAir: OnAir, target: Target, at: Date): OnAir {
  const { due: _done, sendsAll: _sent, ...known } = onAir;
  const isSameItem = target.index === onAir.index && target.round === onAir.round;
  const failed = isSameItem ? leaving(onAir.failed, target, at) : {};
  const again = failed[target.source];
  return {
    ...known,
    ...target,
    since: at.toISOString(),
    failed: again ? { ...failed, [target.source]: { ...again, nextAt: null } } : failed,
  };
}

/** A main source that leaves before it was well is read from then on, so that it can come back. */
function leaving(failed: OnAir["failed"], { source }: Target, at: Date): OnAir["failed"] {
  const { primary } = failed;
  if (source === "primary" || primary?.nextAt !== null) return failed;
  const nextAt = addMs(at, PROBE_EVERY_MS).toISOString();
  return { ...failed, primary: { ...primary, nextAt } };
}

export const isSameTarget = (a: Target, b: Target): boolean =>
  a.source === b.source && a.index === b.index && a.round === b.round;

/**
 * The present or the next item whose length has to be learned. A source that is started again plays
 * on at the right second only if its length is known.
 */
export function unlearnedItem(programme: Programme, place: Place): number | undefined {
  const next = placeAfter(programme, place);
  const coming = [place.index, ...(next ? [next.index] : [])];
  return coming.find((index) => {
    const item = programme.items[index];
    if (item === undefined || item.LengthSeconds !== undefined) return false;
    return programme.isList ? itemMs(item, programme) === undefined : true;
  });
}

/** When a fresh task should take over; `undefined`: the present one lasts until the deadline. */
export function rollDueAt({ taskEndsAt, rollAt }: OnAir, deadlineAt: Date): Date | undefined {
  if (taskEndsAt === undefined || new Date(taskEndsAt) >= deadlineAt) return undefined;
  return rollAt === undefined ? addMs(new Date(taskEndsAt), -ROLL_AHEAD_MS) : new Date(rollAt);
}

/**
 * When the next decision is due; `undefined`: none is. Another function keeps the deadline. A step
 * after it counts too, because an update may move the deadline, and moves no step.
 */
export function nextStepAt(
  programme: Programme,
  onAir: OnAir,
  { at, deadlineAt }: { at: Date; deadlineAt: Date },
): Date | undefined {
  const place = placeAt(programme, at);
  const instants: (Date | null | undefined)[] = [rollDueAt(onAir, deadlineAt)];
  if (!isOver(place)) {
    const { endsAt } = place;
    instants.push(endsAt);
    if (unlearnedItem(programme, place) !== undefined) {
      instants.push(endsAt === null ? at : addMs(endsAt, -LEARN_AHEAD_MS));
    }
    instants.push(
      ...Object.values(failuresOf(onAir, place)).map(({ nextAt }) => instantOf(nextAt)),
    );
  }
  const due = instants
    .filter((instant): instant is Date => instant instanceof Date)
    .map((instant) => Math.max(instant.getTime(), at.getTime()));
  return due.length === 0 ? undefined : new Date(Math.min(...due));
}

const instantOf = (text: string | null): Date | undefined =>
  text === null ? undefined : new Date(text);
