/**
 * Refuses a schedule that could not play. Everything that a start refuses is refused when the
 * schedule is written, for its next occurrence. Planning checks each occurrence again.
 */
import { checkWindows } from "../calendar/check-windows.js";
import { firstStartAfter, nextWindows } from "../calendar/planned-windows.js";
import type { Window } from "../calendar/windows.js";
import { addMs, MINUTE_MS, SECOND_MS } from "../clock.js";
import type { Caller } from "../config/configuration.js";
import { ApiError } from "../contract/errors.js";
import { MAX_DURATION_MINUTES } from "../contract/fields.js";
import { SCHEDULED_INGEST } from "../contract/schedules/ingest.js";
import type { Services } from "../ingest/services.js";
import type { Definition, Schedule } from "../store/schedules/schedule-row.js";
import { PLAN_AHEAD_MS } from "./planning/plan.js";
import { type Due, makeStart } from "./planning/start-of.js";

/** A window to `EndAt` is as long as its start says, so the lengths of the next ones are looked at. */
const LENGTHS_LOOKED_AT = 50;

/** Throws ApiError at the first fault of the zone, the windows, the dates and the bounds. */
export function checkRules(definition: Omit<Definition, "ingest">): void {
  const fault = checkWindows(definition);
  if (fault) throw refused(fault.message);
}

/** A new schedule has an occurrence ahead. */
export function refuseWithoutStart(definition: Definition, now: Date): void {
  if (firstStartAfter(definition, now)) return;
  throw refused(
    "Windows has no start ahead of now that StartTime, EndTime and ExcludeDates let through: send a later StartAt, another Recurrence or wider bounds.",
  );
}

/** Throws ApiError when the caller may not have the next occurrence. */
export function checkOccurrences(services: Services, caller: Caller, schedule: Schedule): void {
  const now = services.clock.now();
  const { definition } = schedule;
  checkLengths(definition, { caller, now });
  const next = nextDue(definition, now);
  // Planning makes the start a day ahead at the earliest.
  const plannedAt = new Date(Math.max(now.getTime(), next.startsAt.getTime() - PLAN_AHEAD_MS));
  const clock = { ...services.clock, now: () => plannedAt };
  try {
    makeStart({ ...services, clock }, schedule, next);
  } catch (error) {
    throw error instanceof ApiError ? insideIngest(error) : error;
  }
}

/** Without an occurrence ahead, a short one of now stands for it. */
function nextDue(definition: Definition, now: Date): Due {
  const from = firstStartAfter(definition, now);
  const [next] = from ? nextWindows(definition, { from, count: 1 }) : [];
  const { nominalAt, endsAt } =
    next?.skipped === undefined && next ? next : { nominalAt: now, endsAt: addMs(now, MINUTE_MS) };
  return { nominalAt, startsAt: nominalAt, endsAt };
}

/** A longer window than the caller's longest ingest would end early, day after day. */
function checkLengths(
  definition: Definition,
  { caller, now }: { caller: Caller; now: Date },
): void {
  const minutes = longestMinutes(caller, definition);
  for (const [index, window] of definition.windows.entries()) {
    const place = `Windows[${index}]`;
    const longest = longestOf(definition, window, now);
    if (longest <= minutes * MINUTE_MS) continue;
    throw refused(
      window.durationSeconds === undefined
        ? `${place}.EndAt makes a window longer than ${limitWords(minutes)}: send one nearer to its start.`
        : `${place}.DurationSeconds is more than ${limitWords(minutes)}: send ${minutes * 60} or less.`,
    );
  }
}

/** Throws ApiError for a run by hand that the caller may not have. */
export function checkRunLength(caller: Caller, definition: Definition, seconds: number): void {
  const minutes = longestMinutes(caller, definition);
  if (seconds <= minutes * 60) return;
  throw refused(
    `DurationSeconds is more than ${limitWords(minutes)}: send ${minutes * 60} or less.`,
  );
}

function longestMinutes({ maxDurationMinutes }: Caller, { ingest }: Definition): number {
  const isRestarted = ingest["KeepAlive"] !== false && ingest["RestartsPerHour"] !== 0;
  return isRestarted ? maxDurationMinutes : Math.min(maxDurationMinutes, MAX_DURATION_MINUTES);
}

const limitWords = (minutes: number): string => `the caller's longest ingest of ${minutes} minutes`;

function longestOf(definition: Definition, window: Window, now: Date): number {
  if (window.durationSeconds !== undefined) return window.durationSeconds * SECOND_MS;
  const next = { from: now, count: LENGTHS_LOOKED_AT };
  const lengths = nextWindows({ ...definition, windows: [window] }, next).map(
    ({ nominalAt, endsAt }) => endsAt.getTime() - nominalAt.getTime(),
  );
  return Math.max(0, ...lengths);
}

/** The message of a start begins with the field that is wrong, which stands in `Ingest` here. */
function insideIngest({ code, message, detail }: ApiError): ApiError {
  const [field = ""] = /^\w+/.exec(message) ?? [];
  const isField = Object.hasOwn(SCHEDULED_INGEST.cn.properties, field);
  const text = isField ? `Ingest.${message}` : message;
  return new ApiError(code, text, detail === undefined ? {} : { detail });
}

const refused = (message: string): ApiError => new ApiError("InvalidParameterValue", message);
