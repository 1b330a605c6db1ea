/** The true state of each task, for tests and people. TRTC itself shows only part of it. */
import type { Media, SpentBudget } from "../../shared/media/media.js";
import { areRoundsOver } from "./ends.js";
import { asOf, endOf, playheadOf } from "./life.js";
import { durationOf, type EndReason, mediaOf, type Task } from "./task.js";
import { PLAYED_KEPT, playedUntil } from "./played.js";

export interface TaskTruth {
  taskId: string;
  sdkAppId: number;
  site: string;
  /** The SecretId that started it. */
  account: string;
  region: string;
  roomId: string;
  roomIdType: number;
  userId: string;
  streamUrl: string;
  /** The latest sources that were on air, with the present one, in their order. */
  played: readonly PlayedTruth[];
  state: "playing" | "paused" | "ended";
  /** Within the current round, or at its end. */
  positionSeconds: number;
  /** Completed rounds. */
  loops: number;
  /** Of one round. null for a live source, and while the length is unknown. */
  durationSeconds: number | null;
  /** The facts of the source. null until it is open. */
  media: Media | null;
  volume: number;
  tempo: number;
  autoPush: boolean;
  enableProgress: boolean;
  idleTimeoutSeconds: number | null;
  /** `not-opened`: the task ended before its source was open. */
  sourceState: "opening" | "failing" | "open" | "not-opened";
  /** Why the last attempt to open the source failed: `unreachable`, or the probe's reason. */
  sourceFailure: string | null;
  /** The same reason as a sentence. */
  sourceFailureMessage: string | null;
  /** The emulator's limit that was reached, if that was the cause. */
  sourceFailureBudget: SpentBudget | null;
  /** ISO 8601, like all instants here. */
  startedAt: string;
  /** How many stops were requested, before and after its end. */
  stopCalls: number;
  endedAt: string | null;
  endReason: EndReason | null;
}

export interface PlayedTruth {
  streamUrl: string;
  from: string;
  /** null while it is on air. */
  until: string | null;
}

export function truthOf(given: Task, now: Date): TaskTruth {
  const task = asOf(given, now);
  const end = endOf(task, now);
  const { taskId, sdkAppId, site, account, region, roomId, roomIdType, userId } = task;
  const running = task.pausedAt ? "paused" : "playing";
  return {
    taskId,
    sdkAppId,
    site,
    account,
    region,
    roomId,
    roomIdType,
    userId,
    streamUrl: task.streamUrl,
    played: playedBy(task, now),
    state: end ? "ended" : running,
    ...playheadOf(task, now),
    durationSeconds: durationOf(task),
    media: mediaOf(task),
    volume: task.volume,
    tempo: task.tempo,
    autoPush: task.autoPush,
    enableProgress: task.enableProgress,
    idleTimeoutSeconds: task.idleTimeoutSeconds ?? null,
    sourceState: sourceStateOf(task, end !== undefined),
    sourceFailure: task.sourceFailure?.reason ?? null,
    sourceFailureMessage: task.sourceFailure?.message ?? null,
    sourceFailureBudget: task.sourceFailure?.budget ?? null,
    startedAt: task.startedAt.toISOString(),
    stopCalls: task.stopCalls,
    endedAt: end?.at.toISOString() ?? null,
    endReason: end?.reason ?? null,
  };
}

function sourceStateOf({ source }: Task, isEnded: boolean): TaskTruth["sourceState"] {
  return isEnded && source.state !== "open" ? "not-opened" : source.state;
}

function playedBy(task: Task, now: Date): PlayedTruth[] {
  const end = endOf(task, now);
  const isOver = end !== undefined || areRoundsOver(task, now);
  const before = task.playedBefore.map(({ streamUrl, from, until }) => ({
    streamUrl,
    from: from.toISOString(),
    until: until.toISOString(),
  }));
  const present = playedUntil(task, end?.at ?? now).map(({ streamUrl, from, until }) => ({
    streamUrl,
    from: from.toISOString(),
    until: isOver ? until.toISOString() : null,
  }));
  return [...before, ...present].slice(-PLAYED_KEPT);
}
