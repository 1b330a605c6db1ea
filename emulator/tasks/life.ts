/**
 * The life of one task, as pure functions of a task and an instant. A task ends by itself when the
 * clock passes one of its ends, even if no code reads it.
 */
import { addMs, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import type { Site } from "../../shared/contract/sites.js";
import { endOfRounds, type Playhead, playheadAt } from "./playhead.js";
import { durationOf, type EndReason, LOOP, type Task, type TaskEnd } from "./task.js";

/** "Paused for more than 12 hours: the task is destroyed". Only the Chinese site says so. */
const PAUSE_LIMIT_MS: Readonly<Record<Site, number | undefined>> = {
  cn: 12 * 60 * MINUTE_MS,
  intl: undefined,
};

/** The end at or before `now`; the earliest if there are several. */
export function endOf(task: Task, now: Date): TaskEnd | undefined {
  const end = nextEndOf(task);
  return end && end.at <= now ? end : undefined;
}

/** The earliest known end, past or future. */
export function nextEndOf(task: Task): TaskEnd | undefined {
  if (task.ended) return task.ended;
  let next: TaskEnd | undefined;
  for (const [reason, endAt] of OWN_ENDS) {
    const at = endAt(task);
    if (at && (!next || at < next.at)) next = { at, reason };
  }
  return next;
}

/** The position at `now`, or at the end of the task. */
export function playheadOf(task: Task, now: Date): Playhead {
  const end = endOf(task, now);
  const durationSeconds = durationOf(task);
  if (end?.reason === "finished" && durationSeconds !== null) {
    return { positionSeconds: durationSeconds, loops: task.repeatNum };
  }
  return playheadAt(task.playback, durationSeconds, end?.at ?? now);
}

function naturalEndAt(task: Task): Date | undefined {
  const durationSeconds = durationOf(task);
  if (task.repeatNum === LOOP || durationSeconds === null) return undefined;
  return endOfRounds(task.playback, { durationSeconds, rounds: task.repeatNum });
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
