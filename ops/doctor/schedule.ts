/**
 * Checks that advance-ingests and expire-ingests run at their configured intervals, and that a run
 * lives until the next one takes over.
 */
import { SECOND_MS } from "../../shared/clock.js";
import { nextRunAt } from "../../server/declared/cron.js";
import { loadFunctions, type HostedFunction } from "../../server/declared/functions.js";
import { duration, fail, pass, type Row, skip } from "../../shared/health/row.js";
import type { Subject } from "./subject.js";

interface Scheduled {
  name: "advance-ingests" | "expire-ingests";
  tick: "advanceTickMs" | "expiryTickMs";
  tickVariable: string;
  cronVariable: string;
  /** A run handles everything due in its interval. It needs this time to finish its last work. */
  marginMs: number;
}

const TIMERS: readonly Scheduled[] = [
  {
    name: "advance-ingests",
    tick: "advanceTickMs",
    tickVariable: "ADVANCE_TICK_SECONDS",
    cronVariable: "ADVANCE_CRON",
    marginMs: 30 * SECOND_MS,
  },
  {
    name: "expire-ingests",
    tick: "expiryTickMs",
    tickVariable: "EXPIRY_TICK_SECONDS",
    cronVariable: "EXPIRY_CRON",
    marginMs: 15 * SECOND_MS,
  },
];

/** Enough to show the rhythm of any line with a step, also across the hour. */
const RUNS = 130;

export async function checkSchedule(subject: Subject): Promise<Row[]> {
  const functions = await loadFunctions(() => Promise.reject(new Error()), subject.env);
  return TIMERS.flatMap((timer) => {
    const { name, tick, tickVariable } = timer;
    const tickMs = subject.config[tick];
    if (tickMs === undefined) return [skip(name, `${tickVariable} is wrong`)];
    const declared = functions.find((declaredFunction) => declaredFunction.name === name);
    if (!declared) return [fail(name, "serverless.yml does not have this function", "put it back")];
    const judged = { ...timer, declared, tickMs };
    return [timeLimit(judged), cron(judged, subject)];
  });
}

type Judged = Scheduled & { declared: HostedFunction; tickMs: number };

function timeLimit({ name, declared: { timeLimitMs }, tickMs, marginMs }: Judged): Row {
  const check = `${name}: time limit`;
  const neededMs = tickMs + marginMs;
  const finding = `${duration(timeLimitMs)} in serverless.yml, with an interval of ${duration(tickMs)}`;
  if (timeLimitMs >= neededMs) return pass(check, finding);
  return fail(check, finding, `set its timeout to ${Math.ceil(neededMs / SECOND_MS)} or more`);
}

function cron(
  { name, declared, tickMs, tickVariable, cronVariable }: Judged,
  subject: Subject,
): Row {
  const check = `${name}: timer`;
  try {
    const gapMs = widestGapMs(declared.crons, subject.clock.now());
    const finding = `runs ${duration(gapMs)} apart, with an interval of ${duration(tickMs)}`;
    if (gapMs <= tickMs) return pass(check, finding);
    return fail(
      check,
      finding,
      `set ${cronVariable} to run at least as often as ${tickVariable} says`,
    );
  } catch (error) {
    return fail(check, (error as Error).message, `correct ${cronVariable}`);
  }
}

/** Infinite when there is no timer, or when it ends. */
function widestGapMs(crons: readonly string[], now: Date): number {
  let widest = crons.length === 0 ? Number.POSITIVE_INFINITY : 0;
  let at = earliestOf(crons, now);
  for (let run = 0; run < RUNS && at; run += 1) {
    const next = earliestOf(crons, at);
    widest = Math.max(widest, next ? next.getTime() - at.getTime() : Number.POSITIVE_INFINITY);
    at = next;
  }
  return at ? widest : Number.POSITIVE_INFINITY;
}

const earliestOf = (crons: readonly string[], after: Date): Date | undefined =>
  crons
    .flatMap((line) => nextRunAt(line, after) ?? [])
    .sort((one, other) => one.getTime() - other.getTime())[0];
