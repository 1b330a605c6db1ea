/**
 * SCF's cron lines: seven fields, seconds first and the year last, in UTC+8. If a day of the month
 * and a day of the week are both set, either one matches.
 */
import { Cron } from "croner";

const SCF_TIME_ZONE = "Asia/Shanghai";

/**
 * The first instant after `after` at which the line fires. `undefined` when there is none. Throws
 * an Error that names the line if SCF would refuse it.
 */
export function nextRunAt(cronExpression: string, after: Date): Date | undefined {
  return read(cronExpression).nextRun(after) ?? undefined;
}

/** Throws an Error that names the line and the field that SCF would refuse. */
export function checkCron(cronExpression: string): void {
  fieldsOf(cronExpression);
}

function read(cronExpression: string): Cron {
  const fields = fieldsOf(cronExpression);
  try {
    return new Cron(fields.join(" "), { timezone: SCF_TIME_ZONE, paused: true });
  } catch (error) {
    throw wrong(cronExpression, error instanceof Error ? error.message : String(error));
  }
}

interface Field {
  name: string;
  min: number;
  max: number;
  /** In capitals only. The first word stands for `min`. */
  words?: readonly string[];
}

const MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" ");
const DAYS = "SUN MON TUE WED THU FRI SAT".split(" ");

const FIELDS: readonly Field[] = [
  { name: "second", min: 0, max: 59 },
  { name: "minute", min: 0, max: 59 },
  { name: "hour", min: 0, max: 23 },
  { name: "day", min: 1, max: 31 },
  { name: "month", min: 1, max: 12, words: MONTHS },
  { name: "weekday", min: 0, max: 6, words: DAYS },
  { name: "year", min: 1970, max: 2099 },
];

/** The fields in the form that croner reads. */
function fieldsOf(cronExpression: string): string[] {
  const texts = cronExpression.trim().split(/\s+/);
  if (texts.length !== FIELDS.length) {
    const fault = `it takes seven fields, seconds first; this one has ${texts.length}`;
    throw wrong(cronExpression, fault);
  }
  return FIELDS.map((field, index) => {
    const text = texts[index] ?? "";
    const parts = text.split(",").map((part) => partOf(field, part));
    const fault = parts.find((part) => typeof part !== "string");
    if (fault) throw wrong(cronExpression, `the ${field.name} "${text}" ${fault.fault}`);
    return parts.filter((part) => typeof part === "string").join(",");
  });
}

const PART = /^(?:(\*)|([A-Z]{3}|\d{1,4})(?:-([A-Z]{3}|\d{1,4}))?)(?:\/(\d{1,4}))?$/;

function partOf(field: Field, part: string): string | { fault: string } {
  const { min, max, words } = field;
  const names = words ? ` or ${words[0] ?? ""}-${words.at(-1) ?? ""}` : "";
  const [whole, every, first, last, step] = PART.exec(part) ?? [];
  if (whole === undefined) return { fault: `is none of ${min}-${max}${names} with , - * /` };
  if (step !== undefined && (Number(step) < 1 || Number(step) > max)) {
    return { fault: `has a step that is not from 1 to ${max}` };
  }
  if (every !== undefined) return whole;
  const from = valueOf(field, first);
  const to = valueOf(field, last ?? first);
  if (from === undefined || to === undefined) return { fault: `is out of ${min}-${max}${names}` };
  if (from > to) return { fault: "has a range that ends before it begins" };
  // `1/10` means from the first value on. croner takes it as a range.
  const end = last === undefined && step !== undefined ? max : to;
  const range = end === from ? String(from) : `${from}-${end}`;
  return step === undefined || end === from ? range : `${range}/${step}`;
}

function valueOf({ min, max, words = [] }: Field, text = ""): number | undefined {
  const word = words.indexOf(text);
  const value = word >= 0 ? min + word : Number(text);
  return value >= min && value <= max ? value : undefined;
}

const wrong = (cronExpression: string, why: string): Error =>
  new Error(`"${cronExpression}" is not a cron line of SCF: ${why}`);
