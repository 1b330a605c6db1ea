/** shared/store/schedules/settle.ts and upkeep.ts, statement by statement. */
import type { Occurrence, Schedule } from "../../../../shared/store/schedules/schedule-row.js";
import type { Settled } from "../../../../shared/store/schedules/settle.js";
import type { DueDuties } from "../../../../shared/store/schedules/upkeep.js";
import { isAtMost, type Tables } from "../tables.js";
import { ingestOf, keyOf, outcomeOf, putOccurrence } from "./occurrences.js";
import { isOutdated } from "./planning.js";
import { putSchedule } from "./schedules.js";

const dueToSettle = (tables: Tables, at: Date): Occurrence[] =>
  [...tables.occurrences.values()]
    .filter((one) => one.settledAt === null && isAtMost(one.startsAt, at))
    .filter((one) => one.state !== "Planned" || ingestOf(tables, one)?.state === "ended")
    .sort((one, other) => one.startsAt.getTime() - other.startsAt.getTime());

export function settleOccurrences(
  tables: Tables,
  { at, limit }: { at: Date; limit: number },
): Settled {
  const counts: Settled = {};
  const bySchedule = new Map<string, Occurrence[]>();
  for (const occurrence of dueToSettle(tables, at).slice(0, limit)) {
    const ingest = ingestOf(tables, occurrence);
    const isDecided = occurrence.state !== "Planned" || !ingest;
    const settled = putOccurrence(tables, {
      ...occurrence,
      ...(isDecided ? {} : outcomeOf(ingest)),
      startedAt: ingest?.startedAt ?? null,
      endedAt: ingest?.endedAt ?? null,
      settledAt: at,
    });
    counts[settled.state] = (counts[settled.state] ?? 0) + 1;
    const others = bySchedule.get(settled.scheduleId) ?? [];
    bySchedule.set(settled.scheduleId, [...others, settled]);
  }
  for (const [scheduleId, settled] of bySchedule) {
    const schedule = tables.schedules.get(scheduleId);
    if (!schedule) continue;
    const counted = countedOf(schedule, settled, at);
    if (counted.isPausing) counts.Paused = (counts.Paused ?? 0) + 1;
    const isLookedAt = counted.isPausing || hasPending(tables, scheduleId);
    putSchedule(tables, { ...counted.row, ...(isLookedAt && { planAt: at }) });
  }
  return counts;
}

function countedOf(
  schedule: Schedule,
  settled: readonly Occurrence[],
  at: Date,
): { row: Schedule; isPausing: boolean } {
  const played = settled.filter(({ state }) => state === "Done" || state === "Cut");
  const playedMs = Math.max(...played.map(({ startsAt }) => startsAt.getTime()));
  const failed = settled.filter(
    ({ state, startsAt }) => state === "Failed" && startsAt.getTime() > playedMs,
  );
  const failures = failed.length + (played.length > 0 ? 0 : schedule.failures);
  const { pauseAfterFailures } = schedule.definition;
  const isPausing =
    schedule.state === "Enabled" && pauseAfterFailures > 0 && failures >= pauseAfterFailures;
  const missed = settled.filter(({ state }) => state === "Missed").length;
  const { notified, revision } = schedule;
  const row = {
    ...schedule,
    failures,
    notified: notified === null ? null : notified + missed + Number(isPausing),
    revision: revision + Number(isPausing),
  };
  if (!isPausing) return { row, isPausing };
  return { row: { ...row, state: "Paused", pausedBecause: "Failures", updatedAt: at }, isPausing };
}

const hasPending = ({ occurrences }: Tables, scheduleId: string): boolean =>
  [...occurrences.values()].some(
    (one) =>
      one.scheduleId === scheduleId &&
      one.settledAt === null &&
      one.state === "Planned" &&
      one.taskId === null,
  );

export function readDuties(
  tables: Tables,
  { at, tzdata, forgetBefore }: { at: Date; tzdata: string; forgetBefore: Date },
): DueDuties {
  const schedules = [...tables.schedules.values()];
  const occurrences = [...tables.occurrences.values()];
  return {
    isPlanDue: schedules.some(({ planAt }) => isAtMost(planAt, at)),
    isOutdated: schedules.some((one) => isOutdated(one, { tzdata, at })),
    isSettleDue: dueToSettle(tables, at).length > 0,
    isForgetDue:
      occurrences.some((one) => isSettledBefore(one, forgetBefore)) ||
      schedules.some((one) => one.state === "Deleted" && one.updatedAt < forgetBefore),
  };
}

const isSettledBefore = ({ settledAt }: Occurrence, before: Date): boolean =>
  settledAt !== null && settledAt < before;

export function forgetOccurrences(
  { occurrences }: Tables,
  { before, limit }: { before: Date; limit: number },
): number {
  const forgotten = [...occurrences.values()]
    .filter((one) => isSettledBefore(one, before))
    .sort((one, other) => Number(one.settledAt) - Number(other.settledAt))
    .slice(0, limit);
  for (const one of forgotten) occurrences.delete(keyOf(one));
  return forgotten.length;
}

export function forgetSchedules(
  { schedules, occurrences }: Tables,
  { before, limit }: { before: Date; limit: number },
): void {
  const kept = new Set([...occurrences.values()].map(({ scheduleId }) => scheduleId));
  const forgotten = [...schedules.values()]
    .filter(({ state, updatedAt }) => state === "Deleted" && updatedAt < before)
    .filter(({ scheduleId }) => !kept.has(scheduleId))
    .sort((one, other) => one.updatedAt.getTime() - other.updatedAt.getTime())
    .slice(0, limit);
  for (const { scheduleId } of forgotten) schedules.delete(scheduleId);
}
