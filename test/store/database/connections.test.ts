/** How many connections an instance opens, when it closes them, and how it replaces broken ones. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { SECOND_MS, systemClock as clock } from "../../../shared/clock.js";
import type { Database } from "../../../shared/store/engine/database.js";
import { openPostgres } from "../../../shared/store/engine/postgres.js";
import { newPostgresUrl } from "../../support/database/databases.js";
import { type DatabaseProxy, startDatabaseProxy } from "../../support/database/database-proxy.js";
import { KEY, post } from "../../support/app/test-app.js";
import { startProcess } from "../../support/app/process.js";

let direct: string;
let proxy: DatabaseProxy;
beforeEach(async () => {
  direct = await newPostgresUrl();
  proxy = await startDatabaseProxy(direct);
});
afterEach(() => proxy.close());

const ask = ({ query }: Database) => query("select 1 as one");

async function until(isSo: () => boolean): Promise<void> {
  const giveUpMs = clock.elapsedMs() + 15 * SECOND_MS;
  while (!isSo()) {
    if (clock.elapsedMs() > giveUpMs) throw new Error("it did not come about");
    await clock.sleep(10);
  }
}

/** Waits until a statement of another connection runs, as the database reports it. */
async function untilAtWork(): Promise<void> {
  const observer = openPostgres(direct, { connectionsMax: 1 });
  const running = `select from pg_stat_activity
    where datname = current_database() and state = 'active' and pid <> pg_backend_pid()`;
  while ((await observer.query(running)).length === 0) await clock.sleep(5);
  await observer.close();
}

describe("connections", () => {
  const open = (limits: Parameters<typeof openPostgres>[1]) => openPostgres(proxy.url, limits);

  test("are at most four, however many queries run at once", async () => {
    const database = openPostgres(proxy.url);
    const asked = Array.from({ length: 100 }, () => database.query("select pg_sleep(0.005)"));
    expect(await Promise.all(asked)).toHaveLength(100);
    expect(proxy.connections()).toEqual({ open: 4, ever: 4 });
    await database.close();
  });

  test("are closed when they are idle", async () => {
    const database = open({ idleTimeoutMs: 50 });
    await ask(database);
    await until(() => proxy.connections().open === 0);
    expect(await ask(database)).toEqual([{ one: 1 }]);
    await database.close();
  });

  test("that break are replaced, and their running statements fail", async () => {
    const database = open({});
    const underWay = expect(database.query("select pg_sleep(10)")).rejects.toThrow();
    await untilAtWork();
    proxy.cut();
    await underWay;
    expect(await ask(database)).toEqual([{ one: 1 }]);
    expect(proxy.connections()).toEqual({ open: 1, ever: 2 });
    await database.close();
  });

  test("on which a statement takes too long are closed, and no later query receives its rows", async () => {
    const database = open({ queryTimeoutMs: 2000, connectionsMax: 1 });
    await expect(database.query("select 2 as one from pg_sleep(4)")).rejects.toThrow(/timeout/);
    expect(await ask(database)).toEqual([{ one: 1 }]);
    await until(() => proxy.connections().open === 1);
    expect(proxy.connections().ever).toBe(2);
    await database.close();
  });

  describe("whose server died without closing them", () => {
    const limitMs = 3 * SECOND_MS;
    const askThree = ({ query }: Database) =>
      Promise.all([1, 2, 3].map(() => query("select pg_sleep(0.1)")));

    test("are all replaced after the first statement that gets no answer", async () => {
      const database = open({ queryTimeoutMs: limitMs });
      await askThree(database);
      proxy.forget();
      await expect(ask(database)).rejects.toThrow(/timeout/);
      expect(await ask(database)).toEqual([{ one: 1 }]);
      await askThree(database);
      expect(proxy.connections()).toEqual({ open: 3, ever: 6 });
      await database.close();
    });

    test("hold a transaction up for one time limit, not two", async () => {
      const database = open({ queryTimeoutMs: limitMs });
      await ask(database);
      proxy.forget();
      const beganMs = clock.elapsedMs();
      await expect(database.transaction((query) => query("select 1"))).rejects.toThrow(/timeout/);
      expect(clock.elapsedMs() - beganMs).toBeLessThan(2 * limitMs);
      await database.close();
    });
  });

  test("that all hang make a new query fail after a time limit", async () => {
    const database = open({ connectionsMax: 1, connectTimeoutMs: 2000, queryTimeoutMs: 3000 });
    const hanging = expect(database.query("select pg_sleep(10)")).rejects.toThrow(/timeout/);
    await expect(ask(database)).rejects.toThrow(/timeout/);
    await hanging;
    expect(await ask(database)).toEqual([{ one: 1 }]);
    await database.close();
  });

  test("stay usable for other queries while a transaction fails on one", async () => {
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

/** Blocks this process: no timer runs, and no connection receives data. */
function freeze(statement: string): void {
  const script = `
    const client = new (require("pg").Client)(process.argv[1]);
    client.connect().then(() => client.query(process.argv[2])).then(() => client.end());`;
  execFileSync(process.execPath, ["-e", script, direct, statement]);
}

/** Returns when the request has arrived in the socket buffer of the server. */
async function handOver(url: string): Promise<{ status: () => Promise<number | undefined> }> {
  const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/json" };
  const asked = request(url, { method: "POST", headers });
  const answered = once(asked, "response") as Promise<[IncomingMessage]>;
  asked.end("{}");
  await once(asked, "finish");
  return {
    async status() {
      const [answer] = await answered;
      answer.resume();
      return answer.statusCode;
    },
  };
}

describe("an instance that was frozen", () => {
  const takeTwo = ({ query }: Database) =>
    Promise.all([1, 2].map(() => query("select pg_sleep(0.05)")));

  test("sends its first statement on a new connection if the server closed the old ones meanwhile", async () => {
    const database = openPostgres(direct);
    await takeTwo(database);
    freeze(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
    );
    expect(await ask(database)).toEqual([{ one: 1 }]);
    await database.close();
  });

  test("sends its first statement on a new connection if the network dropped the old ones", async () => {
    const database = openPostgres(proxy.url, { idleTimeoutMs: 100 });
    await takeTwo(database);
    proxy.forget();
    freeze("select pg_sleep(0.2)");
    expect(await ask(database)).toEqual([{ one: 1 }]);
    expect(proxy.connections().ever).toBe(3);
    await database.close();
  });

  test("serves its next request", async () => {
    const instance = await startProcess("local/start.ts", {
      DATABASE_URL: proxy.url,
      PORT: "0",
      TRTC_PORT: "0",
      // No timer may run first and notice it.
      EXPIRY_CRON: "0 0 0 1 1 * *",
      SETTLE_CRON: "0 0 0 1 1 * *",
      NOTIFY_CRON: "0 0 0 1 1 * *",
    });
    const url = `${instance.url}/list-ingests`;
    expect((await post(url, {})).status).toBe(200);
    const { open, ever } = proxy.connections();
    instance.child.kill("SIGSTOP");
    proxy.cut();
    await until(() => proxy.connections().open === 0);
    const { status } = await handOver(url);
    instance.child.kill("SIGCONT");
    expect(await status()).toBe(200);
    expect([open, proxy.connections().ever]).toEqual([1, ever + 1]);
    await instance.end("SIGKILL");
  });
});
