/** Whether each timer runs. A timer that does not fire is the one failure that stops nothing else. */
import { MINUTE_MS } from "../clock.js";
import type { TimerRun, TimerRuns } from "../store/health/timer-runs.js";
import { counted, duration, fail, pass, type Row, warn } from "./row.js";

/** The intervals that the configuration sets. The other timers run every minute. */
export interface Ticks {
  advanceTickMs: number;
  expiryTickMs: number;
}

/** The functions that a timer calls. */
export const TIMED_FUNCTIONS = [
  "advance-ingests",
  "deliver-notifications",
  "expire-ingests",
  "plan-schedules",
  "reconcile-ingests",
] as const;

/** A timer is late after this many intervals. */
const LATE_AFTER = 3;

/** Below it a cold start or a busy database would count as late. */
const LATE_MIN_MS = MINUTE_MS;

/** An operator may choose longer intervals. Gaps beyond this are outages. */
const INTERVAL_MAX_MS = 15 * MINUTE_MS;

/** With fewer gaps the middle one may be an outage. */
const GAPS_MIN = 3;

export interface TimerState {
  functionName: string;
  /** Since its last run ended, or since the migration where it never ran. */
  ageMs: number;
  /** How often it should run. */
  intervalMs: number;
  /** Runs that failed since the last good one. */
  failures: number;
  hasRun: boolean;
}

export const timerStates = (timers: TimerRuns, ticks: Ticks): TimerState[] =>
  TIMED_FUNCTIONS.map((name) => stateOf(name, timers, ticks));

/** One row for each timer. */
export const timerRows = (timers: TimerRuns, ticks: Ticks): Row[] =>
  timerStates(timers, ticks).map(rowOf);

export const areTimersOnTime = (timers: TimerRuns, ticks: Ticks): boolean =>
  !timerStates(timers, ticks).some(isLate);

/** A timer that never ran should have, some intervals after the migration. */
function stateOf(functionName: string, { runs, migratedMs }: TimerRuns, ticks: Ticks): TimerState {
  const configured = configuredMs(functionName, ticks);
  const run = runs.find((known) => known.functionName === functionName);
  if (!run) {
    return { functionName, ageMs: migratedMs, intervalMs: configured, failures: 0, hasRun: false };
  }
  const { ageMs, failures } = run;
  const intervalMs = Math.max(configured, usualGapMs(run) ?? 0);
  return { functionName, ageMs, intervalMs, failures, hasRun: true };
}

const isLate = ({ ageMs, intervalMs }: TimerState): boolean =>
  ageMs > Math.max(LATE_MIN_MS, LATE_AFTER * intervalMs);

function rowOf(timer: TimerState): Row {
  const check = `${timer.functionName}: last run`;
  const age = duration(timer.ageMs);
  const every = `it should run every ${duration(timer.intervalMs)}`;
  const advice = "check its trigger at the cloud and its log";
  if (isLate(timer)) {
    return fail(check, timer.hasRun ? `${age} ago: ${every}` : `never ran: ${every}`, advice);
  }
  if (!timer.hasRun) return pass(check, `not yet: the database was migrated ${age} ago`);
  if (timer.failures > 0) {
    const finding = `${age} ago; the last ${counted(timer.failures, "run")} failed`;
    return warn(check, finding, "read the errors in its log");
  }
  return pass(check, `${age} ago`);
}

/**
 * The functions do not know their cron lines. The middle one of the last gaps shows a longer
 * interval, and one outage does not change it. `undefined`: the gaps do not show it yet.
 */
function usualGapMs({ gapsMs }: TimerRun): number | undefined {
  if (gapsMs.length < GAPS_MIN) return undefined;
  const usual = gapsMs.toSorted((one, other) => one - other)[Math.floor((gapsMs.length - 1) / 2)];
  return usual !== undefined && usual <= INTERVAL_MAX_MS ? usual : undefined;
}

function configuredMs(functionName: string, { advanceTickMs, expiryTickMs }: Ticks): number {
  if (functionName === "advance-ingests") return advanceTickMs;
  if (functionName === "expire-ingests") return expiryTickMs;
  return MINUTE_MS;
}
