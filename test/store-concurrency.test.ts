/** What several instances at once may rely on: on real PostgreSQL, with connections of their own. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { addMs, systemClock } from "../shared/clock.js";
import type { Database } from "../shared/store/database.js";
import { migrate } from "../shared/store/migrate.js";
import { openPostgres } from "../shared/store/postgres.js";
import { createStore, type Store } from "../shared/store/store.js";
import { newPostgresUrl } from "./support/databases.js";
import { newIngest, runningIngest, T0 } from "./support/ingests.js";

describe("instances that share a PostgreSQL", () => {
  let databases: Database[];
  let stores: Store[];

  beforeAll(async () => {
    const url = await newPostgresUrl();
    databases = Array.from({ length: 4 }, () => openPostgres(url));
    stores = databases.map((database) => createStore(database));
  });
  afterAll(() => Promise.all(databases.map((database) => database.close())));

  const everywhere = <T>(times: number, work: (store: Store, n: number) => Promise<T>) =>
    Promise.all(
      Array.from({ length: times }, (_, n) => work(stores[n % stores.length] as Store, n)),
    );

  test("two hundred starts with one token begin once", async () => {
    const outcomes = await everywhere(200, (store) =>
      store.beginStart(newIngest({ clientToken: "token one", account: "tokens" })),
    );
    expect(outcomes.filter(({ outcome }) => outcome === "begun")).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === "token-known")).toHaveLength(199);
  });

  test("a hundred slots asked for at once are a hundred different ones, at 20 a second or slower", async () => {
    const startedMs = systemClock.elapsedMs();
    const at = await everywhere(100, async (store) => {
      const slot = await store.takeSlot({ account: "s", action: "A", waitMaxMs: 60_000 });
      return systemClock.elapsedMs() - startedMs + (slot?.msUntil() ?? Number.NaN);
    });
    const last = Math.max(...at);
    expect(last).toBeGreaterThan(99 * 55 - 1);
  });

  test("a due ingest is claimed by one, however many look for it", async () => {
    const store = stores[0] as Store;
    for (let n = 0; n < 40; n += 1) await runningIngest(store, { deadlineAt: T0 });
    const now = systemClock.now();
    const claims = await everywhere(20, (each) =>
      each.claimDue({ at: now, horizonAt: now, leaseMs: 10_000, limit: 5 }),
    );
    const ids = claims.flat().map(({ taskId }) => taskId);
    expect(ids.length).toBeGreaterThanOrEqual(40);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("of many who ask for one end, one begins it", async () => {
    const { taskId } = await runningIngest(stores[0] as Store);
    const at = addMs(T0, 1000);
    const begun = await everywhere(40, (each) =>
      each.beginStop({ taskId, at, leaseMs: 60_000, waitMaxMs: 60_000 }),
    );
    expect(begun.filter((each) => each !== undefined)).toHaveLength(1);
  });
});

test("behind a transaction pooler nothing is left on a connection: no prepared statement, no setting", async () => {
  const database = openPostgres(await newPostgresUrl(), { connectionsMax: 1 });
  const store = createStore(database);
  const settings = "select name, setting from pg_settings where source = 'session' order by name";
  const before = await database.query(settings);
  const { taskId } = await runningIngest(store);
  await store.beginStop({ taskId, at: T0, leaseMs: 1000, waitMaxMs: 60_000 });
  await store.listIngests({ callerId: "caller", limit: 1 });
  await migrate(database);
  expect(await database.query("select name from pg_prepared_statements")).toEqual([]);
  expect(await database.query(settings)).toEqual(before);
  await database.close();
});
