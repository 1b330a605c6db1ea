/**
 * Plans locked schedules and carries the plans out, in the transaction that holds them: a few
 * statements for any number of schedules.
 */
import { RUNTIME_ZONES } from "../../calendar/zones.js";
import { addMs } from "../../clock.js";
import type { Planner } from "../../ingest/start/plan-start.js";
import type { NewIngest } from "../../store/ingests/new-row.js";
import type { ScheduleWrites } from "../../store/schedules/operations.js";
import type { KnownOccurrence } from "../../store/schedules/planning.js";
import type { Schedule } from "../../store/schedules/schedule-row.js";
import {
  type Entry,
  lookAt,
  LOOK_AGAIN_MS,
  type Plan,
  PLAN_AHEAD_MS,
  planSchedule,
} from "./plan.js";
import { startOf } from "./start-of.js";

export interface Locked {
  schedules: readonly Schedule[];
  now: Date;
  /** Default: 24 hours ahead. */
  until?: Date;
  /** For tests: the version of the runtime's time zone data. */
  tzdata?: string;
}

/** Returns the schedules as they are now, and how many ingests were written. */
export async function planLocked(
  services: Planner,
  writes: ScheduleWrites,
  { schedules, now, until = addMs(now, PLAN_AHEAD_MS), tzdata }: Locked,
): Promise<{ schedules: Schedule[]; starts: number }> {
  const { zones = RUNTIME_ZONES } = services;
  if (schedules.length === 0) return { schedules: [], starts: 0 };
  const scheduleIds = schedules.map(({ scheduleId }) => scheduleId);
  const known = bySchedule(await writes.readOpenOccurrences({ scheduleIds, at: now }));
  const plans = schedules.map((row) => {
    const { schedule, isMoved } = withZones(row, { tzdata: tzdata ?? zones.version, now });
    return planSchedule({
      schedule: { ...schedule, notified: notifiedOf(services, schedule) },
      known: known.get(schedule.scheduleId) ?? [],
      now,
      until,
      isMoved,
      zones,
      startOf: (due) => startOf(services, schedule, due),
    });
  });
  return carryOut(writes, plans, now);
}

/**
 * Newer time zone data plans anew what has not begun. Older data leaves what newer data has planned.
 * It names itself, so that the newer data then looks at its windows too.
 */
function withZones(
  row: Schedule,
  { tzdata, now }: { tzdata: string; now: Date },
): { schedule: Schedule; isMoved: boolean } {
  const isMoved = row.state === "Enabled" && row.tzdata < tzdata;
  const schedule = { ...row, tzdata };
  if (!isMoved) return { schedule, isMoved };
  const plannedUntil = row.plannedUntil < now ? row.plannedUntil : now;
  return { schedule: { ...schedule, revision: row.revision + 1, plannedUntil }, isMoved };
}

/** A schedule without notifications has them from now on, once its caller has a receiver. */
const notifiedOf = ({ config }: Planner, { callerId, notified }: Schedule): number | null =>
  notified ?? (config.callers.get(callerId)?.receiver === undefined ? null : 0);

function bySchedule(known: readonly KnownOccurrence[]): Map<string, KnownOccurrence[]> {
  const groups = new Map<string, KnownOccurrence[]>();
  for (const occurrence of known) {
    const group = groups.get(occurrence.scheduleId);
    if (group) group.push(occurrence);
    else groups.set(occurrence.scheduleId, [occurrence]);
  }
  return groups;
}

/** An ingest that has begun meanwhile stays, with its occurrence. */
export async function carryOut(
  writes: ScheduleWrites,
  plans: readonly Plan[],
  now: Date,
): Promise<{ schedules: Schedule[]; starts: number }> {
  const taskIds = plans.flatMap(({ entries }) => entries.flatMap(({ cancels = [] }) => cancels));
  const cancelled = await writes.cancelStarts({ taskIds, at: now });
  const isFree = ({ cancels }: Entry) => cancels === undefined || cancelled.has(cancels);
  const done = plans.map(({ schedule, entries }) => ({
    schedule: entries.every(isFree) ? schedule : soon(schedule, addMs(now, LOOK_AGAIN_MS)),
    entries: entries.filter(isFree),
  }));
  const entries = done.flatMap((plan) => plan.entries);
  const starts = entries.flatMap(({ start = [] }): NewIngest[] => [start].flat());
  const written = await writes.insertStarts(starts);
  await writes.dropOccurrences(entries.flatMap(({ key, after }) => (after ? [] : [key])));
  const isBusy = ({ start }: Entry) => start !== undefined && !written.has(start.taskId);
  const afters = entries.flatMap((entry) => {
    if (!entry.after) return [];
    return [isBusy(entry) ? { ...entry.after, taskId: null, reason: "RobotBusy" } : entry.after];
  });
  await writes.writeOccurrences(afters);
  const schedules = done.map((plan) =>
    plan.entries
      .filter(isBusy)
      .reduce(
        (schedule, { after }) => (after ? soon(schedule, lookAt(after, now)) : schedule),
        plan.schedule,
      ),
  );
  await writes.markPlanned(schedules);
  return { schedules, starts: written.size };
}

const soon = (schedule: Schedule, at: Date): Schedule =>
  schedule.planAt !== null && schedule.planAt.getTime() <= at.getTime()
    ? schedule
    : { ...schedule, planAt: at };
