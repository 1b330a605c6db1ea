/** Each daily question of console/README.md is lived by clicks, in test/timed/console-day.test.ts. */
import { expect, test } from "@jest/globals";
import { readText } from "./prose-files.js";

/** The first cell of each row, and the step of the day. The budget has a suite of its own. */
const LIVED: Readonly<Record<string, string>> = {
  "What runs now, of all callers?": "what runs now? who started it?",
  "What is in trouble, and why?": "what is in trouble, and why?",
  "Who started this? What happened to it?": "what happened to an ingest?",
  "What has it cost, what will it?": "what has it cost, what will it?",
  "Stop everything in a room, or of a caller": "stop everything in a room; all of a caller; all",
  "Move all by an hour": "move all by an hour",
  "Is it healthy? Did the timers run?": "did the timers run?",
  "Is a budget nearly spent?": "warns on the health page from 80 % on",
};

test("the table of console/README.md has a row for each question here", () => {
  const [, section = ""] = readText("console/README.md").split("## The daily questions\n");
  const rows = [...(section.split("\n## ")[0] ?? "").matchAll(/^\| (?!question |---)(.+?) \|/gm)];

  expect(rows.map(([, question]) => question)).toEqual(Object.keys(LIVED));
});

test.each(Object.entries(LIVED))("a test lives by clicks: %s", (_, name) => {
  const suites = ["test/timed/console-day.test.ts", "test/console/budgets.test.ts"].map(readText);
  const names = suites.flatMap((suite) => [...suite.matchAll(/\b(?:step|test)\(\s*"([^"]+)"/g)]);

  expect(names.filter(([, own]) => own?.includes(name))).toHaveLength(1);
});
