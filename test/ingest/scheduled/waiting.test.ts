/** A scheduled ingest until its StartTime: how it is shown, stopped, changed and refused. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { advanceIngests } from "../../../shared/ingest/advance.js";
import { expireIngests } from "../../../shared/ingest/stop/expire.js";
import { reconcileIngests } from "../../../shared/ingest/reconcile/reconcile.js";
import { BOUND, openScheduledApp, type ScheduledApp } from "../../support/app/scheduled-app.js";
import { cloudEventOf } from "../../../shared/notifications/cloud-event.js";
import type { Notification } from "../../../shared/store/outbox/deliveries.js";
import { CN_APP } from "../../support/app/test-app.js";

let ours: ScheduledApp;

beforeAll(async () => {
  ours = await openScheduledApp();
});
beforeEach(() => ours.clear());
afterAll(() => ours.app.close());

describe("until its StartTime, a scheduled ingest", () => {
  test("is listed and described as scheduled, and TRTC hears nothing of it", async () => {
    const calls = ours.trtc.calls("StartStreamIngest");
    const StartTime = ours.inSeconds(3600);
    const StopTime = ours.inSeconds(7200);
    const { taskId, response, describeIngest } = await ours.scheduled({ StartTime, StopTime });

    expect(response).toMatchObject({
      TrtcTaskId: null,
      State: "scheduled",
      StartTime,
      Deadline: StopTime,
    });
    expect(await describeIngest()).toMatchObject({
      State: "scheduled",
      Status: "InProgress",
      TrtcTaskId: null,
      StartTime,
      ScheduledTime: StartTime,
      Deadline: StopTime,
      EndTime: null,
    });
    const list = async (State: string) =>
      (await ours.post("list-ingests", { State })).response["Ingests"] as { TaskId: string }[];
    expect((await list("scheduled")).map(({ TaskId }) => TaskId)).toEqual([taskId]);
    expect(await list("starting")).toEqual([]);
    expect(ours.trtc.calls("StartStreamIngest")).toBe(calls);
  });

  test("is left alone by every timer", async () => {
    const { describeIngest, tasks } = await ours.scheduled({ StartTime: ours.inSeconds(3600) });
    await ours.clock.advance(20 * MINUTE_MS);

    for (const useCase of [advanceIngests, expireIngests, reconcileIngests])
      await ours.ran(useCase);

    expect(await describeIngest()).toMatchObject({ State: "scheduled" });
    expect(await tasks()).toEqual([]);
  });

  test("is one ingest for its ClientToken, and another request with that token is refused", async () => {
    const first = await ours.scheduled({ StartTime: ours.inSeconds(600), ClientToken: "lesson-1" });
    const again = await ours.post("start-ingest", first.body);
    const other = await ours.post("start-ingest", {
      ...first.body,
      StartTime: ours.inSeconds(900),
    });

    expect(again.response).toMatchObject({ TaskId: first.taskId, State: "scheduled" });
    expect(other.response.Error?.Code).toBe("InvalidParameterValue");
  });

  test("is announced to its caller, and again when its StartTime moves", async () => {
    const { taskId } = await ours.scheduled({ StartTime: ours.inSeconds(3600) });
    const StartTime = ours.inSeconds(7200);
    await ours.post("update-ingest", { SdkAppId: CN_APP, TaskId: taskId, StartTime });
    await ours.post("update-ingest", { SdkAppId: CN_APP, TaskId: taskId, Volume: 50 });

    const rows = await ours.app.database.query("select * from outbox order by position");
    const events = rows.map((row) =>
      cloudEventOf({ ...row, taskId, happenedAt: row["happened_at"] } as unknown as Notification),
    );
    expect(events).toMatchObject([
      { type: "ingest.scheduled", sequence: "1", data: { State: "scheduled" } },
      { type: "ingest.scheduled", sequence: "2", data: { StartTime, EndReason: null } },
    ]);
  });

  test("ends as stopped by a stop, and does not start", async () => {
    const { taskId, describeIngest, tasks } = await ours.scheduled({
      StartTime: ours.inSeconds(30),
    });

    const { response } = await ours.post("stop-ingest", { SdkAppId: CN_APP, TaskId: taskId });
    await ours.pass(60);

    expect(response.Error).toBeUndefined();
    expect(await describeIngest()).toMatchObject({
      State: "ended",
      EndReason: "stopped",
      EndDetail: expect.stringContaining("before its StartTime"),
    });
    expect(await tasks()).toEqual([]);
  });

  test("holds its robot, and takes no place of MaxIngests", async () => {
    await ours.scheduled({ StartTime: ours.inSeconds(600) }, BOUND);
    await ours.scheduled({ StartTime: ours.inSeconds(600) }, BOUND);
    const now = await ours.post("start-ingest", ours.request(), BOUND);
    const UserId = "teacher";
    await ours.scheduled({ StartTime: ours.inSeconds(600), UserId });
    const busy = await ours.post("start-ingest", ours.request({ UserId }));

    expect(now.response.Error).toBeUndefined();
    expect(busy.response.Error?.Code).toBe("FailedOperation.TaskExist");
  });

  test("counts for StartsPerMinute", async () => {
    for (let n = 0; n < 3; n += 1) await ours.scheduled({ StartTime: ours.inSeconds(600) }, BOUND);
    const fourth = await ours.post(
      "start-ingest",
      ours.request({ StartTime: ours.inSeconds(600) }),
      BOUND,
    );

    expect(fourth.response.Error).toMatchObject({ Code: "RequestLimitExceeded" });
  });
});

describe("an update of a scheduled ingest", () => {
  const update = async (taskId: string, fields: object) =>
    (await ours.post("update-ingest", { SdkAppId: CN_APP, TaskId: taskId, ...fields })).response;

  test("moves its StartTime, and its deadline with it", async () => {
    const { taskId, tasks, describeIngest } = await ours.scheduled({
      StartTime: ours.inSeconds(20),
      MaxDuration: 60,
    });
    const StartTime = ours.inSeconds(55);
    expect(await update(taskId, { StartTime })).toMatchObject({
      Deadline: addMs(new Date(StartTime), 60 * MINUTE_MS).toISOString(),
    });
    await ours.pass(40);
    expect(await tasks()).toEqual([]);
    await ours.pass(30);

    expect(await tasks()).toMatchObject([{ startedAt: StartTime }]);
    expect(await describeIngest()).toMatchObject({ State: "running", StartTime });
  });

  test("moves the start away from a run that already holds the claim", async () => {
    const { taskId, tasks } = await ours.scheduled({ StartTime: ours.inSeconds(20) });
    await ours.clock.advance(15 * SECOND_MS);
    const running = ours.startRun(advanceIngests);
    await ours.clock.advance(4.5 * SECOND_MS);
    const StartTime = ours.inSeconds(20);
    await ours.app.post("update-ingest", { SdkAppId: CN_APP, TaskId: taskId, StartTime });
    expect(await ours.clock.advanceUntilDone(running)).toMatchObject({ claimed: 1, spared: 1 });
    await ours.pass(30);

    expect(await tasks()).toMatchObject([{ startedAt: StartTime }]);
  });

  test("keeps a StopTime that was sent, and refuses a StartTime after it", async () => {
    const StopTime = ours.inSeconds(600);
    const { taskId } = await ours.scheduled({ StartTime: ours.inSeconds(60), StopTime });

    expect(await update(taskId, { StartTime: ours.inSeconds(120) })).toMatchObject({
      Deadline: StopTime,
    });
    expect((await update(taskId, { StartTime: ours.inSeconds(700) })).Error).toMatchObject({
      Code: "InvalidParameterValue",
      Message: expect.stringContaining("StopTime is not after StartTime"),
    });
  });

  test("changes what will be played", async () => {
    const { taskId, tasks } = await ours.scheduled({ StartTime: ours.inSeconds(20) });
    const StreamUrl = `${ours.app.clip}?other`;
    await update(taskId, { StreamUrl, Volume: 50 });
    await ours.pass(40);

    expect(await tasks()).toMatchObject([{ streamUrl: StreamUrl, volume: 50 }]);
  });

  test.each([
    ["IsPause", { IsPause: true }, "has not started"],
    ["a StartTime of the past", { StartTime: "2020-01-01T00:00:00Z" }, "StartTime is over"],
    ["a StartTime that is no date", { StartTime: "2026-02-30T00:00:00Z" }, "existing date"],
    ["nothing", {}, "Nothing to change"],
  ])("refuses %s", async (_, fields, words) => {
    const { taskId } = await ours.scheduled({ StartTime: ours.inSeconds(60) });

    expect((await update(taskId, fields)).Error?.Message).toContain(words);
  });

  test("refuses a StartTime once the ingest runs", async () => {
    const { taskId } = await ours.scheduled({ StartTime: ours.inSeconds(3) });

    expect((await update(taskId, { StartTime: ours.inSeconds(60) })).Error?.Message).toContain(
      "has started",
    );
  });
});

describe("a start is refused, with what to send instead, when", () => {
  test.each<[string, () => object, string]>([
    ["StartTime is over", () => ({ StartTime: ours.inSeconds(-301) }), "StartTime is over"],
    [
      "it is over 14 days ahead",
      () => ({ StartTime: ours.inSeconds(14 * 86_400 + 60) }),
      "14 days",
    ],
    ["it is no date", () => ({ StartTime: "2027-02-30T10:00:00Z" }), "existing date"],
    ["it has no offset", () => ({ StartTime: "2027-02-20T10:00:00" }), "StartTime"],
    [
      "StopTime comes first",
      () => ({ StartTime: ours.inSeconds(600), StopTime: ours.inSeconds(500) }),
      "StopTime is not after StartTime",
    ],
    ["a window has no StartTime", () => ({ StartWindowSeconds: 10 }), "needs StartTime"],
    [
      "the window is 0",
      () => ({ StartTime: ours.inSeconds(60), StartWindowSeconds: 0 }),
      "StartWindowSeconds is too small",
    ],
    [
      "a UserSig comes with it",
      () => ({ StartTime: ours.inSeconds(60), UserId: "teacher", UserSig: "eJwtjs" }),
      "cannot be kept until StartTime",
    ],
    [
      "ExtendableUntil is before StopTime",
      () => ({
        StartTime: ours.inSeconds(60),
        StopTime: ours.inSeconds(900),
        ExtendableUntil: ours.inSeconds(800),
      }),
      "ExtendableUntil is before StopTime",
    ],
  ])("%s", async (_, fields, words) => {
    const { response } = await ours.post("start-ingest", ours.request(fields()));

    expect(response.Error?.Message).toContain(words);
    const rows = await ours.app.database.query("select 1 from ingest");
    expect(rows).toEqual([]);
  });
});
