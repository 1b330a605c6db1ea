/** The four actions and RemoveUser over real HTTP, through both sites' SDKs, on a moved clock. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Emulator } from "../../emulator/server.js";
import { newTaskId } from "../../emulator/tasks/task-id.js";
import type { TaskTruth } from "../../emulator/tasks/truth.js";
import { type Clock, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import {
  CN_APP,
  cnSdk,
  codeOf,
  type Fields,
  INTL_APP,
  intlSdk,
  type Send,
  startFields,
  startTestEmulator,
  userSig,
} from "../support/http/emulator-client.js";
import { manualClock } from "../support/app/manual-clock.js";

const clock = manualClock();
/** The emulator's wait before each new attempt. */
const sleptMs: number[] = [];
const observedClock: Clock = {
  ...clock,
  sleep(ms, signal) {
    sleptMs.push(ms);
    return clock.sleep(ms, signal);
  },
};
let emulator: Emulator;
let clip: string;
const SDKS = [
  ["Chinese SDK, TC3 and JSON", CN_APP, () => cnSdk(emulator)],
  ["Chinese SDK, TC3 in a GET", CN_APP, () => cnSdk(emulator, { reqMethod: "GET" })],
  [
    "Chinese SDK, HmacSHA256 in a form",
    INTL_APP,
    () => cnSdk(emulator, { signMethod: "HmacSHA256" }),
  ],
  [
    "Chinese SDK, HmacSHA1 in a GET",
    CN_APP,
    () => cnSdk(emulator, { signMethod: "HmacSHA1", reqMethod: "GET" }),
  ],
  ["international SDK as it comes", INTL_APP, () => intlSdk(emulator)],
] as const;

beforeAll(async () => {
  emulator = await startTestEmulator({
    clock: observedClock,
    switches: { callsPerSecond: 10_000 },
  });
  clip = `${emulator.url}/media/clip.mp4`;
});
afterAll(() => emulator.close());

let send: Send;
beforeEach(() => {
  send = cnSdk(emulator);
});

const truth = (taskId: unknown): TaskTruth | undefined =>
  emulator.tasks().find((task) => task.taskId === taskId);

/**
 * The clock stands still, but the source's server does not: its answer takes turns of the event
 * loop.
 */
async function until(taskId: unknown, isSo: (task: TaskTruth) => boolean): Promise<TaskTruth> {
  for (;;) {
    const task = truth(taskId);
    if (task && isSo(task)) return task;
    await nextTurn();
  }
}

async function start(fields: Fields = {}, app = CN_APP): Promise<string> {
  const { TaskId } = await send("StartStreamIngest", signed({ StreamUrl: clip, ...fields }, app));
  await until(TaskId, ({ durationSeconds }) => durationSeconds !== null);
  return String(TaskId);
}

/** With a login of the emulator's time, not the machine's. */
function signed(fields: Fields, app = CN_APP): Fields {
  const all = startFields(app, fields);
  return { ...all, UserSig: userSig(app, String(all["UserId"]), clock.now()) };
}

const taskNamed = (TaskId: unknown, fields: Fields = {}) => ({
  SdkAppId: CN_APP,
  TaskId,
  ...fields,
});

describe.each(SDKS)("%s", (_name, app, sdk) => {
  test("starts, describes, pauses, and stops a task", async () => {
    const [mine, userId] = [sdk(), `robot_${app}`];
    const options = { StreamUrl: clip, RepeatNum: -1, SeekSecond: 1, AutoPush: true, Volume: 50 };
    const fields = signed({ UserId: userId, ...options }, app);
    const { TaskId, RequestId } = await mine("StartStreamIngest", fields);
    expect(TaskId).toMatch(/^[A-Za-z0-9+-]{68,123}\.\.$/);
    expect(RequestId).toMatch(/^[0-9a-f-]{36}$/);
    await until(TaskId, ({ durationSeconds }) => durationSeconds === 4);
    const named = { SdkAppId: app, TaskId };
    expect(await mine("DescribeStreamIngest", named)).toMatchObject({ Status: "InProgress" });
    const update = { ...named, IsPause: true, Volume: 0 };
    expect(await mine("UpdateStreamIngest", update)).toMatchObject({ Status: "InProgress" });
    expect(truth(TaskId)).toMatchObject({
      sdkAppId: app,
      account: "AKIDemulator",
      region: "ap-singapore",
      userId,
      state: "paused",
      positionSeconds: 1,
      volume: 0,
      endReason: null,
    });
    await mine("StopStreamIngest", named);
    expect(await codeOf(mine("StopStreamIngest", named))).toBe("FailedOperation.TaskFinished");
    expect(truth(TaskId)).toMatchObject({ state: "ended", endReason: "stopped", stopCalls: 2 });
  });

  test("is refused an unknown TaskId", async () => {
    const call = sdk()("StopStreamIngest", { SdkAppId: app, TaskId: newTaskId() });
    expect(await codeOf(call)).toBe("InvalidParameter.TaskId");
  });
});

describe("a finite task", () => {
  test("plays its rounds by the clock, ends by itself, and is forgotten", async () => {
    const TaskId = await start({ RepeatNum: 3 });
    await clock.advance(9 * SECOND_MS);
    expect(truth(TaskId)).toMatchObject({ state: "playing", loops: 2, positionSeconds: 1 });
    await clock.advance(3 * SECOND_MS - 1);
    expect(await send("DescribeStreamIngest", taskNamed(TaskId))).toMatchObject({
      Status: "InProgress",
    });
    await clock.advance(1);
    expect(await send("DescribeStreamIngest", taskNamed(TaskId))).toMatchObject({
      Status: "NotExist",
    });
    expect(await codeOf(send("StopStreamIngest", taskNamed(TaskId)))).toBe(
      "FailedOperation.TaskFinished",
    );
    expect(await codeOf(send("UpdateStreamIngest", taskNamed(TaskId)))).toBe(
      "FailedOperation.TaskNotExist",
    );
    await clock.advance(MINUTE_MS);
    expect(truth(TaskId)).toMatchObject({ state: "ended", loops: 3, endReason: "finished" });
    const { startedAt, endedAt } = await until(TaskId, ({ endedAt: at }) => at !== null);
    expect(Date.parse(String(endedAt)) - Date.parse(startedAt)).toBe(12 * SECOND_MS);
  });

  test("plays the other URL from its beginning once it is updated", async () => {
    const TaskId = await start({ RepeatNum: -1, SeekSecond: 2 });
    await clock.advance(3 * SECOND_MS);
    const other = `${clip}?other`;
    await send("UpdateStreamIngest", taskNamed(TaskId, { StreamUrl: other }));
    expect(truth(TaskId)).toMatchObject({ streamUrl: other, positionSeconds: 0, loops: 0 });
    await until(TaskId, ({ durationSeconds }) => durationSeconds === 4);
    await clock.advance(5 * SECOND_MS);
    expect(truth(TaskId)).toMatchObject({ positionSeconds: 1, loops: 1 });
  });
});

test("a loop of seven days ends at its MaxDuration with the right loop count, in milliseconds", async () => {
  const TaskId = await start({ RepeatNum: -1, MaxDuration: 10_080 });
  await clock.advance(10_080 * MINUTE_MS - 1);
  expect(truth(TaskId)).toMatchObject({ state: "playing", loops: 151_199 });
  await clock.advance(1);
  expect(truth(TaskId)).toMatchObject({
    state: "ended",
    endReason: "max-duration",
    loops: 151_200,
    positionSeconds: 0,
    endedAt: clock.now().toISOString(),
  });
});

describe("a source that cannot be opened", () => {
  const startDead = async () => {
    sleptMs.length = 0;
    const StreamUrl = `${emulator.url}/media/missing.mp4`;
    return (await send("StartStreamIngest", signed({ StreamUrl })))["TaskId"];
  };
  const untilTry = async (number: number) => {
    while (sleptMs.length < number) await nextTurn();
  };

  test("is opened again after 0, 1 and 3 seconds, and then its task ends", async () => {
    const TaskId = await startDead();
    const startedMs = clock.now().getTime();
    await untilTry(2);
    await clock.advance(SECOND_MS);
    await untilTry(3);
    await clock.advance(3 * SECOND_MS - 1);
    expect(truth(TaskId)).toMatchObject({ state: "playing", positionSeconds: 0 });
    expect(await send("DescribeStreamIngest", taskNamed(TaskId))).toMatchObject({
      Status: "InProgress",
    });
    await clock.advance(1);
    const { endedAt, endReason } = await until(TaskId, ({ state }) => state === "ended");
    expect(endReason).toBe("source-failed");
    expect(Date.parse(String(endedAt)) - startedMs).toBe(4 * SECOND_MS);
    expect(sleptMs).toEqual([0, SECOND_MS, 3 * SECOND_MS]);
  });

  test("can be stopped between two attempts, and is not opened again", async () => {
    const TaskId = await startDead();
    await untilTry(2);
    await send("StopStreamIngest", taskNamed(TaskId));
    await clock.advance(MINUTE_MS);
    expect(truth(TaskId)).toMatchObject({ endReason: "stopped" });
    expect(sleptMs).toHaveLength(2);
  });

  test("is not opened again after the task plays another URL", async () => {
    const TaskId = await startDead();
    await untilTry(2);
    await send("UpdateStreamIngest", taskNamed(TaskId, { StreamUrl: clip }));
    await until(TaskId, ({ durationSeconds }) => durationSeconds === 4);
    await clock.advance(3 * SECOND_MS);
    expect(truth(TaskId)).toMatchObject({ state: "playing", positionSeconds: 3 });
  });
});

describe("a TaskId", () => {
  test("of another application does not exist", async () => {
    const TaskId = await start({ RepeatNum: -1 });
    const foreign = { SdkAppId: INTL_APP, TaskId };
    expect(await send("DescribeStreamIngest", foreign)).toMatchObject({ Status: "NotExist" });
    expect(await codeOf(send("StopStreamIngest", foreign))).toBe("InvalidParameter.TaskId");
    expect(await codeOf(send("UpdateStreamIngest", foreign))).toBe("InvalidParameter.TaskId");
    expect(truth(TaskId)).toMatchObject({ state: "playing", stopCalls: 0 });
  });

  test("of no task is described as NotExist if its form is right, and refused if not", async () => {
    expect(await send("DescribeStreamIngest", taskNamed(newTaskId()))).toMatchObject({
      Status: "NotExist",
    });
    expect(await codeOf(send("DescribeStreamIngest", taskNamed("nonsense")))).toBe(
      "InvalidParameter.TaskId",
    );
    expect(await codeOf(send("UpdateStreamIngest", taskNamed(newTaskId())))).toBe(
      "InvalidParameter.TaskId",
    );
  });
});

describe("removing a robot from its room", () => {
  const intl = (fields: Fields) => ({ SdkAppId: INTL_APP, ...fields });
  const startIn = (UserId: string, room: Fields) =>
    start({ UserId, RepeatNum: -1, ...room }, INTL_APP);

  test("ends its task, and no other user's", async () => {
    const room = { RoomId: "removal", RoomIdType: 0 };
    const [gone, stays] = [await startIn("gone", room), await startIn("stays", room)];
    await send("RemoveUserByStrRoomId", intl({ RoomId: "removal", UserIds: ["gone", "nobody"] }));
    expect(truth(gone)).toMatchObject({ endReason: "robot-removed" });
    expect(truth(stays)).toMatchObject({ state: "playing" });
  });

  test('distinguishes room 77 from room "77"', async () => {
    const [number, text] = [
      await startIn("r77", { RoomId: "77", RoomIdType: 1 }),
      await startIn("s77", { RoomId: "77", RoomIdType: 0 }),
    ];
    await cnSdk(emulator, { signMethod: "HmacSHA1" })(
      "RemoveUser",
      intl({ RoomId: 77, UserIds: ["r77", "s77"] }),
    );
    expect([truth(number)?.state, truth(text)?.state]).toEqual(["ended", "playing"]);
  });

  test("leaves its task alone when the switch says so", async () => {
    const switches = emulator.switches.read();
    const TaskId = await startIn("tough", { RoomId: "tough", RoomIdType: 0 });
    emulator.switches.replace({ ...switches, removedRobotEndsTask: false });
    await send("RemoveUserByStrRoomId", intl({ RoomId: "tough", UserIds: ["tough"] }));
    emulator.switches.replace(switches);
    expect(truth(TaskId)).toMatchObject({ state: "playing" });
  });

  test.each([
    ["RemoveUserByStrRoomId", { RoomId: "empty", UserIds: ["a"] }, "FailedOperation.RoomNotExist"],
    ["RemoveUserByStrRoomId", { RoomId: "a/b", UserIds: ["a"] }, "InvalidParameter.StrRoomId"],
    ["RemoveUserByStrRoomId", { RoomId: "empty" }, "MissingParameter.UserIds"],
    ["RemoveUserByStrRoomId", { RoomId: "empty", UserIds: [] }, "InvalidParameter.UserIds"],
    ["RemoveUser", { RoomId: 1, UserIds: Array(11).fill("a") }, "InvalidParameter.UserIds"],
    ["RemoveUser", { RoomId: 1, UserIds: [7] }, "InvalidParameter.UserIds"],
    ["RemoveUser", { RoomId: "1", UserIds: ["a"] }, "InvalidParameter.RoomId"],
    ["RemoveUser", { UserIds: ["a"] }, "MissingParameter.RoomId"],
  ])("%s with %j is refused: %s", async (action, fields, code) => {
    expect(await codeOf(send(action, intl(fields)))).toBe(code);
  });
});
