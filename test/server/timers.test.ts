/** The local timers run each function at every instant of its cron line, until they are closed. */
import { describe, expect, test } from "@jest/globals";
import type { HostedFunction } from "../../server/declared/functions.js";
import { startTimers } from "../../server/timers.js";
import { addMs, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import { type ManualClock, manualClock } from "../support/app/manual-clock.js";

const HOUR_MS = 60 * MINUTE_MS;

interface Run {
  /** What the event said. */
  time: string;
  startedAt: string;
  leftMs: () => number;
  end: () => void;
  fail: (error: Error) => void;
}

/** A function whose runs end at once, or when the test ends them. */
function runnable(clock: ManualClock, crons: string[], isEndedByHand = false) {
  const runs: Run[] = [];
  const handler: HostedFunction["handler"] = (event, context) => {
    const { Type, TriggerName, Time } = event as Record<string, string>;
    expect([Type, TriggerName]).toEqual(["Timer", "tick"]);
    return new Promise((resolve, reject) => {
      const leftMs = () => context?.getRemainingTimeInMillis?.() ?? 0;
      const end = () => resolve({});
      const startedAt = clock.now().toISOString();
      runs.push({ time: Time ?? "", startedAt, leftMs, end, fail: reject });
      if (!isEndedByHand) end();
    });
  };
  const target = { name: "tick", timeLimitMs: 100_000, isHttp: false, crons, handler };
  return { target, runs };
}

const times = (runs: Run[]) => runs.map(({ time }) => time.slice(11, 19));

describe("a timer", () => {
  test("runs at each instant, on the instant", async () => {
    const clock = manualClock(new Date("2026-01-01T00:00:02.500Z"));
    const { target, runs } = runnable(clock, ["*/5 * * * * * *"]);
    const timers = startTimers([target], clock);
    await clock.advance(21 * SECOND_MS);
    expect(times(runs)).toEqual(["00:00:05", "00:00:10", "00:00:15", "00:00:20"]);
    for (const { time, startedAt } of runs) expect(startedAt).toBe(time);
    await timers.close();
  });

  test("runs by all of its lines, and beside others", async () => {
    const clock = manualClock();
    const one = runnable(clock, ["0 */2 * * * * *", "30 */3 * * * * *"]);
    const other = runnable(clock, ["0 */5 * * * * *"]);
    const timers = startTimers([one.target, other.target], clock);
    await clock.advance(6 * MINUTE_MS);
    expect(times(one.runs)).toEqual(["00:00:30", "00:02:00", "00:03:30", "00:04:00", "00:06:00"]);
    expect(times(other.runs)).toEqual(["00:05:00"]);
    await timers.close();
  });

  test("begins a run while earlier ones still run, as in the cloud", async () => {
    const clock = manualClock();
    const { target, runs } = runnable(clock, ["*/5 * * * * * *"], true);
    const timers = startTimers([target], clock);
    await clock.advance(16 * SECOND_MS);
    expect(runs).toHaveLength(3);
    for (const { end } of runs) end();
    await timers.close();
  });

  test("outlives a run that fails", async () => {
    const clock = manualClock();
    const { target, runs } = runnable(clock, ["*/5 * * * * * *"], true);
    const timers = startTimers([target], clock);
    await clock.advance(6 * SECOND_MS);
    runs[0]?.fail(new Error("the database is away"));
    await clock.advance(5 * SECOND_MS);
    expect(runs).toHaveLength(2);
    runs[1]?.end();
    await timers.close();
  });

  test("has one run for one instant, also when it wakes too early", async () => {
    const clock = manualClock();
    const { target, runs } = runnable(clock, ["*/5 * * * * * *"]);
    // Node.js rounds: a timer may fire a millisecond before its time.
    const hasty = {
      ...clock,
      sleep: (ms: number, signal?: AbortSignal) => clock.sleep(Math.max(0.5, ms - 1), signal),
    };
    const timers = startTimers([target], hasty);
    await clock.advance(21 * SECOND_MS);
    expect(times(runs)).toEqual(["00:00:05", "00:00:10", "00:00:15", "00:00:20"]);
    for (const { time, startedAt } of runs) expect(startedAt >= time).toBe(true);
    await timers.close();
  });

  test("waits longer than any timer of Node.js can, without a run before its time", async () => {
    const clock = manualClock();
    const sleeps: number[] = [];
    const counted = {
      ...clock,
      sleep: (ms: number, signal?: AbortSignal) => {
        sleeps.push(ms);
        return clock.sleep(ms, signal);
      },
    };
    const { target, runs } = runnable(clock, ["0 0 0 1 3 * 2026"]);
    const timers = startTimers([target], counted);
    await clock.advance(60 * 24 * HOUR_MS);
    expect(runs.map(({ startedAt }) => startedAt)).toEqual(["2026-02-28T16:00:00.000Z"]);
    expect(Math.max(...sleeps)).toBeLessThan(2 ** 31);
    await timers.close();
  });

  test("keeps sleeping when the wall clock is set back, and catches up when it is set ahead", async () => {
    const clock = manualClock();
    const { target, runs } = runnable(clock, ["0 */10 * * * * *"]);
    const timers = startTimers([target], clock);
    clock.jump(-5 * MINUTE_MS);
    await clock.advance(12 * MINUTE_MS);
    expect(times(runs)).toEqual([]);
    await clock.advance(4 * MINUTE_MS);
    expect(times(runs)).toEqual(["00:10:00"]);
    clock.jump(25 * MINUTE_MS);
    await clock.advance(20 * MINUTE_MS);
    expect(runs.length).toBeGreaterThan(1);
    await timers.close();
  });

  test("that never fires again does not keep the process alive", async () => {
    const clock = manualClock();
    const { target, runs } = runnable(clock, ["0 0 0 1 1 * 2020"]);
    await startTimers([target], clock).close();
    expect(runs).toEqual([]);
  });

  test("whose line SCF would refuse is refused before anything runs", () => {
    const clock = manualClock();
    const right = runnable(clock, ["*/5 * * * * * *"]);
    const wrong = runnable(clock, ["*/5 * * * * *"]);
    expect(() => startTimers([right.target, wrong.target], clock)).toThrow("seven fields");
    expect(right.runs).toEqual([]);
  });
});

describe("closing the timers", () => {
  test("starts no new run", async () => {
    const clock = manualClock();
    const { target, runs } = runnable(clock, ["*/5 * * * * * *"]);
    const timers = startTimers([target], clock);
    await clock.advance(6 * SECOND_MS);
    await timers.close();
    await clock.advance(MINUTE_MS);
    expect(runs).toHaveLength(1);
  });

  test("waits for current runs, and not for failed ones", async () => {
    const clock = manualClock();
    const { target, runs } = runnable(clock, ["*/5 * * * * * *"], true);
    const timers = startTimers([target], clock);
    await clock.advance(11 * SECOND_MS);
    runs[0]?.fail(new Error("the database is away"));
    const closed = { yet: false };
    const closing = timers.close().then(() => (closed.yet = true));
    await clock.advance(SECOND_MS);
    expect(closed.yet).toBe(false);
    runs[1]?.end();
    await closing;
    expect(closed.yet).toBe(true);
  });

  test("tells current runs that their time is nearly up", async () => {
    const clock = manualClock();
    const { target, runs } = runnable(clock, ["*/5 * * * * * *"], true);
    const timers = startTimers([target], clock);
    await clock.advance(6 * SECOND_MS);
    const [run] = runs;
    expect(run?.leftMs()).toBeGreaterThan(90_000);
    const closing = timers.close();
    expect(run?.leftMs()).toBeLessThanOrEqual(10_000);
    expect(run?.leftMs()).toBeGreaterThan(5000);
    run?.end();
    await closing;
    expect(addMs(clock.now(), 0).toISOString()).toBe("2026-01-01T00:00:06.000Z");
  });
});
