/** What really is: for tests and for people, who of TRTC itself can only ask what it chooses to say. */
import type { Media, SpentBudget } from "../source/media.js";
import { durationOf, endOf, type EndReason, mediaOf, playheadOf, type Task } from "./task.js";

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
  state: "playing" | "paused" | "ended";
  /** Within the current round; at its end, where it ended. */
  positionSeconds: number;
  /** Completed rounds. */
  loops: number;
  /** Of one round; null for a live source, and while the length is not known yet. */
  durationSeconds: number | null;
  /** What was found in the source; null until it is open. */
  media: Media | null;
  volume: number;
  tempo: number;
  autoPush: boolean;
  enableProgress: boolean;
  idleTimeoutSeconds: number | null;
  /** `not-opened`: the task ended before its source was open. */
  sourceState: "opening" | "failing" | "open" | "not-opened";
  /** Why the source could not be opened the last time: `unreachable`, or what the probe says. */
  sourceFailure: string | null;
  /** The same as a sentence. */
  sourceFailureMessage: string | null;
  /** The emulator's limit that ran out, if that was the cause. */
  sourceFailureBudget: SpentBudget | null;
  /** ISO 8601, as all instants here. */
  startedAt: string;
  /** How often somebody asked to stop it, before and after its end. */
  stopCalls: number;
  endedAt: string | null;
  endReason: EndReason | null;
}

export function truthOf(task: Task, now: Date): TaskTruth {
  const end = endOf(task, now);
  const { taskId, sdkAppId, site, account, region, roomId, roomIdType, userId } = task;
  const running = task.pausedAt ? "paused" : "playing";
  return {
    ...{ taskId, sdkAppId, site, account, region, roomId, roomIdType, userId },
    streamUrl: task.streamUrl,
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
