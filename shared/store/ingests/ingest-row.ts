/** A row of `ingest`, as the rest of the house sees it. */
import type { Row } from "../engine/database.js";

export type State = "starting" | "running" | "stopping" | "ended";
export type EndReason = "stopped" | "expired" | "finished" | "failed" | "lost" | "empty";

/** What brought an end about, where its reason alone does not say. */
export const END_CAUSES = [
  "caller",
  "event",
  "room-dismissed",
  "robot-removed",
  "start-given-up",
] as const;
export type EndCause = (typeof END_CAUSES)[number];

/** What TRTC says of a robot that leaves because somebody puts it out. */
export type PutOut = Extract<EndCause, "room-dismissed" | "robot-removed">;

/** Why a start came to nothing. */
export interface StartFailure {
  code: string;
  message: string;
  /** The same start may succeed later. */
  retry: boolean;
  at: Date;
  cause?: EndCause | undefined;
}

/** How the source does, by what TRTC tells of it; null before it has told anything. */
export type MediaState = "connecting" | "playing" | "retrying" | "failed";

/** The fields of StartStreamIngest that say what is played and how: all but identity and time. */
export interface Play {
  StreamUrl: string;
  SeekSecond?: number;
  AutoPush?: boolean;
  RepeatNum?: number;
  Volume?: number;
  EnableProgress?: boolean;
  Tempo?: number;
  IdleTimeout?: number;
  /** Ours, and not TRTC's: the StreamUrl is this object's address, and is signed for each call. */
  Stored?: StoredSource | null;
}

/** An object that is played by a signed URL, and whose keys sign it. */
export interface StoredSource {
  Storage: "cos" | "s3";
  Bucket: string;
  Region: string;
  /** Percent-encoded, but for its slashes: not every key could be written as it is. */
  Key: string;
  /** Absent: the execution role. */
  Account?: string;
}

export interface Ingest {
  taskId: string;
  callerId: string;
  account: string;
  site: "intl" | "cn";
  region: string;
  sdkAppId: number;
  roomId: string;
  roomIdType: 0 | 1;
  robotUserId: string;
  play: Play;
  clientToken: string | null;
  requestHash: string;
  state: State;
  endReason: EndReason | null;
  failureCode: string | null;
  failureMessage: string | null;
  trtcTaskId: string | null;
  createdAt: Date;
  startedAt: Date | null;
  /** No deadline may be later: the caller's limit and, for a loop, the native cap. */
  latestAt: Date;
  deadlineAt: Date;
  stopAskedAt: Date | null;
  endedAt: Date | null;
  leaseUntil: Date | null;
  fence: number;
  /** Until then, a start whose answer never came may still bring another task of this robot. */
  lateStartUntil: Date | null;
  /** When somebody took the start over that another had left without an answer. */
  reconciledAt: Date | null;
  /** When TRTC last said anything of the running task. */
  lastSeenAt: Date | null;
  /** How long nobody may be there; null: for ever. */
  emptySeconds: number | null;
  /** When that will have been so, if nobody comes. */
  emptyAt: Date | null;
  mediaState: MediaState | null;
  /** When it came to be so, by TRTC's clock. */
  mediaAt: Date | null;
  /** When opening the source failed, since it last played. */
  mediaFailures: Date[];
  /** What its reason alone does not say. */
  endCause: EndCause | null;
  /** Null while it is not paused. */
  pausedAt: Date | null;
  /** The last updates that took effect; null: none, or the last has no name. */
  updateRun?: UpdateRun | null;
}

/** The updates that were signed in one second, as long as none of another came between them. */
export interface UpdateRun {
  /** The name of the last that took effect. */
  last: string;
  /** X-TC-Timestamp; absent: the last is not of such a run. */
  second?: number;
  /** When each of the run came first, in milliseconds. */
  first?: Record<string, number>;
}

/** Columns keep the names of their first migration, so that old and new code can run together. */
const FIELD_OF: Readonly<Record<string, keyof Ingest>> = {
  unsure_until: "lateStartUntil",
  settled_at: "reconciledAt",
  heard_at: "lastSeenAt",
};

/** `task_id` becomes `taskId`; numbers that the drivers hand over as text become numbers. */
export function ingestOf(row: Row): Ingest {
  const entries = Object.entries(row)
    .filter(isTold)
    .map(([column, value]) => [FIELD_OF[column] ?? camelCase(column), value]);
  const ingest = Object.fromEntries(entries) as Ingest;
  return { ...ingest, sdkAppId: Number(row["sdk_app_id"]), fence: Number(row["fence"]) };
}

/** A slot's answer comes beside the row. */
const isTold = ([column]: [string, unknown]): boolean => column !== "is_granted";

const camelCase = (column: string): string =>
  column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
