/** An unavailable database, for any reason: the answer, the log line, and the recovery. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { SECOND_MS, systemClock as clock } from "../../../shared/clock.js";
import { openPostgres, openToMigrate } from "../../../shared/store/engine/postgres.js";
import { versionChecked } from "../../../shared/store/schema/version.js";
import { newPostgresUrl } from "../../support/database/databases.js";
import { type DatabaseProxy, startDatabaseProxy } from "../../support/database/database-proxy.js";
import { REQUIRED_OF_SCHEDULES, SCHEDULE_ID } from "../../support/contract/schedules.js";
import { CN_APP, type TestApp, KEY, startTestApp } from "../../support/app/test-app.js";

const PASSWORD = "made-up-password-of-the-database";

/** Texts that must not appear in an answer or in the log. */
const SECRETS =
  /made-up-password|postgres(ql)?:\/\/|127\.0\.0\.1|localhost|insert into|select |update ingest|test_[0-9a-f]{12}|user "/i;

const Code = "ServiceUnavailable";
const REFUSAL = { Code, Message: "The service is not available now: send the same request again." };

/** The start may have begun: sent again at once, it could make a second robot. */
const REFUSED_START = {
  Code,
  Message:
    "The service is not available now: see with ListStreamIngests whether the ingest is there before you send the start again, best with a ClientToken.",
};

const withPassword = (url: string): string => url.replace("postgres@", `postgres:${PASSWORD}@`);

let proxy: DatabaseProxy;
let app: TestApp;
let direct: string;
let TaskId: string;
let ScheduleId: string;

const startBody = () => ({
  SdkAppId: CN_APP,
  RoomId: "room",
  RoomIdType: 0,
  StreamUrl: app.clip,
  RepeatNum: -1,
});

/** Its ClientToken makes a repeat a success. */
const createBody = () => ({
  ...REQUIRED_OF_SCHEDULES.CreateIngestSchedule,
  Ingest: startBody(),
  ClientToken: "lessons",
});

/** A request to each function. All succeed while the database is there. */
const FUNCTION_OF: [functionName: string, body: () => object, headers?: Record<string, string>][] =
  [
    ["start-ingest", startBody],
    ["update-ingest", () => ({ SdkAppId: CN_APP, TaskId, Volume: 50 })],
    ["describe-ingest", () => ({ SdkAppId: CN_APP, TaskId })],
    ["list-ingests", () => ({})],
    ["api", () => ({ SdkAppId: CN_APP, TaskId }), { "x-tc-action": "DescribeStreamIngest" }],
    ["stop-ingest", () => ({ SdkAppId: CN_APP, TaskId: "ing-00000000000000000000000000" })],
    ["schedules", () => ({}), { "x-tc-action": "ListIngestSchedules" }],
    ["schedules", createBody, { "x-tc-action": "CreateIngestSchedule" }],
    ["schedules", () => ({ ScheduleId }), { "x-tc-action": "UpdateIngestSchedule" }],
    ["schedules", () => ({ ScheduleId }), { "x-tc-action": "DescribeIngestSchedule" }],
    ["schedules", () => ({ ScheduleId: SCHEDULE_ID }), { "x-tc-action": "RunIngestSchedule" }],
  ];

const isStart = (functionName: string, headers: Record<string, string> = {}) =>
  functionName === "start-ingest" || headers["x-tc-action"] === "RunIngestSchedule";

const openAway = (url: string) =>
  versionChecked(openPostgres(withPassword(url), { connectTimeoutMs: 300, queryTimeoutMs: 600 }));

beforeAll(async () => {
  direct = await newPostgresUrl();
  proxy = await startDatabaseProxy(direct);
  app = await startTestApp({ database: openAway(proxy.url) });
  const { response } = await app.post("start-ingest", startBody());
  TaskId = String(response["TaskId"]);
  const created = await app.post("schedules", createBody(), {
    "x-tc-action": "CreateIngestSchedule",
  });
  ScheduleId = String(created.response["ScheduleId"]);
});
afterAll(async () => {
  await app.close();
  await proxy.close();
});

async function expectRefused(testApp: TestApp, detail: RegExp): Promise<void> {
  for (const [functionName, body, headers] of FUNCTION_OF) {
    const answer = await testApp.post(functionName, body(), headers);
    expect([functionName, answer.status, answer.response]).toEqual([
      ...[functionName, 503],
      {
        Error: isStart(functionName, headers) ? REFUSED_START : REFUSAL,
        RequestId: expect.any(String),
      },
    ]);
    expect(answer.headers.get("retry-after")).toBe("1");
    const line = testApp.logLines.at(-1) ?? "";
    expect(JSON.parse(line)).toMatchObject({
      level: "error",
      function: functionName,
      outcome: "ServiceUnavailable",
      detail: expect.stringMatching(detail),
    });
    expect(line).not.toMatch(SECRETS);
  }
}

async function expectServed(testApp: TestApp): Promise<void> {
  for (const [functionName, body, headers] of FUNCTION_OF) {
    const { status, response } = await testApp.post(functionName, body(), headers);
    const isUnknown = /TaskNotExist|ResourceNotFound/.test(response.Error?.Code ?? "");
    expect([functionName, status]).toEqual([functionName, isUnknown ? 404 : 200]);
  }
}

describe("a database that", () => {
  test.each<[string, Parameters<DatabaseProxy["turn"]>[0], RegExp]>([
    ["refuses connections", "refused", /^The database cannot be reached \(ECONNREFUSED\)$/],
    ["takes them and says nothing", "silent", /^The database is silent \(.*time.*\)$/],
    ["has no more of them", { answered: "53300" }, /^The database is out of connections,.*53300/],
    ["is starting", { answered: "57P03" }, /^The database is starting or stopping,.*57P03/],
    [
      "was taken away",
      { answered: "3D000" },
      /^The database of DATABASE_URL does not exist.*3D000/,
    ],
    ["has another password now", { answered: "28P01" }, /^The database refused the login.*28P01/],
    ["has a pooler that is full", { answered: "08P01" }, /^The database broke the connec.*08P01/],
  ])(
    "%s: every function answers that a retry helps, and works when it is back",
    async (_, to, said) => {
      await proxy.turn(to);
      proxy.cut();
      await expectRefused(app, said);
      await proxy.turn("through");
      await expectServed(app);
    },
  );

  test("is silent on its open connections", async () => {
    await app.post("list-ingests", {});
    await proxy.turn("silent");
    proxy.forget();
    await expectRefused(app, /^The database is silent \((Query read timeout|.*connect.*)\)$/);
    await proxy.turn("through");
    await expectServed(app);
  });

  test.each([
    ["reaches it", "statement"],
    ["was carried out", "answer"],
  ] as const)("breaks the connection off before or after a read %s", async (_, what) => {
    const lost = proxy.lose(what, "from ingest");
    const { status, response } = await app.post("list-ingests", {});
    await lost;
    expect([status, response.Error]).toEqual([503, REFUSAL]);
    expect(app.logLines.at(-1)).toMatch(
      /The database (cannot be reached \(ECONNRESET\)|is silent)/,
    );
    await expectServed(app);
  });

  test("ends our connections, as a server that shuts down does", async () => {
    const admin = openPostgres(direct);
    await app.post("list-ingests", {});
    await admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
    );
    while (proxy.connections().open > 0) await clock.sleep(10);
    // They were idle, so no request fails.
    await expectServed(app);
    await admin.close();
  });

  test("has a host name that cannot be resolved", async () => {
    const nowhere = "postgres://postgres@database.of.nobody.invalid/ingest";
    const lost = await startTestApp({ database: openAway(nowhere) });
    await expectRefused(
      lost,
      /^The database (cannot be reached \((ENOTFOUND|EAI_AGAIN)\)|is silent)/,
    );
    expect(lost.logLines.join("\n")).not.toContain("of.nobody");
    await lost.close();
  });
});

describe("a statement that takes longer than it may", () => {
  const event = () => ({
    httpMethod: "POST",
    path: "/",
    headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
    body: JSON.stringify(startBody()),
  });
  const timeLeft = (ms: number) => {
    const endMs = clock.elapsedMs() + ms;
    return { getRemainingTimeInMillis: () => endMs - clock.elapsedMs() };
  };
  const whileLocked = async <T>(work: () => Promise<T>): Promise<T> => {
    const admin = openToMigrate(direct);
    const result = await admin.transaction(async (query) => {
      await query("lock table ingest");
      return work();
    });
    await admin.close();
    return result;
  };

  test("ends, and the function answers before its own time limit", async () => {
    const usual = await startTestApp({ database: versionChecked(openPostgres(proxy.url)) });
    const { handler, timeLimitMs } = usual.functionNamed("start-ingest");
    const answer = await whileLocked(() => handler(event(), timeLeft(timeLimitMs)));
    expect(answer).toMatchObject({ statusCode: 503 });
    expect(usual.logLines.at(-1)).toContain("The database is silent (Query read timeout)");
    await usual.close();
  });

  test("does not delay the answer of a function with less time left", async () => {
    const usual = await startTestApp({ database: openPostgres(proxy.url) });
    const { handler } = usual.functionNamed("start-ingest");
    const answer = await whileLocked(() => handler(event(), timeLeft(6 * SECOND_MS)));
    expect(answer).toMatchObject({ statusCode: 500, headers: { "retry-after": "1" } });
    expect((answer as { body: string }).body).toContain("see with ListStreamIngests");
    await usual.close();
  });
});

describe("a failover", () => {
  test("reaches the old server, which accepts no writes any more, and then the new one", async () => {
    const admin = openPostgres(new URL("/postgres", direct).href);
    const name = new URL(direct).pathname.slice(1);
    await admin.query(`alter database ${name} set default_transaction_read_only = on`);
    proxy.cut();
    const { status, response } = await app.post("start-ingest", startBody());
    expect([status, response.Error]).toEqual([503, REFUSED_START]);
    expect(app.logLines.at(-1)).toContain("The database takes no writes: it is failing over");
    expect((await app.post("list-ingests", {})).status).toBe(200);

    proxy.cut();
    const promoted = new URL(await newPostgresUrl({ template: name })).pathname.slice(1);
    await admin.query(`alter database ${name} rename to ${name}_old`);
    await admin.query(`alter database ${promoted} rename to ${name}`);
    await admin.close();
    // The server closed the idle connections as well, so no request fails.
    await expectServed(app);
  });
});
