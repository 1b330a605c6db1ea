/** What is wrong in the windows of a schedule, and what to send instead. */
import { checkCron } from "./check-cron.js";
import { checkZone } from "./check-zone.js";
import { recurrenceOf } from "./recurrence.js";
import { parseWall } from "./window-starts.js";
import type { Window, Windows } from "./windows.js";

export interface WindowFault {
  /** As callers know it: `TimeZone`, `Windows[2].Recurrence`. */
  field: string;
  /** A sentence that begins with the field. It repeats no value. */
  message: string;
}

/** The first fault. undefined: the windows can be planned. */
export function checkWindows(rules: Windows): WindowFault | undefined {
  const zone = checkZone(rules.timeZone);
  if (zone !== undefined) return { field: "TimeZone", message: zone };
  return (
    firstOf(rules.windows, (window, index) =>
      checkWindow(window, `Windows[${index}]`, rules.jitterSeconds),
    ) ??
    firstOf(rules.excludeDates, (date, index) => checkDate(date, `ExcludeDates[${index}]`)) ??
    checkBounds(rules)
  );
}

function firstOf<T>(
  items: readonly T[],
  check: (item: T, index: number) => WindowFault | undefined,
): WindowFault | undefined {
  for (const [index, item] of items.entries()) {
    const fault = check(item, index);
    if (fault) return fault;
  }
  return undefined;
}

function checkWindow(
  window: Window,
  place: string,
  jitterSeconds: number,
): WindowFault | undefined {
  return (
    checkChoice(place, ["Recurrence", window.recurrence], ["StartAt", window.startAt]) ??
    checkChoice(place, ["DurationSeconds", window.durationSeconds], ["EndAt", window.endAt]) ??
    checkStart(window, place) ??
    checkEnd(window, place) ??
    checkLength(window, place, jitterSeconds)
  );
}

type Choice = [name: string, value: string | number | undefined];

/** One of two fields, not both. */
function checkChoice(place: string, one: Choice, other: Choice): WindowFault | undefined {
  const isSent = [one, other].filter(([, value]) => value !== undefined);
  if (isSent.length === 1) return undefined;
  const names = `${one[0]} or ${other[0]}`;
  const fault = isSent.length === 0 ? `has no ${names}` : `has both ${one[0]} and ${other[0]}`;
  return faultAt(place, `${fault}: send one of them`);
}

function checkStart({ recurrence, startAt }: Window, place: string): WindowFault | undefined {
  if (recurrence !== undefined) return faultAt(`${place}.Recurrence`, checkCron(recurrence));
  return faultAt(`${place}.StartAt`, startAt === undefined ? undefined : faultOfStart(startAt));
}

const EXAMPLE_START = "such as 2027-03-28T09:00";

function faultOfStart(startAt: string): string | undefined {
  if (/^\d{4}-\d\d-\d\dT[\d:.]{2,12}(?:Z|[+-]\d\d:?\d\d)$/i.test(startAt)) {
    return `has an offset: leave it out, as TimeZone gives it, and send a local date and time ${EXAMPLE_START}`;
  }
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?$/.test(startAt)) {
    return `has the wrong form: send a local date and time ${EXAMPLE_START}`;
  }
  const wall = parseWall(startAt);
  const exists = !Number.isNaN(wall) && new Date(wall).toISOString().startsWith(startAt);
  return exists ? undefined : "is no existing date and time: send one that the calendar has";
}

function checkEnd({ endAt }: Window, place: string): WindowFault | undefined {
  if (endAt === undefined || /^(?:[01]\d|2[0-3]):[0-5]\d$/.test(endAt)) return undefined;
  const advice = endAt.startsWith("24:00")
    ? "00:00"
    : "a local time of day as HH:MM, such as 23:30";
  return faultAt(`${place}.EndAt`, `has the wrong form: send ${advice}`);
}

/** Each window is longer than the longest delay of its start. Changed clocks are not looked at. */
function checkLength(window: Window, place: string, jitter: number): WindowFault | undefined {
  if (window.durationSeconds !== undefined) {
    const fault = `is ${jitter} or less: send more, as StartJitterSeconds delays the start by up to ${jitter}`;
    return faultAt(`${place}.DurationSeconds`, window.durationSeconds > jitter ? undefined : fault);
  }
  const [hours = 0, minutes = 0] = (window.endAt ?? "").split(":").map(Number);
  const isShort = startTimesOf(window).some(
    (minute) => lengthOf(minute, hours * 60 + minutes) * 60 <= jitter,
  );
  const fault = `is too near to a start: send one that is more than StartJitterSeconds after it, ${jitter}`;
  return faultAt(`${place}.EndAt`, isShort ? fault : undefined);
}

/** In minutes of the day. */
function startTimesOf({ recurrence, startAt }: Window): number[] {
  if (recurrence !== undefined) return recurrenceOf(recurrence).timesOfDay();
  const seconds = (parseWall(startAt ?? "") / 1000) % 86_400;
  return [seconds / 60];
}

const DAY_MINUTES = 1_440;

/** An end at the start or before it is on the next day. */
const lengthOf = (start: number, end: number): number =>
  end > start ? end - start : end - start + DAY_MINUTES;

function checkDate(date: string, field: string): WindowFault | undefined {
  const at = Date.parse(`${date}T00:00Z`);
  const exists =
    /^\d{4}-\d\d-\d\d$/.test(date) &&
    !Number.isNaN(at) &&
    new Date(at).toISOString().startsWith(date);
  return faultAt(field, exists ? undefined : "is no existing date: send one as YYYY-MM-DD");
}

function checkBounds({ startTime, endTime }: Windows): WindowFault | undefined {
  if (startTime === null || endTime === null) return undefined;
  if (Date.parse(startTime) < Date.parse(endTime)) return undefined;
  return faultAt("EndTime", "is not after StartTime: send a later one");
}

const faultAt = (field: string, fault: string | undefined): WindowFault | undefined =>
  fault === undefined ? undefined : { field, message: `${field} ${fault}.` };
