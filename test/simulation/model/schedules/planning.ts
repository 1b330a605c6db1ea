/** shared/store/schedules/planning.ts and starts.ts, statement by statement. */
import { waitsToStart } from "../../../../shared/store/ingests/ingest-row.js";
import type { NewIngest } from "../../../../shared/store/ingests/new-row.js";
import type {
  KnownOccurrence,
  Planned,
  PlannedOccurrence,
} from "../../../../shared/store/schedules/planning.js";
import type { Occurrence, Schedule } from "../../../../shared/store/schedules/schedule-row.js";
import { putScheduled } from "../starts.js";
import { change, isAtMost, type StoredIngest, type Tables } from "../tables.js";
import { ingestOf, keyOf, putOccurrence } from "./occurrences.js";
import { putSchedule } from "./schedules.js";

export const claimSchedules = (
  { schedules }: Tables,
  { at, limit }: { at: Date; limit: number },
): Schedule[] =>
  [...schedules.values()]
    .filter(({ planAt }) => isAtMost(planAt, at))
    .sort((one, other) => Number(one.planAt) - Number(other.planAt))
    .slice(0, limit);

export function readOpenOccurrences(
  tables: Tables,
  { scheduleIds, at }: { scheduleIds: readonly string[]; at: Date },
): KnownOccurrence[] {
  const isOpen = ({ scheduleId, settledAt, nominalAt }: Occurrence): boolean => {
    const schedule = tables.schedules.get(scheduleId);
    if (!schedule || !scheduleIds.includes(scheduleId)) return false;
    const from = schedule.plannedUntil < at ? schedule.plannedUntil : at;
    return settledAt === null || nominalAt >= from;
  };
  return [...tables.occurrences.values()]
    .filter(isOpen)
    .sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))
    .map((one) => ({ ...one, ingest: knownIngest(ingestOf(tables, one)) }));
}

function knownIngest(ingest: StoredIngest | undefined): KnownOccurrence["ingest"] {
  if (!ingest) return null;
  const { requestHash, occurrence, programme } = ingest;
  return { phase: phaseOf(ingest), requestHash, occurrence, anchor: programme?.anchor ?? null };
}

type Phase = NonNullable<KnownOccurrence["ingest"]>["phase"];

function phaseOf({ state, startedAt, advanceAt }: StoredIngest): Phase {
  if (state === "ended") return "ended";
  if (startedAt !== null || state !== "starting") return "begun";
  return advanceAt === null ? "starting" : "waiting";
}

export function writeOccurrences(tables: Tables, occurrences: readonly PlannedOccurrence[]): void {
  for (const to of occurrences) {
    const { scheduleId, nominalAt, startsAt, endsAt, localStart } = to;
    const { revision, state, taskId, reason, detail } = to;
    const row = tables.occurrences.get(keyOf(to)) ?? UNSETTLED;
    if (row.settledAt !== null) continue;
    putOccurrence(tables, {
      ...row,
      ...{ scheduleId, nominalAt, startsAt, endsAt, localStart },
      ...{ revision, state, taskId, reason, detail },
    });
  }
}

const UNSETTLED = { startedAt: null, endedAt: null, settledAt: null };

export function dropOccurrences(
  { occurrences }: Tables,
  keys: readonly Pick<Occurrence, "scheduleId" | "nominalAt">[],
): void {
  for (const key of keys) {
    if (occurrences.get(keyOf(key))?.settledAt === null) occurrences.delete(keyOf(key));
  }
}

export function markPlanned(tables: Tables, schedules: readonly Planned[]): void {
  for (const { scheduleId, plannedUntil, planAt, revision, tzdata, notified } of schedules) {
    const row = tables.schedules.get(scheduleId);
    if (!row) continue;
    putSchedule(tables, {
      ...row,
      ...{ plannedUntil, planAt, revision, tzdata },
      notified: row.notified ?? notified,
    });
  }
}

export function planAgain(tables: Tables, { tzdata, at }: { tzdata: string; at: Date }): void {
  for (const row of tables.schedules.values()) {
    if (isOutdated(row, { tzdata, at })) putSchedule(tables, { ...row, planAt: at });
  }
}

export const isOutdated = (
  { state, planAt, ...row }: Schedule,
  { tzdata, at }: { tzdata: string; at: Date },
): boolean => state === "Enabled" && row.tzdata < tzdata && planAt !== null && planAt > at;

export function insertStarts(tables: Tables, starts: readonly NewIngest[]): Set<string> {
  const rows = starts.flatMap((start) => putScheduled(tables, start) ?? []);
  return new Set(rows.map(({ taskId }) => taskId));
}

export function cancelStarts(
  tables: Tables,
  { taskIds, at }: { taskIds: readonly string[]; at: Date },
): Set<string> {
  const rows = taskIds.flatMap(
    (taskId) =>
      change(tables, taskId, {
        where: (row) => waitsToStart(row) && row.startedAt === null,
        set: ({ stopAskedAt }) => ({
          state: "ended",
          endReason: "stopped",
          endCause: "schedule",
          stopAskedAt: stopAskedAt ?? at,
          endedAt: at,
          advanceAt: null,
        }),
      }) ?? [],
  );
  return new Set(rows.map(({ taskId }) => taskId));
}
