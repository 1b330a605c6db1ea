/** What planning costs for very many schedules, on real PostgreSQL. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { SECOND_MS } from "../../shared/clock.js";
import type { Database, Query } from "../../shared/store/engine/database.js";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import { newPostgresUrl } from "../support/database/databases.js";
import { openPlanner, type Planner } from "../support/schedules/planner.js";

const NOW = new Date("2026-03-10T12:00:00Z");
const SCHEDULES = 10_000;
/** Schedules of one batch. */
const BATCH = 500;
/** The claim, the known occurrences, the ingests, the occurrences, and the schedules. */
const STATEMENTS_OF_BATCH = 5;

let planner: Planner;
let sent: string[];

beforeAll(async () => {
  const url = await newPostgresUrl();
  const record =
    (query: Query): Query =>
    (text, parameters) => {
      sent.push(text);
      return query(text, parameters);
    };
  planner = await openPlanner(() => {
    const database = openPostgres(url, { queryTimeoutMs: 60 * SECOND_MS });
    const recorded: Database = {
      ...database,
      query: record(database.query),
      transaction: (work) => database.transaction((query) => work(record(query))),
    };
    return Promise.resolve(recorded);
  });
  sent = [];
  planner.goTo(NOW);
});
afterAll(() => planner.database.close());

/** Copies of one schedule, each with a minute of its own. `planAt`: when planning looks at them. */
async function insertMany(count: number, { name, planAt }: { name: string; planAt: Date }) {
  const { query } = planner.database;
  const schedule = await planner.create();
  await query("delete from occurrence where schedule_id = $1", [schedule.scheduleId]);
  await query("delete from ingest where occurrence ->> 'scheduleId' = $1", [schedule.scheduleId]);
  await query(
    `insert into schedule
     select (jsonb_populate_record(schedule, jsonb_build_object(
       'schedule_id', $1 || n, 'name', $1 || n, 'planned_until', $2::timestamptz,
       'plan_at', $2::timestamptz,
       'definition', jsonb_set(definition, '{windows,0,recurrence}',
         to_jsonb(format('%s %s * * *', n % 60, n / 60 % 24)))
     ))).*
     from schedule, generate_series(1, $3::integer) as n
     where schedule_id = $4`,
    [name, planAt, count, schedule.scheduleId],
  );
  await query("delete from schedule where schedule_id = $1", [schedule.scheduleId]);
  await query("vacuum analyze");
}

const countOf = async (from: string): Promise<number> => {
  const [row] = await planner.database.query(`select count(*)::integer as count from ${from}`);
  return Number(row?.["count"]);
};

test("10,000 schedules are planned a day ahead, in a few statements for each 500", async () => {
  await insertMany(SCHEDULES, { name: "due-", planAt: NOW });
  sent = [];
  const beganMs = performance.now();
  const used = process.cpuUsage();

  const run = await planner.plan();

  const { user } = process.cpuUsage(used);
  const seconds = (performance.now() - beganMs) / SECOND_MS;
  // The time depends on the machine, so it is printed only. A free one needs less than five seconds.
  const ownSeconds = user / 1e6;
  process.stdout.write(
    `10,000 schedules: ${seconds.toFixed(1)} s, CPU time of this process ${ownSeconds.toFixed(1)} s\n`,
  );
  expect(run).toMatchObject({ planned: SCHEDULES, scheduled: SCHEDULES });
  // The duties, the settlement, and one empty claim of each lane.
  expect(sent).toHaveLength((SCHEDULES / BATCH) * STATEMENTS_OF_BATCH + 4);
  expect(await countOf("occurrence")).toBe(SCHEDULES);
  expect(await countOf("ingest")).toBe(SCHEDULES);
  expect(await countOf("(select distinct occurrence from ingest) as planned")).toBe(SCHEDULES);
});

test("a run costs one statement when nothing is due", async () => {
  sent = [];
  expect(await planner.plan()).toMatchObject({ planned: 0, scheduled: 0 });
  expect(sent).toHaveLength(1);
});

test("a run for 20 schedules reads no rows of the 10,000 that are not due", async () => {
  await insertMany(20, { name: "few-", planAt: NOW });
  const before = await rowsRead();

  expect(await planner.plan()).toMatchObject({ planned: 20, scheduled: 20 });

  expect((await rowsRead()) - before).toBeLessThanOrEqual(20 * 10);
});

/** PostgreSQL counts the rows that scans return. A session reports its counts when it is told to. */
async function rowsRead(): Promise<number> {
  await planner.database.query("select pg_stat_force_next_flush()");
  const [row] = await planner.database.query(
    `select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::integer as count
     from pg_stat_user_tables where relname in ('schedule', 'occurrence', 'ingest')`,
  );
  return Number(row?.["count"]);
}
