/** An update to another StreamUrl, under each value of the switches for it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "../support/properties.js";
import { DEFAULT_SWITCHES, readSwitches, type Switches } from "../../emulator/admin/switches.js";
import { DEFAULT_APPLICATIONS } from "../../emulator/defaults.js";
import type { Emulator } from "../../emulator/server.js";
import { changeSource, changeTask } from "../../emulator/tasks/changes.js";
import { asOf, playheadOf } from "../../emulator/tasks/life.js";
import { makePictureSizes } from "../../emulator/tasks/picture-size.js";
import { endTask, type Task } from "../../emulator/tasks/task.js";
import { truthOf } from "../../emulator/tasks/truth.js";
import { DEFAULT_UPDATE_RULES, type UpdateRules } from "../../emulator/tasks/update-rules.js";
import { SECOND_MS } from "../../shared/clock.js";
import { manualClock } from "../support/app/manual-clock.js";
import { type CallbackReceiver, startCallbackReceiver } from "../support/http/callback-receiver.js";
import {
  CN_APP,
  cnSdk,
  codeOf,
  type Fields,
  type Send,
  startFields,
  startTestEmulator,
  userSig,
} from "../support/http/emulator-client.js";
import { after, BEGIN, endedAfter, opened, openOf } from "../support/media/task.js";

const B = "http://b.example.com/b.mp4";
const C = "http://c.example.com/c.mp4";

/** The task after an update at this second. */
const updated = (task: Task, seconds: number, rules: Partial<UpdateRules> = {}, url = B): Task =>
  changeTask(asOf(task, after(seconds)), { streamUrl: url }, after(seconds), {
    ...DEFAULT_UPDATE_RULES,
    ...rules,
  });

/** The task after its source was opened at this second. */
const openAt = (task: Task, seconds: number, durationSeconds: number | null): Task =>
  changeSource(asOf(task, after(seconds)), openOf(durationSeconds), after(seconds));

const played = (task: Task, seconds: number) =>
  truthOf(task, after(seconds)).played.map(({ streamUrl, from, until }) => [
    /\/(\w)\.mp4$/.exec(streamUrl)?.[1],
    (Date.parse(from) - BEGIN.getTime()) / SECOND_MS,
    until === null ? null : (Date.parse(until) - BEGIN.getTime()) / SECOND_MS,
  ]);

describe("updateRounds: an update in the second of three rounds of 4 s, to 10 s", () => {
  const after5 = (updateRounds: UpdateRules["updateRounds"], repeatNum: number) =>
    openAt(updated(opened({ repeatNum }), 5, { updateRounds }), 5.5, 10);

  test.each([
    ["all", 35],
    ["remaining", 25],
    ["one", 15],
  ] as const)("%s: it ends after %d s", (updateRounds, seconds) => {
    expect(endedAfter(after5(updateRounds, 3))).toEqual([seconds, "finished"]);
  });

  test.each([
    ["all", undefined],
    ["remaining", undefined],
    ["one", [15, "finished"]],
  ] as const)("%s: a loop ends so: %j", (updateRounds, end) => {
    expect(endedAfter(after5(updateRounds, -1))).toEqual(end);
  });

  test("one: a loop that becomes a live stream still has its MaxDuration", () => {
    const loop = opened({ repeatNum: -1, maxDurationMinutes: 2 });
    const live = openAt(updated(loop, 5, { updateRounds: "one" }), 6, null);
    expect(endedAfter(live)).toEqual([120, "max-duration"]);
  });

  test("remaining: several updates count the rounds of all of them", () => {
    const rules = { updateRounds: "remaining" } as const;
    const second = openAt(updated(opened({ repeatNum: 3 }), 5, rules), 5, 10);
    const third = openAt(updated(second, 16, rules, C), 16, 2);
    expect(third.rounds).toBe(1);
    expect(endedAfter(third)).toEqual([18, "finished"]);
  });
});

describe("updatePosition: an update 3 s into a source", () => {
  const heads = (updatePosition: UpdateRules["updatePosition"], duration: number | null) =>
    playheadOf(openAt(updated(opened(), 3, { updatePosition }), 3.5, duration), after(4));

  test.each([
    ["restart", 10, 1],
    ["keep", 10, 4],
    ["keep", null, 4],
    ["keep", 2, 1],
    ["keep", 3, 1],
  ] as const)("%s: 1 s later, in a source of %p s, it is at %d s", (position, duration, at) => {
    expect(heads(position, duration)).toEqual({ positionSeconds: at, loops: 0 });
  });
});

describe("updateDelayMs: the old source plays on for 2 s", () => {
  const rules = { updateDelayMs: 2000 };
  const loop = opened({ repeatNum: -1, maxDurationMinutes: 1 });

  test("then the new one begins, also when nothing has read the task meanwhile", () => {
    const task = updated(loop, 5, rules);
    expect(playheadOf(task, after(6.9)).positionSeconds).toBeCloseTo(2.9);
    expect(truthOf(task, after(6.9)).streamUrl).toBe("http://a.example.com/a.mp4");
    expect(playheadOf(task, after(8))).toEqual({ positionSeconds: 1, loops: 0 });
    expect(truthOf(task, after(8))).toMatchObject({ streamUrl: B, sourceState: "opening" });
    expect(played(openAt(task, 7.5, 10), 9)).toEqual([
      ["a", 0, 7],
      ["b", 7, null],
    ]);
  });

  test("what else the update says counts at once", () => {
    const change = { streamUrl: B, volume: 5, tempo: 2 };
    const task = changeTask(loop, change, after(5), { ...DEFAULT_UPDATE_RULES, ...rules });
    expect(truthOf(task, after(6))).toMatchObject({ volume: 5, positionSeconds: 3 });
  });

  test("updates one after the other take effect one after the other", () => {
    const both = updated(updated(loop, 5, rules), 6, rules, C);
    expect([6, 7, 8].map((at) => truthOf(both, after(at)).streamUrl.slice(7, 8))).toEqual([
      "a",
      "b",
      "c",
    ]);
    expect(asOf(both, after(9))).toMatchObject({ sourceVersion: 2, awaited: [] });
  });

  test("a later update without a delay does not overtake", () => {
    const both = updated(updated(loop, 5, rules), 6, {}, C);
    expect(truthOf(both, after(6.9)).streamUrl).toContain("//a");
    expect(truthOf(both, after(7)).streamUrl).toBe(C);
  });

  test("the end of the old file comes first, at the same instant too", () => {
    for (const at of [2, 3]) {
      const task = updated(opened(), at, rules);
      expect(endedAfter(task)).toEqual([4, "finished"]);
      expect(truthOf(task, after(20)).streamUrl).toContain("//a");
    }
    expect(endedAfter(updated(opened(), 1.9, rules))).toBeUndefined();
  });

  test("a stop meanwhile is the end, and the new source never plays", () => {
    const stopped = endTask(updated(loop, 5, rules), "stopped", after(6));
    expect(endedAfter(stopped)).toEqual([6, "stopped"]);
    expect(truthOf(stopped, after(20)).streamUrl).toContain("//a");
  });

  test("the limit of a loop is known while an update waits", () => {
    expect(endedAfter(updated(loop, 5, rules))).toEqual([60, "max-duration"]);
  });
});

describe("endGraceSeconds: a file of 4 s that waits for 5 s", () => {
  const task = opened({ endGraceSeconds: 5 });

  test("stands at its end, and then is over", () => {
    expect(endedAfter(task)).toEqual([9, "finished"]);
    expect(playheadOf(task, after(8))).toEqual({ positionSeconds: 4, loops: 1 });
    expect(truthOf(task, after(8)).state).toBe("playing");
    expect(played(task, 8)).toEqual([["a", 0, 4]]);
    expect(played(task, 20)).toEqual([["a", 0, 4]]);
  });

  test("an update meanwhile plays", () => {
    const revived = openAt(updated(task, 8), 8.5, 10);
    expect(endedAfter(revived)).toEqual([23, "finished"]);
    expect(played(revived, 9)).toEqual([
      ["a", 0, 4],
      ["b", 8, null],
    ]);
  });

  test("remaining: an update after the last round plays one", () => {
    const three = opened({ repeatNum: 3, endGraceSeconds: 5 });
    const revived = openAt(updated(three, 13, { updateRounds: "remaining" }), 13, 10);
    expect(endedAfter(revived)).toEqual([28, "finished"]);
  });

  test("neither a pause nor another tempo moves its end", () => {
    const paused = changeTask(task, { isPause: true }, after(6));
    expect(endedAfter(paused)).toEqual([9, "finished"]);
    expect(endedAfter(changeTask(task, { tempo: 0.5 }, after(6)))).toEqual([9, "finished"]);
  });
});

describe("sameUrlRestarts: an update to the StreamUrl that plays", () => {
  const again = (sameUrlRestarts: boolean) =>
    updated(opened({ repeatNum: 3 }), 5, { sameUrlRestarts }, "http://a.example.com/a.mp4");

  test.each([
    [false, 0, [12, "finished"]],
    [true, 1, [17, "finished"]],
  ])("%s", (sameUrlRestarts, sourceVersion, end) => {
    const task = again(sameUrlRestarts);
    expect(task.sourceVersion).toBe(sourceVersion);
    expect(endedAfter(openAt(task, 5.5, 4))).toEqual(end);
  });

  test("an update back to the source that still plays is none to the same", () => {
    const away = updated(opened({ repeatNum: -1 }), 5, { updateDelayMs: 2000 });
    const back = updated(away, 6, { updateDelayMs: 2000 }, "http://a.example.com/a.mp4");
    expect(asOf(back, after(8)).sourceVersion).toBe(2);
  });
});

describe("what a task has played", () => {
  test("leaves out a source that never opened", () => {
    const dead = changeSource(updated(opened(), 2), { state: "failing", reason: "none" }, after(3));
    const third = openAt(updated(dead, 6, {}, C), 6.5, 10);
    expect(played(third, 7)).toEqual([
      ["a", 0, 2],
      ["c", 6, null],
    ]);
  });

  test("counts a source from the try that opens it", () => {
    const failing = changeSource(
      updated(opened(), 2),
      { state: "failing", reason: "none" },
      after(3),
    );
    const retried = changeSource(failing, { state: "opening" }, after(4));
    expect(played(openAt(retried, 4.2, 10), 5)).toEqual([
      ["a", 0, 2],
      ["b", 4, null],
    ]);
  });

  test("is not cut by a pause, and ends with the task", () => {
    const paused = changeTask(opened({ repeatNum: -1 }), { isPause: true }, after(2));
    expect(played(paused, 9)).toEqual([["a", 0, null]]);
    expect(played(endTask(paused, "stopped", after(9)), 20)).toEqual([["a", 0, 9]]);
  });

  test("has the last thousand sources", () => {
    let task = opened({ repeatNum: -1 });
    for (let at = 1; at <= 1500; at += 1) {
      task = openAt(updated(task, at, {}, `http://x.example.com/${at}.mp4`), at, 4);
    }
    const all = truthOf(task, after(1600)).played;
    expect(all).toHaveLength(1000);
    expect(task.playedBefore).toHaveLength(1000);
    expect(all.at(-1)).toMatchObject({ streamUrl: "http://x.example.com/1500.mp4", until: null });
    expect(all[0]?.streamUrl).toBe("http://x.example.com/501.mp4");
  });

  test("has no overlap, whatever the delays", () => {
    const steps = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ max: 10, min: 0 })),
    );
    fc.assert(
      fc.property(steps, (pairs) => {
        let task = opened({ repeatNum: -1 });
        let at = 1;
        for (const [wait, delay] of pairs) {
          at += wait;
          task = openAt(
            updated(task, at, { updateDelayMs: delay * 1000, sameUrlRestarts: true }),
            at,
            4,
          );
        }
        const all = truthOf(openAt(task, at + 100, 4), after(at + 100)).played;
        all.slice(0, -1).forEach(({ from, until }) => expect(from <= String(until)).toBe(true));
        all
          .slice(1)
          .forEach(({ from }, index) => expect(String(all[index]?.until) <= from).toBe(true));
        expect(all.at(-1)?.until).toBeNull();
      }),
    );
  });
});

test("the sizes of the last thousand sources are known", () => {
  const sizes = makePictureSizes();
  const track = { type: "video", codec: "h264", width: 640, height: 360, frameRate: 25 } as const;
  for (let n = 0; n <= 1000; n += 1) {
    sizes.add(String(n), { container: "mp4", durationSeconds: 1, tracks: [track] });
  }
  sizes.add("1", { container: "mp3", durationSeconds: 1, tracks: [] });
  expect(["0", "1", "2", "1000"].map((url) => sizes.find(url)?.width)).toEqual([
    ...[undefined, undefined, 640, 640],
  ]);
});

test.each([
  [{ updateRounds: "some" }],
  [{ updatePosition: true }],
  [{ updateResolution: "any" }],
  [{ updateAfterEnd: "revives" }],
  [{ updateSends701: 1 }],
  [{ updateMovesRobot: "yes" }],
  [{ sameUrlRestarts: 0 }],
  [{ updateDelayMs: -1 }],
  [{ updateDelayMs: 10_001 }],
  [{ endGraceSeconds: 61 }],
  [{ endGraceSeconds: 0.5 }],
])("the switches %j are refused", (switches) => {
  expect(() => readSwitches(switches)).toThrow(Object.keys(switches)[0]);
});

describe("through the SDK", () => {
  const clock = manualClock();
  let emulator: Emulator;
  let receiver: CallbackReceiver;
  let send: Send;
  let rooms = 0;

  beforeAll(async () => {
    receiver = await startCallbackReceiver("key");
    emulator = await startTestEmulator({
      clock,
      applications: DEFAULT_APPLICATIONS.map((each) => ({ ...each, callbackUrl: receiver.url })),
    });
    send = cnSdk(emulator);
  });
  afterAll(async () => {
    await emulator.close();
    await receiver.close();
  });
  beforeEach(async () => {
    for (const { taskId, sdkAppId, state } of emulator.tasks()) {
      if (state !== "ended") await send("StopStreamIngest", { SdkAppId: sdkAppId, TaskId: taskId });
    }
    while (emulator.callbacks().some(({ state }) => state === "pending")) await nextTurn();
    receiver.clear();
  });

  const turn = (switches: Partial<Switches>) =>
    emulator.switches.replace({ ...DEFAULT_SWITCHES, callsPerSecond: 10_000, ...switches });
  const truth = (taskId: string) => emulator.tasks().find((task) => task.taskId === taskId);
  const media = (name: string) => `${emulator.url}/media/${name}`;
  const isOpen = async (taskId: string, name: string) => {
    const isDone = () => {
      const { streamUrl, sourceState } = truth(taskId) ?? {};
      return streamUrl === media(name) && sourceState !== "opening";
    };
    while (!isDone()) await nextTurn();
  };

  /** A robot that is known to be in its room, and whose events are gone. */
  async function start(name = "clip.mp4", fields: Fields = {}): Promise<string> {
    receiver.clear();
    const RoomId = `room-${(rooms += 1)}`;
    const asked = { RoomId, StreamUrl: media(name), RepeatNum: -1, ...fields };
    const all = startFields(CN_APP, asked);
    const UserSig = userSig(CN_APP, String(all["UserId"]), clock.now());
    const { TaskId } = await send("StartStreamIngest", { ...all, UserSig });
    await isOpen(String(TaskId), name);
    await receiver.until(3);
    receiver.clear();
    return String(TaskId);
  }
  const update = (TaskId: string, fields: Fields) =>
    send("UpdateStreamIngest", { SdkAppId: CN_APP, TaskId, ...fields });
  const change = (TaskId: string, name: string) => update(TaskId, { StreamUrl: media(name) });

  test.each([
    ["gone", "FailedOperation.TaskNotExist"],
    ["status", "NotExist"],
  ] as const)(
    "updateAfterEnd, %s: an update at the end of a file",
    async (updateAfterEnd, outcome) => {
      turn({ updateAfterEnd });
      const TaskId = await start("clip.mp4", { RepeatNum: 1 });
      await clock.advance(4 * SECOND_MS);
      const call = change(TaskId, "small.mov");
      if (updateAfterEnd === "gone") expect(await codeOf(call)).toBe(outcome);
      else expect(await call).toMatchObject({ Status: outcome });
      expect(truth(TaskId)).toMatchObject({ endReason: "finished", streamUrl: media("clip.mp4") });
    },
  );

  test("status: a TaskId that never was is an error all the same", async () => {
    turn({ updateAfterEnd: "status" });
    expect(await codeOf(change("aaaaa", "small.mov"))).toBe("InvalidParameter.TaskId");
  });

  test("endGraceSeconds: Describe finds the task until its end, and 702 comes then", async () => {
    turn({ endGraceSeconds: 5 });
    const TaskId = await start("clip.mp4", { RepeatNum: 1 });
    await clock.advance(8 * SECOND_MS);
    const named = { SdkAppId: CN_APP, TaskId };
    expect(await send("DescribeStreamIngest", named)).toMatchObject({ Status: "InProgress" });
    expect(receiver.seen()).toEqual([]);
    await clock.advance(SECOND_MS);
    expect(await send("DescribeStreamIngest", named)).toMatchObject({ Status: "NotExist" });
    await receiver.until(3);
    expect(receiver.seen()).toEqual(["702:0", "104", "102"]);
  });

  test("endGraceSeconds: a task keeps those of its start", async () => {
    turn({ endGraceSeconds: 5 });
    const TaskId = await start("clip.mp4", { RepeatNum: 1 });
    turn({});
    await clock.advance(8 * SECOND_MS);
    expect(await change(TaskId, "small.mov")).toMatchObject({ Status: "InProgress" });
    await isOpen(TaskId, "small.mov");
    expect(truth(TaskId)).toMatchObject({ state: "playing", positionSeconds: 0 });
  });

  test.each([
    [true, ["104", "103"]],
    [false, []],
  ])("updateMovesRobot: %s", async (updateMovesRobot, events) => {
    turn({ updateMovesRobot });
    const TaskId = await start();
    await change(TaskId, "small.mov");
    await isOpen(TaskId, "small.mov");
    const all = await receiver.until(events.length);
    expect(receiver.seen()).toEqual(events);
    for (const { body } of all) expect(body.EventInfo).toMatchObject({ Reason: 1, Role: 20 });
    await update(TaskId, { Volume: 1 });
    await send("StopStreamIngest", { SdkAppId: CN_APP, TaskId });
    await receiver.until(events.length + 3);
    expect(receiver.seen()).toEqual([...events, "702:0", "104", "102"]);
  });

  test.each([
    [true, ["701:0"]],
    [false, []],
  ])("updateSends701: %s", async (updateSends701, events) => {
    turn({ updateSends701 });
    const TaskId = await start();
    await change(TaskId, "small.mov");
    await isOpen(TaskId, "small.mov");
    await receiver.until(events.length);
    expect(receiver.seen()).toEqual(events);
  });

  describe("updateResolution: from 640 × 360 to 160 × 90", () => {
    const FAILS = ["701:1", "701:2", "701:1", "701:2", "701:1", "701:2", "701:1", "702:0", "104"];

    test("accepted: plays", async () => {
      turn({ updateResolution: "accepted" });
      const TaskId = await start();
      await change(TaskId, "small.mov");
      await isOpen(TaskId, "small.mov");
      expect(truth(TaskId)).toMatchObject({ sourceState: "open" });
      expect(truth(TaskId)?.media?.tracks[0]).toMatchObject({ width: 160, height: 90 });
    });

    test.each(["source-fails", "refused"] as const)(
      "%s, of a source that TRTC has not seen: it fails, and the task ends",
      async (updateResolution) => {
        const name = updateResolution === "refused" ? "small.m3u8" : "small.flv";
        turn({ updateResolution });
        const TaskId = await start();
        expect(await change(TaskId, name)).toMatchObject({ Status: "InProgress" });
        await isOpen(TaskId, name);
        expect(truth(TaskId)).toMatchObject({
          sourceState: "failing",
          sourceFailure: "other-resolution",
          sourceFailureMessage: "Its picture is 160 × 90, and the one before it was 640 × 360.",
        });
        for (let n = 0; n < 50 && truth(TaskId)?.state !== "ended"; n += 1) {
          for (let turns = 0; turns < 50; turns += 1) await nextTurn();
          await clock.advance(SECOND_MS / 2);
        }
        expect(truth(TaskId)).toMatchObject({ endReason: "source-failed" });
        await receiver.until(FAILS.length);
        expect(receiver.seen().slice(0, FAILS.length)).toEqual(FAILS);
      },
    );

    test("refused, of a source that was opened before: an error, and nothing changes", async () => {
      turn({ updateResolution: "refused" });
      await start("small.mov");
      const TaskId = await start();
      expect(await codeOf(change(TaskId, "small.mov"))).toBe("InvalidParameter.StreamUrl");
      expect(truth(TaskId)).toMatchObject({ streamUrl: media("clip.mp4"), sourceState: "open" });
    });

    test.each(["source-fails", "refused"] as const)("%s: sound alone plays", async (reading) => {
      turn({ updateResolution: reading });
      const TaskId = await start();
      await change(TaskId, "tone.mp3");
      await isOpen(TaskId, "tone.mp3");
      expect(truth(TaskId)).toMatchObject({ sourceState: "open" });
      // What counts is the last picture, not the sound after it.
      await change(TaskId, "small.mov").catch(() => undefined);
      while (truth(TaskId)?.sourceState === "opening") await nextTurn();
      const isRefused = reading === "refused";
      expect(truth(TaskId)?.sourceState).toBe(isRefused ? "open" : "failing");
    });
  });

  test("updateDelayMs: the new source is opened, and the robot moves, when it is due", async () => {
    turn({ updateDelayMs: 3000, updateMovesRobot: true, updateSends701: true });
    const TaskId = await start();
    const before = clock.now().getTime();
    await change(TaskId, "small.mov");
    await clock.advance(2.9 * SECOND_MS);
    expect(truth(TaskId)).toMatchObject({ streamUrl: media("clip.mp4"), sourceState: "open" });
    expect(receiver.seen()).toEqual([]);
    await clock.advance(SECOND_MS);
    await isOpen(TaskId, "small.mov");
    const all = await receiver.until(3);
    expect(receiver.seen()).toEqual(["104", "103", "701:0"]);
    expect(all[0]?.body.EventInfo["EventMsTs"]).toBe(before + 3000);
    const [old, present] = truth(TaskId)?.played ?? [];
    const dueAt = new Date(before + 3000).toISOString();
    expect(old).toMatchObject({ streamUrl: media("clip.mp4"), until: dueAt });
    expect(present).toEqual({ streamUrl: media("small.mov"), from: dueAt, until: null });
  });

  test("updateDelayMs: a stop meanwhile opens nothing", async () => {
    turn({ updateDelayMs: 3000, updateMovesRobot: true });
    const TaskId = await start();
    await change(TaskId, "small.mov");
    await send("StopStreamIngest", { SdkAppId: CN_APP, TaskId });
    await clock.advance(10 * SECOND_MS);
    await receiver.until(3);
    expect(receiver.seen()).toEqual(["702:0", "104", "102"]);
    expect(truth(TaskId)).toMatchObject({ streamUrl: media("clip.mp4"), endReason: "stopped" });
  });
});
