/**
 * What a year of schedules has seen: what its callers asked for and when it took effect, and the last
 * state of every occurrence and of the ingests that were made for it.
 */
import type { Occurrence, Schedule } from "../../../shared/store/schedules/schedule-row.js";
import type { StoredIngest, Tables } from "../model/tables.js";
import type { DrawnRules } from "./draw.js";

export interface Asked {
  rules: DrawnRules;
  state: "Enabled" | "Paused" | "Deleted";
}

/** What holds from an instant on. */
export interface Period extends Asked {
  fromMs: number;
}

/** One schedule of the run. */
export interface Life {
  name: string;
  scheduleId: string | undefined;
  /** What its caller has sent last. */
  asked: Asked;
  periods: Period[];
  /** Nominal starts that the caller has skipped, and when the answer came. */
  skips: Map<number, number>;
  /** When Delete with StopRunning was answered. */
  stoppedMs: number | undefined;
}

export interface Seen {
  row: Occurrence;
  /** When its row was deleted, without a final state. */
  droppedMs: number | undefined;
}

/** An ingest of an occurrence. */
export interface SeenIngest {
  taskId: string;
  key: string;
  createdMs: number;
  startsMs: number;
  /** When its row first said that it plays. */
  playedMs: number | undefined;
  last: StoredIngest;
}

export interface YearRecord {
  lives: Life[];
  /** By ScheduleId and nominal start. */
  occurrences: Map<string, Seen>;
  ingests: Map<string, SeenIngest>;
  /** The ingests of an occurrence, in the order of their rows. */
  ingestsOf: (key: string) => SeenIngest[];
  lifeOf: (scheduleId: string) => Life | undefined;
  /** Looks at the tables of schedules. */
  look: (tables: Tables, nowMs: number) => void;
  seeIngest: (row: StoredIngest, nowMs: number) => void;
}

export const keyOf = (scheduleId: string, nominalAt: string): string =>
  `${scheduleId} ${nominalAt}`;

export function makeYearRecord(): YearRecord {
  const lives: Life[] = [];
  const occurrences = new Map<string, Seen>();
  const ingests = new Map<string, SeenIngest>();
  const byKey = new Map<string, SeenIngest[]>();
  const schedules = new Map<string, Schedule>();
  const here = new Map<string, Occurrence>();

  function lookAtSchedule(row: Schedule): void {
    const before = schedules.get(row.scheduleId);
    if (before === row) return;
    schedules.set(row.scheduleId, row);
    const life = lives.find(({ name }) => name === row.name);
    if (!life) return;
    life.scheduleId = row.scheduleId;
    if (before?.updatedAt.getTime() === row.updatedAt.getTime()) return;
    life.periods.push({ ...life.asked, fromMs: row.updatedAt.getTime() });
  }

  function lookAtOccurrences(rows: Tables["occurrences"], nowMs: number): void {
    for (const [key, row] of rows) {
      if (here.get(key) === row) continue;
      here.set(key, row);
      occurrences.set(key, { row, droppedMs: undefined });
    }
    if (here.size === rows.size) return;
    for (const [key, row] of here) {
      if (rows.has(key)) continue;
      here.delete(key);
      // A settled one is forgotten after its 90 days.
      if (row.settledAt === null) occurrences.set(key, { row, droppedMs: nowMs });
    }
  }

  return {
    lives,
    occurrences,
    ingests,
    ingestsOf: (key) => byKey.get(key) ?? [],
    lifeOf: (scheduleId) => lives.find((life) => life.scheduleId === scheduleId),
    look(tables, nowMs) {
      for (const row of tables.schedules.values()) lookAtSchedule(row);
      lookAtOccurrences(tables.occurrences, nowMs);
    },
    seeIngest(row, nowMs) {
      if (!row.occurrence) return;
      const { taskId, occurrence, startedAt, createdAt, startsAt } = row;
      const key = keyOf(occurrence.scheduleId, occurrence.nominalAt);
      const known = ingests.get(taskId);
      const playedMs = known?.playedMs ?? (startedAt ? nowMs : undefined);
      if (known) Object.assign(known, { last: row, playedMs });
      else {
        const startsMs = (startsAt ?? createdAt).getTime();
        const seen = { taskId, key, createdMs: createdAt.getTime(), startsMs, playedMs, last: row };
        ingests.set(taskId, seen);
        byKey.set(key, [...(byKey.get(key) ?? []), seen]);
      }
    },
  };
}
