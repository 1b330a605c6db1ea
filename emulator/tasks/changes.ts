/** How updates and the opening of its source change a task, as pure functions of an instant. */
import { atRate, playFrom } from "./playhead.js";
import { rateOf, type Source, type Task, unopened } from "./task.js";

export interface TaskChange {
  streamUrl?: string;
  volume?: number;
  isPause?: boolean;
  tempo?: number;
  enableProgress?: boolean;
}

/** A new StreamUrl starts from its beginning, with all its rounds. The same URL changes nothing. */
export function changeTask(task: Task, change: TaskChange, now: Date): Task {
  const paused = change.isPause ?? task.pausedAt !== undefined;
  const changed: Task = {
    ...task,
    tempo: change.tempo ?? task.tempo,
    volume: change.volume ?? task.volume,
    pausedAt: paused ? (task.pausedAt ?? now) : undefined,
    enableProgress: change.enableProgress ?? task.enableProgress,
  };
  const { streamUrl = task.streamUrl } = change;
  if (streamUrl === task.streamUrl) {
    return { ...changed, playback: atRate(task.playback, rateOf(changed), now) };
  }
  const sourceVersion = task.sourceVersion + 1;
  const fresh: Task = { ...changed, ...unopened, streamUrl, sourceVersion };
  return { ...fresh, playback: playFrom(now, rateOf(fresh)) };
}

/**
 * The result of opening the source. A failed source stays at its beginning. If a later attempt
 * succeeds, it plays from that instant.
 */
export function changeSource(task: Task, source: Source, now: Date): Task {
  if (source.state === "open") {
    const well = { stalledAt: undefined, sourceFailure: undefined, hasStarted: true };
    return { ...task, source, ...well };
  }
  const failed = source.state === "failing" && {
    stalledAt: task.stalledAt ?? now,
    sourceFailure: { reason: source.reason, message: source.message, budget: source.budget },
  };
  const changed = { ...task, source, ...failed };
  return { ...changed, playback: playFrom(now, rateOf(changed), task.playback.seekSeconds) };
}
