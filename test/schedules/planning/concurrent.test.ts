/** Planning by several instances and for many schedules at once, on real PostgreSQL. */
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { openPostgres } from "../../../shared/store/engine/postgres.js";
import type { Database } from "../../../shared/store/engine/database.js";
import { newPostgresUrl } from "../../support/database/databases.js";
import { hoursAfter, openPlanner, type Planner } from "../../support/schedules/planner.js";

const NOW = new Date("2026-03-10T12:00:00Z");

let planners: Planner[];
let planner: Planner;

beforeAll(async () => {
  const url = await newPostgresUrl();
  // Six runs share this process: while one of them computes, a transaction of another one waits.
  const open = () => Promise.resolve(openPostgres(url, { idleInTransactionMs: 60_000 }));
  planners = await Promise.all(Array.from({ length: 3 }, () => openPlanner(open)));
  planner = planners[0] as Planner;
});
beforeEach(async () => {
  await planner.clear();
  for (const each of planners) each.goTo(NOW);
});
afterAll(() => Promise.all(planners.map(({ database }) => database.close())));

/** Copies of one schedule, as their rows would be after a long time without planning. */
async function createMany(count: number, plannedUntil = NOW): Promise<void> {
  const schedule = await planner.create();
  await planner.database.query("delete from occurrence");
  await planner.database.query("delete from ingest");
  await planner.database.query(
    `insert into schedule
     select (jsonb_populate_record(schedule, jsonb_build_object(
       'schedule_id', schedule_id || '-' || n, 'name', name || n,
       'planned_until', $1::timestamptz, 'plan_at', $1::timestamptz
     ))).*
     from schedule, generate_series(1, $2::integer) as n`,
    [plannedUntil, count],
  );
  await planner.database.query("delete from schedule where schedule_id = $1", [
    schedule.scheduleId,
  ]);
  await planner.database.query("analyze");
}

const count = async (table: string): Promise<number> => {
  const [row] = await planner.database.query(`select count(*)::integer as count from ${table}`);
  return Number(row?.["count"]);
};

test("instances that plan at once plan each schedule once", async () => {
  await createMany(1200);

  const runs = await Promise.all([...planners, ...planners].map((each) => each.plan()));

  expect(runs.reduce((sum, { scheduled }) => sum + scheduled, 0)).toBe(1200);
  expect(await count("occurrence")).toBe(1200);
  expect(await count("ingest")).toBe(1200);
});

test("an edit at the same time as planning leaves one live ingest", async () => {
  const schedule = await planner.create({
    definition: { windows: [{ recurrence: "0 * * * *", durationSeconds: 600 }] },
  });
  for (const each of planners) each.goTo(hoursAfter(NOW, 3));

  const priorities = [1, 2, 3, 4, 5, 6];
  await Promise.all(
    priorities.flatMap((priority, n) => [
      (planners[n % 3] as Planner).redefine(schedule, { priority }),
      (planners[(n + 1) % 3] as Planner).plan(),
    ]),
  );

  const rows = await planner.database.query(
    `select nominal_at, count(*)::integer as live from occurrence
     join ingest on ingest.occurrence ->> 'nominalAt' = to_char(nominal_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
     where ingest.state <> 'ended' group by nominal_at`,
  );
  expect(rows.filter(({ live }) => live !== 1)).toEqual([]);
  // The first edit ends the starts of 12:00, 13:00 and 14:00, whose windows are over.
  expect(rows).toHaveLength(24);
  expect((await planner.read(schedule)).revision).toBe(7);
});

test("a run that is killed between two statements leaves nothing behind", async () => {
  await createMany(3);
  for (let killedAt = 1; ; killedAt += 1) {
    const { database } = planner;
    let sent = 0;
    const killed: Database = {
      ...database,
      transaction: (work) =>
        database.transaction((query) =>
          work((text, parameters) => {
            sent += 1;
            if (sent === killedAt) throw new Error("killed");
            return query(text, parameters);
          }),
        ),
    };
    const other = await openPlanner(() => Promise.resolve(killed));
    other.goTo(NOW);
    const run = await other.plan().catch(() => undefined);
    if (run !== undefined) break;
    expect(await count("occurrence")).toBe(0);
    expect(await count("ingest")).toBe(0);
  }
  expect(await count("occurrence")).toBe(3);
  expect(await count("ingest")).toBe(3);
});
