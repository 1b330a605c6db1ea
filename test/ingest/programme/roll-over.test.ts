/** An ingest outlives TRTC's seven days: a fresh task takes over, and the room sees no gap. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, SECOND_MS } from "../../../shared/clock.js";
import { advanceIngests } from "../../../shared/ingest/advance.js";
import { expireIngests } from "../../../shared/ingest/stop/expire.js";
import { handleRoomEvent } from "../../../shared/room-events/handle.js";
import type { TaskTruth } from "../../../emulator/tasks/truth.js";
import { DAY_MS, type LongIngests, openLongIngests } from "./long-ingests.js";
import { CN_APP } from "../../support/app/test-app.js";

let ours: LongIngests;

beforeAll(async () => {
  ours = await openLongIngests();
});
beforeEach(() => ours.clear());
afterAll(() => ours.app.close());

const HOURS_MS = DAY_MS / 24;

/** From the end of each task to the start of the next one; below 0: both robots were in the room. */
function gapsMs(tasks: readonly TaskTruth[]): number[] {
  const sorted = [...tasks].sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
  return sorted.slice(1).map(({ startedAt }, index) => {
    const endedAt = sorted[index]?.endedAt ?? "";
    return Date.parse(startedAt) - Date.parse(endedAt);
  });
}

const playing = (tasks: readonly TaskTruth[]) => tasks.filter(({ state }) => state === "playing");

describe("a programme of 30 days", () => {
  test("plays without a gap and without drift, with one robot, and ends on its deadline", async () => {
    const Playlist = [0, 1, 2].map((index) => ({
      StreamUrl: `${ours.app.clip}?item=${index}`,
      PlaySeconds: (16 * HOURS_MS) / SECOND_MS,
    }));
    const { taskId, tasks, row, startedAt, deadlineAt } = await ours.start({
      ...{ Playlist, PlaylistRepeatNum: -1, StreamUrl: undefined, RepeatNum: undefined },
    });

    await ours.playUntil(taskId, deadlineAt);
    expect(playing(await tasks())).toHaveLength(1);
    await ours.clock.advanceUntilDone(ours.startRun(expireIngests, 100));

    const all = await tasks();
    expect(all).toHaveLength(5);
    for (const gapMs of gapsMs(all)) {
      expect(gapMs).toBeLessThanOrEqual(0);
      expect(gapMs).toBeGreaterThanOrEqual(-5 * SECOND_MS);
    }
    expect(
      all
        .map(({ endedAt }) => endedAt)
        .sort()
        .at(-1),
    ).toBe(deadlineAt.toISOString());
    const switches = all.flatMap(({ played }) => played.slice(1).map(({ from }) => from));
    expect(switches.length).toBeGreaterThan(20);
    for (const from of switches) {
      expect((Date.parse(from) - startedAt.getTime()) % (16 * HOURS_MS)).toBeLessThan(SECOND_MS);
    }
    expect(await row()).toMatchObject({
      state: "ended",
      endReason: "expired",
      startedAt,
      onAir: { rolledOver: 4, restarts: 0 },
    });
    expect(await ours.hiddenRows(taskId)).toEqual([]);
  });
});

describe("a roll-over", () => {
  test("keeps the TaskId, and gives the ingest the fresh task and its robot", async () => {
    const { taskId, tasks, row, startedAt } = await ours.start();
    const before = await row();
    await ours.untilRollOver(startedAt);
    await ours.pass(20);

    const [fresh, ...others] = playing(await tasks());
    expect(others).toEqual([]);
    const after = await row();
    expect(after).toMatchObject({
      state: "running",
      trtcTaskId: fresh?.taskId,
      robotUserId: fresh?.userId,
      startedAt,
    });
    expect(after.robotUserId).not.toBe(before.robotUserId);
    const { response } = await ours.post("list-ingests", {});
    expect(response["Ingests"]).toMatchObject([
      { TaskId: taskId, State: "running", RolledOver: 1, Restarts: 0 },
    ]);
  });

  test("gives the fresh task seven days, or what is left until the deadline", async () => {
    const { startedAt } = await ours.start({ days: 8 });
    await ours.untilRollOver(startedAt);
    await ours.pass(20);

    const bodies = ours.trtc.bodies("StartStreamIngest").slice(-2);
    const minutes = bodies.map(({ MaxDuration }) => MaxDuration);
    expect(minutes).toEqual([10_080, 24.5 * 60]);
  });

  test("does not come where the task lasts until the deadline", async () => {
    const { tasks, startedAt } = await ours.start({ days: 7 });
    await ours.untilRollOver(startedAt);
    await ours.pass(60);

    expect(await tasks()).toHaveLength(1);
  });

  test("is tried again every two minutes while TRTC refuses the fresh task", async () => {
    const { tasks, startedAt } = await ours.start();
    await ours.untilRollOver(startedAt);
    const code = "FailedOperation.RestrictedConcurrency";
    ours.app.emulator.faults.add({ action: "StartStreamIngest", kind: "error", code, times: 3 });
    const before = ours.trtc.calls("StartStreamIngest");
    await ours.pass(130);
    expect(ours.trtc.calls("StartStreamIngest") - before).toBe(2);
    await ours.pass(300);

    const all = await tasks();
    expect(all).toHaveLength(2);
    expect(Math.max(...gapsMs(all))).toBeLessThanOrEqual(0);
  });

  test("of a robot that the caller named stops first, and leaves a gap of seconds", async () => {
    const { tasks, row, startedAt } = await ours.start({ UserId: "dj" });
    await ours.untilRollOver(startedAt);
    await ours.pass(30);

    const all = await tasks();
    const [gapMs = Infinity] = gapsMs(all);
    expect(all.map(({ userId }) => userId)).toEqual(["dj", "dj"]);
    expect(gapMs).toBeGreaterThanOrEqual(0);
    expect(gapMs).toBeLessThan(3 * SECOND_MS);
    expect(await row()).toMatchObject({ state: "running", onAir: { rolledOver: 1, restarts: 0 } });
  });

  test("of such a robot survives TRTC's late word that the old task has ended", async () => {
    const { tasks, row, startedAt } = await ours.start({ UserId: "host" });
    const { trtcTaskId } = await row();
    await ours.untilRollOver(startedAt);
    const code = "ResourceInsufficient.RequestRejection";
    ours.app.emulator.faults.add({ action: "StartStreamIngest", kind: "error", code, times: 1 });
    await ours.clock.advanceUntilDone(ours.startRun(advanceIngests, 20));
    expect(await row()).toMatchObject({ state: "starting", trtcTaskId });

    const { followUp } = await handleRoomEvent(
      ours.services,
      {
        kind: "task-ended",
        sdkAppId: CN_APP,
        trtcTaskId: trtcTaskId ?? "",
        eventAt: ours.clock.now(),
      },
      () => 60 * SECOND_MS,
    );
    expect(followUp).toBeUndefined();
    await ours.pass(30);

    expect(playing(await tasks())).toHaveLength(1);
    expect(await row()).toMatchObject({ state: "running" });
  });
});

describe("while both robots are in the room,", () => {
  async function overlapping() {
    const long = await ours.start();
    await ours.untilRollOver(long.startedAt);
    const run = ours.startRun(advanceIngests);
    await ours.clock.advance(6 * SECOND_MS);
    expect(playing(await long.tasks())).toHaveLength(2);
    const finish = async () => {
      await ours.clock.advanceUntilDone(run);
      await ours.passAll(20);
    };
    const [successor] = (await ours.hiddenRows(long.taskId)) as Record<string, string>[];
    const hidden = successor ?? {};
    return { ...long, finish, hidden, named: { SdkAppId: CN_APP, TaskId: long.taskId } };
  }

  test("a stop ends both", async () => {
    const { finish, tasks, row, named } = await overlapping();
    expect((await ours.post("stop-ingest", named)).status).toBe(200);
    await finish();

    expect(playing(await tasks())).toEqual([]);
    expect(await row()).toMatchObject({ state: "ended", endReason: "stopped" });
  });

  test("the successor cannot be described, stopped or listed", async () => {
    const { finish, hidden, taskId } = await overlapping();
    for (const TaskId of [hidden["task_id"], hidden["trtc_task_id"]]) {
      const { response } = await ours.post("stop-ingest", { SdkAppId: CN_APP, TaskId });
      expect(response.Error?.Code).toBe("FailedOperation.TaskNotExist");
    }
    const { response } = await ours.post("list-ingests", {});
    expect(response["Ingests"]).toMatchObject([{ TaskId: taskId }]);
    await finish();
  });

  test("an update of the loudness leads to another fresh task, which has it", async () => {
    const { finish, tasks, named } = await overlapping();
    expect((await ours.post("update-ingest", { ...named, Volume: 30 })).status).toBe(200);
    await finish();
    await ours.passAll(150);

    const [fresh, ...others] = playing(await tasks());
    expect(others).toEqual([]);
    expect(fresh).toMatchObject({ volume: 30 });
    expect(await tasks()).toHaveLength(3);
  });

  test("a fresh task whose source fails does not take over", async () => {
    const { finish, tasks, row, hidden } = await overlapping();
    const before = await row();
    const task = { sdkAppId: CN_APP, trtcTaskId: String(hidden["trtc_task_id"]) };
    const [at, eventAt] = [ours.clock.now(), ours.clock.now()];
    await ours.services.store.roomEvents.recordTaskEvent({ ...task, media: "failed", eventAt, at });
    await finish();

    expect(playing(await tasks()).map(({ taskId }) => taskId)).toEqual([before.trtcTaskId]);
    await ours.passAll(130);
    expect(await row()).toMatchObject({ onAir: { rolledOver: 1 } });
  });

  test("the deadline of the ingest ends both", async () => {
    const { finish, tasks, named } = await overlapping();
    const StopTime = addMs(ours.clock.now(), SECOND_MS).toISOString();
    expect((await ours.post("update-ingest", { ...named, StopTime })).status).toBe(200);
    await finish();
    await ours.passAll(60);

    expect(playing(await tasks())).toEqual([]);
  });
});
