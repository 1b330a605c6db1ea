/** `npm run bench -- --check`: which ratios are worse than the committed ones. */
import { afterAll, describe, expect, test } from "@jest/globals";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkBudget, keepBudget } from "../../bench/budget.js";
import { type Results, unmeasuredIn } from "../../bench/results.js";

const machine = { node: "v20.20.2", cpu: "any", cores: 2 };

const run = (time: number, rate: number, quick = false): Results => ({
  ...machine,
  quick,
  sections: [
    {
      title: "starts",
      rows: [],
      ratios: [{ name: "rate", value: rate, better: "more" }],
      goals: [
        { name: "time", value: time, atMost: 1, unit: "", met: time <= 1 },
        { name: "own cost", value: 5, atMost: 1, unit: " ms", met: false },
      ],
    },
  ],
});

const committed = {
  full: {
    ...machine,
    date: "2026-11-30",
    ratios: {
      "starts: time": { value: 2, noise: 0.2, better: "less" as const },
      "starts: rate": { value: 0.5, noise: 0.25, better: "more" as const },
      "others: time": { value: 1, noise: 0.1, better: "less" as const },
    },
  },
};

describe("a check", () => {
  test.each([
    ["as committed", 2, 0.5, true],
    ["within the noise", 2.39, 0.41, true],
    ["better", 0.1, 9, true],
    ["slower by more than the noise", 2.41, 0.5, false],
    ["of a lower rate by more than the noise", 2, 0.39, false],
    ["not a number", Number.NaN, 0.5, false],
  ])("of a run that is %s", (_, time, rate, isKept) => {
    expect(checkBudget(run(time, rate), committed).isKept).toBe(isKept);
  });

  test("has a line for each ratio that was measured, with its bound", () => {
    expect(checkBudget(run(2.5, 0.5), committed).lines).toEqual([
      "compared with 2026-11-30, any",
      "  WORSE  starts: time: 2.50, at most 2.40 (was 2.00)",
      "  kept   starts: rate: 0.50, at least 0.40 (was 0.50)",
    ]);
  });

  test("fails when a section no longer has a committed ratio", () => {
    const results = run(2, 0.5);
    const sections = results.sections.map((section) => ({ ...section, goals: [] }));
    expect(checkBudget({ ...results, sections }, committed)).toMatchObject({
      isKept: false,
      lines: expect.arrayContaining(["  WORSE  starts: time: NaN, at most 2.40 (was 2.00)"]),
    });
  });

  test("without a committed ratio is no success, and says what to run", () => {
    expect(checkBudget(run(2, 0.5, true), committed)).toEqual({
      isKept: false,
      lines: ["budget.json has no ratio of these measurements: npm run bench -- --keep"],
    });
  });
});

test("a figure, ratio or goal that is no number, and a section without subjects, are named", () => {
  const { sections } = run(Number.NaN, -1);
  const rows = [{ subject: "one", figures: { p50Ms: Number.NaN, p99Ms: 2 } }];
  const measured = [...sections, { title: "stops", rows, ratios: [], goals: [] }];
  expect(unmeasuredIn({ sections: measured })).toEqual([
    "starts: nothing",
    "starts: rate",
    "starts: time",
    "stops: one: p50Ms",
  ]);
});

describe("what is kept", () => {
  const folder = mkdtempSync(join(tmpdir(), "budget-"));
  const file = join(folder, "budget.json");
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test("is the median of the runs, with twice what they differ, beside the other ratios", () => {
    writeFileSync(file, JSON.stringify(committed));
    keepBudget([run(2, 0.4), run(3, 0.5), run(2.5, 0.1)], file);

    const { full } = JSON.parse(readFileSync(file, "utf8")) as typeof committed;
    expect(full.ratios).toEqual({
      "starts: time": { value: 2.5, noise: 0.4, better: "less" },
      "starts: rate": { value: 0.4, noise: 6, better: "more" },
      "others: time": { value: 1, noise: 0.1, better: "less" },
    });
  });

  test("of a count that is zero lets no later run have one", () => {
    writeFileSync(file, JSON.stringify({}));
    keepBudget([run(0, 0.4), run(0, 0.4), run(0, 0.4)], file);

    const budgets = JSON.parse(readFileSync(file, "utf8")) as typeof committed;
    expect(budgets.full.ratios["starts: time"]).toMatchObject({ value: 0, noise: 0.15 });
    expect(checkBudget(run(0, 0.4), budgets).isKept).toBe(true);
    expect(checkBudget(run(1, 0.4), budgets).isKept).toBe(false);
  });
});

test("the committed ratios are of both forms, and each has a bound", () => {
  const budgets = JSON.parse(readFileSync("bench/budget.json", "utf8")) as Record<
    string,
    (typeof committed)["full"]
  >;
  expect(Object.keys(budgets).sort()).toEqual(["full", "quick"]);
  for (const { ratios } of Object.values(budgets)) {
    for (const { value, noise } of Object.values(ratios)) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(noise).toBeGreaterThan(0);
    }
  }
});
