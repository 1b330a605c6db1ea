/**
 * The model of the store equals the store. For any operations in any order, both give the same
 * answers and hold the same rows. So a seed on the model also proves something about the SQL.
 */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Database } from "../../shared/store/engine/database.js";
import type { Ingest } from "../../shared/store/ingests/ingest-row.js";
import { createStore, type Store } from "../../shared/store/store.js";
import { createModelStore } from "./model/model-store.js";
import { makeTables, type SpentInDay } from "./model/tables.js";
import { IDS, type Operation } from "./operations/operation.js";
import { readSchedules } from "./operations/schedules.js";
import { operations } from "./operations/operations.js";
import { openTestPostgres } from "../support/database/databases.js";
import { T0 } from "../support/app/ingests.js";
import fc, { cases } from "../support/properties.js";
import { begunAndNotEnded } from "../support/database/counts.js";
import { differingHistories } from "../support/database/history.js";

let database: Database;
beforeAll(async () => {
  database = await openTestPostgres();
});
afterAll(() => database.close());

const TABLES =
  "outbox, ingest_event, spend_day, budget_turn, budget_notice, budget_standing, trtc_call, occurrence, schedule, caller_place, caller_lane, dead_letter, ingest, call_slot, used_signature, unclaimed_task, room_audience, metric_count";

/** All other operations of the store have to be tried; `ready`, `close` and `by` send no statement. */
const NOT_TRIED = ["ready", "close", "by", "outbox", "history", "health"];

/** Some runs take more than one second's slots at once. */
const RUNS = fc.constantFrom(1, 10).chain((limit) =>
  fc.array(fc.tuple(fc.oneof(...operations(limit)), fc.constantFrom(0, 3, 40, 900, 7000)), {
    minLength: 5,
    maxLength: 60,
  }),
);

test("for any operations, the model answers as the SQL does", async () => {
  await fc.assert(
    fc.asyncProperty(RUNS, async (steps) => {
      await database.query(`truncate ${TABLES}`);
      let nowMs = T0.getTime();
      const clock = { now: () => new Date(nowMs), elapsedMs: () => nowMs };
      const sql = createStore(database, { clock, isDatabaseOnClock: true });
      const tables = makeTables();
      const databaseNowMs = () => nowMs;
      const model = createModelStore({ tables, databaseNowMs, elapsedMs: clock.elapsedMs });
      for (const [run, passedMs] of steps) {
        // No two operations share an instant, because rows with equal times have no order.
        nowMs += passedMs + 1;
        const at = new Date(nowMs);
        expect(await answerOf(model, run, at)).toEqual(await answerOf(sql, run, at));
        const { ingests, unclaimed, audience, schedules, occurrences } = tables;
        const counted = [ingests, unclaimed, audience, schedules, occurrences];
        expect(await sizes()).toEqual(counted.map(({ size }) => size));
      }
      const readAll = async (store: Store) => Promise.all(IDS.map((id) => store.ingests.read(id)));
      expect(await readAll(model)).toEqual(await readAll(sql));
      expect(await spentIn(database)).toEqual(sortedSpending([...tables.spent.values()]));
      expect(await differingHistories(database)).toEqual([]);
      const { by_counts: byCounts, by_rows: byRows } = await begunAndNotEnded(database);
      expect(byCounts).toBe(byRows);
      const at = new Date(nowMs);
      expect(await readSchedules(model, at)).toEqual(await readSchedules(sql, at));
    }),
    { numRuns: Number(process.env["CASES"] ?? cases(200)) },
  );
}, 600_000);

async function spentIn({ query }: Database): Promise<SpentInDay[]> {
  const rows = await query(
    `select caller_id, sdk_app_id, extract(epoch from day) * 1000 as day_ms,
            sum(played_ms) as ms, sum(micro_usd) as micro_usd
     from spend_day group by caller_id, sdk_app_id, day`,
  );
  return sortedSpending(
    rows.map((row) => ({
      callerId: String(row["caller_id"]),
      sdkAppId: Number(row["sdk_app_id"]),
      dayMs: Number(row["day_ms"]),
      ms: Number(row["ms"]),
      microUsd: Number(row["micro_usd"]),
    })),
  );
}

const sortedSpending = (spent: readonly SpentInDay[]): SpentInDay[] =>
  [...spent].sort((one, other) => keyOf(one).localeCompare(keyOf(other)));

const keyOf = ({ callerId, sdkAppId, dayMs }: SpentInDay): string =>
  `${callerId} ${sdkAppId} ${dayMs}`;

test("every operation of the store is tried", () => {
  const texts = operations(1).map((each) => fc.sample(each, { numRuns: 1, seed: 1 })[0]);
  const tried = texts.map((each) => fc.stringify(each)).join("\n");
  const names = Object.entries(createStore(database))
    .filter(([group]) => !NOT_TRIED.includes(group))
    .flatMap(([group, operation]) =>
      Object.keys(operation as object).map((name) => `${group}.${name}`),
    );
  expect(names.filter((name) => !tried.includes(`store.${name}(`))).toEqual([]);
});

async function sizes(): Promise<number[]> {
  const counts = ["ingest", "unclaimed_task", "room_audience", "schedule", "occurrence"].map(
    (table) => `(select count(*)::int from ${table})`,
  );
  const [row] = await database.query(`select array[${counts.join(", ")}] as sizes`);
  return row?.["sizes"] as number[];
}

/** A slot becomes the time until it. Lists are sorted by id, since `returning` has no order. */
async function answerOf(store: Store, run: Operation, at: Date): Promise<unknown> {
  const answer = await run(store, at);
  if (Array.isArray(answer)) {
    return (answer as Ingest[]).toSorted((a, b) => (a.taskId < b.taskId ? -1 : 1));
  }
  return withWaits(answer);
}

/** Columns that a statement returns beside the row. */
const BESIDE = new Set(["slotMs", "databaseNowMs", "tokenKnown"]);

const INSIDE = new Set(["slot", "ingest"]);

function withWaits(answer: unknown): unknown {
  if (typeof answer !== "object" || answer === null || answer instanceof Date) return answer;
  if ("msUntil" in answer) return Math.round((answer as { msUntil: () => number }).msUntil());
  const entries = Object.entries(answer as Record<string, unknown>)
    .filter(([key]) => !BESIDE.has(key))
    .map(([key, value]): [string, unknown] => [key, INSIDE.has(key) ? withWaits(value) : value]);
  return Object.fromEntries(entries);
}
