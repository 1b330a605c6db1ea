/**
 * The life of one task, as pure functions of a task and an instant. A task ends by itself when the
 * clock passes one of its ends, even if no code reads it. An update that waits for its instant takes
 * effect in the same way.
 */
import { carryOut } from "./changes.js";
import { headAt, ownEndOf } from "./ends.js";
import type { Playhead } from "./playhead.js";
import type { Task, TaskEnd } from "./task.js";

/** The task with every update that has taken effect. None does after its end. */
export function asOf(task: Task, now: Date): Task {
  const [update, ...later] = task.awaited;
  if (!update || update.at > now) return task;
  const end = ownEndOf(task);
  if (end && end.at <= update.at) return task;
  return asOf(carryOut({ ...task, awaited: later }, update), now);
}

/** The end at or before `now`; the earliest if there are several. */
export function endOf(task: Task, now: Date): TaskEnd | undefined {
  const end = nextEndOf(task);
  return end && end.at <= now ? end : undefined;
}

/** The earliest known end, past or future. */
export function nextEndOf(task: Task): TaskEnd | undefined {
  const last = task.awaited.at(-1);
  return ownEndOf(last ? asOf(task, last.at) : task);
}

/** The position at `now`, or at the end of the task. */
export function playheadOf(task: Task, now: Date): Playhead {
  return headAt(asOf(task, now), endOf(task, now)?.at ?? now);
}
