/** One task of TRTC: its state, and what makes and ends it. */
import type { RoomIdType } from "../../shared/contract/rooms.js";
import type { Site } from "../../shared/contract/sites.js";
import type { Media, OpeningFailure } from "../../shared/media/media.js";
import type { PictureSize } from "./picture-size.js";
import { type Playback, playFrom } from "./playhead.js";
import type { UpdateRules } from "./update-rules.js";

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

/** Another source that a task changes to at this instant. */
export interface AwaitedUpdate {
  streamUrl: string;
  at: Date;
  rules: UpdateRules;
}

export interface PlayedSource {
  streamUrl: string;
  from: Date;
  until: Date;
}

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
  /** How many rounds its present source plays: an update may change them. -1 for a loop. */
  rounds: number;
  maxDurationMinutes: number | undefined;
  idleTimeoutSeconds: number | undefined;
  idleMeans: IdleMeaning;
  /** How long it stays after its last round: the switch, as it was at the start. */
  endGraceSeconds: number;
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
  /** An update has kept the position, if the source is long enough for it. */
  isPositionKept: boolean;
  /** Of the last source with a picture. */
  pictureSize: PictureSize | undefined;
  /** The size that its present source must have. */
  requiredSize: PictureSize | undefined;
  /** Updates that take effect later, in their order. */
  awaited: readonly AwaitedUpdate[];
  /** The latest sources that were on air before the present one. */
  playedBefore: readonly PlayedSource[];
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
  | "rounds"
  | "sourceVersion"
  | "source"
  | "stalledAt"
  | "sourceFailure"
  | "hasStarted"
  | "playback"
  | "isPositionKept"
  | "pictureSize"
  | "requiredSize"
  | "awaited"
  | "playedBefore"
  | "pausedAt"
  | "stopCalls"
  | "ended"
> & { seekSeconds: number };

/** RepeatNum of a loop. */
export const LOOP = -1;

export function beginTask({ seekSeconds, ...task }: NewTask): Task {
  return {
    ...task,
    rounds: task.repeatNum,
    sourceVersion: 0,
    ...unopened,
    hasStarted: false,
    playback: playFrom(task.startedAt, task.tempo, seekSeconds),
    isPositionKept: false,
    pictureSize: undefined,
    requiredSize: undefined,
    awaited: [],
    playedBefore: [],
    pausedAt: undefined,
    stopCalls: 0,
    ended: undefined,
  };
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

export const unopened = {
  source: { state: "opening" },
  stalledAt: undefined,
  sourceFailure: undefined,
} as const;

export const rateOf = ({ pausedAt, source, tempo }: Task): number =>
  pausedAt || source.state === "failing" ? 0 : tempo;
