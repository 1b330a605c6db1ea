/** A schedule and its occurrences, as their rows store them. Instants are ISO 8601, in UTC. */
import type { LateStart, OverlapPolicy } from "../../contract/schedules/fields.js";
import type { Windows } from "../../calendar/windows.js";
import type { Row } from "../engine/database.js";

export const SCHEDULE_STATES = ["Enabled", "Paused", "Deleted"] as const;
export type ScheduleState = (typeof SCHEDULE_STATES)[number];

/** What a schedule does, as it was sent. Fields that were not sent have their defaults. */
export interface Definition extends Windows {
  /** The body of StartStreamIngest for each occurrence, without its times. */
  ingest: Readonly<Record<string, unknown>>;
  overlapPolicy: OverlapPolicy;
  priority: number;
  /** null: as long as the window. */
  catchupSeconds: number | null;
  lateStart: LateStart;
  /** 0: never. */
  pauseAfterFailures: number;
}

export interface Schedule {
  scheduleId: string;
  callerId: string;
  sdkAppId: number;
  roomId: string;
  roomIdType: 0 | 1;
  name: string;
  comment: string;
  state: ScheduleState;
  /** Why it is paused, where its caller did not ask for it. */
  pausedBecause: string | null;
  definition: Definition;
  clientToken: string | null;
  requestHash: string;
  revision: number;
  tzdata: string;
  plannedUntil: Date;
  planAt: Date | null;
  /** How many occurrences in a row have failed. */
  failures: number;
  /** The number of its last notification; null: its caller receives none. */
  notified: number | null;
  createdAt: Date;
  updatedAt: Date;
}

export const OCCURRENCE_STATES = ["Planned", "Done", "Skipped", "Missed", "Failed", "Cut"] as const;
export type OccurrenceState = (typeof OCCURRENCE_STATES)[number];

export interface Occurrence {
  scheduleId: string;
  nominalAt: Date;
  startsAt: Date;
  endsAt: Date;
  /** Its start by the clocks of its zone; null: no window gave it. */
  localStart: string | null;
  revision: number;
  state: OccurrenceState;
  taskId: string | null;
  reason: string | null;
  detail: string | null;
  startedAt: Date | null;
  endedAt: Date | null;
  settledAt: Date | null;
}

/**
 * `Overlap`: the policy of the later start says so, or both start at once. `LowerPriority`: the
 * other one has the higher priority. `Extended`: the other one plays on in its place.
 */
export const CUT_REASONS = ["Overlap", "LowerPriority", "Extended"] as const;
export type CutReason = (typeof CUT_REASONS)[number];

/** What the row of an ingest says about its occurrence. */
export interface OccurrenceOf {
  scheduleId: string;
  nominalAt: string;
  priority: number;
  overlapPolicy: OverlapPolicy;
  /** Set with the end cause `cut`. A row that never played was skipped; any other one was cut. */
  cut?: Cut;
}

export interface Cut {
  reason: CutReason;
  /** The TaskId of the occurrence that plays instead. */
  by: string;
  /** With `Extended`: the deadline of that occurrence, as far as it may last. ISO 8601. */
  until?: string;
}

export const scheduleOf = (row: Row): Schedule => ({
  ...(fieldsOf(row) as unknown as Schedule),
  sdkAppId: Number(row["sdk_app_id"]),
  revision: Number(row["revision"]),
});

export const occurrenceOf = (row: Row): Occurrence => ({
  ...(fieldsOf(row) as unknown as Occurrence),
  revision: Number(row["revision"]),
});

/** By column, its field: `schedule_id` becomes `scheduleId`. */
const FIELDS = new Map<string, string>();

const fieldsOf = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).map(([column, value]) => [fieldOf(column), value]));

function fieldOf(column: string): string {
  const known = FIELDS.get(column);
  if (known !== undefined) return known;
  const field = column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  FIELDS.set(column, field);
  return field;
}
