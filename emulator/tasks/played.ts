/** What a task has played: each source that was open, and from when until when it was on air. */
import { roundsEndAt } from "./ends.js";
import type { PlayedSource, Task } from "./task.js";

/** Of one task: a day of items of a minute and a half. */
export const PLAYED_KEPT = 1000;

/** Its present source until this instant. Empty when it was never open. */
export function playedUntil(task: Task, at: Date): PlayedSource[] {
  const { source, streamUrl, playback } = task;
  if (source.state !== "open") return [];
  const overAt = roundsEndAt(task);
  const until = overAt && overAt < at ? overAt : at;
  return [{ streamUrl, from: playback.begunAt, until }];
}
