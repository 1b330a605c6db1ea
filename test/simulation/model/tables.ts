/**
 * The tables, as the model of the store keeps them: rows are never changed but replaced, so a row
 * that was handed out stays as it was, as a database's answer does.
 */
import type { DeadLetter } from "../../../shared/store/dead-letters.js";
import type { Ingest } from "../../../shared/store/ingests/ingest-row.js";
import type { Use } from "../../../shared/store/used-signatures.js";
import type { Seen } from "./audience.js";
import type { SlotRow } from "./slots.js";
import type { UnclaimedTask } from "./unclaimed.js";

/** With what only the store knows; no caller is told anything. */
export type StoredIngest = Ingest & { dueAt: Date; notified: null } & Failures;

interface Failures {
  mediaFailures: Date[];
  failuresAfter: Date | null;
}

export interface Tables {
  ingests: Map<string, StoredIngest>;
  /** By account and action. */
  slots: Map<string, SlotRow>;
  /** When each caller with StartsPerMinute began one, by the database's clock. */
  startsMs: Map<string, number[]>;
  /** By signature, or what stands for a ClientToken. */
  signatures: Map<string, Use>;
  deadLetters: Map<string, DeadLetter>;
  /** By application and TRTC's TaskId. */
  unclaimed: Map<string, UnclaimedTask>;
  /** By application, room and user. */
  audience: Map<string, Seen>;
  /** Every row as it became, since the last look; undefined where nobody looks. */
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
  changed: undefined,
});

/** The generated column: nobody's leaving is in it. */
const dueAt = ({ deadlineAt, stopAskedAt }: Ingest): Date =>
  stopAskedAt !== null && stopAskedAt < deadlineAt ? stopAskedAt : deadlineAt;

export function put(tables: Tables, ingest: Ingest & Failures): StoredIngest {
  const stored = { ...ingest, dueAt: dueAt(ingest), notified: null };
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

/** Rows that fit, the least by `key` first; null comes first, as `nulls first` says. */
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
