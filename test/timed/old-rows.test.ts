/**
 * Old rows stay cheap: every statement of the store, with 200,000 ended ingests and with 10,000, on
 * real PostgreSQL. It counts the pages that a statement reads, so a busy machine changes nothing.
 * `npm run bench -- --only old-rows` measures times, with 10,000,000.
 */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { addOldRows } from "../../bench/measures/old-rows/ended-rows.js";
import { type Explained, explain } from "../../bench/measures/old-rows/explain.js";
import { addMs, MINUTE_MS } from "../../shared/clock.js";
import type { Database } from "../../shared/store/engine/database.js";
import { openToMigrate } from "../../shared/store/engine/postgres.js";
import { T0 } from "../support/app/ingests.js";
import { newPostgresUrl } from "../support/database/databases.js";
import { type Recorded, recordedStatements } from "../store/statements/recorded.js";

const FEW = 10_000;
const MANY = 200_000;

/** They grow with the ended rows. A statement that reads them whole is slow one day. */
const LARGE = ["ingest", "ingest_event", "occurrence"];

/**
 * An index of twenty times the rows is a level deeper, and beside few rows a statement may find fewer
 * than its limit. A statement that reads ended rows in vain has twenty times the pages.
 */
const pagesMax = (besideFew: number): number => 2 * besideFew + 600;

/** What no deployed function sends: migrations, and the move of an account. */
const IS_LEFT_OUT =
  /^(migrate|readVersion|beginAnew|movable\w+|copySpending|dropSpending|copyAudience|countLeft|settleHeld|planHeld)\b/;

/** It only asks whether there is one, and the first row that it meets is one. */
const STOPS_AT_ONCE = "schedules.readDuties";

let few: Database;
let many: Database;
let statements: Recorded[];

beforeAll(async () => {
  [few, many] = (await Promise.all([FEW, MANY].map(stored))) as [Database, Database];
  statements = (await recordedStatements()).filter(({ name }) => !IS_LEFT_OUT.test(name));
}, 20 * MINUTE_MS);
afterAll(() => Promise.all([few.close(), many.close()]));

async function stored(ended: number): Promise<Database> {
  const database = openToMigrate(await newPostgresUrl());
  await addOldRows(database.query, { ended, now: T0 });
  return database;
}

/** The samples name rows that are not there. Here they name rows that run. */
async function valuesFor({ query }: Database, { values }: Recorded): Promise<unknown[]> {
  const [first, second] = await query(
    `select task_id, trtc_task_id from ingest where caller_id = 'caller' and state = 'running'
     order by task_id limit 2`,
  );
  const known = new Map([
    ["ing-1", first?.["task_id"]],
    ["ing-2", second?.["task_id"]],
    ["trtc-1", first?.["trtc_task_id"]],
  ]);
  const replaced = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(replaced);
    if (typeof value === "symbol") return '{"kind":"operator","id":"test"}';
    if (typeof value !== "string") return value;
    return known.get(value) ?? value.replaceAll('"sch-1"', '"schedule"');
  };
  return values.map(replaced);
}

/** Without any effect on the rows. */
async function explained(database: Database, statement: Recorded): Promise<Explained> {
  const values = await valuesFor(database, statement);
  await database.query("begin");
  try {
    return await explain(database.query, statement.text, values);
  } finally {
    await database.query("rollback");
  }
}

test(
  "no statement reads a large table whole, or more pages beside more ended rows",
  async () => {
    const faults: string[] = [];
    for (const statement of statements) {
      const beside = {
        few: await explained(few, statement),
        many: await explained(many, statement),
      };
      const scanned = beside.many.scanned.filter((table) => LARGE.includes(table));
      if (scanned.length > 0 && statement.name !== STOPS_AT_ONCE) {
        faults.push(`${statement.name} scans ${scanned.join()}`);
      }
      if (beside.many.pages > pagesMax(beside.few.pages)) {
        faults.push(
          `${statement.name}: ${beside.many.pages} pages, ${beside.few.pages} beside few`,
        );
      }
    }
    expect(faults).toEqual([]);
  },
  20 * MINUTE_MS,
);

/** Each with what makes it rare, and the index that finds it. */
test.each([
  ["ingest_list_app", "ingests.list, of an application"],
  ["ingest_list_app", "listForOperator, ended of an application"],
  ["ingest_failed", "listForOperator, failed"],
  ["ingest_ended", "ingests.forgetEnded"],
  ["ingest_claims", "ingests.claimDue"],
  ["ingest_advances", "scheduled.claimDue"],
  ["occurrence_pkey", "schedules.listOccurrences"],
])("%s serves %s", async (index, name) => {
  const statement = statements.find((sent) => sent.name === name);
  if (!statement) throw new Error(`no sample has the name ${name}`);
  expect((await explained(many, statement)).indexes).toContain(index);
});

test("the retention deletes the oldest batch without reading the others", async () => {
  const { text, values } = statements.find(
    ({ name }) => name === "ingests.forgetEnded",
  ) as Recorded;
  await many.query("begin");
  const half = addMs(T0, -100 * 24 * 60 * MINUTE_MS);
  const batch = await explain(many.query, text, [half, ...values.slice(1)]);
  await many.query("rollback");
  expect(batch.pages).toBeLessThan(1000);
  expect(batch.scanned).toEqual([]);
});
