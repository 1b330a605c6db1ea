/**
 * The life of one task, as pure functions of a task and an instant. A task ends by itself when the
 * clock passes one of its ends, even if no code reads it.
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
  /** Being opened. It counts as playing, because its start is only known later. */
  | { state: "opening" }
  /** Could not be opened, and is tried again in a moment. */
  | ({ state: "failing" } & OpeningFailure)
  | ({ state: "open" } & Media);

/** What IdleTimeout counts is undocumented: the switch `idleMeans`, as it was at the start. */
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
  /** Accepted and shown. Nothing is relayed to a CDN here. */
  autoPush: boolean;
  /** Accepted and shown. There are no players to inform. */
  enableProgress: boolean;
  startedAt: Date;
  streamUrl: string;
  /** Increases with each change of the URL, so that results for an old URL are recognized. */
  sourceVersion: number;
  source: Source;
  /** Since when the source has delivered nothing. */
  stalledAt: Date | undefined;
  /** Why the last attempt to open it failed. Undefined once it is open. */
  sourceFailure: OpeningFailure | undefined;
  /** One of its sources was open once. */
  hasStarted: boolean;
  playback: Playback;
  tempo: number;
  volume: number;
  pausedAt: Date | undefined;
  /** How many stops were requested. */
  stopCalls: number;
  /** Ends that a request or an event caused. The other ends are computed. */
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

/** "Paused for more than 12 hours: the task is destroyed". Only the Chinese site says so. */
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

export const durationOf = ({ source }: Task): number | null =>
  source.state === "open" ? source.durationSeconds : null;

/** The facts of its source. null until it is open. */
export function mediaOf({ source }: Task): Media | null {
  if (source.state !== "open") return null;
  const { container, durationSeconds, tracks } = source;
  return { container, durationSeconds, tracks };
}

export const endTask = (task: Task, reason: EndReason, now: Date): Task => ({
  ...task,
  ended: { at: now, reason },
});

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
