/** Cron expressions as a list of local times. croner reads them; a zone makes instants of them. */
import { Cron } from "croner";

/** Local times here are written as if they were UTC: 02:30 is the instant 02:30Z, in milliseconds. */
export interface Recurrence {
  /** It starts in every hour of its days, so it counts real hours where the clocks change. */
  everyHour: boolean;
  /** Every time of day at which it can start, in minutes. */
  timesOfDay: () => number[];
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
  const [minute = "", hour = ""] = expression.trim().split(/\s+/);
  const hours = valuesOf(hour, 23);
  return {
    everyHour: hours.length === 24,
    timesOfDay: () => hours.flatMap((one) => valuesOf(minute, 59).map((rest) => one * 60 + rest)),
    at: remembering((wall) => cron.nextRun(new Date(wall - 1))?.getTime()),
  };
}

interface Answer {
  asked: number;
  next: number | undefined;
}

/** Planning asks about the same days for many schedules. */
const MOST_ANSWERS = 4;

/** An answer holds for every time from the one that was asked to the one that was given. */
function remembering(search: Recurrence["at"]): Recurrence["at"] {
  const answers: Answer[] = [];
  return (wall) => {
    const known = answers.find(({ asked, next = Infinity }) => asked <= wall && wall <= next);
    if (known) return known.next;
    const next = search(wall);
    if (answers.unshift({ asked: wall, next }) > MOST_ANSWERS) answers.pop();
    return next;
  };
}

/** The values that a field of minutes or hours gives, such as `8-18/2,20`. */
function valuesOf(field: string, max: number): number[] {
  const values = new Set<number>();
  for (const item of field.split(",")) {
    const [range = "", step = "1"] = item.split("/");
    const [first = "", last = first] = range === "*" ? ["0", String(max)] : range.split("-");
    for (let value = Number(first); value <= Number(last); value += Number(step)) values.add(value);
  }
  return [...values];
}
