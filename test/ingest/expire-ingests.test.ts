/**
 * Every ingest ends at its deadline: the use case, a real store, the emulator and injected time.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import { endTask } from "../../shared/ingest/stop/end-task.js";
import { expireIngests } from "../../shared/ingest/stop/expire.js";
import type { Services } from "../../shared/ingest/services.js";
import type { Ingest } from "../../shared/store/ingests/ingest-row.js";
import { createStore } from "../../shared/store/store.js";
import { TrtcError } from "../../shared/trtc/trtc-error.js";
import type { TaskTruth } from "../../local/emulator-truth.js";
import { CN_APP, type TestApp, INTL_APP, type TrtcHandle } from "../support/app/test-app.js";
import { countedBy, type ManualClock } from "../support/app/manual-clock.js";
import type { RtmpServer } from "../support/media/rtmp-server.js";
import { startLiveApp, timeLeft } from "../support/app/timed-app.js";
import { BOTH_WAYS } from "../support/contract/switch-sets.js";
import { nextRoom } from "../support/app/rooms.js";

let clock: ManualClock;
let trtc: TrtcHandle;
let app: TestApp;
let services: Services;
let live: RtmpServer;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ clock, app, services, trtc, live, close } = await startLiveApp());
});
beforeEach(() => app.database.query("delete from ingest"));
afterAll(() => close());

async function started(fields: object = {}) {
  const request = {
    SdkAppId: CN_APP,
    RoomId: nextRoom(),
    RoomIdType: 0,
    StreamUrl: app.clip,
  };
  const loop = { ...request, RepeatNum: -1, ...fields };
  // A start may wait for its slot, so the test must move the time.
  const { response } = await clock.advanceUntilDone(app.post("start-ingest", loop));
  expect(response.Error).toBeUndefined();
  const taskId = String(response["TaskId"]);
  const task = async () =>
    (await app.truth.tasks()).find((each) => each.taskId === response["TrtcTaskId"]);
  const row = async () => app.services.store.ingests.read(taskId);
  return { taskId, task, row, deadline: String(response["Deadline"]) };
}

const endless = () => ({ StreamUrl: live.url, RepeatNum: 1 });

const inSeconds = (seconds: number): string =>
  addMs(clock.now(), seconds * SECOND_MS).toISOString();

function run(timeLimitSeconds = 100) {
  return expireIngests(services, { timeLeftMs: timeLeft(clock, timeLimitSeconds * SECOND_MS) });
}

const ran = (timeLimitSeconds?: number) => clock.advanceUntilDone(run(timeLimitSeconds));

describe.each(BOTH_WAYS)("a deadline that comes, at %s:", (_way, switches) => {
  beforeAll(() => trtc.turn(switches));
  afterAll(() => trtc.turn({}));

  test.each([
    ["a loop", () => ({})],
    ["a source that is played a thousand times", () => ({ RepeatNum: 1000 })],
    ["a live source, which has no end of its own", endless],
  ])("ends %s to the second, and not before", async (_, fields) => {
    const { task, row, deadline } = await started({ ...fields(), StopTime: inSeconds(37) });
    expect(await ran()).toMatchObject({ claimed: 1, stopped: 1, spared: 0, failed: 0 });
    expect(await task()).toMatchObject({ endReason: "stopped", endedAt: deadline, stopCalls: 1 });
    expect(await row()).toMatchObject({ state: "ended", endReason: "expired" });
  });

  test("is left to the next run when it comes after the next run's begin", async () => {
    const { task } = await started({ StopTime: inSeconds(63) });
    expect(await ran()).toMatchObject({ claimed: 0 });
    expect(await task()).toMatchObject({ state: "playing" });
  });

  test("and is hours late still stops its task, and its lateness is in the log", async () => {
    const { taskId, task, deadline } = await started({ ...endless(), StopTime: inSeconds(5) });
    await clock.advance(3 * 60 * MINUTE_MS);
    const latenessMs = clock.now().getTime() - new Date(deadline).getTime();
    expect(await ran()).toMatchObject({ stopped: 1 });
    expect(await task()).toMatchObject({ endReason: "stopped" });
    const line = app.logLines.map((each) => JSON.parse(each) as object).at(-1);
    expect(line).toMatchObject({ ingest: taskId, latenessMs });
  });

  test("for many at once stops all tasks, the longest overdue first", async () => {
    const all = [];
    // All starts share one instant. A start that waits for its slot moves the time.
    const stopTimes = Array.from({ length: 30 }, (_, n) => inSeconds(70 - n));
    for (const StopTime of stopTimes) all.push(await started({ ...endless(), StopTime }));
    await clock.advance(71 * SECOND_MS);
    expect(await ran()).toMatchObject({ claimed: 30, stopped: 30 });
    const ends = await Promise.all(all.map(async ({ task }) => (await task())?.endedAt ?? ""));
    expect(ends).toEqual([...ends].sort().reverse());
  });
});

describe("a deadline that moves", () => {
  test("to later, while a run holds the claim, stops the task at the new time", async () => {
    const { taskId, task, row } = await started({ StopTime: inSeconds(20), RepeatNum: 1000 });
    const running = run();
    await clock.advance(19.5 * SECOND_MS);
    expect((await row())?.leaseUntil).not.toBeNull();
    const StopTime = inSeconds(20);
    await app.post("update-ingest", { SdkAppId: CN_APP, TaskId: taskId, StopTime });
    expect(await clock.advanceUntilDone(running)).toMatchObject({ stopped: 1, spared: 1 });
    expect(await task()).toMatchObject({ endedAt: StopTime, stopCalls: 1 });
  });

  test("to earlier, while a run sleeps, is met by that run", async () => {
    const { taskId, task } = await started({ StopTime: inSeconds(55), RepeatNum: 1000 });
    const running = run();
    await clock.advance(10 * SECOND_MS);
    const StopTime = inSeconds(4);
    await app.post("update-ingest", { SdkAppId: CN_APP, TaskId: taskId, StopTime });
    await clock.advanceUntilDone(running);
    expect(await task()).toMatchObject({ endedAt: StopTime });
  });
});

describe("a crowd of deadlines of one account", () => {
  /** More than two bursts of slots, all at one instant. */
  async function crowd() {
    const StopTime = inSeconds(40);
    const all = [];
    for (let n = 0; n < 60; n += 1) all.push(await started({ ...endless(), StopTime }));
    return { all, StopTime };
  }

  test("does not delay another account's", async () => {
    const { StopTime } = await crowd();
    const meanwhile = addMs(new Date(StopTime), 2 * SECOND_MS).toISOString();
    const other = await started({ ...endless(), SdkAppId: INTL_APP, StopTime: meanwhile });
    expect(await ran()).toMatchObject({ stopped: 61, returned: 0, failed: 0 });
    expect(await other.task()).toMatchObject({ endedAt: meanwhile });
  });

  test("is not claimed by a run without time for it, and left to the next", async () => {
    const { all } = await crowd();
    await clock.advance(40 * SECOND_MS);
    const { stopped } = await ran(12.02);
    expect(stopped).toBeGreaterThan(0);
    expect(stopped).toBeLessThan(all.length);
    const rows = await Promise.all(all.map(({ row }) => row()));
    // Ingests without a slot went back, and are due again in a second.
    await clock.advance(SECOND_MS);
    const isHeld = (leaseUntil: Date | null) => (leaseUntil ?? 0) > clock.now();
    expect(rows.filter((row) => isHeld(row?.leaseUntil ?? null))).toEqual([]);
    expect(rows.filter((row) => row?.state === "ended")).toHaveLength(stopped);
    expect(await ran()).toMatchObject({ stopped: all.length - stopped });
  });

  test("is released when others use its slots, and stopped when slots are free", async () => {
    const { task } = await started({ ...endless(), StopTime: inSeconds(5) });
    const slot = { account: "cn", action: "StopStreamIngest", waitMaxMs: MINUTE_MS };
    await clock.advance(5 * SECOND_MS);
    for (let taken = 0; taken < 140; taken += 1) await services.store.slots.take(slot);
    const counts = await ran();
    expect(counts).toMatchObject({ stopped: 1, failed: 0 });
    expect(counts.returned).toBeGreaterThan(0);
    expect(await task()).toMatchObject({ endReason: "stopped", stopCalls: 1 });
  });
});

describe("when the clock is set while a run sleeps,", () => {
  test("forward past a deadline, the run stops what is late now", async () => {
    const { task, row } = await started({ ...endless(), StopTime: inSeconds(50) });
    const running = run();
    await clock.advance(10 * SECOND_MS);
    clock.jump(10 * MINUTE_MS);
    const seenBy = addMs(clock.now(), 2 * SECOND_MS).toISOString();
    expect(await clock.advanceUntilDone(running)).toMatchObject({ stopped: 1 });
    expect((await task())?.endedAt ?? "").toMatch(/Z$/);
    expect((await task())?.endedAt?.localeCompare(seenBy)).toBeLessThanOrEqual(0);
    expect(await row()).toMatchObject({ endReason: "expired" });
  });

  test("back while the run holds a claim, nothing is stopped before its deadline", async () => {
    const { task, deadline } = await started({ ...endless(), StopTime: inSeconds(20) });
    const running = run();
    await clock.advance(19.5 * SECOND_MS);
    clock.jump(-30 * SECOND_MS);
    await clock.advanceUntilDone(running);
    expect(await task()).toMatchObject({ endedAt: deadline, stopCalls: 1 });
  });
});

describe("with more than one run,", () => {
  test("each task is stopped once", async () => {
    const all = [];
    for (let n = 0; n < 12; n += 1) all.push(await started({ StopTime: inSeconds(10 + (n % 4)) }));
    const [one, two] = [run(), run()];
    const counts = await clock.advanceUntilDone(Promise.all([one, two]));
    expect(counts.reduce((sum, { stopped }) => sum + stopped, 0)).toBe(12);
    for (const { task } of all) expect(await task()).toMatchObject({ stopCalls: 1 });
  });

  test("a dead run's claim is taken over when its lease lapses", async () => {
    const { taskId, task } = await started({ StopTime: inSeconds(5) });
    const at = addMs(clock.now(), 4 * SECOND_MS);
    const claim = { at, horizonAt: addMs(at, SECOND_MS), leaseMs: 10_000, limit: 1 };
    expect(await services.store.ingests.claimDue(claim)).toMatchObject([{ taskId }]);
    await ran();
    expect(await task()).toMatchObject({ endedAt: addMs(at, 10_000).toISOString(), stopCalls: 1 });
  });

  test("a requested stop whose caller's instance died is carried out", async () => {
    const { taskId, task, row } = await started({ MaxDuration: 600 });
    await services.store.ingests.beginStop({
      taskId,
      at: clock.now(),
      leaseMs: 10_000,
      waitMaxMs: 60_000,
    });
    await ran();
    expect(await task()).toMatchObject({ endReason: "stopped" });
    expect(await row()).toMatchObject({ state: "ended", endReason: "stopped" });
  });
});

describe("when something fails", () => {
  test("a stop that TRTC did not carry out is repeated in the same run", async () => {
    const { task, row } = await started({ StopTime: inSeconds(5) });
    trtc.next("StopStreamIngest", "http-502", "lose-request");
    expect(await ran()).toMatchObject({ claimed: 3, stopped: 1, failed: 2 });
    expect(await task()).toMatchObject({ endReason: "stopped" });
    expect(await row()).toMatchObject({ endReason: "expired" });
  });

  test.each([
    ["is tried again after a quarter of its age, where TRTC did not carry it out", "bad", 10_000],
    ["is tried again after a second, where it got no slot", "none", 1000],
  ])("a stop that was asked for 40 s ago %s", async (_, slot, afterMs) => {
    const { taskId, row } = await started({ MaxDuration: 600 });
    const { store } = services;
    const stop = { taskId, at: clock.now(), leaseMs: 60_000, waitMaxMs: 60_000 };
    const begun = await store.ingests.beginStop(stop);
    await clock.advance(40 * SECOND_MS);
    if (slot === "bad") trtc.next("StopStreamIngest", "http-502");
    const timeLeftMs = timeLeft(clock, 20 * SECOND_MS);
    const action = "StopStreamIngest";
    const free = await store.slots.take({ account: "cn", action, waitMaxMs: 1000 });
    const task = {
      ingest: begun?.ingest as Ingest,
      slot: slot === "bad" ? free : undefined,
      askedAt: clock.now(),
      timeLeftMs,
    };

    await expect(clock.advanceUntilDone(endTask(services, task))).rejects.toThrow(TrtcError);
    expect((await row())?.leaseUntil).toEqual(addMs(clock.now(), afterMs));
  });

  test("a stop with a lost answer counts as done when the next attempt finds the task gone", async () => {
    const { row } = await started({ StopTime: inSeconds(5), RepeatNum: 1000 });
    trtc.next("StopStreamIngest", "lose-answer");
    await ran();
    expect(await row()).toMatchObject({ state: "ended", endReason: "expired" });
  });

  test("a task that ended by itself is finished, not expired", async () => {
    const { row, task } = await started({ StopTime: inSeconds(30), RepeatNum: 1 });
    await untilLengthIsKnown(task);
    await ran();
    expect(await row()).toMatchObject({ state: "ended", endReason: "finished" });
  });

  test("a database failure in the middle of a run does not end the current stops", async () => {
    const { task } = await started({ StopTime: inSeconds(5) });
    const { store } = services;
    let looks = 0;
    const nextClaimAt: typeof store.ingests.nextClaimAt = async (due) => {
      looks += 1;
      if (looks > 4) throw new Error("the database is gone");
      return store.ingests.nextClaimAt(due);
    };
    const ingests = { ...app.services.store.ingests, nextClaimAt };
    const failing = {
      ...services,
      store: countedBy(clock, { ...app.services.store, ingests }),
    };
    const work = expireIngests(failing, { timeLeftMs: timeLeft(clock, 100_000) });
    await expect(clock.advanceUntilDone(work)).rejects.toThrow("the database is gone");
    expect(await task()).toMatchObject({ endReason: "stopped" });
  });

  test("a run with little time left claims no stop that it cannot finish", async () => {
    await started({ StopTime: inSeconds(1) });
    expect(await ran(11)).toMatchObject({ claimed: 0 });
  });
});

test("a start sent again after its StopTime has the same answer, and starts nothing", async () => {
  const StopTime = inSeconds(20);
  const fields = {
    SdkAppId: CN_APP,
    RoomId: "late",
    RoomIdType: 0,
    StreamUrl: app.clip,
    StopTime,
  };
  const token = { ...fields, ClientToken: "late" };
  const first = await clock.advanceUntilDone(app.post("start-ingest", token));
  await clock.advance(30 * SECOND_MS);
  const calls = trtc.calls("StartStreamIngest");
  const again = await app.post("start-ingest", token);
  expect(again.response["TaskId"]).toBe(first.response["TaskId"]);
  const fresh = await app.post("start-ingest", { ...fields, ClientToken: "fresh" });
  expect(fresh.response.Error).toMatchObject({ Code: "InvalidParameterValue" });
  expect(trtc.calls("StartStreamIngest")).toBe(calls);
});

test("a run with nothing due makes two database queries, and no call to TRTC", async () => {
  await started({ MaxDuration: 600 });
  const asked: string[] = [];
  const { database } = app;
  const query: typeof database.query = (text, parameters) => {
    asked.push(text);
    return database.query(text, parameters);
  };
  const calls = trtc.calls("StopStreamIngest");
  const store = createStore({ ...database, query });
  await expireIngests({ ...services, store }, { timeLeftMs: () => MINUTE_MS });
  expect(asked).toHaveLength(2);
  expect(trtc.calls("StopStreamIngest")).toBe(calls);
});

/** The emulator reads the media's length from its source, within milliseconds of real time. */
async function untilLengthIsKnown(task: () => Promise<TaskTruth | undefined>): Promise<void> {
  while ((await task())?.durationSeconds === null);
}

describe("a TaskId that TRTC does not know", () => {
  test("is ended, when TRTC's Describe does not know it either", async () => {
    const { taskId, task, row } = await started({ ...endless(), StopTime: inSeconds(30) });
    const id = String((await task())?.taskId);
    const unknown = id.slice(0, 10) + (id[10] === "A" ? "B" : "A") + id.slice(11);
    await app.database.query("update ingest set trtc_task_id = $2 where task_id = $1", [
      taskId,
      unknown,
    ]);
    await clock.advance(40 * SECOND_MS);
    expect(await ran()).toMatchObject({ stopped: 1, failed: 0 });
    expect(await row()).toMatchObject({ state: "ended", leaseUntil: null });
  });
});
