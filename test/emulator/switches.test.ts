/** Each undocumented behaviour of TRTC, under each value of its switch. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Emulator } from "../../emulator/server.js";
import { DEFAULT_SWITCHES, type Switches } from "../../emulator/admin/switches.js";
import { MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import { type CallbackReceiver, startCallbackReceiver } from "../support/http/callback-receiver.js";
import {
  applicationsCalling,
  CN_APP,
  cnSdk,
  codeOf,
  type Fields,
  INTL_APP,
  type Send,
  startFields,
  startTestEmulator,
  userSig,
} from "../support/http/emulator-client.js";
import { manualClock } from "../support/app/manual-clock.js";
import { nextRoom } from "../support/app/rooms.js";

const clock = manualClock();
let emulator: Emulator;
let receiver: CallbackReceiver;
let send: Send;

beforeAll(async () => {
  receiver = await startCallbackReceiver("key");
  emulator = await startTestEmulator({
    clock,
    applications: applicationsCalling(receiver.url),
  });
  send = cnSdk(emulator, { region: "ap-guangzhou" });
});
afterAll(async () => {
  await emulator.close();
  await receiver.close();
});
beforeEach(async () => {
  // Ends what an earlier test left playing, and waits for its events.
  for (const { taskId, sdkAppId, state } of emulator.tasks()) {
    if (state !== "ended") await send("StopStreamIngest", { SdkAppId: sdkAppId, TaskId: taskId });
  }
  while (emulator.callbacks().some(({ state }) => state === "pending")) await nextTurn();
  receiver.clear();
});

const turn = (switches: Partial<Switches>) =>
  emulator.switches.replace({ ...DEFAULT_SWITCHES, callsPerSecond: 10_000, ...switches });

const truth = (taskId: unknown) => emulator.tasks().find((task) => task.taskId === taskId);

function fieldsOf(fields: Fields = {}, app = CN_APP): Fields {
  const StreamUrl = `${emulator.url}/media/clip.mp4`;
  const all = startFields(app, { RoomId: nextRoom(), StreamUrl, ...fields });
  return { ...all, UserSig: userSig(app, String(all["UserId"]), clock.now()) };
}

async function start(fields: Fields = {}, by = send): Promise<string> {
  const { TaskId } = await by("StartStreamIngest", fieldsOf({ RepeatNum: -1, ...fields }));
  while (truth(TaskId)?.durationSeconds === null) await nextTurn();
  return String(TaskId);
}

const named = (TaskId: string, fields: Fields = {}) => ({ SdkAppId: CN_APP, TaskId, ...fields });

describe("taskExistKey and sameRobot: a second start of one robot", () => {
  const again = async (switches: Partial<Switches>, room: "same" | "other") => {
    turn(switches);
    const shared = nextRoom("shared");
    const fields = { UserId: `robot-of-${shared}`, RoomId: shared };
    const first = await start(fields);
    const RoomId = room === "same" ? fields.RoomId : `${fields.RoomId}-other`;
    const call = send("StartStreamIngest", fieldsOf({ ...fields, RoomId, RepeatNum: -1 }));
    const outcome = await call.then(
      () => "started",
      (error: unknown) => (error as { code: string }).code,
    );
    return [outcome, truth(first)?.endReason ?? "plays on"];
  };
  const REFUSED = ["FailedOperation.TaskExist", "plays on"];
  const INTERRUPTED = ["started", "interrupted"];
  const BOTH = ["started", "plays on"];

  test.each([
    ["robot", "refuse", "same", REFUSED],
    ["robot", "refuse", "other", REFUSED],
    ["robot", "interrupt", "same", INTERRUPTED],
    ["robot", "interrupt", "other", INTERRUPTED],
    ["room-and-robot", "refuse", "same", REFUSED],
    ["room-and-robot", "refuse", "other", BOTH],
    ["room-and-robot", "interrupt", "same", INTERRUPTED],
    ["room-and-robot", "interrupt", "other", BOTH],
    ["never", "refuse", "same", BOTH],
    ["never", "interrupt", "same", BOTH],
  ] as const)("%s, %s: in the %s room", async (taskExistKey, sameRobot, room, outcome) => {
    expect(await again({ taskExistKey, sameRobot }, room)).toEqual(outcome);
  });

  test("reports an interrupted robot as removed, before the new one enters", async () => {
    turn({ sameRobot: "interrupt" });
    const fields = { UserId: "double", RoomId: "double" };
    await start(fields);
    await receiver.until(3);
    receiver.clear();
    await start(fields);
    const all = await receiver.until(6);
    expect(receiver.seen()).toEqual(["702:0", "104", "102", "101", "103", "701:0"]);
    expect(all[1]?.body.EventInfo["Reason"]).toBe(3);
  });

  test("runs two tasks of one robot that end one by one", async () => {
    turn({ taskExistKey: "never" });
    const fields = { UserId: "twins", RoomId: "twins" };
    const [one, two] = [await start(fields), await start(fields)];
    await send("StopStreamIngest", named(one));
    expect([truth(one)?.state, truth(two)?.state]).toEqual(["ended", "playing"]);
    turn({});
    const third = send("StartStreamIngest", fieldsOf(fields));
    expect(await codeOf(third)).toBe("FailedOperation.TaskExist");
  });
});

describe("removedRobotEndsTask: a robot that is removed", () => {
  const removals = [
    ["RemoveUserByStrRoomId", (RoomId: string) => ({ RoomId, UserIds: ["guest"] }), 3],
    ["DismissRoomByStrRoomId", (RoomId: string) => ({ RoomId }), 5],
  ] as const;

  test.each(removals)("true, by %s: its task ends", async (action, fields, reason) => {
    turn({ removedRobotEndsTask: true });
    const RoomId = `thrown-${action}`;
    const TaskId = await start({ UserId: "guest", RoomId });
    await receiver.until(3);
    receiver.clear();
    await send(action, { SdkAppId: CN_APP, ...fields(RoomId) });
    expect(truth(TaskId)).toMatchObject({
      state: "ended",
      endReason: reason === 3 ? "robot-removed" : "room-dismissed",
    });
    const all = await receiver.until(3);
    expect(receiver.seen()).toEqual(["702:0", "104", "102"]);
    expect(all[1]?.body.EventInfo["Reason"]).toBe(reason);
    const afterwards = send(action, { SdkAppId: CN_APP, ...fields(RoomId) });
    expect(await codeOf(afterwards)).toBe("FailedOperation.RoomNotExist");
  });

  test.each(removals)(
    "false, by %s: it comes back, and plays on",
    async (action, fields, reason) => {
      turn({ removedRobotEndsTask: false });
      const RoomId = `back-${action}`;
      const TaskId = await start({ UserId: "guest", RoomId });
      await receiver.until(3);
      receiver.clear();
      await send(action, { SdkAppId: CN_APP, ...fields(RoomId) });
      expect(truth(TaskId)).toMatchObject({ state: "playing", endReason: null });
      const all = await receiver.until(4);
      expect(receiver.seen()).toEqual(["104", "102", "101", "103"]);
      expect(all[0]?.body.EventInfo["Reason"]).toBe(reason);
    },
  );
});

describe("dismissing a room", () => {
  beforeEach(() => turn({}));

  test("ends every robot's task in it, and no other room's", async () => {
    const inside = [await start({ RoomId: "full" }), await start({ RoomId: "full" })];
    const outside = await start({ RoomId: "full-too" });
    await receiver.until(8);
    receiver.clear();
    await send("DismissRoomByStrRoomId", { SdkAppId: CN_APP, RoomId: "full" });
    expect(inside.map((each) => truth(each)?.endReason)).toEqual(Array(2).fill("room-dismissed"));
    expect(truth(outside)?.state).toBe("playing");
    await receiver.until(5);
    expect(receiver.seen()).toEqual(["702:0", "104", "702:0", "104", "102"]);
  });

  test('distinguishes room 77 from room "77"', async () => {
    const number = await start({ RoomId: "77", RoomIdType: 1 });
    const text = await start({ RoomId: "77", RoomIdType: 0 });
    await send("DismissRoom", { SdkAppId: CN_APP, RoomId: 77 });
    expect([truth(number)?.state, truth(text)?.state]).toEqual(["ended", "playing"]);
  });

  test("leaves the same room of another application alone", async () => {
    const TaskId = await start({ RoomId: "mine" });
    const other = { SdkAppId: INTL_APP, RoomId: "mine" };
    expect(await codeOf(send("DismissRoomByStrRoomId", other))).toBe(
      "FailedOperation.RoomNotExist",
    );
    expect(truth(TaskId)?.state).toBe("playing");
  });

  test.each([
    ["DismissRoom", { RoomId: 4711 }, "FailedOperation.RoomNotExist"],
    ["DismissRoom", { RoomId: "4711" }, "InvalidParameter.RoomId"],
    ["DismissRoom", {}, "MissingParameter.RoomId"],
    ["DismissRoomByStrRoomId", { RoomId: "nobody" }, "FailedOperation.RoomNotExist"],
    ["DismissRoomByStrRoomId", { RoomId: "a/b" }, "InvalidParameter.StrRoomId"],
    ["DismissRoomByStrRoomId", { RoomId: "a", UserIds: [] }, "UnknownParameter"],
  ])("%s with %j is refused: %s", async (action, fields, code) => {
    expect(await codeOf(send(action, { SdkAppId: CN_APP, ...fields }))).toBe(code);
  });

  test("works in the documented regions only", async () => {
    const elsewhere = cnSdk(emulator, { region: "ap-singapore" });
    const call = elsewhere("DismissRoom", { SdkAppId: CN_APP, RoomId: 1 });
    expect(await codeOf(call)).toBe("UnsupportedRegion");
  });
});

describe("taskSeenFrom: a task that was started in another region", () => {
  const elsewhere = () => cnSdk(emulator, { region: "ap-beijing" });

  test("every-region: is described, and can be stopped", async () => {
    turn({ taskSeenFrom: "every-region" });
    const TaskId = await start();
    expect(await elsewhere()("DescribeStreamIngest", named(TaskId))).toMatchObject({
      Status: "InProgress",
    });
    await elsewhere()("StopStreamIngest", named(TaskId));
    expect(truth(TaskId)).toMatchObject({ endReason: "stopped", region: "ap-guangzhou" });
  });

  test("own-region: does not exist elsewhere, and continues", async () => {
    turn({ taskSeenFrom: "own-region" });
    const TaskId = await start();
    expect(await elsewhere()("DescribeStreamIngest", named(TaskId))).toMatchObject({
      Status: "NotExist",
    });
    for (const action of ["StopStreamIngest", "UpdateStreamIngest"]) {
      expect(await codeOf(elsewhere()(action, named(TaskId)))).toBe("InvalidParameter.TaskId");
    }
    expect(truth(TaskId)).toMatchObject({ state: "playing", stopCalls: 0 });
    await send("StopStreamIngest", named(TaskId));
  });
});

describe("naturalEndSends702: an end without a request", () => {
  test.each([
    [true, ["702:0", "104", "102"]],
    [false, ["104", "102"]],
  ])("%s", async (naturalEndSends702, events) => {
    turn({ naturalEndSends702 });
    await start({ RepeatNum: 1 });
    await receiver.until(3);
    await clock.advance(4 * SECOND_MS);
    await receiver.until(3 + events.length);
    expect(receiver.seen().slice(3)).toEqual(events);
  });

  test("false: a stop is reported in any case", async () => {
    turn({ naturalEndSends702: false });
    const TaskId = await start();
    await receiver.until(3);
    await send("StopStreamIngest", named(TaskId));
    await receiver.until(6);
    expect(receiver.seen().slice(3)).toEqual(["702:0", "104", "102"]);
  });
});

describe("retrySends702: a task that continues", () => {
  const DEAD = "/media/missing.mp4";

  test.each([
    [true, ["701:1", "702:0", "701:2"]],
    [false, ["701:1", "701:2"]],
  ])("%s: the callbacks of a source that is opened again", async (retrySends702, events) => {
    turn({ retrySends702 });
    const StreamUrl = `${emulator.url}${DEAD}`;
    const started = await send("StartStreamIngest", fieldsOf({ RepeatNum: -1, StreamUrl }));
    const TaskId = String(started["TaskId"]);
    await receiver.until(2 + events.length);
    expect(receiver.seen().slice(2, 2 + events.length)).toEqual(events);
    expect(await send("DescribeStreamIngest", named(TaskId))).toMatchObject({
      Status: "InProgress",
    });
    await send("StopStreamIngest", named(TaskId));
  });

  test("true: the callbacks of a removed robot that returns", async () => {
    turn({ retrySends702: true, removedRobotEndsTask: false });
    const RoomId = "back-702";
    const TaskId = await start({ UserId: "guest", RoomId });
    await receiver.until(3);
    receiver.clear();
    await send("DismissRoomByStrRoomId", { SdkAppId: CN_APP, RoomId });
    await receiver.until(5);
    expect(receiver.seen()).toEqual(["702:0", "104", "102", "101", "103"]);
    expect(truth(TaskId)).toMatchObject({ state: "playing", endReason: null });
  });
});

test.each([7, 4] as const)(
  "ingestEventGroup: %d is the group of an ingest's events",
  async (group) => {
    turn({ ingestEventGroup: group });
    await start();
    const all = await receiver.until(3);
    expect(all.map(({ body }) => body["EventGroupId"])).toEqual([1, 1, group]);
  },
);

describe("idleMeans: an IdleTimeout of two seconds", () => {
  const DEAD = "/media/missing.mp4";
  const endOf = async (TaskId: string, seconds: number) => {
    const startedMs = Date.parse(truth(TaskId)?.startedAt ?? "");
    // A source's attempts take turns of the event loop, while time stands still.
    for (let n = 0; n < seconds * 4; n += 1) {
      for (let turns = 0; turns < 50; turns += 1) await nextTurn();
      await clock.advance(SECOND_MS / 4);
    }
    const { endReason, endedAt } = truth(TaskId) ?? {};
    return [endReason, endedAt && (Date.parse(endedAt) - startedMs) / SECOND_MS];
  };
  const startDead = async () => {
    const StreamUrl = `${emulator.url}${DEAD}`;
    const { TaskId } = await send("StartStreamIngest", fieldsOf({ StreamUrl, IdleTimeout: 2 }));
    return String(TaskId);
  };
  const startPaused = async () => {
    const TaskId = await start({ IdleTimeout: 2, MaxDuration: 1 });
    await send("UpdateStreamIngest", named(TaskId, { IsPause: true }));
    return TaskId;
  };

  test.each([
    ["source-stalled", "a dead source", startDead, ["idle", 2]],
    ["paused", "a dead source", startDead, ["source-failed", 4]],
    ["never", "a dead source", startDead, ["source-failed", 4]],
    ["source-stalled", "a pause", startPaused, [null, null]],
    ["paused", "a pause", startPaused, ["idle", 2]],
    ["never", "a pause", startPaused, [null, null]],
  ] as const)("%s, %p: %j", async (idleMeans, _what, starting, end) => {
    turn({ idleMeans });
    expect(await endOf(await starting(), 6)).toEqual(end);
  });

  test("starts again after the task plays again", async () => {
    turn({ idleMeans: "paused" });
    const TaskId = await start({ IdleTimeout: 60 });
    for (let n = 0; n < 5; n += 1) {
      await send("UpdateStreamIngest", named(TaskId, { IsPause: true }));
      await clock.advance(59 * SECOND_MS);
      await send("UpdateStreamIngest", named(TaskId, { IsPause: false }));
      await clock.advance(SECOND_MS);
    }
    expect(truth(TaskId)).toMatchObject({ state: "playing", idleTimeoutSeconds: 60 });
  });

  test("keeps for a task the meaning at its start", async () => {
    turn({ idleMeans: "paused" });
    const TaskId = await startPaused();
    turn({ idleMeans: "never" });
    await clock.advance(2 * SECOND_MS);
    expect(truth(TaskId)).toMatchObject({ state: "ended", endReason: "idle" });
  });
});

test("AutoPush, EnableProgress and IdleTimeout are accepted, and shown", async () => {
  turn({});
  const TaskId = await start({ AutoPush: true, EnableProgress: true, IdleTimeout: 600 });
  const shown = { autoPush: true, enableProgress: true, idleTimeoutSeconds: 600 };
  expect(truth(TaskId)).toMatchObject(shown);
  await send("UpdateStreamIngest", named(TaskId, { EnableProgress: false }));
  expect(truth(TaskId)).toMatchObject({ ...shown, enableProgress: false });
  const wrong = send("StartStreamIngest", fieldsOf({ IdleTimeout: 601 }));
  expect(await codeOf(wrong)).toBe("InvalidParameter.OutOfRange");
});

test("a pause of twelve hours ends a task of the Chinese site, and sends callbacks", async () => {
  turn({});
  const TaskId = await start();
  await receiver.until(3);
  await send("UpdateStreamIngest", named(TaskId, { IsPause: true }));
  await clock.advance(12 * 60 * MINUTE_MS);
  expect(truth(TaskId)).toMatchObject({ endReason: "paused-too-long" });
  await receiver.until(6);
  expect(receiver.seen().slice(3)).toEqual(["702:0", "104", "102"]);
});
