/** Reconciles the rows of a crash or a lost answer: real store, emulator, injected time. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, DAY_MS, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import { resumeStart } from "../../shared/ingest/start/resume-start.js";
import { RESUME_LEASE_MS } from "../../shared/ingest/timing.js";
import { reconcileIngests } from "../../shared/ingest/reconcile/reconcile.js";
import { stopIngest } from "../../shared/ingest/stop/stop.js";
import type { Services } from "../../shared/ingest/services.js";
import type { Switches } from "../../emulator/admin/switches.js";
import { CN_APP, type TestApp, INTL_APP, type TrtcHandle } from "../support/app/test-app.js";
import type { ManualClock } from "../support/app/manual-clock.js";
import type { RtmpServer } from "../support/media/rtmp-server.js";
import { startLiveApp, timeLeft } from "../support/app/timed-app.js";
import { nextRoom } from "../support/app/rooms.js";

const LEASE_MS = 35 * SECOND_MS;
const LATE_MS = 6 * MINUTE_MS;

let clock: ManualClock;
let trtc: TrtcHandle;
let app: TestApp;
let services: Services;
let live: RtmpServer;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ clock, app, services, trtc, live, close } = await startLiveApp());
});
beforeEach(async () => {
  trtc.turn({});
  trtc.next("StartStreamIngest");
  for (const task of await liveTasks()) await stopTask(task);
  await app.database.query("delete from ingest");
});
afterAll(() => close());

const liveTasks = async () => (await app.truth.tasks()).filter(({ state }) => state !== "ended");

async function stopTask({
  taskId,
  sdkAppId,
  site,
  region,
}: Awaited<ReturnType<typeof liveTasks>>[number]) {
  const target = { account: site, host: "emulator", region };
  const request = { SdkAppId: sdkAppId, TaskId: taskId };
  await app.services.trtc.call("StopStreamIngest", { target, request, timeLeftMs: 5000 });
}

function startOf(fields: object = {}) {
  const RoomId = nextRoom();
  const source = { StreamUrl: live.url, RepeatNum: 1 };
  return {
    SdkAppId: CN_APP,
    RoomId,
    RoomIdType: 0,
    ...source,
    ClientToken: `token-of-${RoomId}`,
    ...fields,
  };
}

const send = (functionName: string, request: object) =>
  clock.advanceUntilDone(app.post(functionName, request));

/** A start without an answer: its row, and a way to read it again. */
async function unanswered(
  fault: "lose-answer" | "lose-request" | "http-502" = "lose-answer",
  fields: object = {},
) {
  const request = startOf(fields);
  trtc.next("StartStreamIngest", fault);
  const { response } = await send("start-ingest", request);
  expect(response.Error?.Code).toBe("InternalError");
  const row = async () => {
    const [ingest] = await app.database.query("select * from ingest where room_id = $1", [
      request.RoomId,
    ]);
    return ingest ?? {};
  };
  const tasks = async () =>
    (await app.truth.tasks()).filter(({ roomId }) => roomId === request.RoomId);
  const liveOnes = async () => (await tasks()).filter(({ state }) => state !== "ended");
  return { request, row, tasks, liveOnes };
}

function run(timeLimitSeconds = 60) {
  return reconcileIngests(services, { timeLeftMs: timeLeft(clock, timeLimitSeconds * SECOND_MS) });
}

const ran = (timeLimitSeconds?: number) => clock.advanceUntilDone(run(timeLimitSeconds));

/** Every reading of TRTC's behaviour that leaves us any means. */
const READINGS: [string, Partial<Switches>][] = [
  ["refuses a second robot, and a removed one ends", {}],
  ["interrupts the first robot", { sameRobot: "interrupt" }],
  [
    "interrupts it, and a removed one comes back",
    { sameRobot: "interrupt", removedRobotEndsTask: false },
  ],
  ["lets two of one name play", { taskExistKey: "never" }],
  ["knows a task in its own region only", { taskSeenFrom: "own-region" }],
];

describe.each(READINGS)("a start without an answer, when TRTC %s:", (_name, switches) => {
  beforeEach(() => trtc.turn(switches));

  test.each(["lose-answer", "lose-request", "http-502"] as const)(
    "%s: is started again, and there is one robot",
    async (fault) => {
      const { row, liveOnes } = await unanswered(fault);
      expect(await row()).toMatchObject({ state: "starting" });
      expect(await ran()).toMatchObject({ started: 1, failed: 0, unsettled: 0 });
      const [task, ...others] = await liveOnes();
      expect(others).toEqual([]);
      expect(await row()).toMatchObject({ state: "running", trtc_task_id: task?.taskId });
    },
  );

  test("the caller's retry resumes it, and gets the answer", async () => {
    const { request, row, liveOnes } = await unanswered();
    const { response } = await send("start-ingest", request);
    const [task, ...others] = await liveOnes();
    expect(others).toEqual([]);
    expect(response).toMatchObject({ TrtcTaskId: task?.taskId, UserId: task?.userId });
    expect(await row()).toMatchObject({ state: "running", task_id: response["TaskId"] });
  });

  test("concurrent retries and a run start one robot, and have the same answer", async () => {
    const { request, liveOnes } = await unanswered();
    const all = Array.from({ length: 5 }, () => app.post("start-ingest", request));
    const [answers] = await clock.advanceUntilDone(Promise.all([Promise.all(all), run()]));
    const [task, ...others] = await liveOnes();
    expect(others).toEqual([]);
    for (const { response } of answers) expect(response["TrtcTaskId"]).toBe(task?.taskId);
  });
});

describe("a start without an answer", () => {
  test("keeps its deadline and TRTC's cap", async () => {
    const clip = { StreamUrl: app.clip, RepeatNum: -1, MaxDuration: 30 };
    const { row } = await unanswered("lose-answer", clip);
    const { deadline_at: before } = await row();
    await clock.advance(90 * SECOND_MS);
    await ran();
    expect(await row()).toMatchObject({ state: "running", deadline_at: before });
    expect(trtc.bodies("StartStreamIngest").at(-1)).toMatchObject({ MaxDuration: 29 });
  });

  test.each([
    ["nothing", null],
    ["a signature", "signature abcdef"],
  ])(
    "that only %s identifies is taken back, because no request can repeat it",
    async (_what, token) => {
      const { row, liveOnes } = await unanswered();
      await app.database.query("update ingest set client_token = $1", [token]);
      expect(await ran()).toMatchObject({ failed: 1, started: 0 });
      expect(await liveOnes()).toEqual([]);
      expect(await row()).toMatchObject({ state: "ended", end_reason: "failed" });
    },
  );

  test("in a numeric room is removed from that room", async () => {
    const { liveOnes } = await unanswered("lose-answer", {
      SdkAppId: INTL_APP,
      RoomId: "4711",
      RoomIdType: 1,
    });
    expect(await ran()).toMatchObject({ started: 1 });
    expect(await liveOnes()).toHaveLength(1);
    expect(trtc.bodies("RemoveUser").at(-1)).toMatchObject({ RoomId: 4711 });
  });

  test("waits exactly as long as its instance may work on it", async () => {
    const { row } = await unanswered();
    await app.database.query("update ingest set lease_until = $1", [addMs(clock.now(), LEASE_MS)]);
    expect(await ran()).toMatchObject({ started: 0 });
    await clock.advance(LEASE_MS);
    expect(await ran()).toMatchObject({ started: 1 });
    expect(await row()).toMatchObject({ state: "running" });
  });

  test("is resumed by the next run when this one died", async () => {
    const { row, liveOnes } = await unanswered();
    const at = clock.now();
    const claim = { at, leaseMs: RESUME_LEASE_MS, limit: 10 };
    expect(await app.services.store.ingests.claimUnfinished(claim)).toHaveLength(1);
    expect(await ran()).toMatchObject({ started: 0 });
    await clock.advance(RESUME_LEASE_MS);
    expect(await ran()).toMatchObject({ started: 1 });
    expect(await liveOnes()).toHaveLength(1);
    expect(await row()).toMatchObject({ state: "running" });
  });

  test("whose deadline has passed is taken back, and its retry says so", async () => {
    const StopTime = addMs(clock.now(), 2 * MINUTE_MS).toISOString();
    const { row, liveOnes, request } = await unanswered("lose-answer", { StopTime });
    await clock.advance(3 * MINUTE_MS);
    expect(await ran()).toMatchObject({ failed: 1 });
    expect(await liveOnes()).toEqual([]);
    expect(await row()).toMatchObject({ state: "ended", end_reason: "failed" });
    const { response } = await send("start-ingest", request);
    expect(response.Error).toMatchObject({
      Code: "FailedOperation",
      Message: expect.stringContaining("new ClientToken") as unknown,
    });
  });

  test("that TRTC never answers is abandoned after ten minutes", async () => {
    const { row, liveOnes } = await unanswered();
    for (let minute = 0; minute < 9; minute += 1) {
      trtc.next("StartStreamIngest", "lose-answer");
      expect(await ran()).toMatchObject({ unsettled: 1 });
      await clock.advance(MINUTE_MS);
    }
    expect(await row()).toMatchObject({ state: "starting" });
    await clock.advance(MINUTE_MS);
    expect(await ran()).toMatchObject({ failed: 1 });
    expect(await liveOnes()).toEqual([]);
  });

  test("that TRTC then refuses finally has failed, and nothing plays", async () => {
    const { row, liveOnes } = await unanswered();
    trtc.turn({ concurrency: 0 });
    expect(await ran()).toMatchObject({ unsettled: 1 });
    trtc.turn({});
    await app.database.query("update ingest set play = play || $1::jsonb", [
      JSON.stringify({ StreamUrl: "gopher://nothing" }),
    ]);
    await clock.advance(MINUTE_MS);
    expect(await ran()).toMatchObject({ failed: 1 });
    expect(await liveOnes()).toEqual([]);
    expect(await row()).toMatchObject({ failure_code: "InvalidParameter.StreamUrl" });
  });

  test("whose robot cannot be removed is not started again", async () => {
    const { liveOnes } = await unanswered();
    trtc.next("RemoveUserByStrRoomId", "http-502");
    const calls = trtc.calls("StartStreamIngest");
    expect(await ran()).toMatchObject({ unsettled: 1 });
    expect(trtc.calls("StartStreamIngest")).toBe(calls);
    await clock.advance(MINUTE_MS);
    expect(await ran()).toMatchObject({ started: 1 });
    expect(await liveOnes()).toHaveLength(1);
  });

  test("of an application that is no longer configured is taken back", async () => {
    const { row, liveOnes } = await unanswered();
    const config = { ...services.config, applications: new Map() };
    const without = reconcileIngests({ ...services, config }, { timeLeftMs: () => 50_000 });
    expect(await clock.advanceUntilDone(without)).toMatchObject({ failed: 1 });
    expect(await liveOnes()).toEqual([]);
    expect(await row()).toMatchObject({ state: "ended", end_reason: "failed" });
  });
});

describe("a robot with a caller's UserId and an unanswered start", () => {
  const named = (fields: object) => startOf({ UserId: "dj", ...fields });

  test("is not free until it can no longer appear", async () => {
    const StopTime = addMs(clock.now(), MINUTE_MS).toISOString();
    await unanswered("lose-request", { UserId: "dj", StopTime });
    await clock.advance(2 * MINUTE_MS);
    expect(await ran()).toMatchObject({ failed: 1 });
    const { response } = await send("start-ingest", named({}));
    expect(response.Error).toMatchObject({
      Code: "FailedOperation.TaskExist",
      Message: expect.stringContaining("in ten minutes") as unknown,
    });
    await clock.advance(LATE_MS + LEASE_MS);
    expect(await ran()).toMatchObject({ cleared: 1 });
    const { response: next } = await send("start-ingest", named({}));
    expect(next.Error).toBeUndefined();
  });
});

describe("a stop request for a start without an answer", () => {
  test("ends it at once when no instance works on it", async () => {
    const { row, liveOnes } = await unanswered();
    const { task_id: TaskId } = await row();
    const { response } = await send("stop-ingest", { SdkAppId: CN_APP, TaskId });
    expect(response.Error).toBeUndefined();
    expect(await liveOnes()).toEqual([]);
    expect(await row()).toMatchObject({ state: "ended", end_reason: "stopped" });
  });

  test("is stored when an instance works on it, and done by the next run", async () => {
    const { row, liveOnes } = await unanswered();
    const held = addMs(clock.now(), 10 * MINUTE_MS);
    await app.database.query("update ingest set lease_until = $1", [held]);
    const { task_id: TaskId } = await row();
    const [caller] = [...services.config.callers.values()];
    if (!caller) throw new Error("nobody may call");
    const stopped = stopIngest(services, {
      caller,
      request: { SdkAppId: CN_APP, TaskId: String(TaskId) },
      application: services.config.applications.get(CN_APP),
      timeLeftMs: timeLeft(clock, 10 * SECOND_MS),
    });
    const refusal = clock.advanceUntilDone(stopped);
    await expect(refusal).rejects.toMatchObject({ code: "ResourceInUse", retry: true });
    await app.database.query("update ingest set lease_until = $1", [clock.now()]);
    expect(await ran()).toMatchObject({ failed: 1, started: 0 });
    expect(await liveOnes()).toEqual([]);
    expect(await row()).toMatchObject({ state: "ended", end_reason: "stopped" });
  });
});

describe("an instance that lost its lease", () => {
  test("stops the task that it started after another instance took over the row", async () => {
    const { row, liveOnes, tasks } = await unanswered("lose-request");
    const { store } = app.services;
    const claim = { at: clock.now(), leaseMs: RESUME_LEASE_MS, limit: 1 };
    const [slow] = await store.ingests.claimUnfinished(claim);
    await clock.advance(RESUME_LEASE_MS);
    // This run checks its lease and sends the start just before the other run does.
    trtc.turn({ taskExistKey: "never" });
    const markRunning: typeof store.ingests.markRunning = async (outcome) => {
      if (outcome.fence === slow?.fence) expect(await ran()).toMatchObject({ started: 1 });
      return store.ingests.markRunning(outcome);
    };
    const leaseUntil = addMs(clock.now(), 20 * SECOND_MS);
    const ingests = { ...store.ingests, markRunning };
    const late = { ...services, store: { ...store, ingests } };
    if (!slow) throw new Error("nothing was claimed");
    const result = await clock.advanceUntilDone(
      resumeStart(late, { ...slow, leaseUntil }, () => 20_000),
    );
    const [task, ...others] = await liveOnes();
    expect(others).toEqual([]);
    expect(await tasks()).toHaveLength(2);
    expect(await row()).toMatchObject({ state: "running", trtc_task_id: task?.taskId });
    expect(result.trtcTaskId).toBe(task?.taskId);
  });
});

describe("a start that TRTC carries out late", () => {
  /** Carries out the lost request now. TRTC has a task, and no row has its TaskId. */
  async function comesLate(request: ReturnType<typeof startOf>, userId: unknown) {
    const target = { account: "cn", host: "emulator", region: "ap-singapore" };
    const sent = trtc.bodies("StartStreamIngest").find(({ UserId }) => UserId === userId);
    await app.services.trtc.call("StartStreamIngest", {
      target,
      timeLeftMs: 5000,
      request: sent as never,
    });
    expect(sent).toMatchObject({ RoomId: request.RoomId });
  }

  test("after it was taken back has its robot removed when no other can appear", async () => {
    const StopTime = addMs(clock.now(), MINUTE_MS).toISOString();
    const { row, liveOnes, request } = await unanswered("lose-request", { StopTime });
    await clock.advance(2 * MINUTE_MS);
    expect(await ran()).toMatchObject({ failed: 1 });
    await comesLate(request, (await row())["robot_user_id"]);
    expect(await liveOnes()).toHaveLength(1);
    expect(await ran()).toMatchObject({ cleared: 0 });
    await clock.advance(LATE_MS + LEASE_MS);
    expect(await ran()).toMatchObject({ cleared: 1 });
    expect(await liveOnes()).toEqual([]);
    expect(await row()).toMatchObject({ unsure_until: null });
    expect(await ran()).toMatchObject({ cleared: 0 });
  });

  test("in place of the known robot ends the ingest, and nothing plays", async () => {
    trtc.turn({ sameRobot: "interrupt" });
    const { row, liveOnes, request } = await unanswered("lose-request");
    expect(await ran()).toMatchObject({ started: 1 });
    await comesLate(request, (await row())["robot_user_id"]);
    const { task_id: TaskId } = await row();
    const { response } = await send("describe-ingest", { SdkAppId: CN_APP, TaskId });
    expect(response["Status"]).toBe("NotExist");
    expect(await liveOnes()).toEqual([]);
  });

  test("beside the known robot ends together with the ingest", async () => {
    trtc.turn({ taskExistKey: "never" });
    const { row, liveOnes, request } = await unanswered("lose-request");
    expect(await ran()).toMatchObject({ started: 1 });
    await comesLate(request, (await row())["robot_user_id"]);
    expect(await liveOnes()).toHaveLength(2);
    const { task_id: TaskId } = await row();
    await send("stop-ingest", { SdkAppId: CN_APP, TaskId });
    expect(await liveOnes()).toEqual([]);
  });
});

describe("an overdue end", () => {
  async function running(fields: object = {}) {
    const request = startOf(fields);
    const { response } = await send("start-ingest", request);
    const taskId = String(response["TaskId"]);
    const row = () => app.services.store.ingests.read(taskId);
    return { taskId, row, trtcTaskId: String(response["TrtcTaskId"]) };
  }

  test("is done by reconcile-ingests when it is half a minute overdue, not before", async () => {
    const StopTime = addMs(clock.now(), 10 * SECOND_MS).toISOString();
    const { row } = await running({ StopTime });
    await clock.advance(30 * SECOND_MS);
    expect(await ran()).toMatchObject({ stopped: 0 });
    await clock.advance(15 * SECOND_MS);
    expect(await ran()).toMatchObject({ stopped: 1 });
    expect(await row()).toMatchObject({ state: "ended", endReason: "expired" });
  });

  test("of a requested stop is done when the caller's instance died", async () => {
    const { taskId, row } = await running();
    const asked = { taskId, at: clock.now(), leaseMs: 10_000, waitMaxMs: 60_000 };
    await app.services.store.ingests.beginStop(asked);
    await clock.advance(45 * SECOND_MS);
    expect(await ran()).toMatchObject({ stopped: 1 });
    expect(await row()).toMatchObject({ state: "ended", endReason: "stopped" });
  });

  test("of a loop after TRTC's cap is recorded even when TRTC does not answer", async () => {
    const { row } = await running({ StreamUrl: app.clip, RepeatNum: -1, MaxDuration: 5 });
    await clock.advance(65 * MINUTE_MS);
    trtc.next("StopStreamIngest", ...Array.from({ length: 5 }, () => "http-502" as const));
    expect(await ran()).toMatchObject({ refused: 1 });
    expect(await row()).toMatchObject({ state: "stopping" });
    await clock.advance(3 * MINUTE_MS);
    expect(await ran()).toMatchObject({ stopped: 1 });
    expect(await row()).toMatchObject({ state: "ended", endReason: "expired" });
  });
});

describe("a task without news", () => {
  async function quiet(fields: object = {}) {
    const request = startOf(fields);
    const { response } = await send("start-ingest", request);
    const taskId = String(response["TaskId"]);
    return { taskId, row: () => app.services.store.ingests.read(taskId) };
  }

  test("for five minutes is checked at TRTC, and stays when it plays", async () => {
    const { row } = await quiet();
    await clock.advance(4 * MINUTE_MS);
    expect(await ran()).toMatchObject({ described: 0 });
    await clock.advance(MINUTE_MS);
    const at = clock.now();
    expect(await ran()).toMatchObject({ described: 1, gone: 0 });
    expect(await row()).toMatchObject({ state: "running", lastSeenAt: at });
    expect(await ran()).toMatchObject({ described: 0 });
  });

  test("that has ended at TRTC ends its ingest", async () => {
    const { row } = await quiet({ StreamUrl: app.clip });
    await clock.advance(20 * MINUTE_MS);
    expect(await ran()).toMatchObject({ gone: 1 });
    expect(await row()).toMatchObject({ state: "ended", endReason: "finished" });
  });

  test("is checked again later when TRTC does not answer", async () => {
    const { row } = await quiet();
    await clock.advance(6 * MINUTE_MS);
    trtc.next("DescribeStreamIngest", "http-502");
    expect(await ran()).toMatchObject({ refused: 1 });
    expect(await row()).toMatchObject({ state: "running" });
  });

  test("is checked only with slots that leave every second one to callers", async () => {
    for (let n = 0; n < 12; n += 1) await quiet();
    await clock.advance(6 * MINUTE_MS);
    const before = clock.elapsedMs();
    expect(await ran()).toMatchObject({ described: 12 });
    expect(clock.elapsedMs() - before).toBeGreaterThanOrEqual(12 * 110);
  });
});

test("any number of concurrent runs resume each start once", async () => {
  const all = [];
  for (let n = 0; n < 6; n += 1) all.push(await unanswered());
  const counts = await clock.advanceUntilDone(Promise.all([run(), run(), run()]));
  expect(counts.reduce((sum, { started }) => sum + started, 0)).toBe(6);
  for (const { liveOnes } of all) expect(await liveOnes()).toHaveLength(1);
});

test("a run with little time left begins no work that it cannot finish", async () => {
  await unanswered();
  expect(await ran(11)).toMatchObject({ started: 0, unsettled: 0 });
});

test("a run without work makes no call to TRTC, and few database queries", async () => {
  const before = await app.truth.calls();
  expect(await ran()).toEqual({
    started: 0,
    failed: 0,
    unsettled: 0,
    stopped: 0,
    cleared: 0,
    described: 0,
    gone: 0,
    refused: 0,
    unclaimed: 0,
    unclaimedStopped: 0,
    warned: 0,
    forgotten: 0,
  });
  expect(await app.truth.calls()).toEqual(before);
});

test("ended ingests are deleted after the retention, and never with RETENTION_DAYS=0", async () => {
  const { TaskId } = (
    await clock.advanceUntilDone(
      app.post("start-ingest", {
        SdkAppId: CN_APP,
        RoomId: nextRoom(),
        RoomIdType: 0,
        StreamUrl: app.clip,
      }),
    )
  ).response;
  await clock.advanceUntilDone(app.post("stop-ingest", { SdkAppId: CN_APP, TaskId }));
  const aged = (days: number) =>
    app.database.query(`update ingest set ended_at = $1 where task_id = '${String(TaskId)}'`, [
      addMs(clock.now(), -days * DAY_MS),
    ]);
  await aged(89);
  expect(await ran()).toMatchObject({ forgotten: 0 });
  await aged(91);
  const config = { ...services.config, retentionDays: 0 };
  const kept = reconcileIngests({ ...services, config }, { timeLeftMs: () => MINUTE_MS });
  expect(await clock.advanceUntilDone(kept)).toMatchObject({ forgotten: 0 });
  expect((await ran())["forgotten"]).toBeGreaterThanOrEqual(1);
  const { response } = await clock.advanceUntilDone(app.post("describe-ingest", { TaskId }));
  expect(response.Error?.Code).toBe("FailedOperation.TaskNotExist");
});

test("resolved dead letters are deleted after thirty days, and open ones are kept", async () => {
  const at = clock.now();
  for (const id of ["played", "looked-for"]) {
    const dead = { source: "s", messageId: "m", code: "InvalidRequest", message: "", payload: {} };
    await services.store.deadLetters.add({ ...dead, id, receivedAt: at });
  }
  await services.store.deadLetters.resolve({ ids: ["played"], at });
  const kept = async () => {
    await clock.advanceUntilDone(reconcileIngests(services, { timeLeftMs: () => 60_000 }));
    const deadLetters = await services.store.deadLetters.list({ all: true, limit: 10 });
    return deadLetters.map(({ id }) => id);
  };
  await clock.advance(30 * 24 * 60 * MINUTE_MS - MINUTE_MS);
  expect(await kept()).toEqual(["looked-for", "played"]);
  await clock.advance(2 * MINUTE_MS);
  expect(await kept()).toEqual(["looked-for"]);
});
