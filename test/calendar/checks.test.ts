/** Wrong zones, cron expressions, dates and ends: the sentence of each one says what to send. */
import { describe, expect, test } from "@jest/globals";
import { checkWindows } from "../../shared/calendar/check-windows.js";
import type { Window, Windows } from "../../shared/calendar/windows.js";
import { rulesOf } from "../support/windows.js";

const DAILY = { recurrence: "0 9 * * *", durationSeconds: 3_600 };

const messageOf = (window: Window | Window[], rules: Partial<Windows> = {}): string | undefined =>
  checkWindows(rulesOf(window, rules))?.message;

describe("TimeZone", () => {
  test.each([
    "Europe/Berlin",
    "UTC",
    "Asia/Kolkata",
    "Asia/Calcutta",
    "Europe/Kyiv",
    "Europe/Kiev",
    "US/Eastern",
    "Etc/GMT+8",
    "America/Argentina/Buenos_Aires",
    "America/Port_of_Spain",
  ])("may be %s", (timeZone) => {
    expect(messageOf(DAILY, { timeZone })).toBeUndefined();
  });

  test.each([
    ["Europe/berlin", "Europe/Berlin"],
    ["asia/kolkata", "Asia/Kolkata"],
    ["America/NEW_YORK", "America/New_York"],
    ["new york", "America/New_York"],
    ["Berlin", "Europe/Berlin"],
    ["Europe/Berln", "Europe/Berlin"],
    ["Beijing", "Asia/Shanghai"],
    ["PRC", "Asia/Shanghai"],
    ["us/eastern", "America/New_York"],
    ["utc", "UTC"],
    ["Mars/Base", "one of the IANA list, such as Europe/Berlin or Asia/Shanghai"],
    ["", "one of the IANA list, such as Europe/Berlin or Asia/Shanghai"],
    ["x".repeat(100_000), "one of the IANA list, such as Europe/Berlin or Asia/Shanghai"],
  ])("is not %.30s", (timeZone, advice) => {
    expect(checkWindows(rulesOf(DAILY, { timeZone }))).toEqual({
      field: "TimeZone",
      message: `TimeZone is not the name of a time zone: send ${advice}.`,
    });
  });

  test.each([
    ["CET", "Europe/Berlin"],
    ["EST", "America/New_York"],
    ["CST", "America/Chicago or Asia/Shanghai"],
    ["GMT", "UTC or Europe/London"],
    ["z", "UTC"],
  ])("is no abbreviation: %s", (timeZone, place) => {
    expect(messageOf(DAILY, { timeZone })).toBe(
      `TimeZone is an abbreviation: send the name of a zone, such as ${place}.`,
    );
  });

  test.each(["UTC+8", "GMT-05:00", "+08:00", "-3"])("is no offset: %s", (timeZone) => {
    expect(messageOf(DAILY, { timeZone })).toBe(
      "TimeZone is an offset, which knows no daylight saving: send the name of a zone, such as Asia/Shanghai or UTC.",
    );
  });
});

describe("Recurrence", () => {
  test.each([
    "0 9 * * 1-5",
    "*/15 8-18/2 * jan,JUL-sep sun",
    "0 09 * * 7",
    "0 9 * * SAT-SUN",
    "0 10 * * SUN#3",
    "0 10 * * 5#L",
    "0 10 1-7,L * MON",
    "0 0 29 2 *",
    "0 0 29 2 MON",
  ])("may be %s", (recurrence) => {
    expect(messageOf({ recurrence, durationSeconds: 60 })).toBeUndefined();
  });

  const FIVE = "send five (minute, hour, day of month, month and day of week)";
  const DAY_OF_WEEK =
    "send for example MON-FRI, SUN#3 for the third Sunday, FRI#L for the last Friday, or *";

  test.each([
    ["0 9 * *", `has 4 fields: ${FIVE}`],
    ["x", `has 1 field: ${FIVE}`],
    ["0 0 9 * * *", `has 6 fields: ${FIVE}, without seconds and years`],
    ["@daily", "has the form of a nickname: send 0 0 * * *"],
    ["60 9 * * *", "has a wrong minute: send 0 to 59"],
    ["0 9,24 * * *", "has a wrong hour, item 2: send 0 to 23"],
    ["0 9 0 * *", "has a wrong day of month: send 1 to 31"],
    ["0 9 * FOO *", "has a wrong month: send 1 to 12, or JAN to DEC"],
    ["0 22-2 * * *", "has a wrong hour: send 22-23,0-2, as a range cannot go around"],
    ["0 9 * * FRI-MON", "has a wrong day of week: send 5-7,0-1, as a range cannot go around"],
    ["5/15 * * * *", "has a wrong minute: send 5-59/15"],
    ["*/0 * * * *", "has a wrong minute: send a step of 1 to 59"],
    ["0 9 ? * *", "has a wrong day of month: send * instead of ?"],
    ["0 9 15W * *", "has a wrong day of month: send for example 1, 1-7, L for the last one, or *"],
    ["0 9 * * SUN#6", `has a wrong day of week: ${DAY_OF_WEEK}`],
    ["0 9 * * 5L", `has a wrong day of week: ${DAY_OF_WEEK}`],
    ["0 9 * * +MON", `has a wrong day of week: ${DAY_OF_WEEK}`],
    ["0 9 30 2 *", "never comes: send a day of month, month and day of week that occur together"],
  ])("is not %s", (recurrence, fault) => {
    expect(checkWindows(rulesOf([DAILY, { recurrence, durationSeconds: 60 }]))).toEqual({
      field: "Windows[1].Recurrence",
      message: `Windows[1].Recurrence ${fault}.`,
    });
  });

  test("every advice of a single expression is taken", () => {
    for (const recurrence of ["0 0 * * *", "0 22-23,0-2 * * *", "5-59/15 * * * *"]) {
      expect(messageOf({ recurrence, durationSeconds: 60 })).toBeUndefined();
    }
  });
});

describe("StartAt and EndAt", () => {
  test.each([
    ["2027-02-30T10:00", "is no existing date and time: send one that the calendar has"],
    ["2027-02-28T24:00", "is no existing date and time: send one that the calendar has"],
    ["2027-02-28", "has the wrong form: send a local date and time such as 2027-03-28T09:00"],
    [
      "2027-02-28T10:00+01:00",
      "has an offset: leave it out, as TimeZone gives it, and send a local date and time such as 2027-03-28T09:00",
    ],
  ])("StartAt is not %s", (startAt, fault) => {
    expect(messageOf({ startAt, durationSeconds: 60 })).toBe(`Windows[0].StartAt ${fault}.`);
  });

  test.each([
    ["24:00", "00:00"],
    ["9:00", "a local time of day as HH:MM, such as 23:30"],
    ["23:60", "a local time of day as HH:MM, such as 23:30"],
  ])("EndAt is not %s", (endAt, advice) => {
    expect(messageOf({ startAt: "2027-02-28T09:00", endAt })).toBe(
      `Windows[0].EndAt has the wrong form: send ${advice}.`,
    );
  });

  test.each<[Window, string]>([
    [{ durationSeconds: 1 }, "has no Recurrence or StartAt: send one of them"],
    [{ recurrence: "* * * * *" }, "has no DurationSeconds or EndAt: send one of them"],
    [
      { recurrence: "* * * * *", startAt: "2027-01-01T00:00", endAt: "01:00" },
      "has both Recurrence and StartAt: send one of them",
    ],
    [{ ...DAILY, endAt: "01:00" }, "has both DurationSeconds and EndAt: send one of them"],
  ])("a window has one start and one end: %j", (window, fault) => {
    expect(messageOf(window)).toBe(`Windows[0] ${fault}.`);
  });
});

describe("other fields", () => {
  test("a window is longer than the delay of its start", () => {
    const rules = { jitterSeconds: 600 };

    expect(messageOf({ ...DAILY, durationSeconds: 600 }, rules)).toBe(
      "Windows[0].DurationSeconds is 600 or less: send more, as StartJitterSeconds delays the start by up to 600.",
    );
    expect(messageOf({ recurrence: "50 8,10 * * *", endAt: "11:00" }, rules)).toBe(
      "Windows[0].EndAt is too near to a start: send one that is more than StartJitterSeconds after it, 600.",
    );
    expect(messageOf({ recurrence: "0 11 * * *", endAt: "11:00" }, rules)).toBeUndefined();
  });

  test.each(["2027-02-29", "2027-1-1", "tomorrow"])("ExcludeDates has not %s", (date) => {
    expect(messageOf(DAILY, { excludeDates: ["2027-02-28", date] })).toBe(
      "ExcludeDates[1] is no existing date: send one as YYYY-MM-DD.",
    );
  });

  test("EndTime is after StartTime", () => {
    const [startTime, endTime] = ["2027-01-01T00:00:00Z", "2027-01-01T01:00:00+01:00"];

    expect(messageOf(DAILY, { startTime, endTime })).toBe(
      "EndTime is not after StartTime: send a later one.",
    );
  });

  test("windows of one schedule may overlap: its OverlapPolicy decides", () => {
    expect(messageOf({ recurrence: "*/15 * * * *", durationSeconds: 3_600 })).toBeUndefined();
  });
});
