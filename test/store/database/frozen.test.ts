/** An instance is frozen between two statements of a transaction: the server soon releases its locks. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { systemClock as clock } from "../../../shared/clock.js";
import type { Database } from "../../../shared/store/engine/database.js";
import { openPostgres } from "../../../shared/store/engine/postgres.js";
import { newPostgresUrl } from "../../support/database/databases.js";

let frozen: Database;
let other: Database;

beforeAll(async () => {
  const url = await newPostgresUrl();
  frozen = openPostgres(url, { idleInTransactionMs: 300, queryTimeoutMs: 2000 });
  other = openPostgres(url);
});
afterAll(() => Promise.all([frozen.close(), other.close()]));

const LOCK = "select pg_advisory_xact_lock(7)";

test("a transaction that does not continue releases its locks and is rolled back", async () => {
  let thaw = (): void => undefined;
  const frost = new Promise<void>((resolve) => (thaw = resolve));
  let held = (): void => undefined;
  const holding = new Promise<void>((resolve) => (held = resolve));
  const work = frozen.transaction(async (query) => {
    await query(LOCK);
    held();
    await frost;
    await query("select 1");
  });
  const failure = expect(work).rejects.toThrow();
  await holding;
  await other.query(LOCK);
  thaw();
  await failure;
  expect(await frozen.query("select 1 as one")).toEqual([{ one: 1 }]);
});

test("a statement whose client gave up also ends at the server", async () => {
  const work = frozen.transaction((query) => query("select pg_sleep(30)"));
  await expect(work).rejects.toThrow();
  const running = async () =>
    (
      await other.query(
        "select from pg_stat_activity where state = 'active' and query = 'select pg_sleep(30)'",
      )
    ).length;
  const giveUpMs = clock.elapsedMs() + 5000;
  while ((await running()) > 0 && clock.elapsedMs() < giveUpMs) await clock.sleep(50);
  expect(await running()).toBe(0);
});

test("settings of a transaction end with it and do not reach the pooler's next client", async () => {
  const [row] = await other.transaction((query) =>
    query("select current_setting('idle_in_transaction_session_timeout') as idle"),
  );
  expect(row).toEqual({ idle: "3s" });
  const [limits] = await other.query(
    "select current_setting('idle_in_transaction_session_timeout') as idle",
  );
  expect(limits).toEqual({ idle: "0" });
});
