/** The local runtime runs what serverless.yml declares. */
import { describe, expect, test } from "@jest/globals";
import type { Environment } from "../../shared/config/environment.js";
import { loadFunctions } from "../../server/declared/functions.js";
import { localEnvironment } from "../../local/environment/local-environment.js";
import { readPort } from "../../local/terminal/port.js";

const unopened = () => Promise.reject(new Error("no services here"));
const load = (env: Environment = {}) => loadFunctions(unopened, env);
const named = async (name: string, env?: Environment) =>
  (await load(env)).find((each) => each.name === name);

describe("the functions", () => {
  test("are all declared, each with its trigger", async () => {
    const all = await load();
    const called = all.map(({ name, isHttp, crons }) => [name, isHttp, crons.length]);
    expect(called).toEqual([
      ["api", true, 0],
      ["start-ingest", true, 0],
      ["stop-ingest", true, 0],
      ["update-ingest", true, 0],
      ["describe-ingest", true, 0],
      ["list-ingests", true, 0],
      ["schedules", true, 0],
      ["room-callback", true, 0],
      ["advance-ingests", false, 1],
      ["plan-schedules", false, 1],
      ["expire-ingests", false, 1],
      ["reconcile-ingests", false, 1],
      ["deliver-notifications", false, 1],
      ["health", true, 0],
      ["console", true, 0],
      ["cloud-event", false, 0],
    ]);
  });

  test("have the provider's time limit, or their own", async () => {
    expect(await named("start-ingest")).toMatchObject({ timeLimitMs: 30_000 });
    expect(await named("expire-ingests")).toMatchObject({ timeLimitMs: 100_000 });
  });
});

describe("a variable of serverless.yml", () => {
  test("has its default when the environment has none", async () => {
    expect((await named("expire-ingests"))?.crons).toEqual(["0 */1 * * * * *"]);
  });

  test("is the environment's where it has one", async () => {
    const env = { EXPIRY_CRON: "*/7 * * * * * *" };
    expect((await named("expire-ingests", env))?.crons).toEqual(["*/7 * * * * * *"]);
  });

  test("cannot break the file by its value", async () => {
    const env = { EXPIRY_CRON: 'a: "b" # {c} \\ \n - d' };
    expect((await named("expire-ingests", env))?.crons).toEqual([env.EXPIRY_CRON]);
  });
});

describe("the local environment", () => {
  const local = (env: Environment) => localEnvironment(env, "http://127.0.0.1:3001");

  test.each([
    [undefined, "5", "*/5 * * * * * *"],
    ["", "5", "*/5 * * * * * *"],
    ["1", "1", "*/1 * * * * * *"],
    ["2.5", "2.5", "*/2 * * * * * *"],
    ["60", "60", "0 */1 * * * * *"],
    ["300", "300", "0 */1 * * * * *"],
  ])("with a tick of %p runs at least as often", (tick, seconds, cron) => {
    const { EXPIRY_TICK_SECONDS, EXPIRY_CRON } = local({ EXPIRY_TICK_SECONDS: tick });
    expect([EXPIRY_TICK_SECONDS, EXPIRY_CRON]).toEqual([seconds, cron]);
  });

  test("keeps what is set, adds defaults, and treats an empty variable as unset", () => {
    const env = local({ CALLERS: "", TRTC_APPS: "[]", ALLOW_PRIVATE_STREAM_HOSTS: "off" });
    expect(env).toMatchObject({ TRTC_APPS: "[]", ALLOW_PRIVATE_STREAM_HOSTS: "off" });
    expect(env["CALLERS"]).toContain("AKIDlocal");
    expect(env["TRTC_ENDPOINT"]).toBe("http://127.0.0.1:3001");
  });
});

describe("a port", () => {
  test.each([
    [undefined, 3000],
    ["", 3000],
    ["0", 0],
    ["8080", 8080],
    ["65535", 65535],
  ])("set to %p is %d", (PORT, port) => {
    expect(readPort({ PORT }, "PORT", 3000)).toBe(port);
  });

  test.each(["http", "-1", "65536", "1e3", "0x10", "80.5", " ", "8080 "])(
    "may not be '%s'",
    (PORT) => {
      const message = "PORT must be a port number from 0 to 65535";
      expect(() => readPort({ PORT }, "PORT", 3000)).toThrow(message);
    },
  );
});
