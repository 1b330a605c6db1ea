/** How many connections an instance has, how long, and what becomes of one that broke. */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { SECOND_MS, systemClock as clock } from "../shared/clock.js";
import type { Database } from "../shared/store/database.js";
import { openPostgres } from "../shared/store/postgres.js";
import { newPostgresUrl } from "./support/databases.js";
import { type DatabaseProxy, startDatabaseProxy } from "./support/database-proxy.js";
import { post } from "./support/house.js";
import { type RunningProcess, startProcess } from "./support/process.js";

let proxy: DatabaseProxy;
beforeEach(async () => {
  proxy = await startDatabaseProxy(await newPostgresUrl());
});
afterEach(() => proxy.close());

async function until(isSo: () => boolean): Promise<void> {
  const giveUpMs = clock.elapsedMs() + 15 * SECOND_MS;
  while (!isSo()) {
    if (clock.elapsedMs() > giveUpMs) throw new Error("it did not come about");
    await clock.sleep(10);
  }
}

describe("connections", () => {
  const open = (limits: Parameters<typeof openPostgres>[1]) => openPostgres(proxy.url, limits);
  const ask = ({ query }: Database) => query("select 1 as one");

  test("are four at the most, however much is asked at once", async () => {
    const database = openPostgres(proxy.url);
    const asked = Array.from({ length: 100 }, () => database.query("select pg_sleep(0.005)"));
    expect(await Promise.all(asked)).toHaveLength(100);
    expect(proxy.connections()).toEqual({ open: 4, ever: 4 });
    await database.close();
  });

  test("are closed when nobody needs them", async () => {
    const database = open({ idleTimeoutMs: 50 });
    await ask(database);
    await until(() => proxy.connections().open === 0);
    expect(await ask(database)).toEqual([{ one: 1 }]);
    await database.close();
  });

  test("that break are replaced, and what was under way on them fails", async () => {
    const database = open({});
    const underWay = expect(database.query("select pg_sleep(10)")).rejects.toThrow();
    await until(() => proxy.connections().open === 1);
    await clock.sleep(100);
    proxy.cut();
    await underWay;
    expect(await ask(database)).toEqual([{ one: 1 }]);
    expect(proxy.connections()).toEqual({ open: 1, ever: 2 });
    await database.close();
  });

  test("on which a statement takes too long are closed, and nobody gets that statement's rows", async () => {
    const database = open({ queryTimeoutMs: 200, connectionsMax: 1 });
    await expect(database.query("select 2 as one from pg_sleep(0.4)")).rejects.toThrow(/timeout/);
    expect(await ask(database)).toEqual([{ one: 1 }]);
    await until(() => proxy.connections().open === 1);
    expect(proxy.connections().ever).toBe(2);
    await database.close();
  });

  test("are not waited for without end when all of them hang", async () => {
    const database = open({ connectionsMax: 1, connectTimeoutMs: 200, queryTimeoutMs: 1000 });
    const hanging = expect(database.query("select pg_sleep(10)")).rejects.toThrow(/timeout/);
    await expect(ask(database)).rejects.toThrow(/timeout/);
    await hanging;
    expect(await ask(database)).toEqual([{ one: 1 }]);
    await database.close();
  });

  test("are left to others while a transaction goes wrong on one", async () => {
    const database = open({ connectionsMax: 1 });
    const failing = database.transaction(async (query) => {
      await query("create table half (a int)");
      await query("select nonsense");
    });
    await expect(failing).rejects.toThrow(/nonsense/);
    expect(await database.query("select to_regclass('half') as half")).toEqual([{ half: null }]);
    await database.close();
  });
});

/** A whole process, stopped as the platforms stop an instance between two requests. */
describe("an instance that was frozen", () => {
  let instance: RunningProcess;
  beforeEach(async () => {
    instance = await startProcess("local/start.ts", {
      ...{ DATABASE_URL: proxy.url, PORT: "0", TRTC_PORT: "0" },
      // No timer may come first and find out.
      EXPIRY_CRON: "0 0 0 1 1 * *",
    });
  });
  afterEach(() => instance.end("SIGKILL"));

  const list = () => post(`${instance.url}/list-ingests`, {});

  test.each<[string, number, () => void]>([
    ["whose connection the server closed meanwhile", 300, () => proxy.cut()],
    ["whose connection is forgotten by all on the way", 11_000, () => proxy.forget()],
  ])("%s serves its next request", async (_, frozenMs, lose) => {
    for (let again = 0; again < 3; again += 1) expect((await list()).status).toBe(200);
    const { ever } = proxy.connections();
    expect(proxy.connections().open).toBe(1);
    instance.child.kill("SIGSTOP");
    lose();
    await clock.sleep(frozenMs);
    const answer = list();
    await clock.sleep(100);
    instance.child.kill("SIGCONT");
    expect((await answer).status).toBe(200);
    expect(proxy.connections().ever).toBe(ever + 1);
  });
});
