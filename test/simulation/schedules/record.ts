/**
 * What a year of schedules has seen: what its callers asked for and when it took effect, and the last
 * state of every occurrence and of the ingests that were made for it.
 */
import type { Occurrence, Schedule } from "../../../shared/store/schedules/schedule-row.js";
import type { StoredIngest, Tables } from "../model/tables.js";
import type { DrawnRules } from "./drawn/draw.js";

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
  /** Occurrences that have failed since one has played, or since the schedule was resumed. */
  failedInARow: number;
  /** How PauseAfterFailures was not kept. */
  wrongPause: string | undefined;
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
  /** `plays`: its task has begun just now. */
  seeIngest: (row: StoredIngest, nowMs: number) => "plays" | undefined;
  /** TaskIds of schedules whose caller has asked for a delete with StopRunning, each once. */
  takeStopped: () => string[];
}

export const keyOf = (scheduleId: string, nominalAt: string): string =>
  `${scheduleId} ${nominalAt}`;

export function makeYearRecord(): YearRecord {
  const lives: Life[] = [];
  const occurrences = new Map<string, Seen>();
  const ingests = new Map<string, SeenIngest>();
  const byKey = new Map<string, SeenIngest[]>();
  const schedules = new Map<string, Schedule>();
  const stopped: string[] = [];
  const here = new Map<string, Occurrence>();

  function lookAtSchedule(row: Schedule): void {
    const before = schedules.get(row.scheduleId);
    if (before === row) return;
    schedules.set(row.scheduleId, row);
    const life = lives.find(({ name }) => name === row.name);
    if (!life) return;
    life.scheduleId = row.scheduleId;
    if (before?.updatedAt.getTime() === row.updatedAt.getTime()) return;
    if (before?.state === "Paused" && row.state === "Enabled") life.failedInARow = 0;
    if (row.pausedBecause === "Failures") life.asked = { ...life.asked, state: "Paused" };
    life.periods.push({ ...life.asked, fromMs: row.updatedAt.getTime() });
  }

  /** The rows that one statement has settled. */
  function countFailures(
    settled: readonly Occurrence[],
    before: ReadonlyMap<string, Schedule>,
  ): void {
    for (const life of lives) {
      const own = settled.filter(({ scheduleId }) => scheduleId === life.scheduleId);
      const was = before.get(life.scheduleId ?? "");
      const row = schedules.get(life.scheduleId ?? "");
      if (own.length === 0 || !was || !row) continue;
      for (const { state } of own.sort((a, b) => a.startsAt.getTime() - b.startsAt.getTime())) {
        if (state === "Done" || state === "Cut") life.failedInARow = 0;
        if (state === "Failed") life.failedInARow += 1;
      }
      const { pauseAfterFailures } = was.definition;
      const isDue = pauseAfterFailures > 0 && life.failedInARow >= pauseAfterFailures;
      const isPaused = was.state === "Enabled" && row.state === "Paused";
      if (was.state !== "Enabled" || isDue === isPaused) continue;
      life.wrongPause = `${life.name} is ${row.state} after ${life.failedInARow} of ${pauseAfterFailures} failures`;
    }
  }

  function lookAtOccurrences(rows: Tables["occurrences"], nowMs: number): Occurrence[] {
    const settled: Occurrence[] = [];
    for (const [key, row] of rows) {
      const before = here.get(key);
      if (before === row) continue;
      here.set(key, row);
      if (row.settledAt !== null && !before?.settledAt) settled.push(row);
      occurrences.set(key, { row, droppedMs: undefined });
    }
    if (here.size === rows.size) return settled;
    for (const [key, row] of here) {
      if (rows.has(key)) continue;
      here.delete(key);
      // A settled one is forgotten after its 90 days.
      if (row.settledAt === null) occurrences.set(key, { row, droppedMs: nowMs });
    }
    return settled;
  }

  return {
    lives,
    occurrences,
    ingests,
    ingestsOf: (key) => byKey.get(key) ?? [],
    lifeOf: (scheduleId) => lives.find((life) => life.scheduleId === scheduleId),
    look(tables, nowMs) {
      const before = new Map(schedules);
      for (const row of tables.schedules.values()) lookAtSchedule(row);
      countFailures(lookAtOccurrences(tables.occurrences, nowMs), before);
    },
    takeStopped: () => stopped.splice(0),
    seeIngest(row, nowMs) {
      if (!row.occurrence) return undefined;
      const life = lives.find(({ scheduleId }) => scheduleId === row.occurrence?.scheduleId);
      if (life?.asked.state === "Deleted") stopped.push(row.taskId);
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
      return playedMs !== undefined && known?.playedMs === undefined ? "plays" : undefined;
    },
  };
}
