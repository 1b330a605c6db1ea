/**
 * The tables of the model. Rows are replaced and never changed, so a returned row stays as it was,
 * like the answer of a database.
 */
import type { DeadLetter } from "../../../shared/store/dead-letters.js";
import type { Ingest } from "../../../shared/store/ingests/ingest-row.js";
import type { Occurrence, Schedule } from "../../../shared/store/schedules/schedule-row.js";
import type { Use } from "../../../shared/store/used-signatures.js";
import { countSpending } from "./budgets.js";
import type { Seen } from "./room/audience.js";
import type { SlotRow } from "./slots.js";
import type { UnclaimedTask } from "./room/unclaimed.js";

/** With the columns that only the store uses, without notifications. */
export type StoredIngest = Ingest & { dueAt: Date; notified: null } & Failures;

interface Failures {
  mediaFailures: Date[];
  failuresAfter: Date | null;
}

export interface SpentInDay {
  callerId: string;
  sdkAppId: number;
  /** When the day begins. */
  dayMs: number;
  ms: number;
  microUsd: number;
}

export interface Tables {
  ingests: Map<string, StoredIngest>;
  /** By account and action. */
  slots: Map<string, SlotRow>;
  /** The start times of callers with StartsPerMinute, by the database's clock. */
  startsMs: Map<string, number[]>;
  /** By signature, or by the name of a ClientToken. */
  signatures: Map<string, Use>;
  deadLetters: Map<string, DeadLetter>;
  /** By application and TRTC's TaskId. */
  unclaimed: Map<string, UnclaimedTask>;
  /** By application, room and user. */
  audience: Map<string, Seen>;
  /** By ScheduleId. */
  schedules: Map<string, Schedule>;
  /** By ScheduleId and nominal start. */
  occurrences: Map<string, Occurrence>;
  /** What ended ingests have cost, by caller, application and day. */
  spent: Map<string, SpentInDay>;
  /** Levels of budgets that were reported. */
  notices: Set<string>;
  /** Every changed row since the last check; undefined where no check reads them. */
  changed: StoredIngest[] | undefined;
}

export const makeTables = (): Tables => ({
  ingests: new Map(),
  slots: new Map(),
  startsMs: new Map(),
  signatures: new Map(),
  deadLetters: new Map(),
  unclaimed: new Map(),
  audience: new Map(),
  schedules: new Map(),
  occurrences: new Map(),
  spent: new Map(),
  notices: new Set(),
  changed: undefined,
});

/** The generated column, which does not include `empty_at`. */
const dueAt = ({ deadlineAt, stopAskedAt }: Ingest): Date =>
  stopAskedAt !== null && stopAskedAt < deadlineAt ? stopAskedAt : deadlineAt;

/** The row becomes the table's: it is a fresh object, so nothing copies its many columns again. */
export function put(tables: Tables, ingest: Ingest & Failures): StoredIngest {
  const stored = Object.assign(ingest, { dueAt: dueAt(ingest), notified: null } as const);
  const before = tables.ingests.get(ingest.taskId);
  if (stored.state === "ended" && before && before.state !== "ended") countSpending(tables, stored);
  tables.ingests.set(ingest.taskId, stored);
  tables.changed?.push(stored);
  return stored;
}

/** `update … where task_id = $1 and …`: the new row, or nothing. */
export function change(
  tables: Tables,
  taskId: string,
  {
    where,
    set,
  }: { where: (row: StoredIngest) => boolean; set: (row: StoredIngest) => Partial<StoredIngest> },
): StoredIngest | undefined {
  const row = tables.ingests.get(taskId);
  return row && where(row) ? put(tables, { ...row, ...set(row) }) : undefined;
}

/** Matching rows, the smallest `key` first; null comes first, like `nulls first`. */
export function select(
  { ingests }: Tables,
  where: (row: StoredIngest) => boolean,
  key: (row: StoredIngest) => Date | null,
): StoredIngest[] {
  const ms = (row: StoredIngest) => key(row)?.getTime() ?? Number.NEGATIVE_INFINITY;
  return [...ingests.values()].filter(where).sort((a, b) => ms(a) - ms(b));
}

export const isAtMost = (one: Date | null, other: Date): boolean =>
  one !== null && one.getTime() <= other.getTime();

export const later = (one: Date | null, other: Date): Date =>
  one !== null && one.getTime() > other.getTime() ? one : other;
