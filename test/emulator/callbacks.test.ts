/** The emulator's callbacks: content, time, signature, and bad receivers. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { setImmediate as nextTurn } from "node:timers/promises";
import { bytesOf } from "../../emulator/callbacks/bodies.js";
import { DEFAULT_APPLICATIONS } from "../../emulator/defaults.js";
import type { Emulator } from "../../emulator/server.js";
import { DEFAULT_SWITCHES } from "../../emulator/admin/switches.js";
import { type Clock, MINUTE_MS, SECOND_MS, systemClock } from "../../shared/clock.js";
import { verifyCallback } from "../../shared/signing/trtc/callback.js";
import { type CallbackReceiver, startCallbackReceiver } from "../support/http/callback-receiver.js";
import {
  applicationsCalling,
  CN_APP,
  cnSdk,
  type Fields,
  INTL_APP,
  type Send,
  startFields,
  startTestEmulator,
  userSig,
} from "../support/http/emulator-client.js";
import { manualClock } from "../support/app/manual-clock.js";
import { nextRoom } from "../support/app/rooms.js";

const KEY = "abcDEF123";

const clock = manualClock();
/** Waits the answer's five seconds in half a second. */
const hasty: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms / 10, signal),
};

let emulator: Emulator;
let receiver: CallbackReceiver;
let send: Send;
let clip: string;

beforeAll(async () => {
  receiver = await startCallbackReceiver(KEY);
  emulator = await startTestEmulator({
    clock,
    arrivalClock: hasty,
    switches: { callsPerSecond: 10_000 },
    applications: DEFAULT_APPLICATIONS.map((each) =>
      each.sdkAppId === CN_APP ? { ...each, callbackUrl: receiver.url, callbackKey: KEY } : each,
    ),
  });
  send = cnSdk(emulator, { region: "ap-guangzhou" });
  clip = `${emulator.url}/media/clip.mp4`;
});
afterAll(async () => {
  await emulator.close();
  await receiver.close();
});
beforeEach(() => {
  receiver.clear();
  emulator.faults.clear();
  emulator.switches.replace({ ...DEFAULT_SWITCHES, callsPerSecond: 10_000 });
});

async function start(fields: Fields = {}, app = CN_APP) {
  const all = startFields(app, { RoomId: nextRoom(), StreamUrl: clip, ...fields });
  const UserSig = userSig(app, String(all["UserId"]), clock.now());
  const { TaskId } = await send("StartStreamIngest", { ...all, UserSig });
  return { TaskId: String(TaskId), RoomId: String(all["RoomId"]), UserId: String(all["UserId"]) };
}

const stop = (TaskId: string) => send("StopStreamIngest", { SdkAppId: CN_APP, TaskId });

/** Waits for the callbacks of a start: 101, 103 and 701. */
async function started(fields: Fields = {}) {
  const task = await start({ RepeatNum: -1, ...fields });
  await receiver.until(3);
  return task;
}

/** The emulator's records of callbacks since the test began. */
async function records(isDone: (all: ReturnType<Emulator["callbacks"]>) => boolean) {
  for (;;) {
    const all = emulator.callbacks().slice(-receiver.received.length || undefined);
    if (isDone(all)) return all;
    await nextTurn();
  }
}

describe("the emulator's callbacks", () => {
  test("report a start and a stop, in order, with the fields and types of TRTC's pages", async () => {
    const { TaskId, RoomId, UserId } = await started();
    const startedMs = clock.now().getTime();
    await clock.advance(1500);
    await stop(TaskId);
    const all = await receiver.until(6);
    const room = (ms: number) => ({ RoomId, EventTs: Math.floor(ms / 1000), EventMsTs: ms });
    const at = startedMs + 1500;
    const enter = { Role: 20, TerminalType: 4, UserType: 3, Reason: 1 };
    const group1 = { EventGroupId: 1, CallbackTs: startedMs };
    expect(all.map(({ body }) => body)).toEqual([
      { ...group1, EventType: 101, EventInfo: { ...room(startedMs), UserId } },
      { ...group1, EventType: 103, EventInfo: { ...room(startedMs), UserId, ...enter } },
      {
        EventGroupId: 7,
        EventType: 701,
        CallbackMsTs: startedMs,
        EventInfo: { EventMsTs: startedMs, TaskId, Status: 0 },
      },
      {
        EventGroupId: 7,
        EventType: 702,
        CallbackMsTs: at,
        EventInfo: { EventMsTs: at, TaskId, Status: 0 },
      },
      {
        EventGroupId: 1,
        EventType: 104,
        CallbackTs: at,
        EventInfo: { ...room(at), UserId, Role: 20, Reason: 1 },
      },
      { EventGroupId: 1, EventType: 102, CallbackTs: at, EventInfo: room(at) },
    ]);
  });

  test("are signed over the exact bytes sent, tabs included, and name the application", async () => {
    await started();
    for (const { headers, isSigned, raw } of receiver.received) {
      expect(isSigned).toBe(true);
      expect(headers).toMatchObject({
        "content-type": "application/json",
        sdkappid: String(CN_APP),
      });
      expect(raw.toString()).toMatch(/^\{\n\t"EventGroupId":\t\d,\n\t"EventType":\t\d{3},\n/);
    }
  });

  test("have the exact bytes and signature of TRTC's published example", () => {
    const body = {
      EventGroupId: 2,
      EventType: 204,
      CallbackTs: 1664209748188,
      EventInfo: {
        RoomId: 8489,
        EventTs: 1664209748,
        EventMsTs: 1664209748180,
        UserId: "user_85034614",
        Reason: 0,
      },
    };
    const sign = "kkoFeO3Oh2ZHnjtg8tEAQhtXK16/KI05W3BQff8IvGA=";
    expect(verifyCallback(["123654"], bytesOf(body), sign)).toBe(true);
  });

  test("name a numeric room by a number", async () => {
    await started({ RoomId: "8489", RoomIdType: 1 });
    expect(receiver.received[0]?.body.EventInfo["RoomId"]).toBe(8489);
  });

  test("report a second robot in a room, and the room's end after the last one", async () => {
    const one = await started();
    const two = await start({ RoomId: one.RoomId, RepeatNum: -1 });
    await receiver.until(5);
    expect(receiver.seen().slice(3)).toEqual(["103", "701:0"]);
    receiver.clear();
    await stop(one.TaskId);
    await receiver.until(2);
    await stop(two.TaskId);
    await receiver.until(5);
    expect(receiver.seen()).toEqual(["702:0", "104", "702:0", "104", "102"]);
  });

  test("are not sent for an application without an address", async () => {
    const before = emulator.callbacks().length;
    const quiet = await start({}, INTL_APP);
    await send("RemoveUserByStrRoomId", {
      SdkAppId: INTL_APP,
      RoomId: quiet.RoomId,
      UserIds: [quiet.UserId],
    }).catch(() => undefined);
    expect(emulator.callbacks()).toHaveLength(before);
  });

  test("report each failure of a source, each new attempt, and the end", async () => {
    const failed = await start({ StreamUrl: `${emulator.url}/media/missing.mp4` });
    const startedMs = clock.now().getTime();
    await receiver.until(5);
    await clock.advance(SECOND_MS);
    await receiver.until(7);
    await clock.advance(3 * SECOND_MS);
    const all = await receiver.until(12);
    const tries = ["701:1", "701:2", "701:1", "701:2", "701:1", "701:2", "701:1"];
    expect(receiver.seen()).toEqual(["101", "103", ...tries, "702:0", "104", "102"]);
    const offsets = all
      .filter(({ body }) => body.EventInfo["Status"] === 2)
      .map(({ body }) => Number(body.EventInfo["EventMsTs"]) - startedMs);
    expect(offsets).toEqual([0, SECOND_MS, 4 * SECOND_MS]);
    expect(emulator.tasks().find(({ taskId }) => taskId === failed.TaskId)).toMatchObject({
      endReason: "source-failed",
      sourceFailure: "unreachable",
    });
  });

  test("report a success once in a task's life, even when its URL changes often", async () => {
    const { TaskId } = await started();
    const StreamUrl = `${clip}?other`;
    await send("UpdateStreamIngest", { SdkAppId: CN_APP, TaskId, StreamUrl });
    const isOpen = () =>
      emulator.tasks().find(({ taskId }) => taskId === TaskId)?.durationSeconds === 4;
    while (!isOpen()) await nextTurn();
    await stop(TaskId);
    await receiver.until(6);
    expect(receiver.seen().filter((each) => each.startsWith("701"))).toEqual(["701:0"]);
  });

  test("report failures and the end after a change to a URL that fails", async () => {
    const { TaskId } = await started();
    const StreamUrl = `${emulator.url}/media/gone.mp4`;
    await send("UpdateStreamIngest", { SdkAppId: CN_APP, TaskId, StreamUrl });
    await receiver.until(6);
    await clock.advance(SECOND_MS);
    await receiver.until(8);
    await clock.advance(3 * SECOND_MS);
    await receiver.until(13);
    expect(receiver.seen().slice(3, 6)).toEqual(["701:1", "701:2", "701:1"]);
    expect(receiver.seen().slice(-3)).toEqual(["702:0", "104", "102"]);
  });
});

describe("the callback of a natural end", () => {
  test("is sent once, at the end", async () => {
    await started({ RepeatNum: 3 });
    const startedMs = clock.now().getTime();
    await clock.advance(12 * SECOND_MS - 1);
    expect(receiver.received).toHaveLength(3);
    await clock.advance(1);
    const all = await receiver.until(6);
    expect(receiver.seen().slice(3)).toEqual(["702:0", "104", "102"]);
    expect(all[3]?.body.EventInfo["EventMsTs"]).toBe(startedMs + 12 * SECOND_MS);
    await clock.advance(MINUTE_MS);
    expect(receiver.received).toHaveLength(6);
  });

  test("is sent once for each of many tasks, at its own time", async () => {
    const all = [];
    for (let n = 1; n <= 20; n += 1) all.push(await start({ RepeatNum: n }));
    await receiver.until(60);
    const startedMs = clock.now().getTime();
    await clock.advance(80 * SECOND_MS);
    await receiver.until(120);
    const ends = emulator
      .callbacks()
      .slice(-120)
      .filter(({ body }) => body.EventType === 702)
      .map(({ body }) => (Number(body.EventInfo["EventMsTs"]) - startedMs) / SECOND_MS)
      .sort((one, other) => one - other);
    expect(ends).toEqual(all.map((_, n) => 4 * (n + 1)));
  });

  test("moves with an update: not while paused, and later after a resume", async () => {
    const { TaskId } = await started({ RepeatNum: 1 });
    const named = { SdkAppId: CN_APP, TaskId };
    await clock.advance(SECOND_MS);
    await send("UpdateStreamIngest", { ...named, IsPause: true });
    await clock.advance(60 * SECOND_MS);
    expect(receiver.received).toHaveLength(3);
    await send("UpdateStreamIngest", { ...named, IsPause: false });
    await clock.advance(3 * SECOND_MS);
    expect((await receiver.until(6))[3]?.body.EventInfo["EventMsTs"]).toBe(clock.now().getTime());
  });

  test("is sent before the callbacks of the same robot's next start", async () => {
    const { UserId, RoomId } = await started({ RepeatNum: 1 });
    clock.jump(5 * SECOND_MS);
    await start({ UserId, RoomId, RepeatNum: -1 });
    await receiver.until(9);
    expect(receiver.seen().slice(3)).toEqual(["702:0", "104", "102", "101", "103", "701:0"]);
    await clock.advance(5 * SECOND_MS);
  });
});

describe("a receiver that does not accept a callback", () => {
  /** Counts the event under test: 102, the last one of a stop. */
  const outcomes = async (attempts: number) => {
    const isDone = (all: ReturnType<Emulator["callbacks"]>) =>
      (all.at(-1)?.attempts.length ?? 0) >= attempts;
    const last = (await records(isDone)).at(-1);
    return { state: last?.state, outcomes: last?.attempts.map(({ outcome }) => outcome) };
  };

  test.each([
    ["500", "HTTP 500"],
    ["redirect", "HTTP 307"],
    ["reset", "the connection failed"],
    ["never", "no answer within 5 s"],
    ["slow", "no answer within 5 s"],
  ] as const)("%s: gets it again at once, with the same bytes", async (manner, outcome) => {
    const { TaskId } = await started();
    receiver.answer("ok", "ok", manner);
    await stop(TaskId);
    const all = await receiver.until(7);
    expect(await outcomes(2)).toEqual({ state: "delivered", outcomes: [outcome, "HTTP 200"] });
    expect(all[6]?.raw.equals(all[5]?.raw ?? Buffer.alloc(0))).toBe(true);
  });

  test("gets it again every ten seconds until the event is a minute old", async () => {
    const { TaskId } = await started();
    receiver.answer("ok", "ok", ...Array<"500">(20).fill("500"));
    await stop(TaskId);
    await outcomes(2);
    for (let tries = 3; tries <= 7; tries += 1) {
      await clock.advance(10 * SECOND_MS - 1);
      expect((await outcomes(tries - 1)).outcomes).toHaveLength(tries - 1);
      await clock.advance(1);
      expect(await outcomes(tries)).toMatchObject({ state: "pending" });
    }
    await clock.advance(10 * SECOND_MS);
    expect(await outcomes(7)).toEqual({
      state: "dropped",
      outcomes: Array(7).fill("HTTP 500"),
    });
    await clock.advance(MINUTE_MS);
    expect(receiver.received).toHaveLength(3 + 2 + 7);
  });

  test("with an endless answer counts as success, and its connection is closed", async () => {
    const { TaskId } = await started();
    receiver.answer("endless", "endless", "endless");
    await stop(TaskId);
    await receiver.until(6);
    expect(await outcomes(1)).toEqual({ state: "delivered", outcomes: ["HTTP 200"] });
  });

  test("holds at most sixty-four connections open, for any number of events", async () => {
    const deaf = await startCallbackReceiver(KEY);
    deaf.answer(...Array<"never">(1000).fill("never"));
    const other = await startTestEmulator({
      switches: { callsPerSecond: 10_000 },
      applications: applicationsCalling(deaf.url),
    });
    for (let n = 0; n < 100; n += 1) {
      const played = { RoomId: `deaf-${n}`, StreamUrl: `${other.url}/media/clip.mp4` };
      await cnSdk(other)("StartStreamIngest", startFields(CN_APP, { ...played, RepeatNum: -1 }));
    }
    await deaf.until(64);
    await systemClock.sleep(50);
    while (other.callbacks().length < 300) await systemClock.sleep(5);
    expect([deaf.received.length, other.callbacks().length]).toEqual([64, 300]);
    await other.close();
    await deaf.close();
  });

  test("does not prevent the emulator from answering or closing", async () => {
    const deaf = await startCallbackReceiver(KEY);
    deaf.answer(...Array<"never">(100).fill("never"));
    const other = await startTestEmulator({
      applications: applicationsCalling(deaf.url),
    });
    const { TaskId } = await cnSdk(other)("StartStreamIngest", startFields());
    await deaf.until(1);
    const named = { SdkAppId: CN_APP, TaskId };
    expect(await cnSdk(other)("DescribeStreamIngest", named)).toMatchObject({
      Status: "InProgress",
    });
    expect(deaf.received[0]?.headers).not.toHaveProperty("sign");
    await other.close();
    await deaf.close();
  });
});

describe("a fault of callbacks", () => {
  test("drop: the callback is never sent, and is listed as dropped", async () => {
    const { TaskId } = await started();
    emulator.faults.add({ event: 702, kind: "drop", times: 1 });
    await stop(TaskId);
    await receiver.until(5);
    expect(receiver.seen().slice(3)).toEqual(["104", "102"]);
    expect(emulator.callbacks().at(-3)).toMatchObject({
      body: { EventType: 702 },
      state: "dropped",
      attempts: [{ outcome: "dropped by a fault" }],
    });
  });

  test("repeat: the callback is sent again for each copy, with the same bytes", async () => {
    const { TaskId } = await started();
    emulator.faults.add({ event: 702, kind: "repeat", copies: 2 });
    await stop(TaskId);
    const all = await receiver.until(8);
    expect(receiver.seen().slice(3)).toEqual(["702:0", "702:0", "702:0", "104", "102"]);
    expect(new Set(all.slice(3, 6).map(({ raw }) => raw.toString())).size).toBe(1);
  });

  test("repeat: the callback stays delivered when a copy of it fails", async () => {
    const { TaskId } = await started();
    emulator.faults.add({ event: 702, kind: "repeat", copies: 1 });
    receiver.answer("ok", ...Array<"500">(20).fill("500"));
    await stop(TaskId);
    const copied = async (attempts: number) => {
      const last = (all: ReturnType<Emulator["callbacks"]>) =>
        all.filter(({ body }) => body.EventType === 702).at(-1);
      return last(await records((all) => (last(all)?.attempts.length ?? 0) >= attempts));
    };
    for (let tries = 3; tries <= 8; tries += 1) {
      await copied(tries);
      await clock.advance(10 * SECOND_MS);
    }
    const record = await copied(8);
    const outcomes = record?.attempts.map(({ outcome }) => outcome);
    expect(outcomes).toEqual(["HTTP 200", ...Array<string>(7).fill("HTTP 500")]);
    await clock.advance(MINUTE_MS);
    expect(record?.state).toBe("delivered");
  });

  test("reorder: the callback is sent after the next one", async () => {
    const { TaskId } = await started();
    emulator.faults.add({ event: 702, kind: "reorder" });
    await stop(TaskId);
    await receiver.until(6);
    expect(receiver.seen().slice(3)).toEqual(["104", "702:0", "102"]);
  });

  test("reorder: the callback is sent after ten seconds when no other follows", async () => {
    const { TaskId } = await started();
    emulator.faults.add({ event: 102, kind: "reorder" });
    await stop(TaskId);
    await receiver.until(5);
    await clock.advance(10 * SECOND_MS - 1);
    expect(receiver.received).toHaveLength(5);
    await clock.advance(1);
    await receiver.until(6);
    expect(receiver.seen().at(-1)).toBe("102");
  });

  test("delay: the callback is sent later by the tasks' clock, with the event's own time", async () => {
    const { TaskId } = await started();
    emulator.faults.add({ event: "*", kind: "delay", ms: 90_000, times: 1 });
    const at = clock.now().getTime();
    await stop(TaskId);
    await receiver.until(5);
    expect(receiver.seen().slice(3)).toEqual(["104", "102"]);
    await clock.advance(90_000);
    await receiver.until(6);
    expect(receiver.received[5]?.body).toMatchObject({
      EventType: 702,
      EventInfo: { EventMsTs: at },
    });
  });
});
