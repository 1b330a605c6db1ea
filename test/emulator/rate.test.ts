/** Twenty calls a second, measured over every span of one second, not over a clock's seconds. */
import { describe, expect, test } from "@jest/globals";
import fc from "../support/properties.js";
import { makeRateWindow } from "../../emulator/api/rate-window.js";
import { codeOf, cnSdk, CN_APP, startTestEmulator } from "../support/http/emulator-client.js";
import { newTaskId } from "../../emulator/tasks/task-id.js";
import { manualClock } from "../support/app/manual-clock.js";

const admitted = (timesMs: readonly number[], limit: number): boolean[] => {
  const window = makeRateWindow();
  return timesMs.map((atMs) => window.admit(atMs, limit));
};

describe("the window of the rate limit", () => {
  test("admits the whole limit at one instant, and the next call exactly a second later", () => {
    expect(admitted([0, 0, 0, 999.9, 1000], 3)).toEqual([true, true, true, false, true]);
  });

  test("slides, so that it does not admit twenty calls on each side of a full second", () => {
    expect(admitted([900, 950, 1000, 1050, 1950], 3)).toEqual([true, true, true, false, true]);
  });

  test("still admits calls of a caller that is always too fast", () => {
    const times = Array.from({ length: 100 }, (_, n) => n * 100);
    expect(admitted(times, 5).filter(Boolean)).toHaveLength(50);
  });

  test("counts a call at its arrival, also when it is reported late", () => {
    expect(admitted([0, 10, 1005, 500], 2)).toEqual([true, true, true, false]);
  });

  test("includes throttled calls in its count of seen calls", () => {
    const window = makeRateWindow();
    for (const atMs of [0, 1, 2, 3, 5000]) window.admit(atMs, 2);
    expect([window.calls(), window.throttled(), window.mostInOneSecond()]).toEqual([5, 2, 4]);
  });

  test("admits no call more than the limit in any second, in whatever order they are reported", () => {
    const times = fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 60 });
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 8 }), (timesMs, limit) => {
        const window = makeRateWindow();
        const granted = timesMs.filter((atMs) => window.admit(atMs, limit)).sort((a, b) => a - b);
        for (const [index, atMs] of granted.entries()) {
          const next = granted[index + limit];
          if (next !== undefined) expect(next - atMs).toBeGreaterThanOrEqual(1000);
        }
        const most = Math.max(
          0,
          ...timesMs.map((from) => timesMs.filter((at) => at >= from && at < from + 1000).length),
        );
        expect(window.mostInOneSecond()).toBe(most);
      }),
    );
  });
});

describe("TRTC's limit of twenty calls a second", () => {
  test("is per action and account, and throttles and counts the next call", async () => {
    const arrivalClock = { ...manualClock(), now: () => new Date() };
    const other = { AKIDother: { secretKey: "other" }, AKIDemulator: { secretKey: "one" } };
    const emulator = await startTestEmulator({ arrivalClock, accounts: other });
    const send = cnSdk(emulator, { secretKey: "one" });
    const describeTask = { SdkAppId: CN_APP, TaskId: newTaskId() };
    for (let n = 0; n < 20; n += 1) await send("DescribeStreamIngest", describeTask);
    expect(await codeOf(send("DescribeStreamIngest", describeTask))).toBe("RequestLimitExceeded");
    expect(await codeOf(send("StopStreamIngest", describeTask))).toBe("InvalidParameter.TaskId");
    const sendOther = cnSdk(emulator, { secretId: "AKIDother", secretKey: "other" });
    expect(await sendOther("DescribeStreamIngest", describeTask)).toMatchObject({
      Status: "NotExist",
    });
    const action = "DescribeStreamIngest";
    expect(emulator.calls()).toEqual([
      { account: "AKIDemulator", action, calls: 21, throttled: 1, mostInOneSecond: 21 },
      {
        account: "AKIDemulator",
        action: "StopStreamIngest",
        calls: 1,
        throttled: 0,
        mostInOneSecond: 1,
      },
      { account: "AKIDother", action, calls: 1, throttled: 0, mostInOneSecond: 1 },
    ]);
    await arrivalClock.advance(1000);
    expect(await send("DescribeStreamIngest", describeTask)).toHaveProperty("Status");
    await emulator.close();
  });

  test("starts no task for a throttled call", async () => {
    const emulator = await startTestEmulator({ switches: { callsPerSecond: 1 } });
    const send = cnSdk(emulator);
    const answers = await Promise.all([1, 2, 3].map(() => codeOf(send("StartStreamIngest", {}))));
    expect(answers.sort()).toEqual([
      "MissingParameter.SdkAppId",
      "RequestLimitExceeded",
      "RequestLimitExceeded",
    ]);
    expect(emulator.tasks()).toEqual([]);
    await emulator.close();
  });
});
