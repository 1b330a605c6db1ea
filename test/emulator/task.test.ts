/** How a task plays by the clock, as pure functions: seven days are one subtraction. */
import { describe, expect, test } from "@jest/globals";
import fc from "../support/properties.js";
import { addMs, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import { changeSource, changeTask } from "../../emulator/tasks/changes.js";
import { endOf, playheadOf } from "../../emulator/tasks/life.js";
import { endTask } from "../../emulator/tasks/task.js";
import { makeTasks } from "../../emulator/tasks/tasks.js";
import { manualClock } from "../support/app/manual-clock.js";
import { after, BEGIN, endedAfter, opened, openOf } from "../support/media/task.js";

const HOUR_MS = 60 * MINUTE_MS;

describe("a finite task", () => {
  test.each([
    ["plays once by default", {}, 4],
    ["plays as often as RepeatNum says", { repeatNum: 1000 }, 4000],
    ["is shorter by its SeekSecond, once", { repeatNum: 3, seekSeconds: 3 }, 9],
    ["is over at once when the seek is at its end", { seekSeconds: 4 }, 0],
    ["is over at once when the seek is past its end", { seekSeconds: 99 }, 0],
    ["plays the other rounds after a seek past the end", { repeatNum: 3, seekSeconds: 99 }, 8],
    ["takes half the time at double tempo", { repeatNum: 2, tempo: 2 }, 4],
    ["takes longer at half tempo, the seek included", { seekSeconds: 1, tempo: 0.5 }, 6],
    ["ignores MaxDuration, as TRTC does", { repeatNum: 1000, maxDurationMinutes: 1 }, 4000],
  ])("%s", (_what, fields, seconds) => {
    expect(endedAfter(opened(fields))).toEqual([seconds, "finished"]);
  });

  test("is still running a millisecond before its end", () => {
    const task = opened({ repeatNum: 2 });
    expect(endOf(task, after(7.999))).toBeUndefined();
    expect(endOf(task, after(8))).toEqual({ at: after(8), reason: "finished" });
    expect(playheadOf(task, after(7.5))).toEqual({ positionSeconds: 3.5, loops: 1 });
  });

  test("stays at its end with every round counted, at any later time", () => {
    expect(playheadOf(opened({ repeatNum: 7 }, 3.1), after(1e6))).toEqual({
      positionSeconds: 3.1,
      loops: 7,
    });
  });
});

describe("a loop", () => {
  test("never ends without a MaxDuration", () => {
    const task = opened({ repeatNum: -1 });
    expect(endOf(task, after(1e9))).toBeUndefined();
    expect(playheadOf(task, after(1e9))).toEqual({ positionSeconds: 0, loops: 2.5e8 });
  });

  test("of seven days ends at its MaxDuration to the millisecond, with the right loop count", () => {
    const task = opened({ repeatNum: -1, maxDurationMinutes: 10_080 }, 4.7);
    const week = 10_080 * 60;
    expect(endOf(task, after(week - 0.001))).toBeUndefined();
    expect(endedAfter(task)).toEqual([week, "max-duration"]);
    expect(playheadOf(task, after(1e9)).loops).toBe(Math.floor(week / 4.7));
  });

  test("counts its MaxDuration from its start, paused or not", () => {
    const loop = opened({ repeatNum: -1, maxDurationMinutes: 2 });
    const paused = changeTask(loop, { isPause: true }, after(10));
    expect(endedAfter(paused)).toEqual([120, "max-duration"]);
  });
});

describe("a live source", () => {
  test("plays until it is stopped, whatever RepeatNum says", () => {
    const live = opened({ repeatNum: 3 }, null);
    expect(endOf(live, after(1e9))).toBeUndefined();
    expect(playheadOf(live, after(50))).toEqual({ positionSeconds: 50, loops: 0 });
    expect(endedAfter(endTask(live, "stopped", after(60)))).toEqual([60, "stopped"]);
    expect(playheadOf(endTask(live, "stopped", after(60)), after(90)).positionSeconds).toBe(60);
  });
});

describe("an update", () => {
  const task = opened({ repeatNum: 3 });

  test("pauses where it is, and resumes from there", () => {
    const paused = changeTask(task, { isPause: true }, after(5));
    expect(playheadOf(paused, after(100))).toEqual({ positionSeconds: 1, loops: 1 });
    const resumed = changeTask(paused, { isPause: false }, after(100));
    expect(playheadOf(resumed, after(102))).toEqual({ positionSeconds: 3, loops: 1 });
    expect(endedAfter(resumed)).toEqual([107, "finished"]);
  });

  test("without IsPause leaves a pause as it is", () => {
    const paused = changeTask(task, { isPause: true }, after(5));
    const louder = changeTask(paused, { volume: 50 }, after(6));
    expect(louder).toMatchObject({ volume: 50, pausedAt: after(5) });
    expect(playheadOf(louder, after(9)).positionSeconds).toBe(1);
  });

  test("of the tempo counts from that instant on", () => {
    const faster = changeTask(task, { tempo: 2 }, after(2));
    expect(playheadOf(faster, after(3))).toEqual({ positionSeconds: 0, loops: 1 });
    expect(endedAfter(faster)).toEqual([7, "finished"]);
  });

  test("to another StreamUrl starts over, with all its rounds and no seek", () => {
    const seeking = opened({ repeatNum: 3, seekSeconds: 2 });
    const other = changeTask(seeking, { streamUrl: "http://b.example.com/b.mp4" }, after(5));
    expect(other).toMatchObject({ source: { state: "opening" }, sourceVersion: 1 });
    const open = changeSource(other, openOf(10), after(6));
    expect(playheadOf(open, after(8))).toEqual({ positionSeconds: 3, loops: 0 });
    expect(endedAfter(open)).toEqual([35, "finished"]);
  });

  test("to the StreamUrl that it plays changes nothing", () => {
    const same = changeTask(task, { streamUrl: task.streamUrl }, after(5));
    expect(same.sourceVersion).toBe(0);
    expect(endedAfter(same)).toEqual([12, "finished"]);
  });
});

describe("a pause of more than twelve hours", () => {
  const paused = (site: "cn" | "intl") =>
    changeTask(opened({ site, repeatNum: -1 }), { isPause: true }, after(60));

  test("ends the task on the Chinese site, on the hour", () => {
    const end = addMs(after(60), 12 * HOUR_MS);
    expect(endOf(paused("cn"), addMs(end, -1))).toBeUndefined();
    expect(endOf(paused("cn"), end)).toEqual({ at: end, reason: "paused-too-long" });
  });

  test("is measured from its beginning, not from the last update", () => {
    const again = changeTask(paused("cn"), { isPause: true }, addMs(BEGIN, 6 * HOUR_MS));
    expect(endOf(again, addMs(after(60), 12 * HOUR_MS))?.reason).toBe("paused-too-long");
  });

  test("does not end the task on the international site", () => {
    expect(endOf(paused("intl"), after(1e9))).toBeUndefined();
  });
});

describe("a source that fails at first", () => {
  const failing = changeSource(
    { ...opened({ seekSeconds: 1 }), source: { state: "opening" } },
    { state: "failing", reason: "unreachable" },
    after(2),
  );

  test("stays at position zero", () => {
    expect(playheadOf(failing, after(50))).toEqual({ positionSeconds: 1, loops: 0 });
  });

  test("plays from the attempt that succeeds", () => {
    const retried = changeSource(failing, { state: "opening" }, after(3));
    const open = changeSource(retried, openOf(4), after(4));
    expect(playheadOf(open, after(4)).positionSeconds).toBe(2);
    expect(endedAfter(open)).toEqual([6, "finished"]);
  });
});

test("playing in any number of steps equals playing at once", () => {
  const pieces = fc.array(fc.integer({ min: 1, max: 3_600_000 }), { maxLength: 20 });
  fc.assert(
    fc.property(pieces, fc.integer({ min: 1, max: 60_000 }), (piecesMs, durationMs) => {
      const loop = opened({ repeatNum: -1 }, durationMs / SECOND_MS);
      let pieced = loop;
      let at = BEGIN;
      for (const ms of piecesMs) {
        at = addMs(at, ms);
        pieced = changeTask(pieced, { volume: 1 }, at);
      }
      const [one, other] = [playheadOf(loop, at), playheadOf(pieced, at)];
      const total = (head: typeof one) =>
        head.loops * (durationMs / SECOND_MS) + head.positionSeconds;
      expect(total(other)).toBeCloseTo(total(one), 6);
    }),
  );
});

test("tasks are kept up to a limit, and then the oldest ended one is removed", () => {
  const clock = manualClock(BEGIN);
  const tasks = makeTasks(clock, { kept: 3 });
  const add = (n: number) =>
    tasks.add(opened({ taskId: `task-${n}`, userId: `robot-${n}`, repeatNum: -1 }));
  [1, 2, 3].forEach(add);
  tasks.changeLive("task-2", (live, now) => endTask(live, "stopped", now));
  add(4);
  expect(tasks.all().map(({ taskId }) => taskId)).toEqual(["task-1", "task-3", "task-4"]);
  add(5);
  expect(tasks.live()).toHaveLength(4);
});

test.each([
  ["a loop", -1],
  ["of a hundred rounds", 100],
  ["of one round", 1],
])("a task %s that plays is never forgotten, however many come after it", (_, repeatNum) => {
  const clock = manualClock(BEGIN);
  const tasks = makeTasks(clock, { kept: 2 });
  const add = (n: number) =>
    tasks.add(opened({ taskId: `task-${n}`, userId: `robot-${n}`, repeatNum }));
  [1, 2, 3, 4].forEach(add);
  const ids = ["task-1", "task-2", "task-3", "task-4"];
  expect(tasks.all().map(({ taskId }) => taskId)).toEqual(ids);
  expect(tasks.live().map(({ taskId }) => taskId)).toEqual(ids);
  expect(tasks.find("task-1")).toMatchObject({ repeatNum });
});
