/** SCF's cron lines: seven fields, in UTC+8. */
import { describe, expect, test } from "@jest/globals";
import { nextRunAt } from "../../server/declared/cron.js";

/** A Thursday, eight in the morning in UTC+8. */
const NEW_YEAR = "2026-01-01T00:00:00.000Z";

const next = (line: string, after = NEW_YEAR) => nextRunAt(line, new Date(after))?.toISOString();

/** The first `count` instants, one after another. */
function runs(line: string, count: number): (string | undefined)[] {
  const instants: (string | undefined)[] = [];
  for (let after = NEW_YEAR; instants.length < count;) {
    instants.push(next(line, after));
    after = instants.at(-1) ?? after;
  }
  return instants;
}

describe("a cron line", () => {
  test.each([
    ["*/5 * * * * * *", ["00:00:05", "00:00:10", "00:00:15"]],
    ["0 */1 * * * * *", ["00:01:00", "00:02:00", "00:03:00"]],
    ["30 */20 * * * * *", ["00:00:30", "00:20:30", "00:40:30"]],
    ["0 15,45 * * * * *", ["00:15:00", "00:45:00", "01:15:00"]],
    ["0 0 9-11 * * * *", ["01:00:00", "02:00:00", "03:00:00"]],
    ["10-20/5 0 8 * * * *", ["00:00:10", "00:00:15", "00:00:20"]],
    ["0,30 59 23 * * * *", ["15:59:00", "15:59:30"]],
  ])("%s: seconds first, with steps, lists and ranges", (line, times) => {
    expect(runs(line, times.length)).toEqual(times.map((time) => `2026-01-01T${time}.000Z`));
  });

  test("is in UTC+8, whatever the machine's own zone", () => {
    expect(next("0 0 0 * * * *")).toBe("2026-01-01T16:00:00.000Z");
    expect(next("0 0 8 * * * *")).toBe("2026-01-02T00:00:00.000Z");
  });

  test("fires after the instant that it is asked for, not at it", () => {
    expect(next("0 0 8 * * * *", "2025-12-31T23:59:59.999Z")).toBe(NEW_YEAR);
    expect(next("*/5 * * * * * *", "2026-01-01T00:00:05.000Z")).toBe("2026-01-01T00:00:10.000Z");
    expect(next("*/5 * * * * * *", "2026-01-01T00:00:05.001Z")).toBe("2026-01-01T00:00:10.000Z");
  });

  test("with a day of the month and a day of the week means either", () => {
    expect(runs("0 0 12 10 * MON *", 3)).toEqual([
      "2026-01-05T04:00:00.000Z",
      "2026-01-10T04:00:00.000Z",
      "2026-01-12T04:00:00.000Z",
    ]);
  });

  test.each(["SUN", "0"])("counts the week from Sunday: %s", (day) => {
    expect(next(`0 0 12 * * ${day} *`)).toBe("2026-01-04T04:00:00.000Z");
  });

  test.each(["MON-FRI", "1-5"])("has the days of a working week: %s", (days) => {
    expect(runs(`0 0 12 * * ${days} *`, 3)).toEqual([
      "2026-01-01T04:00:00.000Z",
      "2026-01-02T04:00:00.000Z",
      "2026-01-05T04:00:00.000Z",
    ]);
  });

  test("may name months, and 29 February", () => {
    expect(next("0 0 12 1 JAN,MAR * *", "2026-01-02T00:00:00Z")).toBe("2026-03-01T04:00:00.000Z");
    expect(next("0 0 12 29 2 * *")).toBe("2028-02-29T04:00:00.000Z");
  });

  test("may step from a value on", () => {
    expect(runs("0 1/20 8 * * * *", 4)).toEqual([
      "2026-01-01T00:01:00.000Z",
      "2026-01-01T00:21:00.000Z",
      "2026-01-01T00:41:00.000Z",
      "2026-01-02T00:01:00.000Z",
    ]);
  });

  test("may name what it counts in lists, ranges and steps", () => {
    expect(runs("0 0 8 1 JAN-MAR,12 * 2026-2027", 4)).toEqual([
      "2026-02-01T00:00:00.000Z",
      "2026-03-01T00:00:00.000Z",
      "2026-12-01T00:00:00.000Z",
      "2027-01-01T00:00:00.000Z",
    ]);
    expect(runs("0 0 8 * * MON-FRI/2 *", 3)).toEqual([
      "2026-01-02T00:00:00.000Z",
      "2026-01-05T00:00:00.000Z",
      "2026-01-07T00:00:00.000Z",
    ]);
  });

  test("has the year last, and never fires after it", () => {
    expect(next("0 0 0 1 1 * 2030")).toBe("2029-12-31T16:00:00.000Z");
    expect(next("0 0 0 1 1 * 2025")).toBeUndefined();
    expect(next("0 0 0 30 2 * *")).toBeUndefined();
  });
});

describe("a line that SCF would refuse is refused by name", () => {
  test.each([
    ["0 */1 * * * *", "has six fields, as elsewhere", "this one has 6"],
    ["*/1 * * * *", "has five", "this one has 5"],
    ["* * * * * * * *", "has eight", "this one has 8"],
    ["", "has none", "seven fields"],
    ["@hourly", "has a name", "seven fields"],
    ["60 * * * * * *", "has a second that there is not", "60"],
    ["* * 24 * * * *", "has an hour that there is not", "24"],
    ["* * * 32 * * *", "has a day that there is not", "32"],
    ["*/0 * * * * * *", "never steps", "0"],
    ["soon * * * * * *", "has a word in it", "soon"],
    ["* 60 * * * * *", "has a minute that there is not", 'the minute "60" is out of 0-59'],
    ["0 0 0 0 * * *", "has a day 0", 'the day "0" is out of 1-31'],
    ["0 0 0 L * * *", "has a last day", 'the day "L" is none of 1-31'],
    ["0 0 0 15W * * *", "has a working day", 'the day "15W"'],
    ["0 0 0 ? * * *", "has no day", 'the day "?" is none of 1-31 with , - * /'],
    ["0 0 0 * 0 * *", "has a month 0", 'the month "0" is out of 1-12'],
    ["0 0 0 * 13 * *", "has a month 13", 'the month "13" is out of 1-12 or JAN-DEC'],
    ["0 0 0 * jan * *", "has a month in small letters", 'the month "jan" is none of'],
    ["0 0 0 * MON * *", "has a weekday for a month", 'the month "MON" is out of'],
    ["0 0 0 * * ? *", "has no weekday", 'the weekday "?"'],
    ["0 0 0 * * 7 *", "has a weekday 7", 'the weekday "7" is out of 0-6 or SUN-SAT'],
    ["0 0 0 * * Mon *", "has a weekday in small letters", 'the weekday "Mon"'],
    ["0 0 0 * * 5L *", "has a last Friday", 'the weekday "5L"'],
    ["0 0 0 * * 5#2 *", "has a second Friday", 'the weekday "5#2"'],
    ["0 0 0 * * * 1969", "is before all time", 'the year "1969" is out of 1970-2099'],
    ["0 0 0 * * * 2100", "is after all time", 'the year "2100" is out of 1970-2099'],
    ["0 0 0 * * * 2030-2100", "goes on after all time", 'the year "2030-2100"'],
    ["30-10 * * * * * *", "has a range that is reversed", "ends before it begins"],
    ["* * * * * SAT-SUN *", "has a week that is reversed", "ends before it begins"],
    ["* */0 * * * * *", "has a step of none", 'the minute "*/0" has a step'],
    ["* */60 * * * * *", "has a step that is too wide", "from 1 to 59"],
    ["* 1,,2 * * * * *", "has nothing between commas", 'the minute "1,,2"'],
    ["* , * * * * *", "has only a comma", 'the minute ","'],
    ["* 1- * * * * *", "has half a range", 'the minute "1-"'],
    ["* -5 * * * * *", "is below zero", 'the minute "-5"'],
    ["* 1.5 * * * * *", "has half a minute", 'the minute "1.5"'],
    ["* *-5 * * * * *", "has a range of all", 'the minute "*-5"'],
    ["* +1 * * * * *", "has a sign", 'the minute "+1"'],
    ["* ~ * * * * *", "has a sign of another cron", 'the minute "~"'],
  ])("%s %s", (line, _, why) => {
    expect(() => next(line)).toThrow(`"${line}" is not a cron line of SCF`);
    expect(() => next(line)).toThrow(why);
  });
});
