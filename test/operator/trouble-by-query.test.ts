/** The database and the program agree about what is in trouble, at each border of time. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "../support/properties.js";
import { addMs, MINUTE_MS } from "../../shared/clock.js";
import { troubleOf } from "../../shared/operator/trouble.js";
import type { Database } from "../../shared/store/engine/database.js";
import { END_REASONS } from "../../shared/contract/schemas.js";
import { countForOperator, listForOperator } from "../../shared/store/operator.js";
import { createStore, type Store } from "../../shared/store/store.js";
import { LATE_MS, START_MS } from "../../shared/store/trouble.js";
import { runningIngest, T0 } from "../support/app/ingests.js";
import { openTestPostgres } from "../support/database/databases.js";

let database: Database;
let store: Store;
beforeAll(async () => {
  database = await openTestPostgres();
  store = createStore(database);
});
afterAll(() => database.close());

const NOW = addMs(T0, 5 * MINUTE_MS);

const instant = fc
  .constantFrom(-START_MS - 1, -START_MS, 1 - START_MS, -LATE_MS - 1, -LATE_MS, 1 - LATE_MS, 0, 1)
  .map((ms) => addMs(NOW, ms));
const instantOrNull = fc.oneof(fc.constant(null), instant);

const COLUMNS = fc.record({
  state: fc.constantFrom("starting", "running", "stopping"),
  created_at: instant,
  advance_at: instantOrNull,
  failure_code: fc.constantFrom(null, null, "InternalError"),
  media_state: fc.constantFrom(null, "connecting", "playing", "playing", "retrying", "failed"),
  on_air: fc
    .constantFrom(null, null, "primary", "backup", "filler")
    .map((source) =>
      source === null
        ? null
        : { source, index: 0, round: 0, since: T0.toISOString(), taskSince: T0.toISOString() },
    ),
  step_at: instantOrNull,
  stop_asked_at: instantOrNull,
  empty_at: instantOrNull,
  unsure_until: instantOrNull,
});

const ROWS = 400;

test("of live ingests: those that are listed and counted have a sentence, and no others", async () => {
  for (const columns of fc.sample(COLUMNS, { numRuns: ROWS, seed: 17 })) {
    const { taskId } = await runningIngest(store);
    const row = { ...columns, end_reason: columns.state === "stopping" ? "stopped" : null };
    const names = Object.keys(row);
    await database.query(
      `update ingest set ${names.map((name, at) => `${name} = $${at + 2}`).join(", ")} where task_id = $1`,
      [taskId, ...Object.values(row)],
    );
  }
  const all = await listForOperator(database.query, { isEnded: false, limit: ROWS });
  expect(all).toHaveLength(ROWS);

  const listed = await listForOperator(database.query, {
    isEnded: false,
    troubledAt: NOW,
    limit: ROWS,
  });

  const troubled = all.filter((ingest) => troubleOf(ingest, NOW).length > 0);
  expect(listed.map(({ taskId }) => taskId)).toEqual(troubled.map(({ taskId }) => taskId));
  expect(await countForOperator(database.query, { at: NOW })).toEqual({
    live: ROWS,
    troubled: troubled.length,
  });
  expect(troubled.length).toBeGreaterThan(ROWS / 4);
  expect(troubled.length).toBeLessThan(ROWS);
});

test("of ended ingests too", async () => {
  for (const reason of END_REASONS) {
    const { taskId } = await runningIngest(store);
    await database.query(
      "update ingest set state = 'ended', ended_at = $2, end_reason = $3 where task_id = $1",
      [taskId, NOW, reason],
    );
  }
  const all = await listForOperator(database.query, { isEnded: true, limit: 100 });

  const listed = await listForOperator(database.query, {
    isEnded: true,
    troubledAt: NOW,
    limit: 100,
  });

  const troubled = all.filter((ingest) => troubleOf(ingest, NOW).length > 0);
  expect(listed).toEqual(troubled);
  expect(troubled.map(({ endReason }) => endReason).sort()).toEqual(["failed", "lost"]);
});
