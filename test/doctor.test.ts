/** `npm run doctor`, as a process, on a house that is well, and on each thing that can be wrong. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { generate } from "selfsigned";
import { addMs, MINUTE_MS, systemClock as clock } from "../shared/clock.js";
import type { Environment } from "../shared/config.js";
import { migrate } from "../shared/store/migrate.js";
import { openPostgres } from "../shared/store/postgres.js";
import { createStore } from "../shared/store/store.js";
import { readCommandLine } from "../local/doctor/command-line.js";
import { examine } from "../local/doctor/examine.js";
import { summaryOf } from "../local/doctor/report.js";
import { localEnvironment } from "../local/local-environment.js";
import { newPostgresUrl } from "./support/databases.js";
import { newIngest, runningIngest } from "./support/ingests.js";
import { NEXT, NEXT_WITHOUT_US, upTo } from "./support/migrations.js";
import { type RunningProcess, runScript, startProcess } from "./support/process.js";

let runtime: RunningProcess;
let trtcUrl: string;
let databaseUrl: string;
/** Everything that the run on this machine has, as an operator would have set it. */
let well: Environment;
const closers: (() => void)[] = [];
/** All that any run of this file printed. */
const printed: string[] = [];

beforeAll(async () => {
  databaseUrl = await newPostgresUrl();
  runtime = await startProcess("local/start.ts", {
    DATABASE_URL: databaseUrl,
    ...{ PORT: "0", TRTC_PORT: "0" },
  });
  trtcUrl = /^TRTC (\S+)/.exec(runtime.lines[0] ?? "")?.[1] ?? "";
  const { EXPIRY_CRON: _, ...rest } = localEnvironment({ DATABASE_URL: databaseUrl }, trtcUrl);
  well = { ...rest, EXPIRY_TICK_SECONDS: "60", ALLOW_PRIVATE_STREAM_HOSTS: "off" };
});
afterAll(async () => {
  await runtime.end("SIGTERM");
  for (const close of closers) close();
});

async function run(env: Environment, args: string[] = []) {
  const { code, output } = await runScript("local/doctor.ts", env, args);
  printed.push(output);
  return { code, output };
}

/** The same without a process, before anything is taken out of what the checks say. */
async function examineHere(changes: Environment = {}, args: string[] = []) {
  const { subject } = readCommandLine(args, { ...well, ...changes });
  const rows = await examine(subject);
  printed.push(JSON.stringify(rows));
  const named = (check: string) => rows.filter((row) => row.check.startsWith(check));
  const bad = rows.filter(({ verdict }) => verdict === "fail" || verdict === "warn");
  return { ok: summaryOf(rows, { strict: false }).ok, named, bad };
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function closedPort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return String(port);
}

const list = (entry: object) => JSON.stringify([entry]);
const OWN_APP = { SdkAppId: 1600000000, SecretKey: "0123456789abcdef".repeat(4) };
const OWN_CALLER = {
  Id: "backend",
  SecretKeys: ["a-key-that-nobody-may-see"],
  SdkAppIds: [OWN_APP.SdkAppId],
};
const CLOUD = { Account: "intl", SecretId: "AKIDemulator", SecretKey: "emulator-secret-key" };

describe("a run on this machine", () => {
  test("is well in all respects", async () => {
    const ports = { PORT: new URL(runtime.url).port, TRTC_PORT: new URL(trtcUrl).port };
    const flags = ["--local", "--strict", "--callback-url", runtime.url];
    const { code, output } = await run({ DATABASE_URL: databaseUrl, ...ports }, flags);
    expect(output).not.toMatch(/^(fail|warn|skip)/m);
    expect(output).toMatch(/\n\nnothing failed: \d\d passed, 0 warnings, 0 skipped\n$/);
    expect(output).not.toContain("\u001b");
    expect(code).toBe(0);
    for (const check of [
      /^pass {2}CALLERS +1 caller, 1 key$/m,
      /^pass {2}database +PostgreSQL \d+\S* answers$/m,
      /^pass {2}database: version +migrated, at version \d+$/m,
      /^pass {2}deadlines +kept: 0 live ingests, none overdue$/m,
      /^pass {2}TRTC: keys of account cn \(cn\) +TRTC takes them/m,
      /^pass {2}url http:\/\/127\.0\.0\.1:\d+ +refuses an unsigned request/m,
      /^pass {2}callback http:\/\/127\.0\.0\.1:\d+ +answers HTTP 4\d\d/m,
    ]) {
      expect(output).toMatch(check);
    }
  });

  test("without a DATABASE_URL has its database inside", async () => {
    const ports = { PORT: new URL(runtime.url).port, TRTC_PORT: new URL(trtcUrl).port };
    const { code, output } = await run({ DATABASE_URL: "", ...ports }, ["--local"]);
    expect([code, output]).toEqual([0, expect.stringMatching(/^skip {2}database +embedded/m)]);
  });

  test("that does not run is said to be away", async () => {
    const port = await closedPort();
    const away = { PORT: port, TRTC_PORT: port, DATABASE_URL: "" };
    const { code, output } = await run(away, ["--local"]);
    expect(code).toBe(1);
    expect(output.match(/nothing listens there \(ECONNREFUSED\)/g)).toHaveLength(4);
  });
});

describe("a configuration for the cloud, pointed at the emulator", () => {
  test("warns of just that, which --strict does not let pass", async () => {
    const { ok, bad } = await examineHere();
    expect(bad).toMatchObject([{ verdict: "warn", check: "TRTC's address" }]);
    expect(ok).toBe(true);
    const { code, output } = await run(well, ["--json"]);
    const { rows, ...summary } = JSON.parse(output) as { rows: object[] };
    expect([code, summary]).toMatchObject([0, { ok: true, warn: 1, fail: 0, skip: 0 }]);
    expect(rows).toContainEqual(bad[0]);
    expect((await run(well, ["--strict"])).code).toBe(1);
  });

  test("is read from a file as well; what the environment has wins", async () => {
    const folder = mkdtempSync(join(tmpdir(), "doctor-test-"));
    closers.push(() => {
      rmSync(folder, { recursive: true });
    });
    const file = join(folder, "production.env");
    const lines = Object.entries({ ...well, EXPIRY_TICK_SECONDS: "59" });
    writeFileSync(file, lines.map(([name, value]) => `${name}='${value}'\n`).join(""));
    const { code, output } = await run({ EXPIRY_TICK_SECONDS: "60" }, ["--env-file", file]);
    expect(code).toBe(0);
    expect(output).toContain("with a tick of 60 s");
    // Node.js 20 reads this flag as its own first, wherever it stands.
    const missing = await run({}, ["--env-file", join(folder, "none")]);
    expect(missing.code).not.toBe(0);
    expect(missing).toMatchObject({ output: expect.stringMatching(/none|there is no file/) });
  });
});

describe("variables", () => {
  test("all that is wrong is shown, each with its place", async () => {
    const { ok, named } = await examineHere({
      CALLERS: JSON.stringify([OWN_CALLER, { ...OWN_CALLER, SecretKeys: [] }, { Id: 7 }]),
      TRTC_APPS: "[{",
      TRTC_ACCOUNTS: "",
      TRTC_TIMEOUT_SECONDS: "soon",
      TRTC_ENDPOINT: "nowhere",
      DATABASE_URL: "mysql://me:hidden-password@db",
    });
    expect(ok).toBe(false);
    expect(named("CALLERS")).toMatchObject([
      { verdict: "fail", found: expect.stringMatching(/^CALLERS\[1\]: .*\nCALLERS\[2\]: /) },
    ]);
    for (const name of ["TRTC_APPS", "TRTC_TIMEOUT_SECONDS", "TRTC_ENDPOINT", "DATABASE_URL"]) {
      expect(named(name)).toMatchObject([
        { verdict: "fail", found: expect.stringContaining(name) },
      ]);
    }
    expect(named("UserSig")).toMatchObject([{ verdict: "skip" }]);
    expect(named("published")).toMatchObject([{ verdict: "skip" }]);
    expect(named("database")).toMatchObject([{ verdict: "skip" }]);
  });

  test("a caller's application has to be there, and no two callers share a key", async () => {
    const twin = { ...OWN_CALLER, Id: "twin", SdkAppIds: [1] };
    const { named } = await examineHere({ CALLERS: JSON.stringify([OWN_CALLER, twin]) });
    expect(named("CALLERS")[0]?.found.split("\n")).toEqual([
      "CALLERS[1]: SdkAppId 1 is not in TRTC_APPS",
      "CALLERS[0] and CALLERS[1] share a SecretKey",
    ]);
  });

  test("DATABASE_URL may not be left out of a deployment", async () => {
    const { ok, named } = await examineHere({ DATABASE_URL: "" });
    expect(ok).toBe(false);
    expect(named("DATABASE_URL")).toMatchObject([{ verdict: "fail" }]);
  });

  test("misspelt ones are named, with the right name; other people's are not", async () => {
    const misspelt = { CALLER: "x", TRTC_APP: "x", DATABASE_URI: "x", TRTC_REGION: "x" };
    const { bad } = await examineHere({
      ...misspelt,
      COLORS: "x",
      PGUSER: "postgres",
      TRTC_PORT: "1",
    });
    const found = bad.map(({ check, verdict, todo }) => [check, verdict, todo]);
    for (const [name, right] of [
      ["CALLER", "CALLERS"],
      ["TRTC_APP", "TRTC_APPS"],
      ["DATABASE_URI", "DATABASE_URL"],
    ]) {
      expect(found).toContainEqual([name, "warn", `is it ${right ?? ""} that is meant?`]);
    }
    expect(found.map(([check]) => check)).toContain("TRTC_REGION");
    expect(found).toHaveLength(5);
  });

  test.each([
    [4200, "fail"],
    [3700, "warn"],
  ])("%d bytes of them: %s", async (bytes, verdict) => {
    const RoomPattern = "x".repeat(500);
    const caller = (n: number) => ({
      ...{ Id: `c${n}`, SecretKeys: [`a-key-of-its-own-${n}`], SdkAppIds: [1600000000] },
      RoomPattern,
    });
    const callers = (n: number) => JSON.stringify(Array.from({ length: n }, (_, i) => caller(i)));
    const others = Object.entries(well)
      .filter(([name]) => name !== "CALLERS")
      .reduce((sum, [name, value]) => sum + name.length + (value ?? "").length, 7);
    const whole = callers(Math.floor((bytes - others) / callers(1).length));
    const CALLERS = whole.padEnd(bytes - others);
    const { named } = await examineHere({ CALLERS });
    expect(named("size")).toMatchObject([
      { verdict, found: expect.stringContaining(`${bytes} of the 4096 bytes`) },
    ]);
  });
});

describe("keys", () => {
  test("of this repository are refused, but against an emulator on this machine", async () => {
    const { named } = await examineHere({ TRTC_ENDPOINT: "https://trtc.example.invalid" });
    expect(named("published")).toMatchObject([
      { verdict: "fail", found: expect.stringMatching(/CALLERS\[0\].*TRTC_APPS\[1\]/) },
    ]);
    expect(named("TRTC: clock")).toMatchObject([{ verdict: "fail" }]);
  });

  test("of a UserSig that look like none are warned of", async () => {
    const apps = { ...OWN_APP, SecretKey: "AKIDlooks-like-a-cloud-key" };
    const { named } = await examineHere({ TRTC_APPS: list(apps), CALLERS: list(OWN_CALLER) });
    expect(named("UserSig")).toMatchObject([{ verdict: "warn" }]);
  });

  const own = { TRTC_APPS: list(OWN_APP), CALLERS: list(OWN_CALLER) };

  test.each([
    [
      "an unknown SecretId",
      { SecretId: "AKIDnobody" },
      "SecretIdNotFound",
      "not known on the site",
    ],
    ["a wrong SecretKey", { SecretKey: "some-other-secret" }, "SignatureFailure", "copy it anew"],
  ])("of the cloud: %s", async (_, changes, code, todo) => {
    const TRTC_ACCOUNTS = list({ ...CLOUD, ...changes });
    const { ok, named } = await examineHere({ ...own, TRTC_ACCOUNTS });
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
  ])("of the cloud, when TRTC says %s: %s", async (Code, verdict, todo) => {
    const answer = JSON.stringify({ Response: { Error: { Code, Message: "m" }, RequestId: "r" } });
    const TRTC_ENDPOINT = await serve((_, response) => response.end(answer));
    const { named } = await examineHere({ ...own, TRTC_ACCOUNTS: list(CLOUD), TRTC_ENDPOINT });
    expect(named("TRTC: keys")).toMatchObject([
      { verdict, ...(todo !== undefined && { todo: expect.stringContaining(todo) }) },
    ]);
  });

  test("of a role are there inside a function only", async () => {
    const none = { TENCENTCLOUD_SECRETID: undefined, TENCENTCLOUD_SECRETKEY: undefined };
    const outside = await examineHere({ ...own, ...none, TRTC_ACCOUNTS: "" });
    expect(outside.named("TRTC: keys")).toMatchObject([
      { verdict: "skip", found: expect.stringContaining("only inside a deployed function") },
    ]);
    const role = { TENCENTCLOUD_SECRETID: CLOUD.SecretId, TENCENTCLOUD_SECRETKEY: CLOUD.SecretKey };
    const inside = await examineHere({ ...own, ...role, TRTC_ACCOUNTS: "" });
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
  const TRTC_ENDPOINT = await serve((_, response) => {
    response.setHeader("date", addMs(clock.now(), seconds * 1000).toUTCString());
    response.end("{}");
  });
  const { named } = await examineHere({ TRTC_ENDPOINT });
  expect(named("TRTC: clock")).toMatchObject([{ verdict }]);
});

describe("the database", () => {
  const on = async (DATABASE_URL: string) => {
    const { ok, named } = await examineHere({ DATABASE_URL });
    return { ok, named };
  };
  const unreachable = (port: number) => `postgres://me:hidden-password@127.0.0.1:${port}/db`;

  test("is away", async () => {
    const { ok, named } = await on(unreachable(1));
    expect(ok).toBe(false);
    expect(named("database")).toMatchObject([
      { verdict: "fail", found: "nothing listens there (ECONNREFUSED)" },
    ]);
  });

  test("has another name", async () => {
    const { named } = await on(databaseUrl.replace(/\/\w+$/, "/not_there"));
    expect(named("database")).toMatchObject([
      { verdict: "fail", found: expect.stringContaining("no database of that name") },
    ]);
  });

  test("speaks no TLS, though it is asked to", async () => {
    const { named } = await on(`${databaseUrl}?sslmode=verify-full`);
    expect(named("database")).toMatchObject([
      { verdict: "fail", found: "it speaks no TLS (NO_TLS)" },
    ]);
  });

  test("was never migrated", async () => {
    const { ok, named } = await on(await newPostgresUrl({ template: "template0" }));
    expect(ok).toBe(false);
    expect(named("database: version")).toMatchObject([
      {
        verdict: "fail",
        found: "The database is at version 0 (it was never migrated), this code needs 1",
        todo: expect.stringContaining("run `npm run migrate`"),
      },
    ]);
    expect(named("deadlines")).toMatchObject([{ verdict: "skip" }]);
  });

  test.each([
    ["works with this code", NEXT, "pass"],
    ["does not work with this code", NEXT_WITHOUT_US, "fail"],
  ])("is newer, and %s", async (_, next, verdict) => {
    const url = await newPostgresUrl();
    const database = openPostgres(url);
    await migrate(database, { migrations: upTo(next) });
    await database.close();
    expect((await on(url)).named("database: version")).toMatchObject([{ verdict }]);
  });

  test("does not let this role write", async () => {
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
          /^the role lacks insert on ingest, update on ingest, .*delete on used_signature$/,
        ),
      },
    ]);
    await database.query(`drop owned by ${role}`);
    await database.query(`drop role ${role}`);
    await database.close();
  });

  test("shows what is overdue, and starts that nobody settled; and is not changed by looking", async () => {
    const url = await newPostgresUrl();
    const database = openPostgres(url);
    const store = createStore(database);
    const createdAt = addMs(clock.now(), -60 * MINUTE_MS);
    await runningIngest(store, { createdAt, deadlineAt: addMs(clock.now(), -10 * MINUTE_MS) });
    await runningIngest(store, { createdAt, deadlineAt: addMs(clock.now(), -MINUTE_MS) });
    await store.beginStart(newIngest({ createdAt, deadlineAt: addMs(clock.now(), MINUTE_MS) }));
    const all = () => database.query("select *, xmin from ingest order by task_id");
    const before = await all();
    const { ok, named } = await on(url);
    expect(ok).toBe(false);
    expect(named("deadlines")).toMatchObject([
      {
        verdict: "fail",
        found: "1 ingest overdue by more than two ticks, the oldest by 10 min",
        todo: expect.stringContaining("expire-ingests does not run"),
      },
    ]);
    expect(named("starts")).toMatchObject([
      { verdict: "warn", found: expect.stringContaining("1 start without an outcome") },
    ]);
    expect(await all()).toEqual(before);
    await database.close();
  });
});

describe("expire-ingests", () => {
  test.each([
    ["a tick that its time limit cannot hold", { EXPIRY_TICK_SECONDS: "90" }, "time limit", "105"],
    ["a timer slower than its tick", { EXPIRY_TICK_SECONDS: "5" }, "timer", "EXPIRY_CRON"],
    ["a timer that is none", { EXPIRY_CRON: "* * * * *" }, "timer", "correct EXPIRY_CRON"],
    ["a timer with a pause", { EXPIRY_CRON: "0 0-50 * * * * *" }, "timer", "EXPIRY_CRON"],
  ])("with %s fails", async (_, env, check, todo) => {
    const { named } = await examineHere(env);
    expect(named(`expire-ingests: ${check}`)).toMatchObject([
      { verdict: "fail", todo: expect.stringContaining(todo) },
    ]);
  });
});

describe("a deployed URL", () => {
  const envelope = (Code: string) =>
    JSON.stringify({ Response: { Error: { Code, Message: "m" }, RequestId: "r" } });

  test.each([
    ["forged", 200, "<h1>Welcome</h1>", "not in our words"],
    ["a success", 200, '{"Response":{"RequestId":"r"}}', "not in our words"],
    ["broken inside", 500, envelope("InternalError"), "HTTP 500, InternalError"],
    ["elsewhere", 302, "", "HTTP 302"],
    ["a refusal with another status", 200, envelope("AuthFailure.X"), "HTTP 200"],
  ])("whose answer is %s fails", async (_, status, body, found) => {
    const url = await serve((_request, response) => response.writeHead(status).end(body));
    const { ok, named } = await examineHere({}, ["--url", url]);
    expect(ok).toBe(false);
    expect(named("url")).toMatchObject([
      { verdict: "fail", found: expect.stringContaining(found) },
    ]);
  });

  test("that is ours passes, beside another that is plain HTTP", async () => {
    const flags = ["--url", runtime.url, "--url", "http://example.invalid/?key=in-the-query"];
    const { named } = await examineHere({}, flags);
    expect(named("url")).toMatchObject([
      { verdict: "pass" },
      {
        verdict: "fail",
        check: "url http://example.invalid",
        found: expect.stringContaining("plain HTTP"),
      },
    ]);
  });

  test("whose certificate nobody vouches for fails, in words", async () => {
    const made = await generate([{ name: "commonName", value: "127.0.0.1" }]);
    const server = createTlsServer({ key: made.private, cert: made.cert }, (_, response) =>
      response.end(envelope("AuthFailure.X")),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    closers.push(() => server.close());
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { named } = await examineHere({}, ["--url", url, "--callback-url", url]);
    for (const check of ["url", "callback"]) {
      expect(named(check)).toMatchObject([
        { verdict: "fail", found: expect.stringContaining("certificate is signed by itself") },
      ]);
    }
  });

  test("that TRTC calls back fails when it is broken, or away", async () => {
    const broken = await serve((_, response) => response.writeHead(502).end());
    for (const url of [broken, `http://127.0.0.1:${await closedPort()}`]) {
      const { ok, named } = await examineHere({}, ["--callback-url", url]);
      expect([ok, named("callback")]).toMatchObject([false, [{ verdict: "fail" }]]);
    }
  });
});

describe("the command", () => {
  test("says what it can", async () => {
    const { code, output } = await run({}, ["--help"]);
    expect(code).toBe(0);
    for (const flag of ["--env-file", "--url", "--callback-url", "--local", "--strict", "--json"]) {
      expect(output).toContain(flag);
    }
  });

  test.each([[["--halp"]], [["--url", "ftp://x"]], [["--callback-url", "nowhere"]]])(
    "refuses %p in one line",
    async (args) => {
      const { code, output } = await run({}, args);
      expect([code, output]).toEqual([1, expect.stringContaining(args[0] ?? "")]);
      expect(output).not.toMatch(/^\s+at /m);
    },
  );
});

test("no run has printed a secret", () => {
  const all = printed.join("");
  expect(printed.length).toBeGreaterThan(40);
  for (const secret of [
    ...["local-secret-key", "emulator-secret-key", "some-other-secret", "hidden-password"],
    ...["a-key-that-nobody-may-see", "AKIDlooks-like-a-cloud-key", "AKIDnobody", "AKIDemulator"],
    ...["5bd2850fff3ecb11", "9e1c4ab0d27f5386", OWN_APP.SecretKey, "in-the-query"],
  ]) {
    expect(all).not.toContain(secret);
  }
});
