/** Cron expressions as a list of local times. croner reads them; a zone makes instants of them. */
import { Cron } from "croner";

/** Local times here are written as if they were UTC: 02:30 is the instant 02:30Z, in milliseconds. */
export interface Recurrence {
  /** It starts in every hour of its days, so it counts real hours where the clocks change. */
  everyHour: boolean;
  /** The first local time at `wall` or after it. */
  at: (wall: number) => number | undefined;
}

const MOST_RECURRENCES = 2_000;

const recurrences = new Map<string, Recurrence>();

/** Throws croner's error for an expression that it does not read. */
export function recurrenceOf(expression: string): Recurrence {
  const known = recurrences.get(expression);
  if (known) return known;
  const recurrence = readRecurrence(expression);
  if (recurrences.size >= MOST_RECURRENCES) recurrences.clear();
  recurrences.set(expression, recurrence);
  return recurrence;
}

function readRecurrence(expression: string): Recurrence {
  // An offset keeps croner away from zones. Day of month and day of week must both match.
  const cron = new Cron(expression, { utcOffset: 0, mode: "5-part", domAndDow: true });
  const hours = new Set((expression.trim().split(/\s+/)[1] ?? "").split(",").flatMap(hoursOf));
  return {
    everyHour: hours.size === 24,
    at: (wall) => cron.nextRun(new Date(wall - 1))?.getTime(),
  };
}

/** The hours that one item of the hour field gives, such as `8-18/2`. */
function hoursOf(item: string): number[] {
  const [range = "", step = "1"] = item.split("/");
  const [first = "", last = first] = range === "*" ? ["0", "23"] : range.split("-");
  const hours: number[] = [];
  for (let hour = Number(first); hour <= Number(last); hour += Number(step)) hours.push(hour);
  return hours;
}
