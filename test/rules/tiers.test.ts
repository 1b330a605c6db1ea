/** Each suite belongs to one tier, and the table of docs/testing.md has each of them. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { headOf, rowsIn, TESTING_PAGE } from "../tiers/suites-table.js";
import { allSuites, ROOT, SLOW, tierOf } from "../tiers/tiers.js";

test.each(SLOW)("%s of slow-suites.json exists", (path) => {
  expect(existsSync(join(ROOT, path))).toBe(true);
});

test("slow-suites.json has no entry twice", () => {
  expect([...new Set(SLOW)]).toEqual(SLOW);
});

test.each(allSuites())("%s has a head comment that says what it proves", (suite) => {
  expect(headOf(readFileSync(join(ROOT, suite), "utf8"))).not.toBe("");
});

describe("the table of docs/testing.md (npm run test:table writes it)", () => {
  const rows = rowsIn(readFileSync(TESTING_PAGE, "utf8"));

  test("has a row for each suite, with its tier and what it proves", () => {
    const expected = allSuites().map((suite) => ({
      suite,
      tier: tierOf(suite),
      proves: headOf(readFileSync(join(ROOT, suite), "utf8")),
    }));

    expect(rows.map(({ suite, tier, proves }) => ({ suite, tier, proves }))).toEqual(expected);
  });
});
