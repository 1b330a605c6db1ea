/** How long an ingest may last: the request, the default, the limit and later changes. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, SECOND_MS, systemClock } from "../../shared/clock.js";
import { deadlineAgain } from "../../shared/ingest/lifecycle.js";
import {
  CN_APP,
  type TestApp,
  INTL_APP,
  KEY,
  startTestApp,
  SECRET_ID,
} from "../support/app/test-app.js";
import { post, signedTc3 } from "../support/http/http-requests.js";
import { envelopeIn, rawCaller } from "../support/http/raw-call.js";
import { nextRoom } from "../support/app/rooms.js";

const LIMITED_KEY = "key-of-a-limited-caller";
const LIMITED = { authorization: `Bearer ${LIMITED_KEY}` };
const MONTHLY_KEY = "key-of-a-monthly-caller";
const MONTHLY = { authorization: `Bearer ${MONTHLY_KEY}` };

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({
    env: {
      TRTC_TIMEOUT_SECONDS: "5",
      CALLERS: JSON.stringify([
        { Id: SECRET_ID, SecretKeys: [KEY], SdkAppIds: [CN_APP, INTL_APP] },
        { Id: "limited", SecretKeys: [LIMITED_KEY], SdkAppIds: [CN_APP], MaxDuration: 30 },
        { Id: "monthly", SecretKeys: [MONTHLY_KEY], SdkAppIds: [CN_APP], MaxDuration: 43_200 },
      ]),
    },
  });
});
afterAll(() => app.close());

function startOf(fields: object = {}) {
  const RoomId = nextRoom();
  return {
    SdkAppId: CN_APP,
    RoomId,
    RoomIdType: 0,
    StreamUrl: app.clip,
    RepeatNum: -1,
    ...fields,
  };
}

const start = async (fields: object = {}, headers?: Record<string, string>) =>
  (await app.post("start-ingest", startOf(fields), headers)).response;

const describeIt = async ({ TaskId }: Record<string, unknown>) =>
  (await app.post("describe-ingest", { SdkAppId: CN_APP, TaskId })).response;

const inMinutes = (minutes: number) => addMs(systemClock.now(), minutes * MINUTE_MS).toISOString();

const lastCap = () => app.trtc.bodies("StartStreamIngest").at(-1)?.["MaxDuration"];

async function minutesOf(started: Record<string, unknown>) {
  const { StartTime, Deadline } = await describeIt(started);
  return (Date.parse(String(Deadline)) - Date.parse(String(StartTime))) / MINUTE_MS;
}

describe("a start without a requested end", () => {
  test("lasts four hours, as a loop and its cap or as another source", async () => {
    expect(await minutesOf(await start())).toBe(240);
    expect(lastCap()).toBe(240);
    const finite = await start({ RepeatNum: 5 });
    expect(await minutesOf(finite)).toBe(240);
    const named = { SdkAppId: CN_APP, TaskId: finite["TaskId"], MaxDuration: 600 };
    expect((await app.post("update-ingest", named)).status).toBe(200);
  });

  test("lasts no longer than its caller's limit, without a Warning", async () => {
    const started = await start({}, LIMITED);
    expect(started).not.toHaveProperty("Warning");
    expect(Date.parse(String(started["Deadline"]))).toBeLessThanOrEqual(Date.parse(inMinutes(30)));
  });

  test("lasts for the application's default, or else for the deployment's", async () => {
    const apps = JSON.stringify([
      { SdkAppId: CN_APP, SecretKey: "a".repeat(64), Site: "cn", DefaultMaxDuration: 15 },
      { SdkAppId: INTL_APP, SecretKey: "b".repeat(64) },
    ]);
    const { readConfig } = await import("../../shared/config/configuration.js");
    const CALLERS = JSON.stringify([{ Id: "a", SecretKeys: [KEY], SdkAppIds: [CN_APP] }]);
    const read = (env: object) => readConfig({ TRTC_APPS: apps, CALLERS, ...env });
    expect(read({}).applications.get(CN_APP)?.DefaultMaxDuration).toBe(15);
    expect(read({}).defaultMaxDurationMinutes).toBe(240);
    expect(read({ DEFAULT_MAX_DURATION: "20" }).defaultMaxDurationMinutes).toBe(20);
    for (const wrong of ["0", "10081", "1.5", "four hours"]) {
      expect(() => read({ DEFAULT_MAX_DURATION: wrong })).toThrow(/minutes from 1 to 10080/);
    }
  });
});

describe("a grant that shortens a request", () => {
  test.each([
    ["MaxDuration", () => ({ MaxDuration: 60 })],
    ["StopTime", () => ({ StopTime: inMinutes(90) })],
  ])("%s has a Warning with both instants", async (_, fields) => {
    const started = await start(fields(), LIMITED);
    expect(started["Warning"]).toMatch(/asked for was 20.+Z, .+ 30 minutes grants 20.+Z\.$/);
    expect(started["Warning"]).toContain(String(started["Deadline"]));
  });

  test("is repeated in the Warning for the same ClientToken only", async () => {
    const request = startOf({ MaxDuration: 60, ClientToken: "shortened" });
    const answers = [
      await app.post("start-ingest", request, LIMITED),
      await app.post("start-ingest", request, LIMITED),
    ];
    expect(answers[0]?.response["Warning"]).toEqual(expect.any(String));
    expect(answers[1]?.response["Warning"]).toBe(answers[0]?.response["Warning"]);
    expect(await start({ MaxDuration: 29 }, LIMITED)).not.toHaveProperty("Warning");
  });
});

describe("ExtendableUntil", () => {
  test("sets TRTC's cap of a loop, rounded up, and allows its deadline to move up to it", async () => {
    const ExtendableUntil = addMs(systemClock.now(), 90.5 * MINUTE_MS).toISOString();
    const started = await start({ MaxDuration: 5, ExtendableUntil });
    expect(lastCap()).toBe(91);
    expect(await minutesOf(started)).toBe(5);
    expect(await describeIt(started)).toMatchObject({ ExtendableUntil });
    const named = { SdkAppId: CN_APP, TaskId: started["TaskId"] };
    for (const StopTime of [inMinutes(60), ExtendableUntil]) {
      const { response } = await app.post("update-ingest", { ...named, StopTime });
      expect(response["Deadline"]).toBe(StopTime);
    }
    const past = addMs(new Date(ExtendableUntil), 1).toISOString();
    const { response } = await app.post("update-ingest", { ...named, StopTime: past });
    expect(response.Error?.Message).toContain(ExtendableUntil);
  });

  test("of another source limits how far its deadline moves, without a cap at TRTC", async () => {
    const ExtendableUntil = inMinutes(20);
    const started = await start({ RepeatNum: 5, MaxDuration: 5, ExtendableUntil });
    expect(lastCap()).toBeUndefined();
    const named = { SdkAppId: CN_APP, TaskId: started["TaskId"] };
    expect((await app.post("update-ingest", { ...named, MaxDuration: 15 })).status).toBe(200);
    expect((await app.post("update-ingest", { ...named, MaxDuration: 25 })).status).toBe(400);
  });

  test("is shown in the list, and defaults to a loop's cap", async () => {
    const { RoomId, ...rest } = startOf({ MaxDuration: 5 });
    const started = (await app.post("start-ingest", { RoomId, ...rest })).response;
    const { response } = await app.post("list-ingests", { RoomId });
    expect(response["Ingests"]).toMatchObject([{ ExtendableUntil: started["Deadline"] }]);
  });

  test.each([
    ["in the past", () => ({ ExtendableUntil: inMinutes(-1) }), /is over/],
    [
      "before StopTime",
      () => ({ StopTime: inMinutes(20), ExtendableUntil: inMinutes(10) }),
      /before StopTime/,
    ],
    [
      "before the end of MaxDuration",
      () => ({ MaxDuration: 20, ExtendableUntil: inMinutes(10) }),
      /MaxDuration/,
    ],
    ["past seven days", () => ({ ExtendableUntil: inMinutes(10_085) }), /seven days: send 20/],
    ["that is no instant", () => ({ ExtendableUntil: "tomorrow" }), /ExtendableUntil/],
    ["without an offset", () => ({ ExtendableUntil: "2027-01-01T00:00:00" }), /ExtendableUntil/],
    ["of no day", () => ({ ExtendableUntil: "2027-02-30T00:00:00Z" }), /ExtendableUntil/],
  ])("%s is refused with a sentence", async (_, fields, words) => {
    const { Error: refusal } = await start(fields());
    expect(refusal?.Code).toBe("InvalidParameterValue");
    expect(refusal?.Message).toMatch(words);
  });

  test("past the caller's limit is refused, and the message names the latest instant", async () => {
    const { Error: refusal } = await start({ ExtendableUntil: inMinutes(31) }, LIMITED);
    expect(refusal?.Message).toMatch(/30 minutes: send 20.+Z or an earlier instant/);
  });

  test("past seven days needs KeepAlive, although the caller may have a month", async () => {
    const { Error: refusal } = await start({ ExtendableUntil: inMinutes(10_085) }, MONTHLY);
    expect(refusal?.Message).toMatch(/without KeepAlive: true .+seven days: send 20.+Z or/);
    await start({ MaxDuration: 5, ExtendableUntil: inMinutes(10_079) }, MONTHLY);
    expect(lastCap()).toBe(10_079);
  });

  test("is refused past seven days in an update of an ingest without restarts", async () => {
    const { TaskId } = await start({ RepeatNum: 5 }, MONTHLY);
    const update = { SdkAppId: CN_APP, TaskId, StopTime: inMinutes(10_085) };
    const { response } = await app.post("update-ingest", update, MONTHLY);
    expect(response.Error?.Message).toMatch(/cannot be moved past 20/);
  });

  test("is refused in an update, with its reason", async () => {
    const { TaskId } = await start();
    const update = { SdkAppId: CN_APP, TaskId, ExtendableUntil: inMinutes(5) };
    const { response } = await app.post("update-ingest", update);
    expect(response.Error?.Message).toContain("only a start has it");
  });

  test("is kept by a start that is sent again, whose cap ends at the same instant", () => {
    const startAt = new Date("2026-01-01T12:03:30Z");
    const [deadlineAt, latestAt] = [10, 90].map((minutes) => addMs(startAt, minutes * MINUTE_MS));
    const play = { StreamUrl: "https://media.example/clip.mp4", RepeatNum: -1 };
    const row = { deadlineAt: deadlineAt as Date, latestAt: latestAt as Date, play };
    const later = addMs(startAt, 30 * SECOND_MS);
    expect(deadlineAgain(later, { ...row, programme: null, asked: null })).toEqual({
      deadlineAt,
      latestAt,
      nativeCapMinutes: 90,
    });
  });
});

describe("a StopTime beyond seven days", () => {
  const StopTime = inMinutes(20 * 24 * 60);

  test("is kept where the caller may have it, and its first task has TRTC's cap", async () => {
    const started = await start({ StopTime }, MONTHLY);
    expect(started["Warning"]).toBeUndefined();
    expect(lastCap()).toBe(10_080);
    const named = { SdkAppId: CN_APP, TaskId: started["TaskId"] };
    const { response } = await app.post("describe-ingest", named, MONTHLY);
    expect(response["Deadline"]).toBe(StopTime);
  });

  test("is shortened for a caller without a longer limit, and the answer says so", async () => {
    const started = await start({ StopTime });
    expect(started["Warning"]).toMatch(/longest ingest of 10080 minutes/);
  });

  test("is refused with KeepAlive: false, and the message says what to send", async () => {
    const { Error: refusal } = await start({ StopTime, KeepAlive: false }, MONTHLY);
    expect(refusal?.Message).toMatch(/KeepAlive/);
    expect(refusal?.Code).toBe("InvalidParameterValue");
  });
});

describe("an equal start", () => {
  const signedStart = (fields: object) => {
    const headers = { host: new URL(app.url).host, "x-tc-action": "StartStreamIngest" };
    const message = post(JSON.stringify(fields), headers);
    const by = { secretId: SECRET_ID, secretKey: KEY, at: systemClock.now() };
    const made = signedTc3(message, by);
    return async () =>
      envelopeIn(await rawCaller(app.url).raw({ headers: made.headers, body: made.body }))
        .Response as Record<string, unknown> & { Error?: { Code: string; Message: string } };
  };

  test("in the same second after the stop is no success with the ended TaskId", async () => {
    const send = signedStart(startOf());
    const { TaskId } = await send();
    await app.post("stop-ingest", { SdkAppId: CN_APP, TaskId });
    const before = (await app.truth.tasks()).length;
    const { Error: refusal } = await send();
    expect(refusal?.Code).toBe("FailedOperation.TaskFinished");
    expect(refusal?.Message).toMatch(/stopped.+new ClientToken/);
    expect(await app.truth.tasks()).toHaveLength(before);
  });

  test("with a ClientToken has the same answer, and says that the ingest ended", async () => {
    const request = startOf({ ClientToken: "ended-since" });
    const first = (await app.post("start-ingest", request)).response;
    expect(first).not.toHaveProperty("State");
    await app.post("stop-ingest", { SdkAppId: CN_APP, TaskId: first["TaskId"] });
    const { RequestId: _, ...same } = first;
    const again = (await app.post("start-ingest", request)).response;
    expect(again).toMatchObject({ ...same, State: "ended", EndReason: "stopped" });
  });
});

describe("a start whose answer was lost", () => {
  const lose = async (fields: object) => {
    app.trtc.next("StartStreamIngest", "lose-answer");
    return (await start(fields)).Error;
  };

  test("with a ClientToken says that the same request can be sent again", async () => {
    const lost = await lose({ ClientToken: "lost" });
    expect(lost?.Message).toContain("with the same ClientToken again");
  });

  test("without a ClientToken says that it is taken back, and names no token", async () => {
    const lost = await lose({});
    expect(lost?.Code).toBe("InternalError");
    expect(lost?.Message).toContain("taken back");
    expect(lost?.Message).not.toContain("same ClientToken");
  });
});
