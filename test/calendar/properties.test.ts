/** Any rules over any range: in order, none twice, none lost where a range is cut, as other libraries say. */
import { describe, expect, test } from "@jest/globals";
import { CronExpressionParser } from "cron-parser";
import { Cron } from "croner";
import fc from "../support/properties.js";
import { startWithJitter } from "../../shared/calendar/jitter.js";
import {
  firstStartAfter,
  nextWindows,
  windowsBetween,
} from "../../shared/calendar/planned-windows.js";
import type { Window, Windows } from "../../shared/calendar/windows.js";
import { zoneOf } from "../../shared/calendar/zone.js";
import { rulesOf } from "../support/windows.js";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const FIRST = Date.UTC(2026, 0, 1);
const LAST = Date.UTC(2030, 11, 31);

const ZONES = [
  "Africa/Cairo",
  "Africa/Casablanca",
  "America/Havana",
  "America/New_York",
  "America/Sao_Paulo",
  "Antarctica/Troll",
  "Asia/Beirut",
  "Asia/Kathmandu",
  "Asia/Shanghai",
  "Atlantic/Azores",
  "Australia/Lord_Howe",
  "Europe/Berlin",
  "Europe/Dublin",
  "Pacific/Apia",
  "Pacific/Chatham",
  "UTC",
];
/** Their gaps end at midnight, where croner's own zones lose a start. */
const GAP_TO_MIDNIGHT = ["America/Nuuk", "America/Scoresbysund"];

const zones = fc.constantFrom(...ZONES, ...GAP_TO_MIDNIGHT);
const minutes = fc.oneof(
  fc.integer({ min: 0, max: 59 }).map(String),
  fc.constantFrom("*/15", "0,30", "10-50/20"),
);
const hours = fc.oneof(
  fc.integer({ min: 0, max: 23 }).map(String),
  fc.constantFrom("*", "*/2", "0-4", "22,23,0,1,2,3", "2"),
);
const dates = fc.constantFrom("* * *", "1 * *", "L * *", "* * 1-5", "* * SUN", "* 3,4,10,11 *");
const recurrences = fc.tuple(minutes, hours, dates).map((parts) => parts.join(" "));
const times = fc
  .integer({ min: 0, max: 1_439 })
  .map((minute) => new Date(minute * 60_000).toISOString().slice(11, 16));
const windows: fc.Arbitrary<Window> = fc.oneof(
  fc.record({ recurrence: recurrences, durationSeconds: fc.integer({ min: 1, max: 90_000 }) }),
  fc.record({ recurrence: recurrences, endAt: times }),
  fc.record({ startAt: minuteBetween(FIRST, LAST), endAt: times }),
);
const rules: fc.Arbitrary<Windows> = fc
  .tuple(fc.array(windows, { minLength: 1, maxLength: 4 }), zones)
  .map(([list, timeZone]) => rulesOf(list, { timeZone }));

function minuteBetween(from: number, to: number): fc.Arbitrary<string> {
  return fc
    .integer({ min: from / 60_000, max: to / 60_000 })
    .map((minute) => new Date(minute * 60_000).toISOString().slice(0, 16));
}

/** Half of them are near a change of Europe's or of America's clocks. */
const CHANGES = [
  "2027-03-14",
  "2027-03-27",
  "2027-03-28",
  "2027-10-30",
  "2027-10-31",
  "2027-11-07",
];
const instants = fc.oneof(
  fc.integer({ min: FIRST, max: LAST }),
  fc
    .tuple(fc.constantFrom(...CHANGES), fc.integer({ min: 0, max: DAY }))
    .map(([date, ms]) => Date.parse(date) + ms),
  fc
    .tuple(fc.constantFrom(...CHANGES), fc.integer({ min: 0, max: 96 }))
    .map(([date, quarter]) => Date.parse(date) + quarter * 900_000),
);

const between = (schedule: Windows, from: number, to: number) =>
  windowsBetween(schedule, { from: new Date(from), to: new Date(to) });

describe("any rules", () => {
  test("a range that is cut at any instant has the same windows", () => {
    fc.assert(
      fc.property(rules, instants, fc.nat(3 * DAY), fc.nat(3 * DAY), (schedule, mid, ms, more) => {
        const [from, to] = [mid - ms, mid + more];

        const both = [...between(schedule, from, mid), ...between(schedule, mid, to)];

        expect(both).toEqual(between(schedule, from, to));
      }),
      { numRuns: 150 },
    );
  });

  test("windows are in order, none is twice, each is in the range, and each is longer than nothing", () => {
    fc.assert(
      fc.property(rules, instants, fc.nat(10 * DAY), (schedule, from, ms) => {
        const planned = between(schedule, from, from + ms);
        const starts = planned.map(({ nominalAt }) => nominalAt.getTime());

        expect([...new Set(starts)].sort((one, other) => one - other)).toEqual(starts);
        expect(starts.every((at) => at >= from && at < from + ms)).toBe(true);
        for (const { nominalAt, endsAt, skipped } of planned) {
          expect(endsAt > nominalAt).toBe(skipped === undefined);
        }
      }),
      { numRuns: 150 },
    );
  });

  test("the next ones are the first ones of a range, and so is the first start", () => {
    fc.assert(
      fc.property(rules, instants, fc.integer({ min: 1, max: 20 }), (schedule, from, count) => {
        const next = nextWindows(schedule, { from: new Date(from), count });
        const last = next.at(-1)?.nominalAt.getTime() ?? from;
        const start = firstStartAfter(schedule, new Date(from));

        expect(next).toEqual(between(schedule, from, last + 1));
        const expected = next.find(({ skipped }) => skipped === undefined);
        if (expected) expect(start).toEqual(expected.nominalAt);
      }),
      { numRuns: 100 },
    );
  });
});

describe("other libraries", () => {
  const startsOf = (recurrence: string, timeZone: string, from: number, to: number): number[] =>
    between(rulesOf({ recurrence, durationSeconds: 1 }, { timeZone }), from, to).map(
      ({ nominalAt }) => nominalAt.getTime(),
    );

  /** cron-parser gives up in a zone whose clocks change by half an hour. */
  const parsedZones = zones.filter((zone) => zone !== "Australia/Lord_Howe");

  test("cron-parser has the same starts on days without a change", () => {
    fc.assert(
      fc.property(recurrences, parsedZones, instants, (recurrence, timeZone, from) => {
        const to = from + 5 * DAY;
        const zone = zoneOf(timeZone);
        const isPlain = (at: number): boolean =>
          zone.spanAt(at - DAY).offset === zone.spanAt(at + DAY).offset;

        const expected = parserStarts(recurrence, timeZone, from, to);

        const starts = startsOf(recurrence, timeZone, from, to);
        expect(starts.filter(isPlain)).toEqual(expected.filter(isPlain));
      }),
      { numRuns: 100 },
    );
  });

  function parserStarts(recurrence: string, tz: string, from: number, to: number): number[] {
    const parsed = CronExpressionParser.parse(recurrence, { tz, currentDate: from - 1 });
    const starts: number[] = [];
    for (let at = parsed.next().getTime(); at < to; at = parsed.next().getTime()) starts.push(at);
    return starts;
  }

  const single = fc
    .tuple(fc.integer({ min: 0, max: 59 }), fc.integer({ min: 0, max: 23 }))
    .map(([minute, hour]) => `${minute} ${hour} * * *`);
  const everyHour = minutes.map((minute) => `${minute} * * * *`);

  test("croner's own zones have the same starts over every change, for one time of day and for each hour", () => {
    const plainZones = fc.constantFrom(...ZONES);
    fc.assert(
      fc.property(fc.oneof(single, everyHour), plainZones, instants, (recurrence, zone, from) => {
        const cron = new Cron(recurrence, { timezone: zone, mode: "5-part" });
        const to = from + 2 * DAY;

        const expected: number[] = [];
        let run = cron.nextRun(new Date(from - 1));
        for (; run && run.getTime() < to; run = cron.nextRun(run)) expected.push(run.getTime());

        expect(startsOf(recurrence, zone, from, to)).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });
});

describe("the delay of a start", () => {
  test("is the same each time, in whole seconds, and never more than the most", () => {
    fc.assert(
      fc.property(fc.string(), instants, fc.integer({ min: 0, max: 900 }), (id, ms, most) => {
        const at = new Date(ms);
        const delay = startWithJitter(id, at, most).getTime() - ms;

        expect(startWithJitter(id, new Date(ms), most).getTime() - ms).toBe(delay);
        expect(delay % 1000).toBe(0);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(most * 1000);
      }),
    );
  });

  test("spreads the schedules of one minute", () => {
    const at = new Date("2027-01-01T09:00Z");
    const delays = Array.from({ length: 900 }, (_, index) =>
      startWithJitter(`schedule-${index}`, at, 900),
    );

    expect(new Set(delays.map((delay) => delay.getTime())).size).toBeGreaterThan(500);
  });
});

describe("zones", () => {
  const every = fc.constantFrom(...Intl.supportedValuesOf("timeZone"));

  test("have the offsets of the runtime's own Intl, and lead back from each local time", () => {
    fc.assert(
      fc.property(every, fc.integer({ min: Date.UTC(1980, 0), max: LAST }), (name, ms) => {
        const at = ms - (ms % 60_000);
        const zone = zoneOf(name);
        const wall = zone.wallAt(at);
        const local = zone.at(wall);

        expect(new Date(wall).toISOString().slice(0, 16).replace("T", " ")).toBe(
          intlText(name, at),
        );
        expect(Object.values(local)).toContain(at);
      }),
      { numRuns: 100 },
    );
  });

  const intlText = (timeZone: string, at: number): string =>
    new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "short" }).format(
      at,
    );
});
