/**
 * The promises of docs/promises.md hold over the first seeds. `npm run simulate` runs any number of
 * further seeds.
 */
import { describe, expect, test } from "@jest/globals";
import type { Coverage } from "./faults.js";
import { addCoverage, failureText, plainCoverage } from "./report.js";
import { simulate } from "./simulation.js";
import { openTestPostgres } from "../support/database/databases.js";

const seedsFrom = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => first + index);

describe("under any failures, every promise is kept", () => {
  const coverage: Coverage = new Map();

  test("on the model of the store, for 500 seeds", async () => {
    for (const seed of seedsFrom(1, 500)) {
      const verdict = await simulate({ seed });
      expect(failureText(verdict, { store: "model" })).toBe("");
      addCoverage(coverage, plainCoverage(verdict.coverage));
    }
  }, 180_000);

  const boundaries = () => [...coverage].filter(([name]) => /^(statement|call|timer) /.test(name));
  // Few seeds roll over. test/ingest/programme/roll-over-killed.test.ts stops each of its statements.
  // Few updates give a turn back: test/ingest/update/turns.test.ts waits for one that was not.
  // Few starts pass a budget, and budgets.overBudget only reads by how much.
  const RARE =
    /^statement (budgets\.overBudget|programmes\.(findSuccessor|swapTasks)|ingests\.endUpdateTurn)$/;
  const spared = () =>
    boundaries()
      .filter(([name, kinds]) => kinds.size < 2 && !RARE.test(name))
      .map(([name]) => name);

  test("and the seeds, or a few more, meet faults at every boundary", async () => {
    // Few seeds reach some statements.
    for (const seed of seedsFrom(501, 2000)) {
      if (spared().length === 0) break;
      const verdict = await simulate({ seed });
      expect(failureText(verdict, { store: "model" })).toBe("");
      addCoverage(coverage, plainCoverage(verdict.coverage));
    }
    expect(spared()).toEqual([]);
    expect(boundaries().length).toBeGreaterThan(30);
  }, 300_000);

  test("on the real statements, for 12 seeds", async () => {
    const database = await openTestPostgres();
    for (const seed of seedsFrom(1001, 12)) {
      const verdict = await simulate({ seed, database });
      expect(failureText(verdict, { store: "sql" })).toBe("");
    }
    await database.close();
  }, 180_000);
});

test("a seed has the same events on either store", async () => {
  const database = await openTestPostgres();
  for (const seed of [7, 9, 13, 16, 19]) {
    const onSql = await simulate({ seed, database });
    expect(storyOf(onSql)).toEqual(storyOf(await simulate({ seed })));
  }
  await database.close();
});

test("a seed replays exactly, to the last event", async () => {
  const [once, again] = [await simulate({ seed: 42 }), await simulate({ seed: 42 })];
  expect(storyOf(once).length).toBeGreaterThan(20);
  expect(storyOf(again)).toEqual(storyOf(once));
});

test("another seed has other events", async () => {
  const [one, other] = [await simulate({ seed: 42 }), await simulate({ seed: 43 })];
  expect(storyOf(other)).not.toEqual(storyOf(one));
});

const storyOf = ({ history }: { history: { tell: (ids: undefined, limit: number) => string[] } }) =>
  history.tell(undefined, Infinity);
