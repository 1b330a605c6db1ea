/** The emulator's clock, moved forward over HTTP: a test of seven days takes milliseconds. */
import { afterAll, beforeAll, expect, describe, test } from "@jest/globals";
import { adjustableClock } from "../../emulator/admin/adjustable-clock.js";
import type { Emulator } from "../../emulator/server.js";
import type { TaskTruth } from "../../emulator/tasks/truth.js";
import { SECOND_MS, systemClock } from "../../shared/clock.js";
import { type CallbackReceiver, startCallbackReceiver } from "../support/http/callback-receiver.js";
import {
  applicationsCalling,
  CN_APP,
  cnSdk,
  codeOf,
  type Fields,
  type Send,
  startFields,
  startTestEmulator,
  userSig,
} from "../support/http/emulator-client.js";
import { manualClock } from "../support/app/manual-clock.js";

const JSON_TYPE = { "content-type": "application/json" };

const WEEK_SECONDS = 7 * 24 * 3600;

let emulator: Emulator;
let receiver: CallbackReceiver;
let send: Send;
beforeAll(async () => {
  receiver = await startCallbackReceiver("key");
  emulator = await startTestEmulator({
    switches: { callsPerSecond: 10_000 },
    applications: applicationsCalling(receiver.url),
  });
  send = cnSdk(emulator);
});
afterAll(async () => {
  await emulator.close();
  await receiver.close();
});

interface ClockTruth {
  now: string;
  offsetSeconds: number;
}

const at = async (body?: unknown, init: RequestInit = {}) => {
  const sent =
    body === undefined ? {} : { method: "POST", body: JSON.stringify(body), headers: JSON_TYPE };
  const answer = await fetch(`${emulator.url}/_emulator/clock`, { ...sent, ...init });
  return { status: answer.status, body: (await answer.json()) as ClockTruth & { error?: string } };
};

const truths = async () => {
  const answer = await fetch(`${emulator.url}/_emulator/tasks`);
  return ((await answer.json()) as { tasks: TaskTruth[] }).tasks;
};

async function until(taskId: unknown, isSo: (task: TaskTruth) => boolean): Promise<TaskTruth> {
  for (;;) {
    const task = (await truths()).find((each) => each.taskId === taskId);
    if (task && isSo(task)) return task;
    await systemClock.sleep(5);
  }
}

async function start(fields: Fields = {}) {
  const { now } = (await at()).body;
  const StreamUrl = `${emulator.url}/media/clip.mp4`;
  const all = startFields(CN_APP, { StreamUrl, ...fields });
  const UserSig = userSig(CN_APP, String(all["UserId"]), new Date(now));
  return (await send("StartStreamIngest", { ...all, UserSig }))["TaskId"];
}

test("a loop of seven days ends at its MaxDuration, to the millisecond, with the right loop count", async () => {
  receiver.clear();
  const TaskId = await start({ RepeatNum: -1, MaxDuration: WEEK_SECONDS / 60 });
  const { startedAt } = await until(TaskId, ({ durationSeconds }) => durationSeconds === 4);
  await receiver.until(3);
  const named = { SdkAppId: CN_APP, TaskId };
  const capMs = Date.parse(startedAt) + WEEK_SECONDS * SECOND_MS;
  await at({ at: new Date(capMs - 60_000).toISOString() });
  expect(await send("DescribeStreamIngest", named)).toMatchObject({ Status: "InProgress" });
  expect(receiver.seen()).toEqual(["101", "103", "701:0"]);

  await at({ advanceSeconds: 61 });
  expect(await send("DescribeStreamIngest", named)).toMatchObject({ Status: "NotExist" });
  expect(await codeOf(send("StopStreamIngest", named))).toBe("FailedOperation.TaskFinished");
  expect(await until(TaskId, () => true)).toMatchObject({
    state: "ended",
    endReason: "max-duration",
    loops: WEEK_SECONDS / 4,
    positionSeconds: 0,
    endedAt: new Date(capMs).toISOString(),
  });
  const [, , , stopped] = await receiver.until(6);
  expect(receiver.seen().slice(3)).toEqual(["702:0", "104", "102"]);
  expect(stopped?.body.EventInfo).toEqual({ EventMsTs: capMs, TaskId, Status: 0 });
});

test("a task that waits for its source continues to wait by the moved clock", async () => {
  const TaskId = await start({ StreamUrl: `${emulator.url}/media/missing.mp4` });
  await until(TaskId, ({ sourceFailure }) => sourceFailure !== null);
  const { startedAt } = await until(TaskId, () => true);
  while ((await until(TaskId, () => true)).endReason === null) {
    await at({ advanceSeconds: 0.5 });
    await systemClock.sleep(1);
  }
  const { endedAt, endReason } = await until(TaskId, () => true);
  expect(endReason).toBe("source-failed");
  expect(Date.parse(String(endedAt)) - Date.parse(startedAt)).toBeGreaterThanOrEqual(4 * SECOND_MS);
});

test("a moved clock does not expire a signature, whose five minutes are real time", async () => {
  await at({ advanceSeconds: 3600 });
  expect(await codeOf(send("DescribeStreamIngest", {}))).toBe("MissingParameter.SdkAppId");
  const stale = startFields(CN_APP);
  await at({ advanceSeconds: 30 * 24 * 3600 });
  expect(await codeOf(send("StartStreamIngest", stale))).toBe("InvalidParameter.UserSig");
});

describe("the clock's endpoint", () => {
  test("answers the emulator's time, and its offset", async () => {
    const before = (await at()).body;
    const { status, body } = await at({ advanceSeconds: 90.5 });
    expect([status, body.offsetSeconds]).toEqual([200, before.offsetSeconds + 90.5]);
    expect(Date.parse(body.now) - systemClock.now().getTime()).toBeGreaterThan(
      body.offsetSeconds * SECOND_MS - 1000,
    );
    expect((await at({ advanceSeconds: 0 })).body.offsetSeconds).toBe(body.offsetSeconds);
  });

  test("sets the clock to an instant", async () => {
    const later = new Date(Date.parse((await at()).body.now) + 3_600_000);
    const { now } = (await at({ at: later.toISOString() })).body;
    const late = Date.parse(now) - later.getTime();
    expect([late >= 0, late < 10_000]).toEqual([true, true]);
  });

  test.each([
    ["going back", { advanceSeconds: -1 }, "never goes back"],
    ["what JSON makes of NaN", { advanceSeconds: NaN }, "a number of seconds"],
    ["what JSON makes of Infinity", { advanceSeconds: Infinity }, "a number of seconds"],
    ["more than a calendar has", { advanceSeconds: 1e12 }, "9999"],
    ["more than a number can be told by", { advanceSeconds: 1e300 }, "a number of seconds"],
    ["a number in words", { advanceSeconds: "60" }, "a number of seconds"],
    ["both ways at once", { advanceSeconds: 1, at: "2999-01-01T00:00:00Z" }, "advanceSeconds"],
    ["an unknown word", { minutes: 1 }, "advanceSeconds"],
    ["nothing", {}, "advanceSeconds"],
    ["a list", [60], "advanceSeconds"],
    ["null", null, "advanceSeconds"],
    ["an instant that has passed", { at: "2020-01-01T00:00:00Z" }, "has passed"],
    ["an instant in no calendar", { at: "2999-13-45T00:00:00Z" }, "an instant"],
    ["an instant of nowhere", { at: "2999-01-01T00:00:00" }, "an instant"],
    ["an instant in words", { at: "tomorrow" }, "an instant"],
  ])("refuses %s, and the clock stays", async (_what, body, hint) => {
    const before = (await at()).body.offsetSeconds;
    const answer = await at(body);
    expect([answer.status, answer.body.error]).toEqual([400, expect.stringContaining(hint)]);
    expect((await at()).body.offsetSeconds).toBe(before);
  });

  test("refuses a body that is not JSON, and other methods", async () => {
    expect(
      (await at(undefined, { method: "POST", body: "{", headers: JSON_TYPE })).body.error,
    ).toContain("not JSON");
    expect((await at(undefined, { method: "DELETE" })).status).toBe(405);
  });
});

describe("a clock that is moved forward", () => {
  test("wakes sleepers whose time has come, and no others", async () => {
    const base = manualClock();
    const clock = adjustableClock(base);
    const woken: string[] = [];
    void clock.sleep(1000).then(() => woken.push("short"));
    void clock.sleep(5000).then(() => woken.push("long"));
    clock.advance(2000);
    await base.advance(0);
    expect(woken).toEqual(["short"]);
    await base.advance(2999);
    expect(woken).toEqual(["short"]);
    await base.advance(1);
    expect(woken).toEqual(["short", "long"]);
    expect(clock.now().getTime() - base.now().getTime()).toBe(2000);
  });

  test("ends an aborted sleep, before and during it", async () => {
    const base = manualClock();
    const clock = adjustableClock(base);
    const given = new AbortController();
    const ended: string[] = [];
    const sleep = (name: string, signal?: AbortSignal) =>
      void clock.sleep(1000, signal).then(() => ended.push(name));
    sleep("given up while it lasts", given.signal);
    sleep("not given up");
    await base.advance(999);
    expect(ended).toEqual([]);
    given.abort();
    await base.advance(0);
    expect(ended).toEqual(["given up while it lasts"]);
    sleep("given up before", given.signal);
    await base.advance(0);
    expect(ended).toEqual(["given up while it lasts", "given up before"]);
    await base.advance(1);
    expect(ended.at(-1)).toBe("not given up");
  });
});
