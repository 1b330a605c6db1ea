/** A scheduled start that TRTC refuses or does not answer, and instances that die: one robot or none. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, SECOND_MS } from "../../../shared/clock.js";
import { startOnTime } from "../../../shared/ingest/start/scheduled-start.js";
import { TrtcError } from "../../../shared/trtc/trtc-error.js";
import { reconcileIngests } from "../../../shared/ingest/reconcile/reconcile.js";
import { startIngest } from "../../../shared/ingest/start/start.js";
import { openScheduledApp, type ScheduledApp } from "../../support/app/scheduled-app.js";
import { CN_APP, SECRET_ID } from "../../support/app/test-app.js";

let ours: ScheduledApp;

beforeAll(async () => {
  ours = await openScheduledApp();
});
beforeEach(() => ours.clear());
afterAll(() => ours.app.close());

describe("a scheduled start that TRTC refuses", () => {
  const refuse = (times: number) =>
    ours.app.emulator.faults.add({
      action: "StartStreamIngest",
      kind: "error",
      code: "ResourceInsufficient.RequestRejection",
      times,
    });

  test("is tried again until it succeeds, and shows no failure then", async () => {
    const { tasks, describeIngest } = await ours.scheduled({ StartTime: ours.inSeconds(20) });
    refuse(5);
    await ours.pass(30);
    expect(await describeIngest()).toMatchObject({
      State: "scheduled",
      FailureCode: "ResourceInsufficient.RequestRejection",
    });

    await ours.pass(60);

    expect(await tasks()).toHaveLength(1);
    expect(await describeIngest()).toMatchObject({ State: "running", FailureCode: null });
  });

  test("has failed with TRTC's reason when its window is over", async () => {
    const { tasks, describeIngest } = await ours.scheduled({
      StartTime: ours.inSeconds(20),
      StartWindowSeconds: 40,
    });
    refuse(1000);
    await ours.pass(120);

    expect(await describeIngest()).toMatchObject({
      State: "ended",
      EndReason: "failed",
      FailureCode: "ResourceInsufficient.RequestRejection",
    });
    expect(await tasks()).toEqual([]);
  });

  test("can be stopped between two attempts", async () => {
    const { taskId, tasks, describeIngest } = await ours.scheduled({
      StartTime: ours.inSeconds(20),
    });
    refuse(1000);
    await ours.pass(30);
    await ours.post("stop-ingest", { SdkAppId: CN_APP, TaskId: taskId });
    ours.app.emulator.faults.clear();
    await ours.pass(60);

    expect(await describeIngest()).toMatchObject({ State: "ended", EndReason: "stopped" });
    expect(await tasks()).toEqual([]);
  });
});

describe("one robot plays when", () => {
  test.each(["lose-answer", "hang", "reset"] as const)(
    "TRTC's answer to a scheduled start is lost: %s",
    async (kind) => {
      const { tasks, describeIngest } = await ours.scheduled({ StartTime: ours.inSeconds(20) });
      ours.trtc.next("StartStreamIngest", kind);
      await ours.pass(40);
      await ours.ran(reconcileIngests);

      const live = (await tasks()).filter(({ state }) => state === "playing");
      expect(live).toHaveLength(1);
      expect(await describeIngest()).toMatchObject({
        State: "running",
        TrtcTaskId: live[0]?.taskId,
      });
    },
  );

  test("an instance dies after it claimed the start", async () => {
    const { tasks } = await ours.scheduled({ StartTime: ours.inSeconds(11) });
    await ours.clock.advance(10.5 * SECOND_MS);
    const at = ours.clock.now();
    const claims = await ours.services.store.scheduled.claimDue({
      at,
      horizonAt: addMs(at, SECOND_MS),
      leaseMs: 10 * SECOND_MS,
      limit: 10,
    });
    expect(claims).toHaveLength(1);
    await ours.pass(30);

    expect(await tasks()).toHaveLength(1);
  });

  test("an instance dies between its statement and its call", async () => {
    const { taskId, tasks, describeIngest } = await ours.scheduled({
      StartTime: ours.inSeconds(11),
    });
    await ours.clock.advance(11 * SECOND_MS);
    const claimed = await ours.services.store.ingests.read(taskId);
    if (!claimed) throw new Error("the row is not there");
    await ours.services.store.scheduled.begin({
      claimed,
      at: ours.clock.now(),
      leaseMs: 30 * SECOND_MS,
      waitMaxMs: 20 * SECOND_MS,
      quotas: {},
    });
    await ours.pass(20);
    expect(await tasks()).toEqual([]);
    await ours.clock.advance(15 * SECOND_MS);
    await ours.ran(reconcileIngests);

    expect(await tasks()).toHaveLength(1);
    expect(await describeIngest()).toMatchObject({ State: "running" });
  });

  test("a holder wakes up after another instance has begun the start", async () => {
    const { taskId, tasks } = await ours.scheduled({ StartTime: ours.inSeconds(11) });
    const stale = await ours.services.store.ingests.read(taskId);
    await ours.clock.advance(10.5 * SECOND_MS);
    await ours.ran();
    if (!stale) throw new Error("the row is not there");
    const begun = await ours.services.store.scheduled.begin({
      claimed: stale,
      at: ours.clock.now(),
      leaseMs: 30 * SECOND_MS,
      waitMaxMs: 20 * SECOND_MS,
      quotas: {},
    });

    expect(begun).toEqual({ outcome: "spared" });
    expect(await tasks()).toHaveLength(1);
  });
});

test("a repeat of the request during a second attempt does not get the first one's refusal", async () => {
  const { services, app } = ours;
  const caller = services.config.callers.get(SECRET_ID);
  const application = services.config.applications.get(CN_APP);
  if (!caller || !application) throw new Error("the caller is not configured");
  const times = { StartTime: ours.inSeconds(20), ClientToken: "lesson-2" };
  const request = { ...ours.request(times), RoomIdType: 0 as const };
  const start = () =>
    startIngest(services, {
      caller,
      application,
      region: undefined,
      signature: undefined,
      request,
      timeLeftMs: () => 1000,
    });
  const { TaskId } = await start();
  await app.database.query(
    `update ingest set advance_at = null, lease_until = starts_at + interval '1 hour',
       failure_code = 'LimitExceeded' where task_id = '${TaskId}'`,
  );

  await expect(start()).rejects.toMatchObject({ code: "InternalError" });
});

test("a stop while a scheduled start is under way ends it", async () => {
  const { taskId, tasks, describeIngest } = await ours.scheduled({ StartTime: ours.inSeconds(20) });
  ours.trtc.next("StartStreamIngest", "lose-answer");
  await ours.pass(30);
  await ours.post("stop-ingest", { SdkAppId: CN_APP, TaskId: taskId });
  await ours.ran(reconcileIngests);

  expect(await describeIngest()).toMatchObject({ State: "ended", EndReason: "stopped" });
  expect((await tasks()).filter(({ state }) => state === "playing")).toEqual([]);
});

test("a caller whose entry was removed starts nothing", async () => {
  const { describeIngest, tasks } = await ours.scheduled({
    StartTime: ours.inSeconds(20),
    StartWindowSeconds: 30,
  });
  await ours.app.database.query("update ingest set caller_id = 'gone'");
  await ours.pass(90);
  await ours.app.database.query(`update ingest set caller_id = '${SECRET_ID}'`);

  expect(await tasks()).toEqual([]);
  expect(await describeIngest()).toMatchObject({
    EndReason: "failed",
    FailureCode: "UnauthorizedOperation",
  });
});

test("a database that fails during an attempt leaves the start to reconcile-ingests", async () => {
  const { taskId, tasks, describeIngest } = await ours.scheduled({ StartTime: ours.inSeconds(11) });
  await ours.clock.advance(11 * SECOND_MS);
  const row = await ours.services.store.ingests.read(taskId);
  if (!row) throw new Error("the row is not there");
  const rename = (from: string, to: string) =>
    ours.app.database.query(`alter table ${from} rename to ${to}`);
  const trtc = {
    ...ours.services.trtc,
    async call() {
      await rename("call_slot", "lost_slot");
      throw new TrtcError("RequestLimitExceeded", "Throttled", "refused");
    },
  };

  const attempt = startOnTime({ ...ours.services, trtc }, row, () => 60 * SECOND_MS);
  await expect(ours.clock.advanceUntilDone(attempt)).rejects.toThrow();
  await rename("lost_slot", "call_slot");

  expect(await ours.services.store.ingests.read(taskId)).toMatchObject({
    state: "starting",
    advanceAt: null,
    failureCode: null,
  });
  await ours.clock.advance(31 * SECOND_MS);
  await ours.ran(reconcileIngests);
  expect(await tasks()).toHaveLength(1);
  expect(await describeIngest()).toMatchObject({ State: "running" });
});
