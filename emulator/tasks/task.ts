/**
 * The life of one task, pure: every function takes a task and an instant, and changes neither.
 * A task ends by itself when the clock has passed one of its ends, whether anybody looks or not.
 */
import { MINUTE_MS, SECOND_MS, addMs } from "../../shared/clock.js";
import type { RoomIdType } from "../../shared/contract/rooms.js";
import type { Site } from "../../shared/contract/sites.js";
import type { Media, OpeningFailure } from "../source/media.js";
import {
  atRate,
  endOfRounds,
  type Playback,
  type Playhead,
  playFrom,
  playheadAt,
} from "./playhead.js";

export type EndReason =
  | "stopped"
  | "finished"
  | "max-duration"
  | "paused-too-long"
  | "idle"
  | "robot-removed"
  | "room-dismissed"
  | "interrupted"
  | "source-failed";

export interface TaskEnd {
  at: Date;
  reason: EndReason;
}

export type Source =
  /** Being opened. It counts as playing, since its first second is only learned about later. */
  | { state: "opening" }
  /** Could not be opened, and is tried again in a moment. */
  | ({ state: "failing" } & OpeningFailure)
  | ({ state: "open" } & Media);

/** What IdleTimeout counts is not documented: the switch `idleMeans`, as it was at the start. */
export type IdleMeaning = "source-stalled" | "paused" | "never";

export interface Task {
  taskId: string;
  sdkAppId: number;
  site: Site;
  /** The SecretId that started it. */
  account: string;
  region: string;
  roomId: string;
  roomIdType: RoomIdType;
  userId: string;
  /** 1 to 1000, or -1 for a loop. */
  repeatNum: number;
  maxDurationMinutes: number | undefined;
  idleTimeoutSeconds: number | undefined;
  idleMeans: IdleMeaning;
  /** Accepted and shown: nothing is relayed to a CDN here. */
  autoPush: boolean;
  /** Accepted and shown: there are no players to tell. */
  enableProgress: boolean;
  startedAt: Date;
  streamUrl: string;
  /** Grows with each change of the URL, so that news of an older one is told from its own. */
  sourceVersion: number;
  source: Source;
  /** Since when the source has given nothing to play. */
  stalledAt: Date | undefined;
  /** Why opening it failed the last time; undefined once it is open. */
  sourceFailure: OpeningFailure | undefined;
  /** A source of it was open once. */
  hasStarted: boolean;
  playback: Playback;
  tempo: number;
  volume: number;
  pausedAt: Date | undefined;
  /** How often somebody asked to stop it. */
  stopCalls: number;
  /** Ends that somebody or something brought about; the others are computed. */
  ended: TaskEnd | undefined;
}

export type NewTask = Omit<
  Task,
  | "sourceVersion"
  | "source"
  | "stalledAt"
  | "sourceFailure"
  | "hasStarted"
  | "playback"
  | "pausedAt"
  | "stopCalls"
  | "ended"
> & { seekSeconds: number };

export interface TaskChange {
  streamUrl?: string;
  volume?: number;
  isPause?: boolean;
  tempo?: number;
  enableProgress?: boolean;
}

/** RepeatNum of a loop. */
export const LOOP = -1;

/** "Paused for more than 12 hours: the task is destroyed", says the Chinese site, and it alone. */
const PAUSE_LIMIT_MS: Readonly<Record<Site, number | undefined>> = {
  cn: 12 * 60 * MINUTE_MS,
  intl: undefined,
};

export function beginTask({ seekSeconds, ...task }: NewTask): Task {
  return {
    ...task,
    sourceVersion: 0,
    ...unopened,
    hasStarted: false,
    playback: playFrom(task.startedAt, task.tempo, seekSeconds),
    pausedAt: undefined,
    stopCalls: 0,
    ended: undefined,
  };
}

/** The end that lies at or before `now`, the earliest if there are several. */
export function endOf(task: Task, now: Date): TaskEnd | undefined {
  const end = nextEndOf(task);
  return end && end.at <= now ? end : undefined;
}

/** The earliest end that is known, whether it has come or lies ahead. */
export function nextEndOf(task: Task): TaskEnd | undefined {
  if (task.ended) return task.ended;
  let next: TaskEnd | undefined;
  for (const [reason, endAt] of OWN_ENDS) {
    const at = endAt(task);
    if (at && (!next || at < next.at)) next = { at, reason };
  }
  return next;
}

/** Where it is at `now`, or was when it ended. */
export function playheadOf(task: Task, now: Date): Playhead {
  const end = endOf(task, now);
  const durationSeconds = durationOf(task);
  if (end?.reason === "finished" && durationSeconds !== null) {
    return { positionSeconds: durationSeconds, loops: task.repeatNum };
  }
  return playheadAt(task.playback, durationSeconds, end?.at ?? now);
}

export const durationOf = ({ source }: Task): number | null =>
  source.state === "open" ? source.durationSeconds : null;

/** What was found in its source; null until it is open. */
export function mediaOf({ source }: Task): Media | null {
  if (source.state !== "open") return null;
  const { container, durationSeconds, tracks } = source;
  return { container, durationSeconds, tracks };
}

export const endTask = (task: Task, reason: EndReason, now: Date): Task => ({
  ...task,
  ended: { at: now, reason },
});

/** Another StreamUrl starts over at its beginning, with all its rounds; the same one changes nothing. */
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
 * What became of opening the source. A failed source stands still at its beginning, and plays from
 * the instant at which it is tried again, should that succeed.
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

const unopened = {
  source: { state: "opening" },
  stalledAt: undefined,
  sourceFailure: undefined,
} as const;

const rateOf = ({ pausedAt, source, tempo }: Task): number =>
  pausedAt || source.state === "failing" ? 0 : tempo;

function naturalEndAt(task: Task): Date | undefined {
  const durationSeconds = durationOf(task);
  if (task.repeatNum === LOOP || durationSeconds === null) return undefined;
  return endOfRounds(task.playback, { durationSeconds, rounds: task.repeatNum });
}

/** TRTC honours MaxDuration for loops only; with any other RepeatNum it is accepted and ignored. */
function capAt({ repeatNum, maxDurationMinutes, startedAt }: Task): Date | undefined {
  if (repeatNum !== LOOP || maxDurationMinutes === undefined) return undefined;
  return addMs(startedAt, maxDurationMinutes * MINUTE_MS);
}

function pauseEndAt({ pausedAt, site }: Task): Date | undefined {
  const limitMs = PAUSE_LIMIT_MS[site];
  return pausedAt && limitMs !== undefined ? addMs(pausedAt, limitMs) : undefined;
}

/**
 * "When the play task is idle for longer than this it is destroyed", says the Chinese site. Without
 * an IdleTimeout TRTC chooses one, whose length it does not tell; here there is none then.
 */
function idleEndAt({ idleTimeoutSeconds, idleMeans, stalledAt, pausedAt }: Task): Date | undefined {
  if (idleTimeoutSeconds === undefined) return undefined;
  const idleSince = { "source-stalled": stalledAt, paused: pausedAt, never: undefined }[idleMeans];
  return idleSince && addMs(idleSince, idleTimeoutSeconds * SECOND_MS);
}

/** The ends that a task comes to by itself; of two at the same instant the first is the reason. */
const OWN_ENDS: readonly [EndReason, (task: Task) => Date | undefined][] = [
  ["finished", naturalEndAt],
  ["max-duration", capAt],
  ["paused-too-long", pauseEndAt],
  ["idle", idleEndAt],
];
