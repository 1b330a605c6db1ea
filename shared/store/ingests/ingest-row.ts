/** A row of `ingest`, as the rest of the project sees it. */
import type { SourceMedia } from "../../contract/answers.js";
import type { Prices } from "../../contract/tiers.js";
import type { Row } from "../engine/database.js";
import type { OnAir, Programme } from "../programmes/programme-row.js";
import type { OccurrenceOf } from "../schedules/schedule-row.js";

export type State = "starting" | "running" | "stopping" | "ended";
export type EndReason = "stopped" | "expired" | "finished" | "failed" | "lost" | "empty";

/** The cause of an end, where its reason alone does not say it. */
export const END_CAUSES = [
  "caller",
  "event",
  "room-dismissed",
  "robot-removed",
  "start-given-up",
  // Another occurrence took the place of this one.
  "cut",
  // Its schedule was changed, paused or deleted, or skips it.
  "schedule",
  // Nothing tried the start in its time.
  "missed",
  // A budget with Enforce was spent.
  "budget",
] as const;
export type EndCause = (typeof END_CAUSES)[number];

/** Why a robot was removed from its room, as TRTC says. */
export type RemovalCause = Extract<EndCause, "room-dismissed" | "robot-removed">;

/** Why a start failed. */
export interface StartFailure {
  code: string;
  message: string;
  /** The same start may succeed later. */
  retry: boolean;
  at: Date;
  cause?: EndCause | undefined;
  /** The code of TRTC's refusal; absent: TRTC was not asked. */
  answer?: string | undefined;
}

/** The state of the source, as TRTC reports it; null before the first report. */
export type MediaState = "connecting" | "playing" | "retrying" | "failed";

/** The fields of StartStreamIngest that say what is played and how. */
export interface Play {
  StreamUrl: string;
  SeekSecond?: number;
  AutoPush?: boolean;
  RepeatNum?: number;
  Volume?: number;
  EnableProgress?: boolean;
  Tempo?: number;
  IdleTimeout?: number;
  /** Our own field: the StreamUrl is this object's address, and is signed for each call. */
  Stored?: StoredSource | null;
}

/** An object that is played by a signed URL, and the account whose key signs it. */
export interface StoredSource {
  Storage: "cos" | "s3";
  Bucket: string;
  Region: string;
  /** Percent-encoded except for its slashes. */
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
  /** The latest possible deadline: the caller's limit and, for a loop, TRTC's own cap. */
  latestAt: Date;
  deadlineAt: Date;
  stopAskedAt: Date | null;
  endedAt: Date | null;
  leaseUntil: Date | null;
  fence: number;
  /** Until then, a start without an answer may still bring another task of this robot. */
  lateStartUntil: Date | null;
  /** When reconcile-ingests took over a start that was left without an answer. */
  reconciledAt: Date | null;
  /** When TRTC last reported the running task; null: it has to be checked. */
  lastSeenAt: Date | null;
  /** How long the room may have no viewer; null: for ever. */
  emptySeconds: number | null;
  /** When that time ends, if no viewer comes. */
  emptyAt: Date | null;
  /** What a probe found in the headers of the source; null: nothing is known. */
  media: SourceMedia | null;
  /** What a minute costs, since its start was requested. */
  prices: Prices;
  mediaState: MediaState | null;
  /** When the source entered this state, by TRTC's clock. */
  mediaAt: Date | null;
  /** The failures to open the source since it last played. */
  mediaFailures: Date[];
  /** The cause of the end, where the reason alone does not say it. */
  endCause: EndCause | null;
  /** Null while it plays. */
  pausedAt: Date | null;
  /** The StartTime of the request; null: it started at once. */
  startsAt: Date | null;
  /** The latest instant at which a scheduled start is tried. */
  startBy: Date | null;
  /** The bounds of a scheduled start's request. */
  asked: AskedBounds | null;
  /** When advance-ingests acts next; null: it has nothing to do. */
  advanceAt: Date | null;
  /** The claim of advance-ingests. */
  advanceLeaseUntil: Date | null;
  advanceFence: number;
  /** A list, a backup, or a life beyond one task; null: one source, until it ends. */
  programme: Programme | null;
  /** What is on air; null before the first start, and without a programme. */
  onAir: OnAir | null;
  /** When the programme has its next step; null: never. Only a running ingest has steps. */
  stepAt: Date | null;
  /** The claim of a step. */
  stepLeaseUntil: Date | null;
  stepFence: number;
  /** The Sequence of the last update that had one. */
  sequence: number | null;
  /** The ingest whose task this row replaces; its caller does not see this row. */
  successorOf: string | null;
  /** The occurrence of a schedule that it belongs to; null: its caller started it. */
  occurrence: OccurrenceOf | null;
  /** The last updates that took effect; null: none did, or the last has no name. */
  updateRun?: UpdateRun | null;
}

/** The fields of a request that bound its end, as they were sent. */
export interface AskedBounds {
  StopTime?: string;
  MaxDuration?: number;
  ExtendableUntil?: string;
}

type Waiting = Pick<Ingest, "state" | "advanceAt" | "startedAt">;

/** The next attempt at a start waits for its time. */
export const waitsToStart = ({ state, advanceAt }: Waiting): boolean =>
  state === "starting" && advanceAt !== null;

/** True until the first attempt of a scheduled start, and between its attempts. */
export const isScheduled = (ingest: Waiting): boolean =>
  waitsToStart(ingest) && ingest.startedAt === null;

/** It has played, and its task has ended. */
export const isRestarting = ({ state, startedAt }: Waiting): boolean =>
  state === "starting" && startedAt !== null;

/** The updates that were signed in one second, without another update between them. */
export interface UpdateRun {
  /** The name of the last update that took effect. */
  last: string;
  /** X-TC-Timestamp; absent: the last update has none. */
  second?: number;
  /** When each of these updates first arrived, in milliseconds. */
  first?: Record<string, number>;
}

/** Columns keep the names of their first migration, so that old and new code can run together. */
const FIELD_OF: Readonly<Record<string, keyof Ingest>> = {
  unsure_until: "lateStartUntil",
  settled_at: "reconciledAt",
  heard_at: "lastSeenAt",
};

/** `task_id` becomes `taskId`; numbers that the drivers return as text become numbers. */
export function ingestOf(row: Row): Ingest {
  const ingest: Record<string, unknown> = {};
  for (const column in row) {
    const field = fieldOf(column);
    if (field !== null) ingest[field] = row[column];
  }
  for (const field of NUMBERS) ingest[field] = Number(ingest[field]);
  if (ingest["sequence"] !== null) ingest["sequence"] = Number(ingest["sequence"]);
  return ingest as unknown as Ingest;
}

const NUMBERS = ["sdkAppId", "fence", "advanceFence", "stepFence"] satisfies (keyof Ingest)[];

/** A statement may return a slot's columns beside the row. History and metrics have own columns. */
const BESIDE = new Set(["is_granted", "created_by", "changed_by", "start_refusal"]);

/** By column. A row has sixty of them, and a start reads two rows. */
const fields = new Map<string, string | null>();

function fieldOf(column: string): string | null {
  const known = fields.get(column);
  if (known !== undefined) return known;
  const field = BESIDE.has(column) ? null : (FIELD_OF[column] ?? camelCase(column));
  fields.set(column, field);
  return field;
}

const camelCase = (column: string): string =>
  column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
