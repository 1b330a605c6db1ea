/**
 * Checks that expire-ingests runs at its configured interval, and lives until the next run takes
 * over.
 */
import { SECOND_MS } from "../../shared/clock.js";
import { nextRunAt } from "../../local/declared/cron.js";
import { loadFunctions, type LocalFunction } from "../../local/declared/functions.js";
import { duration, fail, pass, type Row, skip } from "./row.js";
import type { Subject } from "./subject.js";

/** A run handles everything due in its interval. It needs this time to finish its last stop. */
const MARGIN_MS = 15 * SECOND_MS;

/** Enough to show the rhythm of any line with a step, also across the hour. */
const RUNS = 130;

export async function checkSchedule(subject: Subject): Promise<Row[]> {
  const { expiryTickMs } = subject.config;
  if (expiryTickMs === undefined) return [skip("expire-ingests", "EXPIRY_TICK_SECONDS is wrong")];
  const functions = await loadFunctions(() => Promise.reject(new Error()), subject.env);
  const expire = functions.find(({ name }) => name === "expire-ingests");
  if (!expire)
    return [fail("expire-ingests", "serverless.yml does not have this function", "put it back")];
  return [timeLimit(expire, expiryTickMs), cron(expire, { expiryTickMs, subject })];
}

function timeLimit({ timeLimitMs }: LocalFunction, expiryTickMs: number): Row {
  const check = "expire-ingests: time limit";
  const neededMs = expiryTickMs + MARGIN_MS;
  const finding = `${duration(timeLimitMs)} in serverless.yml, with an interval of ${duration(expiryTickMs)}`;
  if (timeLimitMs >= neededMs) return pass(check, finding);
  return fail(check, finding, `set its timeout to ${Math.ceil(neededMs / SECOND_MS)} or more`);
}

function cron(
  { crons }: LocalFunction,
  { expiryTickMs, subject }: { expiryTickMs: number; subject: Subject },
): Row {
  const check = "expire-ingests: timer";
  try {
    const gapMs = widestGapMs(crons, subject.clock.now());
    const finding = `runs ${duration(gapMs)} apart, with an interval of ${duration(expiryTickMs)}`;
    if (gapMs <= expiryTickMs) return pass(check, finding);
    return fail(
      check,
      finding,
      "set EXPIRY_CRON to run at least as often as EXPIRY_TICK_SECONDS says",
    );
  } catch (error) {
    return fail(check, (error as Error).message, "correct EXPIRY_CRON");
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
