/** The windows of windows.txt: zones, gaps, folds, recurrences and lengths. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { checkWindows } from "../../shared/calendar/check-windows.js";
import { windowsBetween } from "../../shared/calendar/planned-windows.js";
import type { PlannedWindow, Window } from "../../shared/calendar/windows.js";
import { ROOT } from "../tiers/tiers.js";
import { rulesOf } from "../support/windows.js";

interface Row {
  title: string;
  zone: string;
  window: Window;
  range: { from: Date; to: Date };
  /** `start end reason`, in UTC. */
  expected: string[];
}

function readRow(text: string): Row {
  const [head = "", ...expected] = text.split("\n");
  const [title = "", zone = "", start = "", length = "", range = ""] = head.split(" | ");
  const [from = "", to = ""] = range.split(" ");
  return {
    title,
    zone,
    window: {
      ...(start.includes("T") && !start.includes(" ") ? { startAt: start } : { recurrence: start }),
      ...(length.includes(":") ? { endAt: length } : { durationSeconds: Number(length) }),
    },
    range: { from: new Date(from), to: new Date(to) },
    expected: expected.map((line) => line.trim()),
  };
}

const TABLE = readFileSync(join(ROOT, "test/calendar/windows.txt"), "utf8");
const ROWS = TABLE.split("\n\n")
  .filter((text) => !text.startsWith("#"))
  .map((text) => readRow(text.trim()));

const minuteText = (at: Date): string => `${at.toISOString().slice(0, 16)}Z`;

const lineOf = ({ nominalAt, endsAt, skipped }: PlannedWindow): string =>
  [minuteText(nominalAt), minuteText(endsAt), skipped].filter(Boolean).join(" ");

test("the table has its rows", () => {
  expect(ROWS.length).toBeGreaterThanOrEqual(90);
});

test.each(ROWS)("$zone: $title", ({ zone, window, range, expected }) => {
  const rules = rulesOf(window, { timeZone: zone });

  expect(checkWindows(rules)).toBeUndefined();
  expect(windowsBetween(rules, range).map(lineOf)).toEqual(expected);
});

test.each(ROWS)(
  "$zone: $title: the local times are those of the instants",
  ({ zone, window, range }) => {
    for (const planned of windowsBetween(rulesOf(window, { timeZone: zone }), range)) {
      expect(new Date(planned.localStart)).toEqual(planned.nominalAt);
      expect(new Date(planned.localEnd)).toEqual(planned.endsAt);
      expect(planned.localStart.slice(0, 16)).toBe(intlText(zone, planned.nominalAt));
    }
  },
);

const intlText = (timeZone: string, at: Date): string =>
  new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "short" })
    .format(at)
    .replace(" ", "T");
