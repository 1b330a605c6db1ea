/** Code and database of different versions: which work together, and how the others are refused. */
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import { type Environment } from "../../shared/config/environment.js";
import type { Database } from "../../shared/store/engine/database.js";
import { migrate } from "../../shared/store/schema/migrate.js";
import type { Migration } from "../../shared/store/schema/migrations.js";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import {
  CODE_VERSION,
  readVersion,
  versionChecked,
  versionFault,
} from "../../shared/store/schema/version.js";
import { localEnvironment } from "../../local/environment/local-environment.js";
import { ENGINES, newPostgresUrl, openTestPostgres } from "../support/database/databases.js";
import { CN_APP, type TestApp, KEY, startTestApp } from "../support/app/test-app.js";
import { NEXT, NEXT_WITHOUT_US, upTo } from "../support/database/migrations.js";

const AFTER_NEXT: Migration = {
  version: NEXT.version + 1,
  name: "after-next",
  worksWith: CODE_VERSION,
  sql: "alter table ingest add column another text;",
};

describe("whether they fit", () => {
  test.each([
    [{ version: 0, worksWith: 0 }, 1, "is at version 0 (it was never migrated), this code needs 1"],
    [{ version: 2, worksWith: 0 }, 5, "is at version 2, this code needs 5: run `npm run migrate`"],
    [{ version: 5, worksWith: 0 }, 5, undefined],
    [{ version: 7, worksWith: 4 }, 5, undefined],
    [{ version: 7, worksWith: 5 }, 5, undefined],
    [{ version: 7, worksWith: 6 }, 5, "needs code of version 6 or newer, and this code is of"],
  ])("%p and code of version %d", (database, codeVersion, fault) => {
    const said = versionFault(database, codeVersion);
    if (fault === undefined) expect(said).toBeUndefined();
    else expect(said).toContain(fault);
  });
});

describe.each(ENGINES)("what a database of %s says of itself", (_, open) => {
  test("is its version, and the oldest code that works with all its newer migrations", async () => {
    const database = await open();
    const read = (codeVersion?: number) => readVersion(database.query, codeVersion);
    expect(await read()).toEqual({ version: CODE_VERSION, worksWith: 0 });
    await migrate(database, { migrations: upTo(NEXT_WITHOUT_US, AFTER_NEXT) });
    const version = AFTER_NEXT.version;
    expect(await read()).toEqual({ version, worksWith: NEXT.version });
    expect(await read(NEXT.version)).toEqual({ version, worksWith: CODE_VERSION });
    expect(await read(version)).toEqual({ version, worksWith: 0 });
    await database.close();
  });

  test("is version 0 without a ledger, and is readable from an old ledger", async () => {
    const database = await open();
    await database.query("alter table schema_migration drop column works_with");
    expect(await readVersion(database.query)).toEqual({ version: CODE_VERSION, worksWith: 0 });
    await database.query("insert into schema_migration (version, name) values (99, 'unknown')");
    expect(await readVersion(database.query)).toEqual({ version: 99, worksWith: 99 });
    await database.query("drop table schema_migration");
    expect(await readVersion(database.query)).toEqual({ version: 0, worksWith: 0 });
    await database.close();
  });
});

describe("an instance asks", () => {
  const counted = (database: Database) => {
    const asked: string[] = [];
    const query: Database["query"] = (text, parameters) => {
      asked.push(text);
      return database.query(text, parameters);
    };
    return { asked, database: { ...database, query } };
  };

  test("once, with its first statement, however many run at once", async () => {
    const database = await openTestPostgres();
    const { asked, database: watched } = counted(database);
    const checked = versionChecked(watched);
    expect(asked).toEqual([]);
    await Promise.all([1, 2, 3].map((n) => checked.query("select $1::int as n", [n])));
    await checked.transaction((query) => query("select 4"));
    expect(asked.filter((text) => text.includes("schema_migration"))).toHaveLength(1);
    expect(asked).toHaveLength(4);
    await database.close();
  });

  test("not at all for a request that is refused before the database is used", async () => {
    const away = openPostgres("postgres://nobody@127.0.0.1:1/nothing");
    const app = await startTestApp({ database: versionChecked(away) });
    const { status, response } = await app.post(
      "start-ingest",
      { SdkAppId: CN_APP },
      { authorization: "Bearer the-key-of-nobody" },
    );
    expect([status, response.Error?.Code]).toEqual([401, "AuthFailure.SecretIdNotFound"]);
    await app.close();
  });
});

const body = (app: TestApp, fields: object = {}) => ({
  SdkAppId: CN_APP,
  RoomId: "room",
  RoomIdType: 0,
  StreamUrl: app.clip,
  RepeatNum: -1,
  ...fields,
});

/** The functions of this checkout on a database at another address. */
async function testAppOn(...further: Migration[]): Promise<TestApp> {
  const database = await openTestPostgres();
  await migrate(database, { migrations: upTo(...further) });
  return startTestApp({ database: versionChecked(database), env: { EXPIRY_TICK_SECONDS: "1" } });
}

describe("after a rollback: this code on a database that is compatible versions ahead", () => {
  test.each([
    ["one", [NEXT]],
    ["two", [NEXT, AFTER_NEXT]],
  ])("%s: starts, updates, describes, lists, stops and expires", async (_, further) => {
    const app = await testAppOn(...further);
    const started = await app.post("start-ingest", body(app, { ClientToken: "rollback" }));
    expect(started.status).toBe(200);
    const { TaskId } = started.response;
    const again = await app.post("start-ingest", body(app, { ClientToken: "rollback" }));
    expect(again.response).toMatchObject({ TaskId });
    const ingest = { SdkAppId: CN_APP, TaskId };
    expect((await app.post("update-ingest", { ...ingest, Volume: 50 })).status).toBe(200);
    const described = await app.post("describe-ingest", ingest);
    expect(described.response).toMatchObject({ State: "running" });
    const { response: list } = await app.post("list-ingests", {});
    expect(list["Ingests"]).toMatchObject([{ TaskId, State: "running" }]);
    expect((await app.post("stop-ingest", ingest)).status).toBe(200);

    const StopTime = new Date(clock.now().getTime() + SECOND_MS).toISOString();
    const short = await app.post("start-ingest", body(app, { StopTime }));
    const counts = await app.functionNamed("expire-ingests").handler({ Type: "Timer" });
    expect(counts).toMatchObject({ claimed: 1, stopped: 1, failed: 0 });
    const ended = { SdkAppId: CN_APP, TaskId: short.response["TaskId"] };
    expect((await app.post("describe-ingest", ended)).response).toMatchObject({
      State: "ended",
      EndReason: "expired",
    });
    expect((await app.truth.tasks()).map(({ state }) => state)).toEqual(["ended", "ended"]);
    await app.close();
  });
});

describe("a newer database that this code cannot work with", () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await testAppOn(NEXT_WITHOUT_US, AFTER_NEXT);
  });
  afterAll(() => app.close());

  test.each(["start-ingest", "list-ingests", "stop-ingest"])(
    "is refused at %s",
    async (functionName) => {
      const startFields = functionName === "start-ingest" ? body(app) : {};
      const fields =
        functionName === "stop-ingest"
          ? { SdkAppId: CN_APP, TaskId: `ing-${"0".repeat(26)}` }
          : startFields;
      const { status, headers, response } = await app.post(functionName, fields);
      expect([status, headers.get("retry-after")]).toEqual([503, "1"]);
      expect(response).toEqual({
        Error: {
          Code: "ServiceUnavailable",
          Message: "The service is not available now: send the same request again.",
        },
        RequestId: expect.any(String),
      });
      const line = JSON.parse(app.logLines.at(-1) ?? "") as object;
      expect(line).toMatchObject({
        level: "error",
        function: functionName,
        outcome: "ServiceUnavailable",
        detail: `The database is at version ${AFTER_NEXT.version}, which needs code of version ${NEXT.version} or newer, and this code is of version ${CODE_VERSION}: deploy the functions anew from a newer checkout`,
      });
      expect(await app.truth.tasks()).toEqual([]);
    },
  );

  test("fails the timer's run", async () => {
    const run = app.functionNamed("expire-ingests").handler({ Type: "Timer" });
    await expect(run).rejects.toMatchObject({ code: "ServiceUnavailable" });
    expect(app.logLines.at(-1)).toContain(`needs code of version ${NEXT.version} or newer`);
  });
});

describe("a deployed instance whose database is older", () => {
  let app: TestApp;
  let databaseUrl: string;
  const before = { ...process.env };
  const lines: string[] = [];

  beforeAll(async () => {
    app = await startTestApp();
    databaseUrl = await newPostgresUrl({ template: "template0" });
    const env: Environment = localEnvironment({ DATABASE_URL: databaseUrl }, app.trtcUrl);
    Object.assign(process.env, env);
    jest.spyOn(process.stdout, "write").mockImplementation((text) => lines.push(String(text)) > 0);
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    process.env = before;
    await app.close();
  });

  const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/json" };
  const event = (fields: object) => ({
    httpMethod: "POST",
    path: "/",
    headers,
    body: JSON.stringify(fields),
  });

  test("refuses, logs the command to run, and works after that command ran", async () => {
    const { handler: start } = await import("../../functions/start-ingest.js");
    const { handler: expire } = await import("../../functions/expire-ingests.js");
    const needs = `The database is at version 0 (it was never migrated), this code needs ${CODE_VERSION}: run \`npm run migrate\``;
    for (const again of ["first", "second"]) {
      const refused = await start(event(body(app, { ClientToken: again })));
      expect(refused).toMatchObject({ statusCode: 503 });
      expect(refused.body).not.toMatch(/version|migrat/);
      expect(lines.at(-1)).toContain(needs);
    }
    await expect(expire({ Type: "Timer" })).rejects.toMatchObject({ code: "ServiceUnavailable" });
    expect(lines.at(-1)).toContain(needs);
    expect(await app.truth.tasks()).toEqual([]);

    const database = openPostgres(databaseUrl);
    await migrate(database);
    expect(await start(event(body(app)))).toMatchObject({ statusCode: 200 });
    expect(await expire({ Type: "Timer" })).toMatchObject({ claimed: 0 });
    expect(await database.query("select state from ingest")).toEqual([{ state: "running" }]);
    await database.close();
  });
});
