/**
 * A real PgBouncer in transaction mode, where two statements in a row may run on two connections.
 * Everything works as without it, and a full pooler counts as an unavailable database.
 */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { addMs, SECOND_MS, systemClock as clock } from "../../../shared/clock.js";
import type { Database } from "../../../shared/store/engine/database.js";
import { migrate } from "../../../shared/store/schema/migrate.js";
import { MIGRATIONS } from "../../../shared/store/schema/migrations.js";
import { openPostgres, openToMigrate } from "../../../shared/store/engine/postgres.js";
import { createStore } from "../../../shared/store/store.js";
import { versionChecked } from "../../../shared/store/schema/version.js";
import { newPostgresUrl } from "../../support/database/databases.js";
import { CN_APP, type TestApp, startTestApp } from "../../support/app/test-app.js";
import { newIngest, runningIngest } from "../../support/app/ingests.js";
import { type PgBouncer, startPgBouncer } from "../../support/database/pgbouncer.js";
import { PGBOUNCER } from "../../support/programs.js";
import { describeWith } from "../../support/needed.js";
import { runCli } from "../../support/cli.js";

const NEEDED = {
  isThere: PGBOUNCER !== undefined,
  program: "PgBouncer (apt-get install pgbouncer)",
};

const INSTANCES = 8;
const POOL_SIZE = 2;

/** The same suite with and without a pooler. */
const WAYS = [
  ["directly", undefined],
  ["through PgBouncer", { default_pool_size: POOL_SIZE, max_client_conn: 100 }],
] as const;

for (const [way, settings] of WAYS) {
  describeWith(NEEDED, `eight instances, ${way}:`, () => {
    let pooler: PgBouncer | undefined;
    let direct: Database;
    let instances: Database[];

    beforeAll(async () => {
      pooler = settings && (await startPgBouncer(settings));
      const url = await newPostgresUrl();
      direct = openPostgres(url, { connectionsMax: 1 });
      // All of them wait for connections at once, and a busy machine needs long for that.
      instances = Array.from({ length: INSTANCES }, () =>
        openPostgres(pooler?.urlOf(url) ?? url, { connectTimeoutMs: 60_000 }),
      );
    });
    afterAll(async () => {
      await Promise.all([direct, ...instances].map(({ close }) => close()));
      await pooler?.close();
    });

    /** `work` on each instance `times` times, all at once. */
    const onAll = <T>(
      times: number,
      work: (store: ReturnType<typeof createStore>, n: number) => Promise<T>,
    ) =>
      Promise.all(
        instances.flatMap((database, index) => {
          const store = createStore(database);
          return Array.from({ length: times }, (_each, n) => work(store, index * times + n));
        }),
      );

    test("a kept plan answers rightly on each connection, and once", async () => {
      await direct.query("create table kept (n int)");
      const sends = instances.flatMap(({ query }, index) =>
        Array.from({ length: 25 }, (_each, n) =>
          query("insert into kept select $1::int returning n", [index * 25 + n], "kept"),
        ),
      );
      const numbers = (await Promise.all(sends)).map(([row]) => row?.["n"]);

      expect(numbers).toEqual(Array.from({ length: INSTANCES * 25 }, (_each, n) => n));
      const [row] = await direct.query(
        "select count(*)::int as rows, count(distinct n)::int as numbers from kept",
      );
      expect(row).toEqual({ rows: 200, numbers: 200 });
    });

    test("one token, one row", async () => {
      const begun = await onAll(10, (store) =>
        store.ingests.beginStart(newIngest({ clientToken: "one", account: "token" })),
      );
      const outcomes = begun.map(({ outcome }) => outcome).sort();
      expect(outcomes).toEqual(["begun", ...Array.from({ length: 79 }, () => "token-known")]);
    });

    test("starts, slots 55 ms apart, outcomes and stops", async () => {
      const account = "slots";
      const sinceMs = clock.elapsedMs();
      // Each start is of another caller: one caller alone gets no slots so far ahead.
      const running = await onAll(10, (store, n) =>
        runningIngest(store, { account, clientToken: `t${n}`, callerId: `slots${n}` }),
      );
      const slots = await direct.query(
        `select extract(epoch from next_free_at - clock_timestamp()) as ahead from call_slot
       where account = $1 and action = 'StartStreamIngest'`,
        [account],
      );
      const ahead = Number(slots[0]?.["ahead"]);
      // The time of eighty slots, minus the time since the first one. The first twenty are at once.
      expect(ahead).toBeLessThanOrEqual(80 * 0.055);
      expect(ahead).toBeGreaterThan(60 * 0.055 - (clock.elapsedMs() - sinceMs) / SECOND_MS);
      const at = clock.now();
      const stopped = await onAll(10, async (store, n) => {
        const { taskId } = running[n] ?? { taskId: "" };
        const begun = await store.ingests.beginStop({
          taskId,
          at,
          leaseMs: 10_000,
          waitMaxMs: 60_000,
        });
        const fence = begun?.ingest.fence ?? -1;
        return store.ingests.markEnded({ taskId, fence, reason: "stopped", at });
      });
      expect(stopped.map((ingest) => ingest?.state)).toEqual(running.map(() => "ended"));
    });

    test("each due ingest is claimed by one", async () => {
      const at = clock.now();
      const due = await onAll(10, (store, n) =>
        runningIngest(store, { account: "due", clientToken: `due${n}`, deadlineAt: at }),
      );
      const claims = await onAll(5, (store) =>
        store.ingests.claimDue({ at, horizonAt: addMs(at, SECOND_MS), leaseMs: 10_000, limit: 3 }),
      );
      const claimed = claims.flat().map(({ taskId }) => taskId);
      expect(claimed.sort()).toEqual(due.map(({ taskId }) => taskId).sort());
    });

    test("a migration runs once, under its lock, while others wait for it", async () => {
      const url = await newPostgresUrl({ template: "template0" });
      const through = pooler?.urlOf(url) ?? url;
      // Two migrations may run at once, and one waits for the other: that takes both connections.
      const databases = Array.from({ length: 4 }, () => openToMigrate(through));
      const applied = await Promise.all(databases.map((database) => migrate(database)));
      expect(applied.flat()).toEqual([...MIGRATIONS]);
      const { code, output } = await runCli(["migrate"], { DATABASE_URL: through });
      expect([code, output]).toEqual([0, "the database is up to date\n"]);
      await Promise.all(databases.map(({ close }) => close()));
    });

    test("no more connections than the pool has", async () => {
      const url = await newPostgresUrl();
      const watch = openPostgres(url, { connectionsMax: 1 });
      const through = Array.from({ length: INSTANCES }, () =>
        openPostgres(pooler?.urlOf(url) ?? url),
      );
      const asked = through.flatMap(({ query }) =>
        Array.from({ length: 10 }, () =>
          query("select pg_backend_pid() as pid from pg_sleep(0.005)"),
        ),
      );
      const pids = new Set((await Promise.all(asked)).map(([row]) => row?.["pid"]));
      if (pooler) expect(pids.size).toBeLessThanOrEqual(POOL_SIZE);
      else expect(pids.size).toBeGreaterThan(INSTANCES);
      await Promise.all([watch, ...through].map(({ close }) => close()));
    });
  });
}

describeWith(NEEDED, "the functions behind PgBouncer", () => {
  const body = (app: TestApp) => ({
    SdkAppId: CN_APP,
    RoomId: "room",
    RoomIdType: 0,
    StreamUrl: app.clip,
    RepeatNum: -1,
  });
  const open = async (settings: Record<string, string | number>, url: string) => {
    const pooler = await startPgBouncer(settings);
    const database = versionChecked(openPostgres(pooler.urlOf(url)));
    return { pooler, app: await startTestApp({ database, env: { EXPIRY_TICK_SECONDS: "1" } }) };
  };

  test("start, change, stop and expire", async () => {
    const { pooler, app } = await open({ default_pool_size: 1 }, await newPostgresUrl());
    const { response } = await app.post("start-ingest", body(app));
    const ingest = { SdkAppId: CN_APP, TaskId: response["TaskId"] };
    expect((await app.post("update-ingest", { ...ingest, Volume: 50 })).status).toBe(200);
    expect((await app.post("describe-ingest", ingest)).response).toMatchObject({
      State: "running",
    });
    expect((await app.post("stop-ingest", ingest)).status).toBe(200);
    const StopTime = addMs(clock.now(), SECOND_MS).toISOString();
    await app.post("start-ingest", { ...body(app), StopTime });
    const counts = await app.functionNamed("expire-ingests").handler({ Type: "Timer" });
    expect(counts).toMatchObject({ claimed: 1, stopped: 1, failed: 0 });
    await app.close();
    await pooler.close();
  });

  test("that takes no more clients asks the caller to try again", async () => {
    const url = await newPostgresUrl();
    const { pooler, app } = await open({ max_client_conn: 1 }, url);
    const other = openToMigrate(pooler.urlOf(url));
    const answer = await other.transaction(() => app.post("start-ingest", body(app)));
    expect([answer.status, answer.response.Error?.Code]).toEqual([503, "ServiceUnavailable"]);
    expect(app.logLines.at(-1)).toMatch(/"detail":"The database [^"]*\((08P01|53300)\)"/);
    await other.close();
    expect((await app.post("start-ingest", body(app))).status).toBe(200);
    await app.close();
    await pooler.close();
  });

  test("that has no free connection in time asks the caller to try again", async () => {
    const url = await newPostgresUrl();
    const { pooler, app } = await open({ default_pool_size: 1, query_wait_timeout: 1 }, url);
    const other = openToMigrate(pooler.urlOf(url));
    const answer = await other.transaction(async (query) => {
      await query("select 1");
      return app.post("start-ingest", body(app));
    });
    expect([answer.status, answer.response.Error?.Code]).toEqual([503, "ServiceUnavailable"]);
    expect(app.logLines.at(-1)).toMatch(/"detail":"The database [^"]*\(08P01\)"/);
    expect((await app.post("start-ingest", body(app))).status).toBe(200);
    await other.close();
    await app.close();
    await pooler.close();
  });

  test("that is gone asks the caller to try again", async () => {
    const { pooler, app } = await open({}, await newPostgresUrl());
    expect((await app.post("start-ingest", body(app))).status).toBe(200);
    await pooler.close();
    const { status, response } = await app.post("start-ingest", body(app));
    expect([status, response.Error?.Code]).toEqual([503, "ServiceUnavailable"]);
    await app.close();
  });
});
