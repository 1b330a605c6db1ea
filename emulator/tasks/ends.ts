/** The ends that a task reaches by itself with the source that it has, and its position until then. */
import { addMs, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import type { Site } from "../../shared/contract/sites.js";
import { endOfRounds, type Playhead, playheadAt } from "./playhead.js";
import { durationOf, type EndReason, LOOP, type Task, type TaskEnd } from "./task.js";

/** "Paused for more than 12 hours: the task is destroyed". Only the Chinese site says so. */
const PAUSE_LIMIT_MS: Readonly<Record<Site, number | undefined>> = {
  cn: 12 * 60 * MINUTE_MS,
  intl: undefined,
};

/** The earliest known end, past or future. */
export function ownEndOf(task: Task): TaskEnd | undefined {
  if (task.ended) return task.ended;
  let next: TaskEnd | undefined;
  for (const [reason, endAt] of OWN_ENDS) {
    const at = endAt(task);
    if (at && (!next || at < next.at)) next = { at, reason };
  }
  return next;
}

/** When all rounds of its source are over. Undefined for a loop, a live source and a pause. */
export function roundsEndAt(task: Task): Date | undefined {
  const durationSeconds = durationOf(task);
  if (task.rounds === LOOP || durationSeconds === null) return undefined;
  return endOfRounds(task.playback, { durationSeconds, rounds: task.rounds });
}

export function areRoundsOver(task: Task, now: Date): boolean {
  const overAt = roundsEndAt(task);
  return overAt !== undefined && overAt <= now;
}

/** The position in its source. After the last round it stays at the end. */
export function headAt(task: Task, at: Date): Playhead {
  const durationSeconds = durationOf(task);
  if (durationSeconds !== null && areRoundsOver(task, at)) {
    return { positionSeconds: durationSeconds, loops: task.rounds };
  }
  return playheadAt(task.playback, durationSeconds, at);
}

function naturalEndAt(task: Task): Date | undefined {
  const overAt = roundsEndAt(task);
  return overAt && addMs(overAt, task.endGraceSeconds * SECOND_MS);
}

/** TRTC applies MaxDuration to loops only. With any other RepeatNum it is accepted and ignored. */
function capAt({ repeatNum, maxDurationMinutes, startedAt }: Task): Date | undefined {
  if (repeatNum !== LOOP || maxDurationMinutes === undefined) return undefined;
  return addMs(startedAt, maxDurationMinutes * MINUTE_MS);
}

function pauseEndAt({ pausedAt, site }: Task): Date | undefined {
  const limitMs = PAUSE_LIMIT_MS[site];
  return pausedAt && limitMs !== undefined ? addMs(pausedAt, limitMs) : undefined;
}

/**
 * The Chinese site says: "When the play task is idle for longer than this it is destroyed". Without
 * an IdleTimeout TRTC chooses one of unknown length. Here the task then has none.
 */
function idleEndAt({ idleTimeoutSeconds, idleMeans, stalledAt, pausedAt }: Task): Date | undefined {
  if (idleTimeoutSeconds === undefined) return undefined;
  const idleSince = { "source-stalled": stalledAt, paused: pausedAt, never: undefined }[idleMeans];
  return idleSince && addMs(idleSince, idleTimeoutSeconds * SECOND_MS);
}

/** The ends that a task reaches by itself. Of two at the same instant the first is the reason. */
const OWN_ENDS: readonly [EndReason, (task: Task) => Date | undefined][] = [
  ["finished", naturalEndAt],
  ["max-duration", capAt],
  ["paused-too-long", pauseEndAt],
  ["idle", idleEndAt],
];
