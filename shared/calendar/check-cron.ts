/**
 * Which cron expressions a schedule can have. Five fields with `*`, numbers, names, ranges, lists and
 * steps, `L` for the last day of a month, and `SUN#3` or `FRI#L` for one such day of a month.
 */
import { recurrenceOf } from "./recurrence.js";

interface Field {
  name: string;
  min: number;
  max: number;
  /** The first name stands for `min`. */
  names?: readonly string[];
  /** A form that only this field has. */
  own?: RegExp;
  example: string;
}

const MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" ");
const DAYS = "SUN MON TUE WED THU FRI SAT".split(" ");

const FIELDS: readonly Field[] = [
  { name: "minute", min: 0, max: 59, example: "0, 0,30 or */15" },
  { name: "hour", min: 0, max: 23, example: "9, 9-17 or */2" },
  {
    name: "day of month",
    min: 1,
    max: 31,
    own: /^L$/,
    example: "1, 1-7, L for the last one, or *",
  },
  { name: "month", min: 1, max: 12, names: MONTHS, example: "1, JUN-AUG or *" },
  {
    name: "day of week",
    min: 0,
    max: 7,
    names: DAYS,
    own: /^(?:[0-7]|SUN|MON|TUE|WED|THU|FRI|SAT)#[1-5L]$/,
    example: "MON-FRI, SUN#3 for the third Sunday, FRI#L for the last Friday, or *",
  },
];

const NICKNAMES = new Map([
  ["@yearly", "0 0 1 1 *"],
  ["@annually", "0 0 1 1 *"],
  ["@monthly", "0 0 1 * *"],
  ["@weekly", "0 0 * * 0"],
  ["@daily", "0 0 * * *"],
  ["@midnight", "0 0 * * *"],
  ["@hourly", "0 * * * *"],
]);

const ORDER = "minute, hour, day of month, month and day of week";
/** croner knows the calendar of 400 years: what does not come in them never comes. */
const SOME_YEAR = Date.UTC(2000, 0, 1);

/** undefined: it is right. Otherwise what comes after the name of its field, without a full stop. */
export function checkCron(expression: string): string | undefined {
  const nickname = NICKNAMES.get(expression.trim().toLowerCase());
  if (nickname) return `has the form of a nickname: send ${nickname}`;
  const fields = expression.trim().split(/\s+/);
  if (fields.length !== FIELDS.length) {
    const seconds = fields.length > 5 ? ", without seconds and years" : "";
    return `has ${fields.length} ${fields.length === 1 ? "field" : "fields"}: send five (${ORDER})${seconds}`;
  }
  const faults = FIELDS.map((field, index) => checkField(field, fields[index] ?? ""));
  return faults.find((fault) => fault !== undefined) ?? checkDates(expression);
}

function checkField(field: Field, text: string): string | undefined {
  const items = text.toUpperCase().split(",");
  const faults = items.map((item) => faultOf(field, item));
  const index = faults.findIndex((fault) => fault !== undefined);
  if (index < 0) return undefined;
  const item = items.length === 1 ? "" : `, item ${index + 1}`;
  return `has a wrong ${field.name}${item}: send ${faults[index] ?? ""}`;
}

function checkDates(expression: string): string | undefined {
  try {
    if (recurrenceOf(expression).at(SOME_YEAR) !== undefined) return undefined;
  } catch {
    return `cannot be read: send five fields (${ORDER})`;
  }
  return "never comes: send a day of month, month and day of week that occur together";
}

const ITEM = /^(?:(\*)|([A-Z]{3}|\d{1,2})(?:-([A-Z]{3}|\d{1,2}))?)(?:\/(\d{1,2}))?$/;

/** What to send instead of a wrong item. */
function faultOf(field: Field, item: string): string | undefined {
  const { min, max, own, example } = field;
  if (own?.test(item)) return undefined;
  const [whole, every, first, last, step] = ITEM.exec(item) ?? [];
  if (whole === undefined) return item === "?" ? "* instead of ?" : `for example ${example}`;
  if (step !== undefined && (Number(step) < 1 || Number(step) > max))
    return `a step of 1 to ${max}`;
  if (every !== undefined) return undefined;
  const from = valueOf(field, first);
  const to = last === "SUN" ? 7 : valueOf(field, last ?? first);
  if (from === undefined || to === undefined) return rangeOf(field);
  if (step !== undefined && last === undefined) return `${from}-${max}/${step}`;
  return from > to ? `${from}-${max},${min}-${to}, as a range cannot go around` : undefined;
}

function valueOf({ min, max, names = [] }: Field, text = ""): number | undefined {
  const name = names.indexOf(text);
  const value = name >= 0 ? min + name : Number(text);
  return value >= min && value <= max ? value : undefined;
}

function rangeOf({ min, max, names }: Field): string {
  const named = names ? `, or ${names[0] ?? ""} to ${names.at(-1) ?? ""}` : "";
  return `${min} to ${max}${named}`;
}
