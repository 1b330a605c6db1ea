/**
 * The timers of a year. Between two due instants nothing can happen, so a timer runs only at those of
 * its intervals that have something due: sometimes late, twice, or not at all.
 */
import { MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { advanceIngests } from "../../../shared/ingest/advance.js";
import { reconcileIngests } from "../../../shared/ingest/reconcile/reconcile.js";
import type { Services } from "../../../shared/ingest/services.js";
import { expireIngests } from "../../../shared/ingest/stop/expire.js";
import { planSchedules } from "../../../shared/schedules/planning/plan-schedules.js";
import { waitsToStart } from "../../../shared/store/ingests/ingest-row.js";
import type { StoredIngest, Tables } from "../model/tables.js";
import type { Platform } from "../platform/platform.js";
import type { World } from "../platform/world.js";

interface Timer {
  name: string;
  limitMs: number;
  intervalMs: number;
  /** A run works on what is due so long after its beginning. */
  aheadMs: number;
  useCase: (services: Services, run: { timeLeftMs: () => number }) => Promise<object>;
  /** The next instant at which it has something to do. */
  nextMs: (tables: Tables, known: Pick<Needs, "newestTz" | "isLive">) => number;
}

const ms = (at: Date | null): number => at?.getTime() ?? Infinity;
const afterLease = (at: Date | null, lease: Date | null): number =>
  Math.max(ms(at), lease?.getTime() ?? 0);

const least = <T>(rows: Iterable<T>, instantOf: (row: T) => number): number => {
  let first = Infinity;
  for (const row of rows) first = Math.min(first, instantOf(row));
  return first;
};

function planMs(
  { schedules, occurrences, ingests }: Tables,
  { newestTz }: Pick<Needs, "newestTz">,
): number {
  const newest = newestTz();
  return Math.min(
    least(schedules.values(), ({ planAt, state, tzdata }) =>
      state === "Enabled" && planAt !== null && tzdata < newest ? 0 : ms(planAt),
    ),
    least(occurrences.values(), ({ settledAt, startsAt, state, taskId }) => {
      if (settledAt !== null) return Infinity;
      const isOver = state !== "Planned" || ingests.get(taskId ?? "")?.state === "ended";
      return isOver ? startsAt.getTime() : Infinity;
    }),
  );
}

const advanceMs = (row: StoredIngest): number =>
  Math.min(
    afterLease(row.advanceAt, row.advanceLeaseUntil),
    row.state === "running" ? afterLease(row.stepAt, row.stepLeaseUntil) : Infinity,
  );

const expireMs = (row: StoredIngest): number => {
  if (row.state !== "running" && row.state !== "stopping") return Infinity;
  return Math.max(Math.min(ms(row.dueAt), ms(row.emptyAt)), row.leaseUntil?.getTime() ?? 0);
};

/** As in shared/ingest/reconcile/stale-tasks.ts: TRTC is asked about a task without news. */
const QUIET_MS = 5 * MINUTE_MS;

/** An answer that the task goes on changes nothing, so few of them are asked for. */
const LIVE_QUIET_MS = 240 * MINUTE_MS;

function reconcileMs(row: StoredIngest, { isLive }: Pick<Needs, "isLive">): number {
  if (row.state === "ended") return ms(row.lateStartUntil);
  if (row.state === "starting") return waitsToStart(row) ? ms(row.startBy) : ms(row.leaseUntil);
  const quietMs = isLive(row) ? LIVE_QUIET_MS : QUIET_MS;
  const overdueMs = ms(row.stopAskedAt) + 40 * SECOND_MS;
  return Math.min(overdueMs, ms(row.lastSeenAt) + quietMs);
}

const EACH_MINUTE = { limitMs: 60 * SECOND_MS, intervalMs: MINUTE_MS };

const TIMERS: readonly Timer[] = [
  {
    ...EACH_MINUTE,
    name: "plan-schedules",
    aheadMs: 0,
    useCase: planSchedules,
    nextMs: planMs,
  },
  {
    name: "advance-ingests",
    limitMs: 60 * SECOND_MS,
    intervalMs: 10 * SECOND_MS,
    aheadMs: 10 * SECOND_MS,
    useCase: advanceIngests,
    nextMs: ({ ingests }) => least(ingests.values(), advanceMs),
  },
  {
    ...EACH_MINUTE,
    name: "expire-ingests",
    limitMs: 100 * SECOND_MS,
    aheadMs: MINUTE_MS,
    useCase: expireIngests,
    nextMs: ({ ingests }) => least(ingests.values(), expireMs),
  },
  {
    ...EACH_MINUTE,
    name: "reconcile-ingests",
    aheadMs: 0,
    useCase: reconcileIngests,
    nextMs: ({ ingests }, needs) => least(ingests.values(), (row) => reconcileMs(row, needs)),
  },
];

export interface SparseTimers {
  /** Something has changed, so that a timer may have to run earlier. */
  look: () => void;
}

interface Needs {
  world: World;
  platform: Platform;
  tables: Tables;
  /** The newest time zone data that an instance has. */
  newestTz: () => string;
  /** TRTC plays its task. */
  isLive: (row: StoredIngest) => boolean;
  /** Nothing runs now. */
  isAway: () => boolean;
}

export function runSparseTimers(needs: Needs): SparseTimers {
  const alarms = TIMERS.map((timer) => makeAlarm(needs, timer));
  const look = () => alarms.forEach((alarm) => alarm());
  look();
  return { look };
}

/** A database that is away has nothing for them, so few of the runs in that time are carried out. */
const AWAY_CHANCE = 0.02;

function makeAlarm(needs: Needs, timer: Timer) {
  const { world, platform, tables, isAway } = needs;
  const { timeline, random, faults } = world;
  const { name, limitMs, intervalMs, aheadMs, useCase, nextMs } = timer;
  const phaseMs = random.between(0, intervalMs - 1);
  let wakesMs = Infinity;

  const run = (atMs: number) => {
    timeline.at(atMs, () => {
      void platform.invoke<object>({
        name,
        limitMs,
        body: (services, timeLeftMs) => useCase(services, { timeLeftMs }),
      });
    });
  };

  const tick = (atMs: number) => {
    if (atMs !== wakesMs) return;
    wakesMs = Infinity;
    // The run before has done all of it.
    if (nextMs(tables, needs) - aheadMs > atMs) {
      look(atMs + 1);
      return;
    }
    const isLost = isAway() || (world.isDatabaseDown() && !random.chance(AWAY_CHANCE));
    const fault = isLost ? "lost tick" : faults.timer(name);
    if (fault !== "lost tick") {
      const lateMs = fault === "late tick" ? intervalMs * 0.8 : random.between(0, 1500);
      run(atMs + lateMs);
      if (random.chance(0.1)) run(atMs + random.between(0, intervalMs / 2));
    }
    look(atMs + 1);
  };

  /** The interval of `dueMs`, or the next one. */
  function look(fromMs = timeline.nowMs()): void {
    const dueMs = nextMs(tables, needs) - aheadMs;
    if (dueMs === Infinity) return;
    const earliestMs = Math.max(dueMs, fromMs);
    const atMs = Math.ceil((earliestMs - phaseMs) / intervalMs) * intervalMs + phaseMs;
    if (atMs >= wakesMs) return;
    wakesMs = atMs;
    timeline.at(atMs, () => tick(atMs));
  }

  return () => look();
}
