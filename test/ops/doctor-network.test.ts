/** The faults that `npm run doctor` finds in TRTC, the database and the deployed functions. */
import { createServer as createTlsServer } from "node:https";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { generate } from "selfsigned";
import { freePort } from "../../local/environment/free-port.js";
import { addMs, MINUTE_MS, systemClock as clock } from "../../shared/clock.js";
import { migrate } from "../../shared/store/schema/migrate.js";
import { CODE_VERSION } from "../../shared/store/schema/version.js";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import { connectionFacts } from "../../shared/store/engine/postgres-connection.js";
import { createStore, type Store } from "../../shared/store/store.js";
import { newPostgresUrl } from "../support/database/databases.js";
import { newIngest, runningIngest } from "../support/app/ingests.js";
import { newSchedule } from "../support/schedules/rows.js";
import { newProgramme, onAirSince } from "../support/app/programmes.js";
import { NEXT, NEXT_WITHOUT_US, upTo } from "../support/database/migrations.js";
import {
  CLOUD,
  list,
  openDoctorHarness,
  OWN_APP,
  OWN_CALLER,
  type DoctorHarness,
  serve,
} from "../support/app/doctor-harness.js";

let harness: DoctorHarness;
beforeAll(async () => {
  harness = await openDoctorHarness();
});
afterAll(() => harness.close());

describe("cloud keys", () => {
  const own = { TRTC_APPS: list(OWN_APP), CALLERS: list(OWN_CALLER) };

  test.each([
    [
      "an unknown SecretId",
      { SecretId: "AKIDnobody" },
      "SecretIdNotFound",
      "not known on the site",
    ],
    ["a wrong SecretKey", { SecretKey: "some-other-secret" }, "SignatureFailure", "copy it anew"],
  ])("%s", async (_, changes, code, todo) => {
    const TRTC_ACCOUNTS = list({ ...CLOUD, ...changes });
    const { ok, named } = await harness.examineHere({ ...own, TRTC_ACCOUNTS });
    expect(ok).toBe(false);
    expect(named("TRTC: keys")).toMatchObject([
      {
        verdict: "fail",
        found: `TRTC refuses: AuthFailure.${code}`,
        todo: expect.stringContaining(todo),
      },
    ]);
  });

  test.each([
    ["UnauthorizedOperation.CamNoAuth", "fail", "grant it trtc:StartStreamIngest"],
    ["AuthFailure.UnauthorizedOperation", "fail", "grant it trtc:StartStreamIngest"],
    ["AuthFailure.TokenFailure", "fail", "take new keys"],
    ["UnauthorizedOperation.SdkAppId", "fail", "set the application's Account"],
    ["AuthFailure.MFAFailure", "fail", "MFA"],
    ["AuthFailure.SomethingNew", "fail", "make a new cloud API key"],
    ["FailedOperation.SdkAppIdNotExist", "fail", "correct TRTC_APPS"],
    ["RequestLimitExceeded", "warn", "try again"],
    ["InternalError", "fail", undefined],
    ["FailedOperation.TaskNotExist", "pass", undefined],
    ["InvalidParameter.TaskId", "pass", undefined],
  ])("when TRTC says %s: %s", async (Code, verdict, todo) => {
    const answer = JSON.stringify({ Response: { Error: { Code, Message: "m" }, RequestId: "r" } });
    const { url: TRTC_ENDPOINT } = await serve((_, response) => response.end(answer));
    const { named } = await harness.examineHere({
      ...own,
      TRTC_ACCOUNTS: list(CLOUD),
      TRTC_ENDPOINT,
    });
    expect(named("TRTC: keys")).toMatchObject([
      { verdict, ...(todo !== undefined && { todo: expect.stringContaining(todo) }) },
    ]);
  });

  test("of a role are not expected outside a function", async () => {
    const none = { TENCENTCLOUD_SECRETID: undefined, TENCENTCLOUD_SECRETKEY: undefined };
    const outside = await harness.examineHere({ ...own, ...none, TRTC_ACCOUNTS: "" });
    expect(outside.named("TRTC: keys")).toMatchObject([
      { verdict: "skip", found: expect.stringContaining("only inside a deployed function") },
    ]);
    const role = { TENCENTCLOUD_SECRETID: CLOUD.SecretId, TENCENTCLOUD_SECRETKEY: CLOUD.SecretKey };
    const inside = await harness.examineHere({ ...own, ...role, TRTC_ACCOUNTS: "" });
    expect(inside.named("TRTC: keys")).toMatchObject([{ verdict: "pass" }]);
  });
});

test.each([
  [60, "warn"],
  [-60, "warn"],
  [290, "fail"],
  [-290, "fail"],
  [10, "pass"],
])("a clock that is %d s off TRTC's: %s", async (seconds, verdict) => {
  const { url: TRTC_ENDPOINT } = await serve((_, response) => {
    response.setHeader("date", addMs(clock.now(), seconds * 1000).toUTCString());
    response.end("{}");
  });
  const { named } = await harness.examineHere({ TRTC_ENDPOINT });
  expect(named("TRTC: clock")).toMatchObject([{ verdict }]);
});

describe("the database", () => {
  const on = async (DATABASE_URL: string) => {
    const { ok, named } = await harness.examineHere({ DATABASE_URL });
    return { ok, named };
  };
  const unreachable = (port: number) => `postgres://me:hidden-password@127.0.0.1:${port}/db`;

  test("is reported when it is away", async () => {
    const { ok, named } = await on(unreachable(1));
    expect(ok).toBe(false);
    expect(named("database")).toMatchObject([
      { verdict: "fail", found: "nothing listens there (ECONNREFUSED)" },
    ]);
  });

  test("is reported when it does not exist on its server", async () => {
    const { named } = await on(harness.databaseUrl.replace(/\/\w+$/, "/not_there"));
    expect(named("database")).toMatchObject([
      { verdict: "fail", found: expect.stringContaining("the database does not exist") },
    ]);
  });

  test("is reported when it does not support TLS, although TLS is configured", async () => {
    const { named } = await on(`${harness.databaseUrl}?sslmode=verify-full`);
    expect(named("database")).toMatchObject([
      { verdict: "fail", found: "it does not support TLS (NO_TLS)" },
    ]);
  });

  test.each([
    ["postgres://db/x", "none"],
    ["postgres://db/x?sslmode=disable", "none"],
    ["postgres://db/x?sslmode=no-verify", "unverified"],
    ["postgres://db/x?uselibpqcompat=true&sslmode=require", "unverified"],
    ["postgres://db/x?sslmode=verify-full", "verified"],
    ["postgres://db/x?ssl=true", "verified"],
    ["postgres://db/x?sslmode=allow", "verified"],
    ["postgres://db/x?sslmode=prefer", "verified"],
    ["postgres://db/x?sslmode=require", "verified"],
    ["postgres://db/x?sslmode=verify-ca", "verified"],
    ["postgres://db/x?uselibpqcompat=true&sslmode=prefer", "unverified"],
    ["postgres://db/x?uselibpqcompat=true&sslmode=allow", "verified"],
    ["postgres://db/x?ssl=0", "none"],
    ["postgres://db/x?ssl=", "none"],
    ["postgres://db/x?ssl=no-verify", "unverified"],
    ["postgres://db/x?sslnegotiation=direct", "verified"],
  ])("of %s has TLS %s", (url, tls) => {
    expect(connectionFacts(url)).toEqual({ host: "db", tls });
  });

  test("is reported when it was never migrated", async () => {
    const { ok, named } = await on(await newPostgresUrl({ template: "template0" }));
    expect(ok).toBe(false);
    expect(named("database: version")).toMatchObject([
      {
        verdict: "fail",
        found: `The database is at version 0 (it was never migrated), this code needs ${CODE_VERSION}`,
        todo: expect.stringContaining("run `npm run migrate`"),
      },
    ]);
    expect(named("deadlines")).toMatchObject([{ verdict: "skip" }]);
  });

  test.each([
    ["works with this code", NEXT, "pass"],
    ["does not work with this code", NEXT_WITHOUT_US, "fail"],
  ])("is reported when it is newer, and %s", async (_, next, verdict) => {
    const url = await newPostgresUrl();
    const database = openPostgres(url);
    await migrate(database, { migrations: upTo(next) });
    await database.close();
    expect((await on(url)).named("database: version")).toMatchObject([{ verdict }]);
  });

  test("is reported when this role may not write", async () => {
    const url = await newPostgresUrl();
    const database = openPostgres(url);
    const role = `reader_${new URL(url).pathname.slice(1)}`;
    await database.query(`create role ${role} login`);
    await database.query(`grant select on all tables in schema public to ${role}`);
    const { ok, named } = await on(url.replace("postgres@", `${role}@`));
    expect(ok).toBe(false);
    expect(named("database: rights")).toMatchObject([
      {
        verdict: "fail",
        found: expect.stringMatching(
          /^the role lacks insert on ingest, update on ingest, .*delete on used_signature, .*delete on outbox, .*delete on dead_letter, .*delete on schedule, .*delete on occurrence, insert on timer_run, update on timer_run, insert on metric_count, update on metric_count, insert on spend_count, update on spend_count, insert on spend_day, .*delete on budget_notice, .*delete on budget_standing, insert on trtc_call, update on trtc_call$/,
        ),
      },
    ]);
    await database.query(`drop owned by ${role}`);
    await database.query(`drop role ${role}`);
    await database.close();
  });

  test.each([
    ["10s", "pass", "the server ends a statement after 10 s"],
    ["5min", "warn", "keeps running at the server"],
  ])("is reported when it ends a statement after %s", async (limit, verdict, text) => {
    const url = await newPostgresUrl();
    const database = openPostgres(url);
    await database.query(
      `alter database ${new URL(url).pathname.slice(1)} set statement_timeout = '${limit}'`,
    );
    await database.close();
    expect((await on(url)).named("database: time limit")).toMatchObject([
      { verdict, found: expect.stringContaining(text) },
    ]);
  });

  test("is reported with overdue ingests and unfinished starts, and is not changed", async () => {
    const url = await newPostgresUrl();
    const database = openPostgres(url);
    const store = createStore(database);
    const createdAt = addMs(clock.now(), -60 * MINUTE_MS);
    await runningIngest(store, { createdAt, deadlineAt: addMs(clock.now(), -10 * MINUTE_MS) });
    await runningIngest(store, { createdAt, deadlineAt: addMs(clock.now(), -MINUTE_MS) });
    await store.ingests.beginStart(
      newIngest({ createdAt, deadlineAt: addMs(clock.now(), MINUTE_MS) }),
    );
    const startsAt = addMs(clock.now(), -5 * MINUTE_MS);
    await store.ingests.beginStart(
      newIngest({
        createdAt,
        schedule: { startsAt, startBy: clock.now(), asked: {}, heldUntil: null },
      }),
    );
    await programmeWithStep(store, startsAt);
    for (const minutes of [6, 1]) {
      const schedule = newSchedule();
      await store.schedules.transaction((writes) => writes.insert(schedule));
      await database.query("update schedule set plan_at = $2 where schedule_id = $1", [
        ...[schedule.scheduleId, addMs(clock.now(), -minutes * MINUTE_MS)],
      ]);
    }
    const all = () => database.query("select *, xmin from ingest order by task_id");
    const before = await all();
    const { ok, named } = await on(url);
    expect(ok).toBe(false);
    expect(named("deadlines")).toMatchObject([
      {
        verdict: "fail",
        found: "1 ingest overdue by more than two intervals, the oldest by 10 min",
        todo: expect.stringContaining("expire-ingests does not run"),
      },
    ]);
    expect(named("scheduled starts")).toMatchObject([
      { verdict: "fail", found: expect.stringContaining("1 scheduled start late") },
    ]);
    expect(named("programmes")).toMatchObject([
      { verdict: "fail", found: expect.stringContaining("1 programme step late") },
    ]);
    expect(named("schedules")).toMatchObject([
      { verdict: "fail", found: "1 schedule not planned for five minutes or more" },
    ]);
    expect(named("starts")).toMatchObject([
      { verdict: "warn", found: expect.stringContaining("1 start without an outcome") },
    ]);
    expect(await all()).toEqual(before);
    await database.close();
  });
});

/** A running programme whose step was due at this instant. */
async function programmeWithStep(store: Store, stepAt: Date): Promise<void> {
  const programme = newProgramme();
  const deadlineAt = addMs(clock.now(), MINUTE_MS);
  const row = newIngest({ createdAt: stepAt, deadlineAt, programme });
  await store.ingests.beginStart(row);
  await store.ingests.markRunning({
    taskId: row.taskId,
    fence: 0,
    trtcTaskId: "trtc-programme",
    startedAt: stepAt,
    deadlineAt,
    latestAt: deadlineAt,
    began: { programme, onAir: onAirSince(stepAt), stepAt, streamUrl: "https://example.com/a" },
  });
}

describe("a deployed URL", () => {
  const envelope = (Code: string) =>
    JSON.stringify({ Response: { Error: { Code, Message: "m" }, RequestId: "r" } });

  test.each([
    ["forged", 200, "<h1>Welcome</h1>", "not in the form of our answers"],
    ["a success", 200, '{"Response":{"RequestId":"r"}}', "not in the form of our answers"],
    ["broken inside", 500, envelope("InternalError"), "HTTP 500, InternalError"],
    ["elsewhere", 302, "", "HTTP 302"],
    ["a refusal with another status", 200, envelope("AuthFailure.X"), "HTTP 200"],
  ])("whose answer is %s fails", async (_, status, body, text) => {
    const { url } = await serve((_request, response) => response.writeHead(status).end(body));
    const { ok, named } = await harness.examineHere({}, ["--url", url]);
    expect(ok).toBe(false);
    expect(named("url")).toMatchObject([{ verdict: "fail", found: expect.stringContaining(text) }]);
  });

  test("of this project passes, and one with plain HTTP fails", async () => {
    const flags = [
      "--url",
      harness.runtime.url,
      "--url",
      "http://example.invalid/?key=in-the-query",
    ];
    const { named } = await harness.examineHere({}, flags);
    expect(named("url")).toMatchObject([
      { verdict: "pass" },
      {
        verdict: "fail",
        check: "url http://example.invalid",
        found: expect.stringContaining("plain HTTP"),
      },
    ]);
  });

  test("with an untrusted certificate fails, and says so", async () => {
    const made = await generate([{ name: "commonName", value: "127.0.0.1" }]);
    const { port } = await serve(
      (_, response) => response.end(envelope("AuthFailure.X")),
      (listener) => createTlsServer({ key: made.private, cert: made.cert }, listener),
    );
    const url = `https://127.0.0.1:${port}`;
    const { named } = await harness.examineHere({}, ["--url", url, "--callback-url", url]);
    for (const check of ["url", "callback"]) {
      expect(named(check)).toMatchObject([
        { verdict: "fail", found: expect.stringContaining("certificate is self-signed") },
      ]);
    }
  });

  test("for TRTC's callbacks fails when it is broken or away", async () => {
    const { url: broken } = await serve((_, response) => response.writeHead(502).end());
    for (const url of [broken, `http://127.0.0.1:${await freePort()}`]) {
      const { ok, named } = await harness.examineHere({}, ["--callback-url", url]);
      expect([ok, named("callback")]).toMatchObject([false, [{ verdict: "fail" }]]);
    }
  });
});

test("the output of all these runs holds no secret", () => {
  expect(harness.leaked()).toEqual([]);
});
