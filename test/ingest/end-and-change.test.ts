/** Stopping, updating, describing and listing, through the functions and the emulator. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { MINUTE_MS, systemClock } from "../../shared/clock.js";
import {
  CN_APP,
  type TestApp,
  INTL_APP,
  startTestApp,
  type TrtcHandle,
} from "../support/app/test-app.js";
import { BOTH_WAYS } from "../support/contract/switch-sets.js";
import { nextRoom } from "../support/app/rooms.js";

const OTHER_KEY = "another-callers-key";

let app: TestApp;
let trtc: TrtcHandle;

beforeAll(async () => {
  app = await startTestApp({
    env: {
      TRTC_TIMEOUT_SECONDS: "5",
      CALLERS: JSON.stringify([
        { Id: "AKIDlocal", SecretKeys: ["local-secret-key"], SdkAppIds: [CN_APP, INTL_APP] },
        {
          Id: "other",
          SecretKeys: [OTHER_KEY],
          SdkAppIds: [CN_APP],
          MaxDuration: 30,
          RoomPattern: "class-\\d+",
          StreamHosts: ["cdn.example.com", "*.media.example.com"],
        },
      ]),
    },
  });
  ({ trtc } = app);
});
afterAll(() => app.close());

async function started(fields: object = {}) {
  const RoomId = nextRoom();
  const request = { SdkAppId: CN_APP, RoomId, RoomIdType: 0, StreamUrl: app.clip, RepeatNum: -1 };
  const { response } = await app.post("start-ingest", { ...request, ...fields });
  expect(response.Error).toBeUndefined();
  const named = { SdkAppId: CN_APP, TaskId: String(response["TaskId"]) };
  const task = async () =>
    (await app.truth.tasks()).find(({ taskId }) => taskId === response["TrtcTaskId"]);
  return { RoomId, named, response, task };
}

const describeIt = async (named: object) => (await app.post("describe-ingest", named)).response;

describe.each(BOTH_WAYS)("%s:", (_way, switches) => {
  beforeAll(() => trtc.turn(switches));
  afterAll(() => trtc.turn({}));

  describe("stopping", () => {
    test("ends the task at TRTC", async () => {
      const { named, task } = await started();
      expect((await app.post("stop-ingest", named)).status).toBe(200);
      expect(await task()).toMatchObject({ state: "ended", endReason: "stopped" });
      expect(await describeIt(named)).toMatchObject({
        Status: "NotExist",
        State: "ended",
        EndReason: "stopped",
        EndTime: expect.stringMatching(/^20.*Z$/),
      });
    });

    test("twice is a success, with one call to TRTC", async () => {
      const { named, task } = await started();
      await app.post("stop-ingest", named);
      expect((await app.post("stop-ingest", named)).response.Error).toBeUndefined();
      expect(await task()).toMatchObject({ stopCalls: 1 });
    });

    test("ten times at once is ten successes, with one call to TRTC", async () => {
      const { named, task } = await started();
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => app.post("stop-ingest", named)),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
      expect(await task()).toMatchObject({ stopCalls: 1 });
    });

    test("an ingest that has ended by itself is a success, and it stays finished", async () => {
      const { named } = await started({ RepeatNum: 1, SeekSecond: 3 });
      await untilNotPlaying(named.TaskId);
      expect((await app.post("stop-ingest", named)).status).toBe(200);
      expect(await describeIt(named)).toMatchObject({ EndReason: "finished" });
    });

    test("with a lost answer leaves the row due, and the next attempt finds the task gone", async () => {
      const { named, task } = await started();
      trtc.next("StopStreamIngest", "lose-answer");
      const { response } = await app.post("stop-ingest", named);
      expect(response.Error?.Code).toBe("InternalError");
      expect(await describeIt(named)).toMatchObject({ State: "stopping", Status: "InProgress" });
      // The ingest is now due for the next try.
      await app.database.query("update ingest set lease_until = $1 where task_id = $2", [
        systemClock.now(),
        named.TaskId,
      ]);
      expect((await app.post("stop-ingest", named)).status).toBe(200);
      expect(await describeIt(named)).toMatchObject({ State: "ended", EndReason: "stopped" });
      expect(await task()).toMatchObject({ stopCalls: 2 });
    });

    test("an ingest of another caller or application is answered like an unknown one", async () => {
      const { named, task } = await started();
      const stranger = { authorization: `Bearer ${OTHER_KEY}` };
      const foreign = await app.post("stop-ingest", named, stranger);
      expect([foreign.status, foreign.response.Error?.Code]).toEqual([
        404,
        "FailedOperation.TaskNotExist",
      ]);
      const elsewhere = await app.post("stop-ingest", { ...named, SdkAppId: INTL_APP });
      expect(elsewhere.response.Error?.Code).toBe("FailedOperation.TaskNotExist");
      expect(await task()).toMatchObject({ state: "playing", stopCalls: 0 });
    });
  });

  describe("updating", () => {
    test("changes what plays, and what the list shows", async () => {
      const { named, task, RoomId } = await started();
      const StreamUrl = `${app.clip}?another`;
      const { response } = await app.post("update-ingest", { ...named, StreamUrl, Volume: 10 });
      expect(response).toMatchObject({ Status: "InProgress" });
      expect(await task()).toMatchObject({ streamUrl: StreamUrl });
      const { response: list } = await app.post("list-ingests", { RoomId });
      expect(list["Ingests"]).toMatchObject([{ StreamUrl }]);
    });

    test("pauses and resumes", async () => {
      const { named, task } = await started();
      await app.post("update-ingest", { ...named, IsPause: true });
      expect(await task()).toMatchObject({ state: "paused" });
      await app.post("update-ingest", { ...named, IsPause: false });
      expect(await task()).toMatchObject({ state: "playing" });
    });

    test("moves the deadline without a call to TRTC", async () => {
      const { named } = await started({ RepeatNum: 5, MaxDuration: 5 });
      const calls = trtc.calls("UpdateStreamIngest");
      const { response } = await app.post("update-ingest", { ...named, MaxDuration: 600 });
      const { StartTime, Deadline } = await describeIt(named);
      expect(response).toMatchObject({ Deadline });
      const lasts = new Date(String(Deadline)).getTime() - new Date(String(StartTime)).getTime();
      expect(lasts).toBe(600 * MINUTE_MS);
      expect(trtc.calls("UpdateStreamIngest")).toBe(calls);
    });

    test("refuses to move a loop past its cap, and names the latest instant", async () => {
      const { named, response: begun } = await started({ MaxDuration: 5 });
      const { status, response } = await app.post("update-ingest", { ...named, MaxDuration: 6 });
      expect([status, response.Error?.Code]).toEqual([400, "InvalidParameterValue"]);
      expect(response.Error?.Message).toContain(String(begun["Deadline"]));
      const nearer = await app.post("update-ingest", { ...named, MaxDuration: 4 });
      expect(nearer.status).toBe(200);
      const back = await app.post("update-ingest", { ...named, StopTime: begun["Deadline"] });
      expect(back.response["Deadline"]).toBe(begun["Deadline"]);
    });

    test("refuses a deadline in the past, and names stop-ingest", async () => {
      const { named } = await started();
      const StopTime = "2020-01-01T00:00:00Z";
      const { response } = await app.post("update-ingest", { ...named, StopTime, Volume: 1 });
      expect(response.Error?.Message).toContain("StopStreamIngest");
      expect(await describeIt(named)).toMatchObject({ State: "running" });
    });

    test("refuses a request without a change, and names what can be changed", async () => {
      const { named } = await started();
      const { response } = await app.post("update-ingest", named);
      expect(response.Error).toMatchObject({ Code: "MissingParameter" });
    });

    test("ends the ingest when TRTC no longer knows the task", async () => {
      const { named } = await started({ RepeatNum: 1, SeekSecond: 3 });
      await untilNotPlaying(named.TaskId);
      const { response } = await app.post("update-ingest", { ...named, Volume: 1 });
      expect(response).toMatchObject({ Status: "NotExist" });
      const again = await app.post("update-ingest", { ...named, Volume: 1 });
      expect(again.response.Error?.Code).toBe("FailedOperation.TaskNotExist");
      expect(again.response.Error?.Message).toContain("finished");
    });
  });

  describe("describing", () => {
    test("adds what TRTC's answer lacks", async () => {
      const { named, RoomId, response } = await started({ MaxDuration: 7 });
      expect(await describeIt(named)).toMatchObject({
        TaskId: named.TaskId,
        TrtcTaskId: response["TrtcTaskId"],
        SdkAppId: CN_APP,
        RoomId,
        RoomIdType: 0,
        UserId: response["UserId"],
        Deadline: response["Deadline"],
        Status: "InProgress",
        State: "running",
        EndReason: null,
        EndTime: null,
        RepeatNum: -1,
      });
    });

    test("shows a loop whose robot was removed as lost, or as running when it returned", async () => {
      const { named, response, RoomId } = await started();
      await removeRobot(String(response["UserId"]), RoomId);
      const { removedRobotEndsTask: isGone = true } = switches;
      expect(await describeIt(named)).toMatchObject(
        isGone
          ? { Status: "NotExist", State: "ended", EndReason: "lost" }
          : { Status: "InProgress", State: "running", EndReason: null },
      );
    });

    test("passes on TRTC's temporary failure, and changes nothing", async () => {
      const { named } = await started();
      trtc.next("DescribeStreamIngest", "http-502");
      expect((await describeIt(named)).Error?.Code).toBe("InternalError");
      expect(await describeIt(named)).toMatchObject({ State: "running" });
    });
  });
});

describe("listing", () => {
  test("goes through pages, newest first, by state, room and application", async () => {
    const RoomId = "shared-room";
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.unshift((await started({ RoomId })).named.TaskId);
    const seen: unknown[] = [];
    let Cursor: unknown;
    do {
      const page = { RoomId, Limit: 2, ...(Cursor === undefined ? {} : { Cursor }) };
      const { response } = await app.post("list-ingests", page);
      seen.push(...(response["Ingests"] as { TaskId: string }[]).map(({ TaskId }) => TaskId));
      Cursor = response["NextCursor"] ?? undefined;
    } while (Cursor !== undefined);
    expect(seen).toEqual(ids);
    await app.post("stop-ingest", { SdkAppId: CN_APP, TaskId: ids[0] });
    const ended = await app.post("list-ingests", { RoomId, State: "ended" });
    expect(ended.response["Ingests"]).toMatchObject([{ TaskId: ids[0], EndReason: "stopped" }]);
    const elsewhere = await app.post("list-ingests", { RoomId, SdkAppId: INTL_APP });
    expect(elsewhere.response["Ingests"]).toEqual([]);
  });

  test("shows a caller only its own ingests", async () => {
    await started();
    const { response } = await app.post(
      "list-ingests",
      {},
      { authorization: `Bearer ${OTHER_KEY}` },
    );
    expect(response).toMatchObject({ Ingests: [], NextCursor: null });
  });
});

describe("a caller's grant", () => {
  const stranger = { authorization: `Bearer ${OTHER_KEY}` };
  const inside = { RoomId: "class-7", RoomIdType: 0, StreamUrl: "https://cdn.example.com/a.mp4" };

  test.each([
    ["another application", { SdkAppId: INTL_APP }, "UnauthorizedOperation.SdkAppId"],
    ["a room outside its pattern", { RoomId: "class-7x" }, "UnauthorizedOperation"],
    [
      "a host outside its list",
      { StreamUrl: "https://evil.example/a.mp4" },
      "UnauthorizedOperation",
    ],
  ])("does not reach %s", async (_, fields, code) => {
    const { status, response } = await app.post("start-ingest", { ...inside, ...fields }, stranger);
    expect([status, response.Error?.Code]).toEqual([403, code]);
  });

  test("needs no SdkAppId with one application, and limits an ingest's length", async () => {
    const { status, response } = await app.post(
      "start-ingest",
      { ...inside, MaxDuration: 600 },
      stranger,
    );
    expect(status).toBe(200);
    const lasts = new Date(String(response["Deadline"])).getTime() - systemClock.now().getTime();
    expect(lasts).toBeLessThanOrEqual(30 * MINUTE_MS);
    const named = { TaskId: response["TaskId"] };
    const later = await app.post("update-ingest", { ...named, MaxDuration: 31 }, stranger);
    expect(later.response.Error?.Message).toContain("the caller's longest ingest");
    expect((await app.post("stop-ingest", named, stranger)).status).toBe(200);
  });

  test("applies to the URL of an update as well", async () => {
    const { response } = await app.post("start-ingest", inside, stranger);
    const change = { TaskId: response["TaskId"], StreamUrl: "https://evil.example/b.mp4" };
    const refused = await app.post("update-ingest", change, stranger);
    expect(refused.response.Error?.Code).toBe("UnauthorizedOperation");
  });
});

/** The media lasts four seconds. It starts at the third, so it ends after one second. */
async function untilNotPlaying(taskId: string): Promise<void> {
  const row = await app.services.store.ingests.read(taskId);
  for (let tries = 0; tries < 60; tries += 1) {
    const task = (await app.truth.tasks()).find((each) => each.taskId === row?.trtcTaskId);
    if (task?.state === "ended") return;
    await systemClock.sleep(100);
  }
  throw new Error("the task did not come to its end");
}

/** Removes the robot as an operator does, with RemoveUserByStrRoomId. */
async function removeRobot(userId: string, RoomId: string): Promise<void> {
  const { Client } =
    await import("tencentcloud-sdk-nodejs/tencentcloud/services/trtc/v20190722/trtc_client.js");
  const client = new Client({
    credential: { secretId: "AKIDemulator", secretKey: "emulator-secret-key" },
    region: "ap-guangzhou",
    profile: { httpProfile: { protocol: "http://", endpoint: new URL(app.trtcUrl).host } },
  });
  await client.RemoveUserByStrRoomId({ SdkAppId: CN_APP, RoomId, UserIds: [userId] });
}
