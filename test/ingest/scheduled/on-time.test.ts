/** A scheduled ingest starts at its StartTime, once, and waits for slots and places. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { advanceIngests } from "../../../shared/ingest/advance.js";
import { startIngest } from "../../../shared/ingest/start/start.js";
import { expireIngests } from "../../../shared/ingest/stop/expire.js";
import { reconcileIngests } from "../../../shared/ingest/reconcile/reconcile.js";
import { BOUND, openScheduledApp, type ScheduledApp } from "../../support/app/scheduled-app.js";
import { CN_APP, SECRET_ID } from "../../support/app/test-app.js";

let ours: ScheduledApp;

beforeAll(async () => {
  ours = await openScheduledApp();
});
beforeEach(() => ours.clear());
afterAll(() => ours.app.close());

describe("at its StartTime, a scheduled ingest", () => {
  test("starts to the second, not before, and ends on its deadline", async () => {
    const StartTime = ours.inSeconds(37);
    const StopTime = ours.inSeconds(97);
    const { describeIngest, tasks } = await ours.scheduled({
      StartTime,
      StopTime,
      RepeatNum: 1000,
    });
    await ours.clock.advance(30 * SECOND_MS);

    expect(await ours.ran()).toMatchObject({ claimed: 1, started: 1 });

    expect(await tasks()).toMatchObject([{ startedAt: StartTime, state: "playing" }]);
    expect(await describeIngest()).toMatchObject({ State: "running", StartTime });
    await ours.clock.advance(30 * SECOND_MS);
    await ours.clock.advanceUntilDone(ours.startRun(expireIngests, 100));
    expect(await tasks()).toMatchObject([{ endedAt: StopTime, endReason: "stopped" }]);
  });

  test("counts its MaxDuration from StartTime", async () => {
    const StartTime = ours.inSeconds(1200);
    const { response } = await ours.scheduled({ StartTime, MaxDuration: 90 });

    expect(response["Deadline"]).toBe(addMs(new Date(StartTime), 90 * MINUTE_MS).toISOString());
  });

  test("starts once in any number of runs at once", async () => {
    const { tasks } = await ours.scheduled({ StartTime: ours.inSeconds(5 + 10) });
    const runs = [0, 1, 2].map(() => ours.startRun(advanceIngests));

    await ours.clock.advance(20 * SECOND_MS);
    await ours.clock.advanceUntilDone(Promise.all(runs));
    await ours.pass(20);

    expect(await tasks()).toHaveLength(1);
  });

  test("that is near is started by the start function itself", async () => {
    const StartTime = ours.inSeconds(4);
    const { response, tasks } = await ours.scheduled({ StartTime });

    expect(response).toMatchObject({ TrtcTaskId: expect.any(String) });
    expect(response["State"]).toBeUndefined();
    expect(await tasks()).toMatchObject([{ startedAt: StartTime }]);
  });

  test("that a message of a queue brings is left to advance-ingests, however near", async () => {
    const { config } = ours.services;
    const [caller, application] = [config.callers.get(SECRET_ID), config.applications.get(CN_APP)];
    if (!caller || !application) throw new Error("the configuration has neither");
    const request = ours.request({ StartTime: ours.inSeconds(4) });

    const answer = await startIngest(ours.services, {
      caller,
      application,
      request,
      isMessage: true,
      timeLeftMs: () => 60 * SECOND_MS,
    });

    expect(answer).toMatchObject({ State: "scheduled", TrtcTaskId: null });
  });

  test("starts within its window when no timer ran at its time", async () => {
    const { tasks, describeIngest } = await ours.scheduled({
      StartTime: ours.inSeconds(60),
      StartWindowSeconds: 120,
    });
    await ours.clock.advance(150 * SECOND_MS);
    await ours.pass(10);

    expect(await tasks()).toHaveLength(1);
    expect(await describeIngest()).toMatchObject({ State: "running" });
  });

  test("has failed when no timer ran in its window", async () => {
    const { tasks, describeIngest } = await ours.scheduled({ StartTime: ours.inSeconds(60) });
    await ours.clock.advance(60 * SECOND_MS + 331 * SECOND_MS);

    expect(await ours.ran(reconcileIngests)).toMatchObject({ failed: 1 });

    expect(await describeIngest()).toMatchObject({
      State: "ended",
      EndReason: "failed",
      EndDetail: expect.stringContaining("timer of advance-ingests"),
    });
    expect(await tasks()).toEqual([]);
  });
});

test("a scheduled start waits for a place of MaxIngests, and takes it when one is free", async () => {
  const playing = await ours.post("start-ingest", ours.request(), BOUND);
  const { tasks, describeIngest } = await ours.scheduled({ StartTime: ours.inSeconds(20) }, BOUND);
  await ours.pass(60);
  expect(await describeIngest()).toMatchObject({
    State: "scheduled",
    FailureCode: "LimitExceeded",
  });

  await ours.post("stop-ingest", { SdkAppId: CN_APP, TaskId: playing.response["TaskId"] }, BOUND);
  await ours.pass(60);

  expect(await tasks()).toHaveLength(1);
  expect(await describeIngest()).toMatchObject({ State: "running" });
});

test("two scheduled starts of one instant share one place: the second waits", async () => {
  const StartTime = ours.inSeconds(20);
  const all = [
    await ours.scheduled({ StartTime }, BOUND),
    await ours.scheduled({ StartTime }, BOUND),
  ];
  await ours.pass(60);

  const tasks = await Promise.all(all.map((each) => each.tasks()));
  expect(tasks.flat()).toHaveLength(1);
});

test("a crowd of one instant starts as slots allow: none early, none twice, none lost", async () => {
  const CROWD = 130;
  const StartTime = ours.inSeconds(120);
  for (let n = 0; n < CROWD; n += 1) await ours.scheduled({ StartTime });
  await ours.pass(240);

  const tasks = (await ours.app.truth.tasks()).filter(({ startedAt }) => startedAt >= StartTime);
  const rooms = new Set(tasks.map(({ roomId }) => roomId));
  expect([tasks.length, rooms.size]).toEqual([CROWD, CROWD]);
  const rows = await ours.app.database.query(
    "select max(started_at - starts_at) as lateness, count(*)::int as count from ingest where state = 'running'",
  );
  expect(rows).toMatchObject([{ count: CROWD }]);
  const starts = tasks.map((task) => new Date(task.startedAt).getTime()).sort((a, b) => a - b);
  const spans = starts.slice(20).map((at, index) => at - (starts[index] ?? 0));
  expect(Math.min(...spans)).toBeGreaterThanOrEqual(1100);
  const lastMs = (starts.at(-1) ?? 0) - new Date(StartTime).getTime();
  expect(lastMs).toBeLessThan(10 * SECOND_MS);
});
