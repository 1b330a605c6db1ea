/** `trtc-ingest health`: the rows of a deployment's health, by an operator's key. */
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { readOperatorTarget } from "../../cli/api/operator-target.js";
import { TIMED_FUNCTIONS } from "../../shared/health/timers.js";
import { cli, type CliOptions, watching } from "../support/cli.js";
import { KEY, startTestApp, type TestApp } from "../support/app/test-app.js";

const OPERATOR_KEY = "a-key-of-an-operator";

let app: TestApp;
beforeAll(async () => {
  const OPERATOR_KEYS = JSON.stringify([{ Name: "anna", SecretKeys: [OPERATOR_KEY] }]);
  app = await startTestApp({ env: { OPERATOR_KEYS } });
});
beforeEach(async () => {
  await app.database.query("delete from timer_run");
  await app.database.query(
    "insert into timer_run (function, ran_at, gap_ms) select name, now(), 60000 from unnest($1::text[]) name",
    [TIMED_FUNCTIONS],
  );
});
afterAll(() => app.close());

const NOTHING_SET = { HOME: "/nowhere", XDG_CONFIG_HOME: "", DATA_DIR: "/nowhere" };

const health = (args: string[] = [], env: object = {}, options: CliOptions = {}) =>
  cli(
    ["health", ...args],
    {
      ...NOTHING_SET,
      TRTC_INGEST_URL: app.url,
      TRTC_INGEST_OPERATOR_KEY: OPERATOR_KEY,
      NO_COLOR: "1",
      ...env,
    },
    options,
  );

const stopTimer = () =>
  app.database.query(
    "update timer_run set ran_at = now() - interval '10 minutes' where function = 'expire-ingests'",
  );
const startTimer = () =>
  app.database.query("update timer_run set ran_at = now() where function = 'expire-ingests'");

test("shows a row for each check, and ends with 0 while nothing fails", async () => {
  const { code, out, err } = await health();

  expect([code, err]).toEqual([0, ""]);
  expect(out).toMatch(/^pass {2}database +PostgreSQL \d+/);
  for (const name of TIMED_FUNCTIONS) expect(out).toMatch(new RegExp(`pass {2}${name}: last run`));
  expect(out).toMatch(/\n\nnothing failed: \d+ passed, 0 warnings, 0 skipped\n$/);
});

test("names a timer that stopped, says what to do, and ends with 1", async () => {
  await stopTimer();

  const { code, out } = await health();
  const json = await health(["--json"]);

  expect(code).toBe(1);
  expect(out).toMatch(/fail {2}expire-ingests: last run +10 min ago: it should run every .+\n +→ /);
  expect(out).toContain("\n1 failed: ");
  expect(json.code).toBe(1);
  expect(JSON.parse(json.out)).toMatchObject({
    status: "fail",
    checks: expect.arrayContaining([
      expect.objectContaining({ check: "expire-ingests: last run", verdict: "fail" }),
    ]),
  });
});

test("--strict ends with 1 for a warning", async () => {
  await app.database.query("update timer_run set failures = 2 where function = 'plan-schedules'");

  expect((await health()).code).toBe(0);
  expect((await health(["--strict"])).code).toBe(1);
});

test("--watch writes each change of a verdict, and ends as the last answer was", async () => {
  const { code, out } = await health(["--watch"], {}, watching([stopTimer, startTimer]));

  expect(code).toBe(0);
  const verdicts = out
    .split("\n")
    .filter((line) => line.includes("\texpire-ingests: last run\t"))
    .map((line) => line.split("\t").slice(1, 3));
  expect(verdicts.map(([verdict]) => verdict)).toEqual(["pass", "fail", "pass"]);
  expect(out.match(/\tplan-schedules: last run\t/g)).toHaveLength(1);
});

test("--watch draws the rows again on a terminal", async () => {
  const terminal = watching([stopTimer], { terminal: 120 });

  const { code, out } = await health(["--watch"], {}, terminal);

  expect(code).toBe(1);
  const frames = out.split(/\u001b\[\d+A\u001b\[J/);
  expect(frames).toHaveLength(2);
  expect(frames[0]).toContain("nothing failed");
  expect(frames[1]).toContain("1 failed");
});

test("--watch outlives a database that is away", async () => {
  const rename = (from: string, to: string) => () =>
    app.database.query(`alter table ${from} rename to ${to}`);
  const steps = [rename("outbox", "outbox_away"), rename("outbox_away", "outbox")];

  const { code, err } = await health(["--watch"], {}, watching(steps));

  expect([code, err]).toEqual([0, expect.stringMatching(/answered HTTP 50\d without its rows\n/)]);
});

test.each<[what: string, env: () => object, code: number, words: RegExp]>([
  [
    "a caller's key",
    () => ({ TRTC_INGEST_OPERATOR_KEY: KEY }),
    1,
    /^AuthFailure\.InvalidAuthorization: Send a key of OPERATOR_KEYS .+ \(RequestId [\w-]{36}\)\n$/,
  ],
  [
    "no operator's key",
    () => ({ TRTC_INGEST_OPERATOR_KEY: "" }),
    2,
    /^an operator's key is missing: set TRTC_INGEST_OPERATOR_KEY to a key of OPERATOR_KEYS\n$/,
  ],
  [
    "the URL of another function",
    () => ({ TRTC_INGEST_HEALTH_URL: `${app.url}/start-ingest` }),
    1,
    /is not the health function \(HTTP 4\d\d\): set TRTC_INGEST_HEALTH_URL to its URL\n$/,
  ],
  [
    "a host that does not answer",
    () => ({ TRTC_INGEST_HEALTH_URL: "http://127.0.0.1:2" }),
    1,
    /^http:\/\/127\.0\.0\.1:2 gave no answer \(.+\)\n$/,
  ],
  [
    "plain HTTP to another machine",
    () => ({ TRTC_INGEST_HEALTH_URL: "http://health.example" }),
    2,
    /^TRTC_INGEST_HEALTH_URL must be the URL of the health function: https/,
  ],
])("refused is %s, with what to do", async (_, env, code, words) => {
  const result = await health([], env());

  expect([result.code, result.out]).toEqual([code, ""]);
  expect(result.err).toMatch(words);
  expect(result.output).not.toContain(OPERATOR_KEY);
});

test("--interval takes seconds only", async () => {
  const { code, err } = await health(["--watch", "--interval", "soon"]);

  expect([code, err]).toEqual([2, "--interval must be a number of seconds from 1 to 9999\n"]);
});

test("an answer of another server is not shown, and its redirect gets no key", async () => {
  const keys: unknown[] = [];
  const server = createServer((request, response) => {
    keys.push(request.url);
    response.writeHead(302, { location: "/elsewhere" }).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const { code, err } = await health([], { TRTC_INGEST_HEALTH_URL: url });
  server.close();

  expect([code, err]).toEqual([
    1,
    expect.stringContaining("is not the health function (HTTP 302)"),
  ]);
  expect(keys).toEqual(["/health"]);
});

test("a profile and the local run have an operator's key of their own", async () => {
  const OPERATOR_KEYS = JSON.stringify([{ Name: "me", SecretKeys: ["mine"] }]);
  const env = { ...NOTHING_SET, PORT: "3456", CALLERS: "" };

  expect(await readOperatorTarget(env, { local: true })).toMatchObject({
    url: new URL("http://127.0.0.1:3456/health"),
    key: KEY,
  });
  expect(await readOperatorTarget({ ...env, OPERATOR_KEYS }, { local: true })).toMatchObject({
    key: "mine",
  });
  await expect(
    readOperatorTarget({ ...env, OPERATOR_KEYS: "[{" }, { local: true }),
  ).rejects.toThrow("OPERATOR_KEYS has no key");
});
