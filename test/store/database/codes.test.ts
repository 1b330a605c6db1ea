/** PostgreSQL's error codes: which of them mean that the caller may try again, and which are bugs. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { Database } from "../../../shared/store/engine/database.js";
import { openPostgres, openToMigrate } from "../../../shared/store/engine/postgres.js";
import { newPostgresUrl } from "../../support/database/databases.js";
import { CN_APP, type TestApp, startTestApp } from "../../support/app/test-app.js";

/** Part of the server's message, where real messages contain values. */
const SECRET = "made-up-secret-in-a-message";

let url: string;
let admin: Database;
let app: TestApp;

beforeAll(async () => {
  url = await newPostgresUrl();
  admin = openPostgres(url);
  await admin.query("create table fault (code text)");
  await admin.query(`
    create function fail() returns trigger language plpgsql as $$
    declare found text;
    begin
      select code into found from fault;
      if found is not null then
        raise exception '${SECRET}' using errcode = found, detail = '${SECRET}';
      end if;
      return new;
    end $$`);
  await admin.query(
    "create trigger fail before insert on ingest for each row execute function fail()",
  );
  app = await startTestApp({ database: openPostgres(url) });
});
afterAll(async () => {
  await app.close();
  await admin.close();
});
beforeEach(() => admin.query("delete from fault"));

const start = (testApp: TestApp = app) =>
  testApp.post("start-ingest", {
    SdkAppId: CN_APP,
    RoomId: "room",
    RoomIdType: 0,
    StreamUrl: testApp.clip,
    RepeatNum: -1,
  });

const lastLine = (testApp: TestApp = app) =>
  JSON.parse(testApp.logLines.at(-1) ?? "") as { outcome: string; detail: string };

describe("codes after which the same request can work later", () => {
  test.each([
    ["40P01", "gave up the statement in favour of another that was in its way"],
    ["40001", "gave up the statement in favour of another that was in its way"],
    ["53100", "is out of connections, memory or disk"],
    ["53200", "is out of connections, memory or disk"],
    ["55P03", "did not get a lock in time that another session holds"],
    ["57014", "is starting or stopping, or ended the statement or the connection"],
    ["57P01", "is starting or stopping, or ended the statement or the connection"],
    ["57P02", "is starting or stopping, or ended the statement or the connection"],
    ["58030", "has trouble with its files"],
    ["25006", "takes no writes: it is failing over, or DATABASE_URL leads to a replica"],
    ["08006", "broke the connection off, or its pooler has none to give"],
  ])("%s: the database %s", async (code, words) => {
    await admin.query("insert into fault values ($1)", [code]);
    const { status, headers, response } = await start();
    expect([status, response.Error?.Code]).toEqual([503, "ServiceUnavailable"]);
    expect(headers.get("retry-after")).toBe("1");
    expect(lastLine()).toMatchObject({
      level: "error",
      outcome: "ServiceUnavailable",
      detail: `The database ${words} (${code})`,
    });
    await admin.query("delete from fault");
    expect((await start()).status).toBe(200);
  });
});

describe("codes of a bug of ours stay errors, and only the log names them", () => {
  test.each(["42601", "42P01", "42501", "23505", "23514", "22P02", "25P02", "P0001", "XX000"])(
    "%s",
    async (code) => {
      await admin.query("insert into fault values ($1)", [code]);
      const { status, response } = await start();
      expect([status, response.Error?.Code]).toEqual([500, "InternalError"]);
      expect(JSON.stringify(response)).not.toContain(SECRET);
      expect(lastLine()).toMatchObject({ outcome: "InternalError" });
      expect(lastLine().detail).toContain(SECRET);
    },
  );
});

describe("a real server:", () => {
  const name = () => new URL(url).pathname.slice(1);

  test("refuses a role that has all its connections in use", async () => {
    const role = `crowded_${name()}`;
    await admin.query(`create role ${role} login connection limit 1`);
    await admin.query(`grant all on all tables in schema public to ${role}`);
    const as = new URL(url);
    as.username = role;
    const other = openToMigrate(as.href);
    const crowded = await startTestApp({ database: openPostgres(as.href) });
    const answer = await other.transaction(async () => start(crowded));
    expect([answer.status, answer.response.Error?.Code]).toEqual([503, "ServiceUnavailable"]);
    expect(lastLine(crowded).detail).toMatch(/out of connections, memory or disk \(53300\)$/);
    await other.close();
    expect((await start(crowded)).status).toBe(200);
    await crowded.close();
  });

  test("ends a statement that waits too long for a locked table", async () => {
    await admin.query(`alter database ${name()} set statement_timeout = 200`);
    const slow = await startTestApp({ database: openPostgres(url) });
    await admin.transaction(async (query) => {
      await query("lock table ingest");
      const { status, response } = await start(slow);
      expect([status, response.Error?.Code]).toEqual([503, "ServiceUnavailable"]);
      expect(lastLine(slow).detail).toMatch(/\(57014\)$/);
    });
    expect((await start(slow)).status).toBe(200);
    await slow.close();
  });
});
