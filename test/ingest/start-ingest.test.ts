/** Starts: the request to TRTC, the stored row and the caller's answer to each failure. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { MINUTE_MS, systemClock } from "../../shared/clock.js";
import { verifyPrivateMapKey, Privilege } from "../../shared/signing/trtc/private-map-key.js";
import { signUserSig, verifyUserSig } from "../../shared/signing/trtc/user-sig.js";
import { createStore } from "../../shared/store/store.js";
import { makeHandler } from "../../functions/start-ingest.js";
import { DEFAULT_APPLICATIONS } from "../../emulator/defaults.js";
import {
  type Answer,
  CN_APP,
  type TestApp,
  INTL_APP,
  startTestApp,
  type TrtcHandle,
} from "../support/app/test-app.js";
import { BOTH_WAYS } from "../support/contract/switch-sets.js";
import { nextRoom } from "../support/app/rooms.js";

let app: TestApp;
let trtc: TrtcHandle;

beforeAll(async () => {
  app = await startTestApp({
    env: {
      TRTC_TIMEOUT_SECONDS: "2",
      TRTC_APPS: JSON.stringify(
        DEFAULT_APPLICATIONS.map(({ sdkAppId, secretKey, site }) => ({
          SdkAppId: sdkAppId,
          SecretKey: secretKey,
          Site: site,
          AdvancedPermission: site === "intl",
        })),
      ),
    },
  });
  ({ trtc } = app);
});
afterAll(() => app.close());

const secretKeyOf = (application: number) =>
  DEFAULT_APPLICATIONS.find(({ sdkAppId }) => sdkAppId === application)?.secretKey ?? "";

function body<T extends object>(fields: T = {} as T) {
  const room = { RoomId: nextRoom(), RoomIdType: 0 };
  return { SdkAppId: CN_APP, ...room, StreamUrl: app.clip, ...fields };
}

const start = (fields: object = {}) => app.post("start-ingest", body(fields));
const sent = () => trtc.bodies("StartStreamIngest").at(-1) ?? {};
const rowOf = ({ response }: Answer) => app.services.store.ingests.read(String(response["TaskId"]));
const tasks = async () => (await app.truth.tasks()).length;

describe("in the call to TRTC,", () => {
  test("the fields keep their names, and our own fields are absent", async () => {
    await start({ Volume: 50, SeekSecond: 1, RepeatNum: 3, ClientToken: "c1", MaxDuration: 7 });
    expect(sent()).toMatchObject({ SdkAppId: CN_APP, Volume: 50, SeekSecond: 1, RepeatNum: 3 });
    for (const ours of ["ClientToken", "StopTime", "MaxDuration"])
      expect(sent()).not.toHaveProperty(ours);
  });

  test("a new robot has a signed login that outlives the deadline", async () => {
    const { response } = await start({ MaxDuration: 60 });
    const userId = String(response["UserId"]);
    expect(userId).toMatch(/^[A-Za-z0-9_]{1,32}$/);
    const login = { sdkAppId: CN_APP, secretKey: secretKeyOf(CN_APP), userId };
    const verdict = verifyUserSig(String(sent()["UserSig"]), login, systemClock.now());
    const deadline = new Date(String(response["Deadline"]));
    expect(verdict.ok && verdict.expiresAt.getTime()).toBeGreaterThan(deadline.getTime());
    expect(sent()).not.toHaveProperty("PrivateMapKey");
  });

  test("the robot has a PrivateMapKey for the room under advanced permission control", async () => {
    const { response } = await start({ SdkAppId: INTL_APP, RoomId: "ticket" });
    const login = { sdkAppId: INTL_APP, secretKey: secretKeyOf(INTL_APP), roomIdType: 0 as const };
    const room = {
      userId: String(response["UserId"]),
      roomId: "ticket",
      privileges: Privilege.sendVideo,
    };
    const key = String(sent()["PrivateMapKey"]);
    expect(verifyPrivateMapKey(key, { ...login, ...room }, systemClock.now())).toMatchObject({
      ok: true,
    });
  });

  test("a login that the caller signed is unchanged", async () => {
    const login = { sdkAppId: CN_APP, secretKey: secretKeyOf(CN_APP), userId: "my-robot" };
    const UserSig = signUserSig({ ...login, lifetimeSeconds: 600 }, systemClock.now());
    await start({ UserId: "my-robot", UserSig });
    expect(sent()).toMatchObject({ UserId: "my-robot", UserSig });
  });

  test.each([
    [{ MaxDuration: 90 }, 90],
    [{}, 240],
  ])("a loop with %j has TRTC's cap of %d minutes", async (fields, minutes) => {
    await start({ RepeatNum: -1, ...fields });
    expect(sent()).toMatchObject({ RepeatNum: -1, MaxDuration: minutes });
  });

  test("a StopTime within a minute caps the loop at the next whole minute", async () => {
    const StopTime = new Date(systemClock.now().getTime() + 90_500).toISOString();
    const { response } = await start({ RepeatNum: -1, StopTime });
    expect(sent()).toMatchObject({ MaxDuration: 2 });
    expect(response).toMatchObject({ Deadline: StopTime });
  });
});

test("a start makes two round trips to the database and one call to TRTC", async () => {
  const { database } = app;
  const asked: string[] = [];
  const query: typeof database.query = (text, parameters) => {
    asked.push(text);
    return database.query(text, parameters);
  };
  const services = { ...app.services, store: createStore({ ...database, query }) };
  const handler = makeHandler(() => Promise.resolve(services));
  const headers = { authorization: "Bearer local-secret-key", "content-type": "application/json" };
  const calls = trtc.calls("StartStreamIngest");
  const event = { httpMethod: "POST", path: "/", headers, body: JSON.stringify(body()) };
  expect(await handler(event)).toMatchObject({ statusCode: 200 });
  expect(asked).toHaveLength(2);
  expect(trtc.calls("StartStreamIngest")).toBe(calls + 1);
});

test("a call to TRTC does not use the environment's proxy", async () => {
  process.env["http_proxy"] = "http://127.0.0.1:1";
  expect((await start()).status).toBe(200);
  delete process.env["http_proxy"];
});

describe("the deadline", () => {
  test.each([
    ["MaxDuration", { MaxDuration: 90 }, 90],
    ["four hours, when nothing is sent", {}, 240],
    ["the earlier of both", { MaxDuration: 5, StopTime: "2999-01-01T00:00:00Z" }, 5],
  ])("is %s", async (_, fields, minutes) => {
    const before = systemClock.now().getTime();
    const answer = await start(fields);
    const row = await rowOf(answer);
    const after = systemClock.now().getTime();
    const deadline = row?.deadlineAt.getTime() ?? 0;
    expect(answer.response["Deadline"]).toBe(row?.deadlineAt.toISOString());
    expect(deadline - minutes * MINUTE_MS).toBeGreaterThanOrEqual(before);
    expect(deadline - minutes * MINUTE_MS).toBeLessThanOrEqual(after);
  });
});

describe.each(BOTH_WAYS)("sending the same again to %s:", (_way, switches) => {
  beforeAll(() => trtc.turn(switches));
  afterAll(() => trtc.turn({}));

  const set = switches.sameRobot ?? "default";

  test("one token with one request has one answer and one robot", async () => {
    const same = body({ ClientToken: `again ${set}` });
    const before = await tasks();
    const first = await app.post("start-ingest", same);
    const again = await app.post("start-ingest", same);
    const { RequestId: _, ...answer } = first.response;
    expect(again.response).toMatchObject(answer);
    expect(await tasks()).toBe(before + 1);
  });

  test("a retry with a new UserSig is the same request", async () => {
    const login = { sdkAppId: CN_APP, secretKey: secretKeyOf(CN_APP), userId: `signed_${set}` };
    const same = body({ ClientToken: `signed-twice ${set}`, UserId: `signed_${set}` });
    const UserSig = (lifetimeSeconds: number) =>
      signUserSig({ ...login, lifetimeSeconds }, systemClock.now());
    const first = await app.post("start-ingest", { ...same, UserSig: UserSig(600) });
    const again = await app.post("start-ingest", { ...same, UserSig: UserSig(700) });
    expect(again.response["TaskId"]).toBe(first.response["TaskId"]);
  });

  test("one token with another request is refused and starts nothing", async () => {
    const same = body({ ClientToken: `other ${set}` });
    await app.post("start-ingest", same);
    const before = await tasks();
    const { response, status } = await app.post("start-ingest", { ...same, Volume: 7 });
    expect(response.Error).toMatchObject({ Code: "InvalidParameterValue" });
    expect(response.Error?.Message).toContain("ClientToken");
    expect([status, await tasks()]).toEqual([400, before]);
  });

  test("two equal requests without a token are two starts", async () => {
    const same = body();
    const ids = [await app.post("start-ingest", same), await app.post("start-ingest", same)];
    expect(new Set(ids.map(({ response }) => response["TaskId"])).size).toBe(2);
  });

  test("the answer stays the same after the end", async () => {
    const same = body({ ClientToken: `ended ${set}` });
    const { response } = await app.post("start-ingest", same);
    await app.post("stop-ingest", { SdkAppId: CN_APP, TaskId: response["TaskId"] });
    const again = await app.post("start-ingest", same);
    expect(again.response["TaskId"]).toBe(response["TaskId"]);
  });

  test("a robot that still plays is not started in a second room", async () => {
    await start({ UserId: `busy_${set}` });
    const before = await tasks();
    const { status, response } = await start({ UserId: `busy_${set}` });
    expect([status, response.Error?.Code]).toEqual([409, "FailedOperation.TaskExist"]);
    expect(await tasks()).toBe(before);
  });
});

describe("when TRTC fails", () => {
  test("a refusal reaches the caller in TRTC's words, and ends the ingest as failed", async () => {
    const same = body({ ClientToken: "refused", UserId: "refused-elsewhere" });
    // Another program's task uses the robot, and we have no row for it.
    const login = { sdkAppId: CN_APP, secretKey: secretKeyOf(CN_APP), userId: same.UserId };
    await foreignStart(signUserSig({ ...login, lifetimeSeconds: 600 }, systemClock.now()), same);
    const first = await app.post("start-ingest", same);
    expect([first.status, first.response.Error?.Code]).toEqual([409, "FailedOperation.TaskExist"]);
    const calls = trtc.calls("StartStreamIngest");
    const again = await app.post("start-ingest", same);
    expect(again.response.Error).toEqual(first.response.Error);
    expect(trtc.calls("StartStreamIngest")).toBe(calls);
  });

  test("a throttled call is repeated in a new slot, and the caller gets a success", async () => {
    const before = await tasks();
    trtc.next("StartStreamIngest", "throttle", "throttle");
    expect((await start()).status).toBe(200);
    expect(await tasks()).toBe(before + 1);
  });

  test.each(["lose-answer", "lose-request", "http-502", "garbage", "hang"] as const)(
    "%s: the start is not failed, and a retry with its token finishes it with one robot",
    async (fault) => {
      const same = body({ ClientToken: `unknown ${fault}`, RoomId: `unknown-${fault}` });
      trtc.next("StartStreamIngest", fault);
      const first = await app.post("start-ingest", same);
      expect([first.status, first.response.Error?.Code]).toEqual([500, "InternalError"]);
      expect(first.response.Error?.Message).toContain("same ClientToken");
      const { response } = await app.post("list-ingests", { RoomId: same.RoomId });
      expect(response["Ingests"]).toMatchObject([{ State: "starting", Status: "InProgress" }]);
      const again = await app.post("start-ingest", same);
      const robots = (await app.truth.tasks()).filter(
        ({ roomId, state }) => roomId === same.RoomId && state !== "ended",
      );
      expect(robots).toMatchObject([
        { taskId: again.response["TrtcTaskId"], userId: again.response["UserId"] },
      ]);
    },
  );

  test("a refusal of our own keys is an internal error for the caller", async () => {
    const accounts = [
      { Account: "cn", SecretId: "AKIDemulator", SecretKey: "not-the-emulators-key" },
    ];
    const misconfigured = await startTestApp({ env: { TRTC_ACCOUNTS: JSON.stringify(accounts) } });
    const { status, response } = await misconfigured.post(
      "start-ingest",
      body({ ClientToken: "k" }),
    );
    expect([status, response.Error?.Code]).toEqual([503, "ServiceUnavailable"]);
    const line = misconfigured.logLines.map((each) => JSON.parse(each) as object).at(-1);
    expect(line).toMatchObject({
      level: "error",
      detail: expect.stringContaining("SignatureFailure") as unknown,
    });
    const intl = await misconfigured.post("start-ingest", body({ SdkAppId: INTL_APP }));
    expect([intl.status, intl.response.Error?.Code]).toEqual([503, "ServiceUnavailable"]);
    const rows = await misconfigured.database.query("select state, client_token from ingest");
    expect(rows).toEqual(Array(2).fill({ state: "ended", client_token: null }));
    await misconfigured.close();
  });

  test("an unreachable TRTC starts nothing and frees the token", async () => {
    const same = body({ ClientToken: "unreachable" });
    const unreachable = await startTestApp({ trtcEndpoint: () => "http://127.0.0.1:1" });
    const first = await unreachable.post("start-ingest", same);
    expect([first.status, first.response.Error?.Code]).toEqual([503, "ServiceUnavailable"]);
    expect(first.headers.get("retry-after")).toBe("1");
    const [row] = await unreachable.database.query("select state, client_token from ingest");
    expect(row).toEqual({ state: "ended", client_token: null });
    await unreachable.close();
  });
});

/** A start sent directly to the emulator, as another program of the account would send it. */
async function foreignStart(
  UserSig: string,
  same: ReturnType<typeof body> & { UserId: string; ClientToken: string },
) {
  const { ClientToken, ...fields } = same;
  const target = { account: "cn", host: "", region: "ap-singapore" };
  const request = { ...fields, UserSig };
  await app.services.trtc.call("StartStreamIngest", { target, request, timeLeftMs: 5000 });
}
