/** A new row: a start and the starts of schedules write the same columns, from one table. */
import type { Budget } from "../../config/money/budgets.js";
import type { SourceMedia } from "../../contract/answers.js";
import type { OnAir, Programme } from "../programmes/programme-row.js";
import type { OccurrenceOf } from "../schedules/schedule-row.js";
import type { AskedBounds, Ingest } from "./ingest-row.js";
import type { Quotas } from "./quotas.js";

export type NewIngest = Pick<
  Ingest,
  | "taskId"
  | "callerId"
  | "account"
  | "site"
  | "region"
  | "sdkAppId"
  | "roomId"
  | "roomIdType"
  | "robotUserId"
  | "play"
  | "clientToken"
  | "requestHash"
  | "createdAt"
  | "latestAt"
  | "deadlineAt"
  | "prices"
> & {
  /** Whether its caller receives notifications. */
  notify?: boolean | undefined;
  emptySeconds?: number | null;
  media?: SourceMedia | null;
  programme?: Programme | null;
  /** A successor begins with what is on air. */
  onAir?: OnAir | null;
  successorOf?: string | null;
  occurrence?: OccurrenceOf | null;
  /** The caller's limits; absent: none. */
  quotas?: Quotas | undefined;
  /** Of its caller and its application; absent: none. */
  budgets?: readonly Budget[] | undefined;
  /** Absent: the start leaves at once. */
  schedule?: Schedule | undefined;
};

export interface Schedule {
  startsAt: Date;
  /** The latest instant at which it is tried. */
  startBy: Date;
  asked: AskedBounds;
  /** Until then the instance that writes the row carries the start out itself. */
  heldUntil: Date | null;
}

/** By column, its type. */
export const NEW_COLUMN_TYPES = {
  task_id: "text",
  caller_id: "text",
  account: "text",
  region: "text",
  sdk_app_id: "bigint",
  room_id: "text",
  room_id_type: "smallint",
  robot_user_id: "text",
  play: "jsonb",
  client_token: "text",
  request_hash: "text",
  state: "text",
  created_at: "timestamptz",
  latest_at: "timestamptz",
  deadline_at: "timestamptz",
  site: "text",
  empty_seconds: "integer",
  media: "jsonb",
  prices: "jsonb",
  programme: "jsonb",
  on_air: "jsonb",
  successor_of: "text",
  occurrence: "jsonb",
} as const;

export type NewColumn = keyof typeof NEW_COLUMN_TYPES;

export const NEW_COLUMNS = Object.keys(NEW_COLUMN_TYPES) as NewColumn[];

/** The further columns of a start that leaves later. */
export const LATER_COLUMN_TYPES = {
  starts_at: "timestamptz",
  start_by: "timestamptz",
  asked: "jsonb",
  advance_at: "timestamptz",
  advance_lease_until: "timestamptz",
  notified: "integer",
} as const;

export type LaterColumn = keyof typeof LATER_COLUMN_TYPES;

export const newRowOf = (start: NewIngest): Record<NewColumn, unknown> => ({
  task_id: start.taskId,
  caller_id: start.callerId,
  account: start.account,
  region: start.region,
  sdk_app_id: start.sdkAppId,
  room_id: start.roomId,
  room_id_type: start.roomIdType,
  robot_user_id: start.robotUserId,
  play: start.play,
  client_token: start.clientToken,
  request_hash: start.requestHash,
  state: "starting",
  created_at: start.createdAt,
  latest_at: start.latestAt,
  deadline_at: start.deadlineAt,
  site: start.site,
  empty_seconds: start.emptySeconds ?? null,
  media: start.media ?? null,
  prices: start.prices,
  programme: start.programme ?? null,
  on_air: start.onAir ?? null,
  successor_of: start.successorOf ?? null,
  occurrence: start.occurrence ?? null,
});

/** Its first notification says that it is scheduled. */
export const laterRowOf = ({
  schedule,
  notify = false,
}: Pick<NewIngest, "schedule" | "notify">): Record<LaterColumn, unknown> => ({
  starts_at: schedule?.startsAt ?? null,
  start_by: schedule?.startBy ?? null,
  asked: schedule?.asked ?? null,
  advance_at: schedule?.startsAt ?? null,
  advance_lease_until: schedule?.heldUntil ?? null,
  notified: notify ? 1 : null,
});
