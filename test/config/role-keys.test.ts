/** The execution role's temporary keys: read at each call, because the platform replaces them. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { CN_APP, type TestApp, startTestApp } from "../support/app/test-app.js";

const KEYS = {
  AKIDmorning: { secretKey: "morning-secret-key", token: "morning-token" },
  AKIDevening: { secretKey: "evening-secret-key", token: "evening-token" },
};

const NAMES = [
  "TENCENTCLOUD_SECRETID",
  "TENCENTCLOUD_SECRETKEY",
  "TENCENTCLOUD_SESSIONTOKEN",
] as const;

/** Changes the environment of a live instance, as SCF does. */
function give(secretId: keyof typeof KEYS, token = KEYS[secretId].token): void {
  const values = [secretId, KEYS[secretId].secretKey, token];
  NAMES.forEach((name, index) => (process.env[name] = values[index]));
}

let app: TestApp;

beforeAll(async () => {
  const emulator = { accounts: KEYS };
  app = await startTestApp({ env: { TRTC_ACCOUNTS: "[]" }, emulator });
});
afterAll(() => app.close());
beforeEach(() => {
  give("AKIDmorning");
});
afterEach(() => {
  for (const name of NAMES) Reflect.deleteProperty(process.env, name);
});

const start = (RoomId: string) =>
  app.post("start-ingest", { SdkAppId: CN_APP, RoomId, StreamUrl: app.clip });

const startedBy = async (trtcTaskId: unknown) =>
  (await app.truth.tasks()).find(({ taskId }) => taskId === trtcTaskId)?.account;

test("each call is signed with the role's current keys, also in an instance that has called before", async () => {
  const { response: morning } = await start("1");
  give("AKIDevening");
  const { response: evening } = await start("2");
  expect(await startedBy(morning["TrtcTaskId"])).toBe("AKIDmorning");
  expect(await startedBy(evening["TrtcTaskId"])).toBe("AKIDevening");
});

test("expired keys are reported as an internal error, and stay hidden", async () => {
  give("AKIDmorning", "yesterdays-token");
  const { status, response } = await start("3");
  expect([status, response.Error?.Code]).toEqual([503, "ServiceUnavailable"]);
  for (const secret of ["yesterdays-token", "morning-secret-key"]) {
    expect(JSON.stringify(response) + app.logLines.join("")).not.toContain(secret);
  }
});

test("a function without a role, and without fixed keys, makes no call", async () => {
  for (const name of NAMES) Reflect.deleteProperty(process.env, name);
  const before = await app.truth.calls();
  const { status, response } = await start("4");
  expect([status, response.Error?.Code]).toEqual([503, "ServiceUnavailable"]);
  expect(await app.truth.calls()).toEqual(before);
  expect(app.logLines.at(-1)).toContain("no execution role");
});
