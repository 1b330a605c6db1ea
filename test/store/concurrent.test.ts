/** Several instances at once, each with connections of its own, on real PostgreSQL. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { addMs, systemClock } from "../../shared/clock.js";
import type { Database } from "../../shared/store/engine/database.js";
import { migrate } from "../../shared/store/schema/migrate.js";
import { nameOf } from "../../shared/store/engine/kept-plans.js";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import { takeSlot } from "../../shared/store/slots.js";
import { beginAnew } from "../../shared/store/begin-anew.js";
import { createStore, type Store } from "../../shared/store/store.js";
import { newPostgresUrl } from "../support/database/databases.js";
import { newIngest, runningIngest, T0 } from "../support/app/ingests.js";
import { type Instances, startInstances } from "../support/database/instances.js";

describe("instances that share a PostgreSQL", () => {
  let databases: Database[];
  let stores: Store[];
  let everywhere: Instances["everywhere"];
  let close: Instances["close"];

  beforeAll(async () => {
    ({ databases, stores, everywhere, close } = await startInstances());
  });
  afterAll(() => close());

  test("two hundred starts with one token begin once", async () => {
    const outcomes = await everywhere(200, (store) =>
      store.ingests.beginStart(newIngest({ clientToken: "token one", account: "tokens" })),
    );
    expect(outcomes.filter(({ outcome }) => outcome === "begun")).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === "token-known")).toHaveLength(199);
  });

  test("two hundred concurrent requests get two hundred different slots that follow the rule", async () => {
    const slots = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        takeSlot((databases[n % databases.length] as Database).query, {
          account: "s",
          action: "A",
          waitMaxMs: 60_000,
          now: T0,
          readSlot: ({ slotMs }) => ({ msUntil: () => slotMs - T0.getTime() }),
        }),
      ),
    );
    const taken = slots.map((slot) => slot?.msUntil() ?? Number.NaN).sort((a, b) => a - b);
    expect(taken).toEqual(taken.map((_, n) => Math.floor(n / 20) * 1100 + (n % 20) * 5));
  });

  test("an instance that starts anew locks the rows by their TaskIds, as all others do", async () => {
    const [holder, beginning] = databases as [Database, Database];
    // The rows lie in the other order.
    for (const n of [5, 4, 3, 2, 1]) {
      await runningIngest(stores[0] as Store, { taskId: `anew-${n}`, robotUserId: `anew-${n}` });
    }
    const { free, begun } = await holder.transaction(async (query) => {
      await query("select from ingest where task_id = 'anew-3' for update");
      const begun = beginAnew(beginning.query, T0);
      await untilWaiting((databases[2] as Database).query);
      const unlocked = await (databases[2] as Database).query(
        "select task_id from ingest where task_id like 'anew-%' order by task_id for update skip locked",
      );
      return { free: unlocked.map((row) => row["task_id"]), begun };
    });
    await begun;

    expect(free).toEqual(["anew-4", "anew-5"]);
  });

  test("a request that waited for the row gets no slot in the past", async () => {
    const [holder, waiting] = databases as [Database, Database];
    const request = { account: "held", action: "A", waitMaxMs: 60_000, now: null };
    const take = ({ query }: Pick<Database, "query">) =>
      takeSlot(query, { ...request, readSlot: (times) => ({ msUntil: () => times.slotMs }) });
    await take(holder);
    const released = await holder.transaction(async (query) => {
      await take({ query });
      const taking = take(waiting);
      await untilWaiting(query);
      const [row] = await query("select extract(epoch from clock_timestamp()) * 1000 as ms");
      return { ms: Number(row?.["ms"]), taking };
    });
    const slot = await released.taking;
    expect(slot?.msUntil()).toBeGreaterThan(released.ms);
  });

  test("a due ingest is claimed by one of many concurrent runs", async () => {
    const store = stores[0] as Store;
    for (let n = 0; n < 40; n += 1) await runningIngest(store, { deadlineAt: T0 });
    const now = systemClock.now();
    const claims = await everywhere(20, (each) =>
      each.ingests.claimDue({ at: now, horizonAt: now, leaseMs: 10_000, limit: 5 }),
    );
    const ids = claims.flat().map(({ taskId }) => taskId);
    expect(ids.length).toBeGreaterThanOrEqual(40);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("one of many concurrent stops begins the end", async () => {
    const { taskId } = await runningIngest(stores[0] as Store);
    const at = addMs(T0, 1000);
    const begun = await everywhere(40, (each) =>
      each.ingests.beginStop({ taskId, at, leaseMs: 60_000, waitMaxMs: 60_000 }),
    );
    expect(begun.filter((each) => each !== undefined)).toHaveLength(1);
  });
});

/** Waits until another connection waits for a lock of this one. */
async function untilWaiting(query: Database["query"]): Promise<void> {
  const waits = `select from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`;
  while ((await query(waits)).length === 0) await systemClock.sleep(5);
}

test("no setting stays on a connection, and no prepared statement but those that may be lost", async () => {
  const database = openPostgres(await newPostgresUrl(), { connectionsMax: 1 });
  const store = createStore(database);
  const settings = "select name, setting from pg_settings where source = 'session' order by name";
  const before = await database.query(settings);
  const { taskId } = await runningIngest(store);
  await store.ingests.beginStop({ taskId, at: T0, leaseMs: 1000, waitMaxMs: 60_000 });
  await store.ingests.list({ callerId: "caller", limit: 1 });
  await migrate(database);
  const prepared = await database.query("select name, statement from pg_prepared_statements");
  expect(prepared).not.toEqual([]);
  expect(prepared.map(({ name }) => name)).toEqual(
    prepared.map(({ statement }) => nameOf(String(statement))),
  );
  expect(await database.query(settings)).toEqual(before);
  await database.close();
});
