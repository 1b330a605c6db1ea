/**
 * The long statements of starts and stops keep their plans on a connection. A connection that has
 * lost a plan, or has another one, gives the right answer all the same, and nothing is done twice.
 */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Database } from "../../../shared/store/engine/database.js";
import { nameOf, pinsNames } from "../../../shared/store/engine/kept-plans.js";
import { openPostgres } from "../../../shared/store/engine/postgres.js";
import { newPostgresUrl } from "../../support/database/databases.js";
import { nextRoom } from "../../support/app/rooms.js";
import { CN_APP, startTestApp } from "../../support/app/test-app.js";

const ADD = "insert into thing (n) select $1::int returning *";

let url: string;
let database: Database;
let other: Database;
beforeEach(async () => {
  url = await newPostgresUrl();
  database = openPostgres(url, { connectionsMax: 1 });
  other = openPostgres(url, { connectionsMax: 1 });
  await database.query("create table thing (n int)");
});
afterEach(() => Promise.all([database, other].map(({ close }) => close())));

const add = (n: number) => database.query(ADD, [n], "kept");

const plans = () =>
  database.query("select name, generic_plans > 0 as is_kept from pg_prepared_statements");

const things = async () =>
  (await other.query("select n from thing order by n")).map((row) => row["n"]);

test("a connection keeps the plan of a statement after some runs", async () => {
  for (let n = 0; n < 7; n += 1) await add(n);

  expect(await plans()).toEqual([{ name: nameOf(ADD), is_kept: true }]);
  expect(await things()).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

test("other statements have no name, and none has one in a transaction", async () => {
  await database.query(ADD, [1]);
  await database.transaction((query) => query(ADD, [2], "kept"));

  expect(await plans()).toEqual([]);
  expect(await things()).toEqual([1, 2]);
});

test("a connection whose plans were dropped, as by a pooler, goes on without names", async () => {
  await add(1);
  await database.query("deallocate all");

  expect(await add(2)).toEqual([{ n: 2 }]);
  expect(await add(3)).toEqual([{ n: 3 }]);
  expect(await plans()).toEqual([]);
  expect(await things()).toEqual([1, 2, 3]);
});

test("a connection that has the name from another process goes on without names", async () => {
  await database.query(`prepare "${nameOf(ADD)}" as ${ADD}`);

  expect(await add(1)).toEqual([{ n: 1 }]);
  expect(await add(2)).toEqual([{ n: 2 }]);
  expect(await plans()).toEqual([]);
  expect(await things()).toEqual([1, 2]);
});

test("a plan whose columns a migration changed is made anew, and is kept again", async () => {
  for (let n = 0; n < 7; n += 1) await add(n);
  await other.query("alter table thing add column more int default 5");

  expect(await add(7)).toEqual([{ n: 7, more: 5 }]);
  for (let n = 8; n < 15; n += 1) await add(n);
  expect(await plans()).toEqual([{ name: nameOf(ADD), is_kept: true }]);
  expect(await things()).toHaveLength(15);
});

test("a statement that fails by itself is not sent again", async () => {
  await other.query("create sequence tries");
  const failing = database.query("select nextval('tries') / $1::int", [0], "kept");

  await expect(failing).rejects.toMatchObject({ code: "22012" });
  expect(await other.query("select nextval('tries')::int as n")).toEqual([{ n: 2 }]);
});

test("equal names mean equal texts, in 63 bytes", () => {
  const names = [ADD, `${ADD} `, "select 1"].map(nameOf);

  expect(new Set(names).size).toBe(3);
  for (const name of names) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
});

describe("a proxy that gives a named statement a connection of its own gets none:", () => {
  test.each([
    ["postgres://u:p@main.proxy-abc123.eu-west-1.rds.amazonaws.com/trtc", true],
    [{ url: "postgres://u@Main.Proxy-abc123.EU-west-1.RDS.amazonaws.com:5432/trtc" }, true],
    ["postgres://u:p@main.abc123.eu-west-1.rds.amazonaws.com/trtc", false],
    ["postgres://u:p@main.cluster-abc123.eu-west-1.rds.amazonaws.com/trtc", false],
    ["postgres://u:p@localhost/trtc", false],
  ])("%j: %s", (address, isPinning) => {
    expect(pinsNames(address)).toBe(isPinning);
  });
});

test("starts and stops keep their plans, and go on over a migration of their table", async () => {
  const app = await startTestApp({ database: openPostgres(url, { connectionsMax: 1 }) });
  try {
    const media = { SdkAppId: CN_APP, RoomIdType: 0, StreamUrl: app.clip, RepeatNum: -1 };
    const roundTrip = async () => {
      const started = await app.post("start-ingest", { ...media, RoomId: nextRoom() });
      const TaskId = started.response["TaskId"];
      const stopped = await app.post("stop-ingest", { SdkAppId: CN_APP, TaskId });
      return [started.response.Error, stopped.response.Error];
    };
    for (let n = 0; n < 3; n += 1) expect(await roundTrip()).toEqual([undefined, undefined]);
    const names = await app.database.query("select name from pg_prepared_statements");
    expect(names.length).toBeGreaterThanOrEqual(4);
    await other.query("alter table ingest add column of_a_later_version int");

    for (let n = 0; n < 3; n += 1) expect(await roundTrip()).toEqual([undefined, undefined]);
    const tasks = await app.truth.tasks();
    expect(tasks.map(({ state }) => state)).toEqual(Array.from({ length: 6 }, () => "ended"));
  } finally {
    await app.close();
  }
});
