/** What load balancers and operators learn of a deployment, over HTTP. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { systemClock } from "../../shared/clock.js";
import { readConfig } from "../../shared/config/configuration.js";
import { TIMED_FUNCTIONS } from "../../shared/health/timers.js";
import { readTimerRuns } from "../../shared/store/health/timer-runs.js";
import { DELIVERY_LEASE_MS } from "../../shared/ingest/timing.js";
import { faults } from "../support/contract/openapi-document.js";
import { CN_APP, KEY, SECRET_ID, type TestApp, startTestApp } from "../support/app/test-app.js";

const OPERATOR_KEY = "a-key-of-an-operator";

const CALLER = { Id: SECRET_ID, SecretKeys: [KEY], SdkAppIds: [CN_APP] };
/** Nothing listens at its receiver. */
const AWAY = {
  Id: "AKIDaway",
  SecretKeys: ["a-key-of-the-caller-away"],
  SdkAppIds: [CN_APP],
  NotifyUrl: "http://127.0.0.1:9/hook",
  NotifySecrets: ["whsec_bWFkZS11cC1mb3ItdHJ5aW5nLWl0LW91dC1oZXJl"],
};

let app: TestApp;
beforeAll(async () => {
  const OPERATOR_KEYS = JSON.stringify([{ Name: "anna", SecretKeys: [OPERATOR_KEY] }]);
  app = await startTestApp({
    env: {
      OPERATOR_KEYS,
      CALLERS: JSON.stringify([CALLER, AWAY]),
      ALLOW_PRIVATE_NOTIFY_HOSTS: "true",
    },
  });
});
beforeEach(async () => {
  await app.database.query("delete from timer_run");
  await app.database.query(
    "insert into timer_run (function, ran_at, gaps_ms) select name, now(), '{60000,60000,60000}' from unnest($1::text[]) name",
    [TIMED_FUNCTIONS],
  );
  await app.database.query("delete from outbox");
  await app.database.query("delete from dead_letter");
});
afterAll(() => app.close());

const get = async (path: string, init: RequestInit = {}) => {
  const answer = await fetch(`${app.url}${path}`, init);
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Body };
};

interface Body {
  status?: string;
  checks?: { check: string; verdict: string; found: string; todo?: string }[];
  Response?: { Error: { Code: string; Message: string } };
}

const withKey = { headers: { authorization: `Bearer ${OPERATOR_KEY}` } };
const rowsOf = async (check: string) => {
  const { body } = await get("/health", withKey);
  return body.checks?.filter((row) => row.check === check) ?? [];
};
/** One notification for a receiver that nothing listens for. */
const waitForOne = (at: Date) =>
  app.database.query(
    `insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
     values ('ing-1', 1, 'AKIDaway', 'ingest.started', $1, '{}', $1, $1::timestamptz + interval '1 day')`,
    [at],
  );
const age = (name: string, seconds: number) =>
  app.database.query(
    "update timer_run set ran_at = now() - $2 * interval '1 second' where function = $1",
    [name, seconds],
  );

describe("without a key", () => {
  test("live and ready answer with their status alone", async () => {
    expect(await get("/live")).toMatchObject({ status: 200, body: { status: "live" } });
    const { status, body, headers } = await get("/ready");
    expect([status, body]).toEqual([200, { status: "ready" }]);
    expect(headers.get("cache-control")).toBe("no-store");
  });

  test.each(TIMED_FUNCTIONS)("ready fails once %s is late by three intervals", async (name) => {
    await age(name, 170);
    const { status } = await get("/ready");
    expect(status).toBe(200);
    await age(name, 190);
    const late = await get("/ready");
    expect([late.status, late.body]).toEqual([503, { status: "not ready" }]);
  });

  test("ready fails while a timer has never run", async () => {
    await app.database.query("delete from timer_run where function = 'plan-schedules'");
    await app.database.query("update schema_migration set applied_at = now() - interval '1 hour'");
    expect((await get("/ready")).status).toBe(503);
    expect(await rowsOf("plan-schedules: last run")).toMatchObject([
      { verdict: "fail", found: "never ran: it should run every 60 s" },
    ]);
  });

  test("ready does not wait for the first runs after a migration", async () => {
    await app.database.query("delete from timer_run");
    await app.database.query(
      "update schema_migration set applied_at = now() - interval '30 seconds'",
    );
    expect((await get("/ready")).status).toBe(200);
    expect(await rowsOf("plan-schedules: last run")).toMatchObject([
      { verdict: "pass", found: "not yet: the database was migrated 30 s ago" },
    ]);
  });

  test.each([
    ["no key", {}],
    ["a caller's key", { authorization: `Bearer ${KEY}` }],
    ["an unknown key", { authorization: `Bearer ${OPERATOR_KEY}x` }],
    ["the key in another scheme", { authorization: `Basic ${OPERATOR_KEY}` }],
    ["an empty key", { authorization: "Bearer " }],
  ])("health and metrics refuse %s", async (_, headers) => {
    for (const path of ["/health", "/metrics"]) {
      const { status, body, headers: answered } = await get(path, { headers });
      expect(status).toBe(401);
      expect(answered.get("www-authenticate")).toBe("Bearer");
      expect(body.checks).toBeUndefined();
      expect(body.Response?.Error).toMatchObject({
        Code: "AuthFailure.InvalidAuthorization",
        Message: "Send a key of OPERATOR_KEYS in the header `Authorization: Bearer <key>`.",
      });
    }
  });

  test.each(["/live", "/ready", "/health", "/metrics"])("%s takes no POST", async (path) => {
    const { status, headers } = await get(path, { method: "POST", body: "{}" });
    expect([status, headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });

  test("another path is told which there are", async () => {
    const handler = app.functionNamed("health").handler;
    const event = { httpMethod: "GET", path: "/prod/wealth", headers: {} };
    const { statusCode, body } = (await handler(event)) as { statusCode: number; body: string };
    expect(statusCode).toBe(404);
    expect(body).toContain("send GET to /live, /ready, /health, /metrics.");
  });

  test("a stage before the path, as gateways put it, changes nothing", async () => {
    const handler = app.functionNamed("health").handler;
    const event = { httpMethod: "GET", path: "/prod/health/live/", headers: {} };
    expect(await handler(event)).toMatchObject({ statusCode: 200 });
  });
});

describe("with an operator's key", () => {
  test("health has a row for each thing to know, and all are well", async () => {
    const { status, body } = await get("/health", withKey);
    expect([status, body.status]).toEqual([200, "pass"]);
    expect(body.checks?.map(({ check }) => check)).toEqual([
      "database",
      "database: connections",
      "database: clock",
      "database: tables",
      "database: version",
      ...TIMED_FUNCTIONS.map((name) => `${name}: last run`),
      "deadlines",
      "notifications",
      "dead letters",
      "slots",
      "TRTC: last answers",
    ]);
  });

  test("the answers are those of the OpenAPI document", async () => {
    const fits = (schema: string, body: unknown) =>
      expect(faults({ $ref: `#/components/schemas/${schema}` }, body)).toEqual([]);
    fits("HealthAnswer", (await get("/health", withKey)).body);
    fits("StatusAnswer", (await get("/live")).body);
    fits("StatusAnswer", (await get("/ready")).body);
    await age("expire-ingests", 600);
    fits("HealthAnswer", (await get("/health", withKey)).body);
    fits("StatusAnswer", (await get("/ready")).body);
  });

  test("a timer that stopped is named, with its age and what to do", async () => {
    await age("reconcile-ingests", 600);
    const { status, body } = await get("/health", withKey);
    expect([status, body.status]).toEqual([503, "fail"]);
    expect(await rowsOf("reconcile-ingests: last run")).toEqual([
      {
        check: "reconcile-ingests: last run",
        verdict: "fail",
        found: "10 min ago: it should run every 60 s",
        todo: "check its trigger at the cloud and its log",
      },
    ]);
  });

  test("a longer interval that the operator chose is no fault", async () => {
    await app.database.query("update timer_run set gaps_ms = '{300000,300000,300000}'");
    await age("deliver-notifications", 800);
    expect(await rowsOf("deliver-notifications: last run")).toMatchObject([{ verdict: "pass" }]);
    await age("deliver-notifications", 1000);
    expect(await rowsOf("deliver-notifications: last run")).toMatchObject([{ verdict: "fail" }]);
  });

  test("one outage does not hide the next one", async () => {
    const name = "deliver-notifications";
    for (const seconds of [60, 60, 60, 840, 60, 840]) {
      await age(name, seconds);
      await app.services.store.health.markTimerRun({
        functionName: name,
        isFailed: false,
        answers: [],
      });
    }
    await age(name, 190);
    expect((await get("/ready")).status).toBe(503);
    expect(await rowsOf(`${name}: last run`)).toMatchObject([
      { verdict: "fail", found: "3 min ago: it should run every 60 s" },
    ]);
  });

  test("the first gaps of a deployment, which may be outages, change no interval", async () => {
    await app.database.query("update timer_run set gaps_ms = '{840000,840000}'");
    await age("deliver-notifications", 190);
    expect((await get("/ready")).status).toBe(503);
  });

  test("a receiver that does not answer is named by its caller", async () => {
    await app.database.query(
      `insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at, attempts)
       select 'ing-' || n, 1, 'school', 'ingest.started', now() - interval '40 seconds', '{}',
              now() + interval '1 minute', now() + interval '1 day', 2 from generate_series(1, 2) n`,
    );
    expect(await rowsOf("notifications")).toEqual([
      {
        check: "notifications",
        verdict: "fail",
        found: "the receiver of school does not take them: 2 wait, the oldest for 40 s",
        todo: "ask the caller to mend its NotifyUrl; each is tried for a day",
      },
    ]);
  });

  test("a receiver that cannot be reached is named after one run", async () => {
    await waitForOne(new Date());
    const context = { request_id: "a-run", getRemainingTimeInMillis: () => 30_000 };
    await app.functionNamed("deliver-notifications").handler({ Type: "Timer" }, context);
    expect(await rowsOf("notifications")).toMatchObject([
      { verdict: "fail", found: expect.stringContaining("the receiver of AKIDaway does not take") },
    ]);
  });

  test("a first attempt under way is no failure", async () => {
    const at = new Date();
    await waitForOne(at);
    const claims = { callerId: "AKIDaway", at, leaseMs: DELIVERY_LEASE_MS, limit: 1 };
    expect(await app.services.store.outbox.claim(claims)).toHaveLength(1);
    expect(await rowsOf("notifications")).toMatchObject([{ verdict: "pass" }]);
  });

  test("notifications that no run tries are late", async () => {
    await app.database.query(
      `insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
       values ('ing-1', 1, 'school', 'ingest.started', now(), '{}', now() - interval '5 minutes',
               now() + interval '1 day')`,
    );
    expect(await rowsOf("notifications")).toMatchObject([
      { verdict: "fail", found: "1 wait, the oldest for 5 min" },
    ]);
  });

  test("notifications that were given up and dead letters are counted", async () => {
    await app.database.query(
      `insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at, dead_at, dead_reason)
       values ('ing-1', 1, 'school', 'ingest.started', now(), '{}', now(), now(), now(), 'HTTP 500')`,
    );
    await app.database.query(
      `insert into dead_letter (id, source, message_id, received_at, code, message, payload)
       values ('d', 'sqs', 'm', now() - interval '3 hours', 'InvalidParameter', 'no', '{}')`,
    );
    const { status, body } = await get("/health", withKey);
    expect([status, body.status]).toEqual([200, "warn"]);
    expect(await rowsOf("notifications")).toMatchObject([
      { verdict: "pass" },
      { verdict: "warn", found: "1 notification given up" },
    ]);
    expect(await rowsOf("dead letters")).toMatchObject([
      { verdict: "warn", found: "1, the oldest for 3 h" },
    ]);
  });

  describe("the calls to TRTC:", () => {
    beforeEach(() => app.database.query("truncate call_slot, trtc_call"));
    const slot = (recent: string, nextFree: string) =>
      app.database.query(
        `insert into call_slot (account, action, recent, next_free_at)
         values ('cn', 'StartStreamIngest', ${recent}, clock_timestamp() + ${nextFree})`,
      );
    const seconds = (from: number, to: number) =>
      `array(select clock_timestamp() + n * interval '1 second' from generate_series(${from}, ${to}, 0.25) n)`;
    const answered = (action: string, code: string | null, agoMs: number, account = "cn") =>
      app.services.store.health.markTimerRun({
        functionName: "expire-ingests",
        isFailed: false,
        answers: [{ account, action, code, agoMs }],
      });
    const answers = async () => (await rowsOf("TRTC: last answers"))[0];

    test("the slots of the last second count, those before and after do not", async () => {
      expect(await rowsOf("slots")).toMatchObject([
        { verdict: "pass", found: "none used in the last second" },
      ]);
      await slot(seconds(-3, 1), "interval '1 second'");
      expect(await rowsOf("slots")).toMatchObject([
        { verdict: "pass", found: "of 20 calls in the last second: cn StartStreamIngest 4" },
      ]);
    });

    test("a call that waits long for its slot is named", async () => {
      await slot("'{}'", "interval '5 seconds'");
      expect(await rowsOf("slots")).toMatchObject([
        {
          verdict: "warn",
          found: expect.stringMatching(
            /^StartStreamIngest of cn waits for [45]\.\d s: TRTC takes 20/,
          ),
        },
      ]);
    });

    test("without a call there is no answer", async () => {
      expect(await answers()).toMatchObject({ verdict: "pass", found: "none yet" });
    });

    test("a run of a timer leaves the last answer to each action", async () => {
      const body = { SdkAppId: CN_APP, RoomId: "1", RoomIdType: 0, StreamUrl: app.clip };
      const { response } = await app.post("start-ingest", { ...body, RepeatNum: -1 });
      await app.database.query(
        "update ingest set deadline_at = now() - interval '1 second' where task_id = $1",
        [response["TaskId"]],
      );
      // The run tries again for as long as it has time.
      app.trtc.next("StopStreamIngest", ...Array.from({ length: 20 }, () => "http-502" as const));
      const { handler } = app.functionNamed("expire-ingests");
      const runFor = (ms: number) => {
        const startedMs = systemClock.elapsedMs();
        const getRemainingTimeInMillis = () => ms - (systemClock.elapsedMs() - startedMs);
        return handler({ Type: "Timer" }, { getRemainingTimeInMillis });
      };
      await runFor(16_000);
      expect(await answers()).toMatchObject({
        verdict: "warn",
        found: expect.stringMatching(
          /^cn StartStreamIngest accepted \d+(\.\d)? s ago, cn StopStreamIngest InternalError \d+(\.\d)? s ago$/,
        ),
        todo: "see the log for TRTC's message; `npm run doctor` tries the keys",
      });
      app.trtc.next("StopStreamIngest");
      await app.database.query("update ingest set lease_until = null where state <> 'ended'");
      await runFor(16_000);
      expect(await answers()).toMatchObject({
        verdict: "pass",
        found: expect.stringContaining("cn StopStreamIngest accepted"),
      });
    });

    test("a caller's mistake shows its code, and is no warning", async () => {
      const body = { SdkAppId: CN_APP, RoomId: "1", RoomIdType: 0, StreamUrl: app.clip };
      const code = "InvalidParameter.StreamUrl";
      app.emulator.faults.add({ action: "StartStreamIngest", kind: "error", code, times: 1 });
      await app.post("start-ingest", { ...body, RepeatNum: -1 });
      expect(await answers()).toMatchObject({
        verdict: "pass",
        found: expect.stringMatching(/^cn StartStreamIngest InvalidParameter\.StreamUrl /),
      });
    });

    test("refused keys of one account are a warning, whatever TRTC answers to another", async () => {
      await answered("StopStreamIngest", "AuthFailure.SecretIdNotFound", 1000, "intl");
      await answered("StopStreamIngest", null, 0);
      expect(await answers()).toMatchObject({
        verdict: "warn",
        found: expect.stringMatching(
          /^cn StopStreamIngest accepted .*, intl StopStreamIngest AuthFailure/,
        ),
      });
    });

    test("refused keys are a warning, a caller's mistake and an old refusal are not", async () => {
      await answered("StopStreamIngest", "FailedOperation.TaskNotExist", 0);
      expect(await answers()).toMatchObject({ verdict: "pass" });
      await answered("StopStreamIngest", "AuthFailure.SecretIdNotFound", 0);
      expect(await answers()).toMatchObject({ verdict: "warn" });
      await app.database.query(
        "update trtc_call set answered_at = answered_at - interval '5 minutes'",
      );
      expect(await answers()).toMatchObject({ verdict: "pass" });
    });

    test("an older answer does not replace a newer one", async () => {
      await answered("UpdateStreamIngest", null, 1000);
      await answered("UpdateStreamIngest", "InternalError", 60_000);
      expect(await answers()).toMatchObject({
        found: expect.stringMatching(/^cn UpdateStreamIngest accepted [1-9]\.\d s ago$/),
      });
    });
  });

  test("its log line names the operator, and no key", async () => {
    await age("expire-ingests", 600);
    await get("/health", withKey);
    const line = JSON.parse(app.logLines.at(-1) ?? "{}") as object;
    expect(line).toMatchObject({ function: "health", action: "/health", caller: "anna" });
    expect(app.logLines.join()).not.toContain(OPERATOR_KEY);
  });
});

describe("a timer's run", () => {
  const last = async (name: string) => {
    const { runs } = await app.services.store.health.read(readTimerRuns);
    return runs.find(({ functionName }) => functionName === name);
  };
  const run = (name: string) =>
    app.functionNamed(name).handler(
      { Type: "Timer" },
      {
        request_id: "a-run",
        getRemainingTimeInMillis: () => 3000,
      },
    );

  test.each(TIMED_FUNCTIONS)("of %s writes when it ended", async (name) => {
    await age(name, 100);
    await run(name);
    const { ageMs, gapsMs: [gapMs] = [] } = (await last(name)) ?? {};
    expect(ageMs).toBeLessThan(50_000);
    expect(gapMs).toBeGreaterThanOrEqual(100_000);
  });

  test("ends well though its mark could not be written", async () => {
    await app.database.query("alter table timer_run rename to timer_run_away");
    try {
      expect(await run("deliver-notifications")).toMatchObject({ delivered: 0 });
    } finally {
      await app.database.query("alter table timer_run_away rename to timer_run");
    }
  });

  test("that fails is counted, and the next good one clears the count", async () => {
    await app.database.query("alter table outbox rename to outbox_away");
    await expect(run("deliver-notifications")).rejects.toThrow();
    await expect(run("deliver-notifications")).rejects.toThrow();
    await app.database.query("alter table outbox_away rename to outbox");
    expect(await last("deliver-notifications")).toMatchObject({ failures: 2 });
    expect(await rowsOf("deliver-notifications: last run")).toMatchObject([
      { verdict: "warn", todo: "read the errors in its log" },
    ]);
    await run("deliver-notifications");
    expect(await last("deliver-notifications")).toMatchObject({ failures: 0 });
  });
});

describe("while the database is away", () => {
  test("live answers, ready and health say that it is not", async () => {
    const gone = await startTestApp();
    try {
      await gone.database.close();
      const path = (name: string) => fetch(`${gone.url}${name}`, { headers });
      const headers = { authorization: `Bearer ${KEY}` };
      expect((await path("/live")).status).toBe(200);
      expect((await path("/ready")).status).toBe(503);
      const health = await path("/health");
      expect([health.status, await health.json()]).toEqual([
        503,
        {
          status: "fail",
          checks: [expect.objectContaining({ check: "database", verdict: "fail" })],
        },
      ]);
    } finally {
      await gone.close().catch(() => undefined);
    }
  });
});

describe("OPERATOR_KEYS", () => {
  const read = (entries: unknown) => () =>
    readConfig({ OPERATOR_KEYS: JSON.stringify(entries) }, new Set(["OPERATOR_KEYS"]));
  const SecretKeys = [OPERATOR_KEY];

  test.each([
    [
      "a short key",
      [{ Name: "a", SecretKeys: ["short"] }],
      "OPERATOR_KEYS[0]: SecretKeys[0] is too short",
    ],
    ["no name", [{ SecretKeys }], "OPERATOR_KEYS[0]"],
    [
      "a name twice",
      [
        { Name: "a", SecretKeys },
        { Name: "a", SecretKeys: ["another-key-of-one"] },
      ],
      "Name is used by another entry",
    ],
    [
      "a key twice",
      [
        { Name: "a", SecretKeys },
        { Name: "b", SecretKeys },
      ],
      "OPERATOR_KEYS[0] and OPERATOR_KEYS[1] share a SecretKey",
    ],
    ["a text", "key", "OPERATOR_KEYS must be a JSON list"],
  ])("with %s stops the instance, and does not show the key", (_, entries, message) => {
    expect(read(entries)).toThrow(message);
    expect(read(entries)).not.toThrow(OPERATOR_KEY);
  });

  test("left out, no key opens health", () => {
    const { operatorsByKeyDigest } = readConfig({}, new Set(["OPERATOR_KEYS"]));
    expect(operatorsByKeyDigest.size).toBe(0);
  });
});
