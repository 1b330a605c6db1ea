/** How updates and the opening of its source change a task, as pure functions of an instant. */
import { addMs } from "../../shared/clock.js";
import { areRoundsOver, headAt } from "./ends.js";
import { pictureSizeOf } from "./picture-size.js";
import { PLAYED_KEPT, playedUntil } from "./played.js";
import { atRate, playFrom, type Playhead } from "./playhead.js";
import { type AwaitedUpdate, LOOP, rateOf, type Source, type Task, unopened } from "./task.js";
import { DEFAULT_UPDATE_RULES, type UpdateRules } from "./update-rules.js";

export interface TaskChange {
  streamUrl?: string;
  volume?: number;
  isPause?: boolean;
  tempo?: number;
  enableProgress?: boolean;
}

/** Another StreamUrl takes effect after `updateDelayMs`, everything else at once. */
export function changeTask(
  task: Task,
  change: TaskChange,
  now: Date,
  rules: UpdateRules = DEFAULT_UPDATE_RULES,
): Task {
  const paused = change.isPause ?? task.pausedAt !== undefined;
  const changed: Task = {
    ...task,
    tempo: change.tempo ?? task.tempo,
    volume: change.volume ?? task.volume,
    pausedAt: paused ? (task.pausedAt ?? now) : undefined,
    enableProgress: change.enableProgress ?? task.enableProgress,
  };
  // The end of its rounds has passed, and no pause moves it.
  const playback = areRoundsOver(task, now)
    ? task.playback
    : atRate(task.playback, rateOf(changed), now);
  return changeUrl({ ...changed, playback }, change.streamUrl, { now, rules });
}

function changeUrl(
  task: Task,
  streamUrl: string | undefined,
  { now, rules }: { now: Date; rules: UpdateRules },
): Task {
  const last = task.awaited.at(-1);
  const before = last?.streamUrl ?? task.streamUrl;
  if (streamUrl === undefined || (streamUrl === before && !rules.sameUrlRestarts)) return task;
  // Updates take effect in their order, also when the switch has changed between them.
  const atMs = Math.max(addMs(now, rules.updateDelayMs).getTime(), last?.at.getTime() ?? 0);
  const update: AwaitedUpdate = { streamUrl, at: new Date(atMs), rules };
  if (atMs <= now.getTime()) return carryOut(task, update);
  return { ...task, awaited: [...task.awaited, update] };
}

/** The source is another from the update's instant on. */
export function carryOut(task: Task, { streamUrl, at, rules }: AwaitedUpdate): Task {
  const head = headAt(task, at);
  const isKept = rules.updatePosition === "keep";
  const changed: Task = {
    ...task,
    ...unopened,
    streamUrl,
    sourceVersion: task.sourceVersion + 1,
    hasStarted: task.hasStarted && !rules.updateSends701,
    rounds: roundsAfter(task.rounds, head, rules.updateRounds),
    requiredSize: rules.updateResolution === "accepted" ? undefined : task.pictureSize,
    isPositionKept: isKept,
    playedBefore: [...task.playedBefore, ...playedUntil(task, at)].slice(-PLAYED_KEPT),
  };
  const seekSeconds = isKept ? head.positionSeconds : 0;
  return { ...changed, playback: playFrom(at, rateOf(changed), seekSeconds) };
}

/** The round that was interrupted counts as one that remains. */
function roundsAfter(
  rounds: number,
  { loops }: Playhead,
  updateRounds: UpdateRules["updateRounds"],
): number {
  if (updateRounds === "one") return 1;
  return rounds === LOOP || updateRounds === "all" ? rounds : Math.max(1, rounds - loops);
}

/**
 * The result of opening the source. A failed source stays at its beginning. If a later attempt
 * succeeds, it plays from that instant.
 */
export function changeSource(task: Task, source: Source, now: Date): Task {
  if (source.state === "open") {
    const well = { stalledAt: undefined, sourceFailure: undefined, hasStarted: true };
    const pictureSize = pictureSizeOf(source) ?? task.pictureSize;
    return withinSource({ ...task, source, ...well, pictureSize });
  }
  const failed = source.state === "failing" && {
    stalledAt: task.stalledAt ?? now,
    sourceFailure: { reason: source.reason, message: source.message, budget: source.budget },
  };
  const changed = { ...task, source, ...failed };
  return { ...changed, playback: playFrom(now, rateOf(changed), task.playback.seekSeconds) };
}

/** A position that an update kept begins anew in a source that is too short for it. */
function withinSource(task: Task): Task {
  const { isPositionKept, playback, source } = task;
  if (!isPositionKept || source.state !== "open" || source.durationSeconds === null) return task;
  if (playback.seekSeconds < source.durationSeconds) return task;
  return { ...task, playback: { ...playback, seekSeconds: 0 } };
}
