/** Bounds, excluded dates, windows that meet, the notes on changed clocks, rare dates, and the speed. */
import { execFileSync } from "node:child_process";
import { describe, expect, test } from "@jest/globals";
import {
  firstStartAfter,
  nextWindows,
  windowsBetween,
} from "../../shared/calendar/planned-windows.js";
import { tzVersion } from "../../shared/calendar/tz-version.js";
import type { PlannedWindow, Window, Windows } from "../../shared/calendar/windows.js";
import { rulesOf } from "../support/windows.js";

const on = (
  date: string,
  window: Window | Window[],
  rules: Partial<Windows> = {},
): PlannedWindow[] =>
  windowsBetween(rulesOf(window, rules), {
    from: new Date(`${date}T00:00:00Z`),
    to: new Date(Date.parse(`${date}T00:00:00Z`) + 86_400_000),
  });

const DAILY = { recurrence: "0 9 * * *", durationSeconds: 3_600 };

describe("bounds", () => {
  test("StartTime may be a start, EndTime may not", () => {
    const startTime = "2027-07-01T09:00:00+02:00";
    const endTime = "2027-07-03T09:00:00+02:00";
    const next = nextWindows(rulesOf(DAILY, { startTime, endTime }), {
      from: new Date("2027-01-01T00:00Z"),
      count: 100,
    });

    expect(next.map(({ localStart }) => localStart)).toEqual([
      "2027-07-01T09:00:00+02:00",
      "2027-07-02T09:00:00+02:00",
    ]);
  });

  test("nothing is planned after EndTime, before StartTime, or for a count of 0", () => {
    const from = new Date("2027-01-01T00:00Z");
    const ended = rulesOf(DAILY, { endTime: "2026-01-01T00:00:00Z" });

    expect(nextWindows(ended, { from, count: 5 })).toEqual([]);
    expect(firstStartAfter(ended, from)).toBeUndefined();
    expect(nextWindows(rulesOf(DAILY), { from, count: 0 })).toEqual([]);
    expect(on("2027-01-01", DAILY, { startTime: "2028-01-01T00:00:00Z" })).toEqual([]);
  });

  test("a range with parts of seconds has what starts in it", () => {
    const range = (from: string, to: string) =>
      windowsBetween(rulesOf(DAILY, { timeZone: "UTC" }), {
        from: new Date(from),
        to: new Date(to),
      });

    expect(range("2027-01-01T08:59:59.999Z", "2027-01-01T09:00:00.001Z")).toHaveLength(1);
    expect(range("2027-01-01T09:00:00.000Z", "2027-01-01T09:00:00.001Z")).toHaveLength(1);
    expect(range("2027-01-01T09:00:00.001Z", "2027-01-02T09:00:00.000Z")).toHaveLength(0);
  });
});

describe("ExcludeDates", () => {
  test("are local dates, and the window says so", () => {
    const rules = { timeZone: "Asia/Shanghai", excludeDates: ["2027-01-02"] };
    const [window] = on("2027-01-01", { recurrence: "0 7 * * *", durationSeconds: 60 }, rules);

    expect(window).toMatchObject({
      localStart: "2027-01-02T07:00:00+08:00",
      skipped: "Excluded",
      note: "2027-01-02 is excluded.",
    });
  });

  test.each(["2027-03-27", "2027-03-28"])(
    "leave out a start that a gap moves over midnight, by either date: %s",
    (date) => {
      const window = { recurrence: "30 23 * * SAT", durationSeconds: 60 };
      const rules = { timeZone: "America/Nuuk", excludeDates: [date] };

      expect(on("2027-03-28", window, rules)).toMatchObject([
        { localStart: "2027-03-28T00:00:00-01:00", skipped: "Excluded" },
      ]);
    },
  );

  test("are not searched by firstStartAfter", () => {
    const rules = rulesOf(DAILY, { excludeDates: ["2027-01-01", "2027-01-02"] });

    expect(firstStartAfter(rules, new Date("2027-01-01T00:00Z"))).toEqual(
      new Date("2027-01-03T08:00Z"),
    );
  });

  test("a search through very many of them ends early, and before the first start", () => {
    const excludeDates = Array.from({ length: 20 }, (_, day) =>
      new Date(Date.UTC(2027, 0, 1 + day)).toISOString().slice(0, 10),
    );
    const minutely = { recurrence: "* * * * *", durationSeconds: 60 };
    const rules = rulesOf(minutely, { timeZone: "UTC", excludeDates });

    const start = firstStartAfter(rules, new Date("2027-01-01T00:00Z"));

    expect(start).toEqual(new Date(Date.UTC(2027, 0, 1) + 10_000 * 60_000));
    expect(firstStartAfter(rules, start ?? new Date(0))).toEqual(new Date("2027-01-14T21:20Z"));
  });
});

describe("windows of one schedule that meet", () => {
  test("at one instant are one, and the longest wins", () => {
    const list = [
      { recurrence: "0 9 * * *", durationSeconds: 60 },
      { recurrence: "0 9 * * MON-FRI", endAt: "11:30" },
      { startAt: "2027-07-01T09:00", durationSeconds: 600 },
    ];

    expect(on("2027-07-01", list).map(({ localEnd }) => localEnd)).toEqual([
      "2027-07-01T11:30:00+02:00",
    ]);
  });

  test("one that takes place wins over one that a gap leaves out", () => {
    const list = [
      { recurrence: "0 2 * * *", endAt: "02:45" },
      { recurrence: "0 3 * * *", durationSeconds: 60 },
    ];

    const [window, ...others] = on("2027-03-28", list);

    expect(window).toMatchObject({ localStart: "2027-03-28T03:00:00+02:00" });
    expect(window).not.toHaveProperty("skipped");
    expect(others).toEqual([]);
  });

  test("in time are two", () => {
    const list = [DAILY, { recurrence: "30 9 * * *", durationSeconds: 3_600 }];

    expect(on("2027-07-01", list)).toHaveLength(2);
  });
});

describe("notes", () => {
  const noteOf = (date: string, window: Window, rules: Partial<Windows> = {}) =>
    on(date, window, rules).map(({ note }) => note);

  test.each<[string, string, Window, string | undefined]>([
    ["no change", "2027-07-01", DAILY, undefined],
    [
      "a start in a gap",
      "2027-03-28",
      { recurrence: "30 2 * * *", endAt: "05:00" },
      "02:30 does not exist on 2027-03-28: it starts at 03:00.",
    ],
    [
      "a start in a fold",
      "2027-10-31",
      { recurrence: "30 2 * * *", durationSeconds: 60 },
      "02:30 comes twice on 2027-10-31: it starts at the first one.",
    ],
    [
      "an end in a gap",
      "2027-03-28",
      { recurrence: "30 1 * * *", endAt: "02:30" },
      "Its end 02:30 does not exist on 2027-03-28: it ends at 03:00.",
    ],
    [
      "an end in a fold, the next day",
      "2027-10-30",
      { recurrence: "0 22 * * *", endAt: "02:30" },
      "Its end 02:30 comes twice on 2027-10-31: it ends at the later one.",
    ],
    [
      "a change during it",
      "2027-10-30",
      { recurrence: "0 22 * * *", endAt: "06:00" },
      "The clocks change during it: it lasts 32400 seconds.",
    ],
    [
      "a change during an elapsed time",
      "2027-10-30",
      { recurrence: "0 22 * * *", durationSeconds: 28_800 },
      "The clocks change during it, and its duration is elapsed time.",
    ],
    [
      "nothing is left",
      "2027-03-28",
      { recurrence: "0 2 * * *", endAt: "02:45" },
      "On 2027-03-28 the change of the clocks leaves nothing between 02:00 and 02:45.",
    ],
  ])("%s", (_, date, window, note) => {
    expect(noteOf(date, window)).toEqual([note]);
  });

  test("both passes of a recurrence of every hour say which one they are", () => {
    const window = { recurrence: "30 * 31 * *", durationSeconds: 60 };

    expect(noteOf("2027-10-31", window).slice(0, 2)).toEqual([
      "02:30 comes twice on 2027-10-31: it starts at the first one.",
      "02:30 comes twice on 2027-10-31: it starts at the later one too.",
    ]);
  });

  test("a window that a gap makes as short as its delay does not take place", () => {
    const window = { recurrence: "30 1 * * *", endAt: "03:10" };
    const rules = { jitterSeconds: 2_400 };

    const [first] = on("2027-03-28", window, rules);

    expect(first).toMatchObject({
      skipped: "DstGap",
      note: "On 2027-03-28 the change of the clocks leaves at most 2400 seconds between 01:30 and 03:10.",
    });
  });
});

describe("searches", () => {
  test("reach a 29 February that is a Monday", () => {
    const rules = rulesOf({ recurrence: "0 0 29 2 MON", durationSeconds: 60 }, { timeZone: "UTC" });

    expect(firstStartAfter(rules, new Date("2027-01-01T00:00Z"))).toEqual(
      new Date("2044-02-29T00:00Z"),
    );
  });

  test("end where there is nothing more", () => {
    const rules = rulesOf({ startAt: "2027-01-01T00:00", durationSeconds: 60 });

    expect(firstStartAfter(rules, new Date("2027-01-01T00:00Z"))).toBeUndefined();
  });
});

test("the process's own time zone changes nothing", () => {
  const program = `
    const { windowsBetween } = require("./shared/calendar/planned-windows.ts");
    const rules = ${JSON.stringify(
      rulesOf([
        { recurrence: "30 2 * * *", endAt: "04:00" },
        { startAt: "2027-03-28T02:10", durationSeconds: 60 },
      ]),
    )};
    const range = { from: new Date("2027-03-26T00:00Z"), to: new Date("2027-11-03T00:00Z") };
    console.log(JSON.stringify(windowsBetween(rules, range)));`;
  const [first, ...others] = ["UTC", "America/New_York", "Australia/Lord_Howe"].map((TZ) =>
    execFileSync(process.execPath, ["--import", "tsx", "--eval", program], {
      env: { ...process.env, TZ },
      encoding: "utf8",
    }),
  );

  expect(JSON.parse(first ?? "")).toHaveLength(222);
  expect(others).toEqual([first, first]);
});

test("the version of the time zone data is a year and a letter", () => {
  expect(tzVersion()).toMatch(/^20\d\d[a-z]$/);
});

/** Half a second in Node itself. In Jest, reading a global such as Date costs several times as much. */
test("10,000 schedules have their windows of a day in seconds", () => {
  const zones = ["Europe/Berlin", "America/New_York", "Asia/Shanghai", "Africa/Cairo", "UTC"];
  const schedules = Array.from({ length: 10_000 }, (_, index) =>
    rulesOf(
      [
        { recurrence: `${index % 60} ${index % 24} * * 1-6`, durationSeconds: 3_600 },
        { recurrence: `${(index * 7) % 60} ${(index * 5) % 24} * * SUN`, endAt: "11:30" },
      ],
      { timeZone: zones[index % zones.length] ?? "UTC" },
    ),
  );
  const range = { from: new Date("2027-03-28T00:00Z"), to: new Date("2027-03-29T00:00Z") };

  const before = process.cpuUsage();
  const planned = schedules.flatMap((rules) => windowsBetween(rules, range));

  expect(planned.length).toBeGreaterThan(9_000);
  expect(process.cpuUsage(before).user / 1e6).toBeLessThan(6);
});
