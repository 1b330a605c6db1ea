/**
 * Instants as callers send them. The schema checks their form; this code checks that they exist.
 */
import { describe, expect, test } from "@jest/globals";
import fc from "../support/properties.js";
import { ApiError } from "../../shared/contract/errors.js";
import { checkRequest } from "../../shared/contract/check.js";
import { parseInstant } from "../../shared/contract/instants.js";

const read = (text: string): string => parseInstant("StopTime", text).toISOString();

const hasTheForm = (StopTime: string): boolean => {
  const request = { RoomId: "1", StreamUrl: "https://media.example/", StopTime };
  try {
    checkRequest({ action: "StartStreamIngest", site: "intl" }, request);
    return true;
  } catch {
    return false;
  }
};

describe("an instant", () => {
  test.each([
    ["2026-01-01T12:00:00Z", "2026-01-01T12:00:00.000Z"],
    ["2026-01-01T12:00Z", "2026-01-01T12:00:00.000Z"],
    ["2026-01-01T20:00:00+08:00", "2026-01-01T12:00:00.000Z"],
    ["2026-01-01T00:30:00+08:00", "2025-12-31T16:30:00.000Z"],
    ["2025-12-31T23:30:00-05:00", "2026-01-01T04:30:00.000Z"],
    ["2026-01-01T12:00:00-00:00", "2026-01-01T12:00:00.000Z"],
    ["2026-01-01T12:00:00+05:45", "2026-01-01T06:15:00.000Z"],
    ["2026-01-01T12:00:00.5Z", "2026-01-01T12:00:00.500Z"],
    ["2026-01-01T12:00:00.123456789Z", "2026-01-01T12:00:00.123Z"],
    ["2025-12-31T24:00:00Z", "2026-01-01T00:00:00.000Z"],
    ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"],
    ["2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000Z"],
    ["2026-01-31T00:00:00+14:00", "2026-01-30T10:00:00.000Z"],
  ])("%s is %s", (text, expected) => {
    expect(hasTheForm(text)).toBe(true);
    expect(read(text)).toBe(expected);
  });

  test.each([
    ["30 February", "2026-02-30T00:00:00Z"],
    ["30 February with an offset", "2026-02-30T00:00:00+08:00"],
    ["29 February of a common year", "2026-02-29T00:00:00Z"],
    ["29 February of a century", "2100-02-29T00:00:00Z"],
    ["31 April", "2026-04-31T00:00:00Z"],
    ["the day before the first", "2026-01-00T00:00:00Z"],
    ["the thirty-second", "2026-01-32T00:00:00Z"],
    ["the month before January", "2026-00-10T00:00:00Z"],
    ["the thirteenth month", "2026-13-01T00:00:00Z"],
    ["the twenty-fifth hour", "2026-01-01T25:00:00Z"],
    ["a second past the end of a day", "2026-01-01T24:00:01Z"],
    ["the sixtieth minute", "2026-01-01T00:60:00Z"],
    ["a leap second, which no clock of ours can show", "2016-12-31T23:59:60Z"],
    ["an offset of a day", "2026-01-01T00:00:00+24:00"],
    ["an offset of sixty minutes", "2026-01-01T00:00:00-05:60"],
  ])("%s has the right form, and does not exist", (_, text) => {
    expect(hasTheForm(text)).toBe(true);
    const refusal = new ApiError(
      "InvalidParameterValue",
      "StopTime is not an existing date: send an existing one in ISO 8601.",
    );
    expect(() => read(text)).toThrow(refusal);
  });

  test("is read as the same point in time with any offset", () => {
    const instants = fc.date({
      min: new Date("1900-01-02T00:00:00Z"),
      max: new Date("9999-12-30T00:00:00Z"),
      noInvalidDate: true,
    });
    const offsets = fc.integer({ min: -23 * 60 - 59, max: 23 * 60 + 59 });
    fc.assert(
      fc.property(instants, offsets, (at, offsetMinutes) => {
        const local = new Date(at.getTime() + offsetMinutes * 60_000).toISOString().slice(0, -1);
        const text = `${local}${offsetOf(offsetMinutes)}`;
        expect(hasTheForm(text)).toBe(true);
        expect(read(text)).toBe(at.toISOString());
      }),
      { numRuns: 1000 },
    );
  });

  test("exists exactly when the calendar has its day", () => {
    const days = fc.record({
      year: fc.integer({ min: 1900, max: 2400 }),
      month: fc.integer({ min: 1, max: 12 }),
      day: fc.integer({ min: 1, max: 31 }),
    });
    fc.assert(
      fc.property(days, ({ year, month, day }) => {
        const text = `${year}-${twoDigits(month)}-${twoDigits(day)}T00:00:00Z`;
        const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
        const lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        if (day <= (lengths[month - 1] ?? 0)) expect(read(text)).toBe(text.replace("Z", ".000Z"));
        else expect(() => read(text)).toThrow(ApiError);
      }),
      { numRuns: 2000 },
    );
  });
});

const twoDigits = (value: number): string => String(value).padStart(2, "0");

function offsetOf(minutes: number): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${twoDigits(Math.floor(size / 60))}:${twoDigits(size % 60)}`;
}
