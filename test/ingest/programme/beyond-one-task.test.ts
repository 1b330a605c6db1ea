/** The deadline of an ingest whose tasks follow each other, up to 366 days: pure functions. */
import { describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import {
  type Bounds,
  deadlineAgain,
  deadlineFrom,
  isPastCap,
  limitAtOf,
  mayRestart,
  outlastsTask,
  taskEndsBy,
} from "../../../shared/ingest/lifecycle.js";
import type { OnAir, Programme } from "../../../shared/store/programmes/programme-row.js";
import fc, { cases } from "../../support/properties.js";

const WEEK = 10_080;
const YEAR = 527_040;
const DAY = 24 * 60;

const startAt = new Date("2026-01-01T12:00:00Z");
const minutes = (count: number) => addMs(startAt, count * MINUTE_MS);
const bounds = (more: Partial<Bounds>): Bounds => ({
  limitMinutes: YEAR,
  isLoop: true,
  mayRestart: true,
  ...more,
});

const programme: Programme = {
  items: [{ StreamUrl: "https://media.example/loop.mp4" }],
  isList: false,
  rounds: 1,
  anchor: { at: null, index: 0, round: 0, passedSeconds: 0 },
  onItemFailure: "Skip",
  fillerUrl: null,
  backupUrl: null,
  clearSeconds: 30,
  preference: "Primary",
  restartsPerHour: 12,
  hasOwnRobot: true,
};
const play = { StreamUrl: "https://media.example/loop.mp4", RepeatNum: -1 };

describe("an ingest that may restart", () => {
  test("ends at a StopTime a month ahead, and its first task has TRTC's cap of seven days", () => {
    expect(deadlineFrom(startAt, bounds({ stopAt: minutes(30 * DAY) }))).toEqual({
      deadlineAt: minutes(30 * DAY),
      latestAt: minutes(YEAR),
      nativeCapMinutes: WEEK,
    });
  });

  test("ends at the caller's limit of 366 days at the latest", () => {
    const { deadlineAt } = deadlineFrom(startAt, bounds({ stopAt: minutes(2 * YEAR) }));
    expect(deadlineAt).toEqual(minutes(YEAR));
  });

  test("is capped soon after an early deadline, which can still move to the limit", () => {
    const stopAt = addMs(startAt, 90 * MINUTE_MS + 1);
    expect(deadlineFrom(startAt, bounds({ stopAt }))).toEqual({
      deadlineAt: stopAt,
      latestAt: minutes(YEAR),
      nativeCapMinutes: 91,
    });
  });

  test("is bound by ExtendableUntil, which its cap covers as far as TRTC lets it", () => {
    const asked = bounds({ stopAt: minutes(60), extendableUntil: minutes(120) });
    expect(deadlineFrom(startAt, asked)).toMatchObject({
      latestAt: minutes(120),
      nativeCapMinutes: 120,
    });
    const far = bounds({ stopAt: minutes(60), extendableUntil: minutes(20 * DAY) });
    expect(deadlineFrom(startAt, far)).toMatchObject({
      latestAt: minutes(20 * DAY),
      nativeCapMinutes: WEEK,
    });
  });

  test("lasts seven days at most for a caller without a longer limit", () => {
    const asked = bounds({ stopAt: minutes(30 * DAY), limitMinutes: WEEK });
    expect(deadlineFrom(startAt, asked).deadlineAt).toEqual(minutes(WEEK));
  });
});

describe("an ingest that may not restart", () => {
  test("lasts seven days at most, however long its caller's ingests may last", () => {
    for (const isLoop of [true, false]) {
      const plain = bounds({ isLoop, mayRestart: false });
      const { deadlineAt, latestAt } = deadlineFrom(startAt, plain);
      expect([deadlineAt, latestAt]).toEqual([minutes(WEEK), minutes(WEEK)]);
    }
    expect(limitAtOf(startAt, { limitMinutes: YEAR })).toEqual(minutes(WEEK));
    expect(limitAtOf(startAt, { limitMinutes: 60 })).toEqual(minutes(60));
  });

  test("has no programme, or one without restarts", () => {
    expect(mayRestart(null)).toBe(false);
    expect(mayRestart({ ...programme, restartsPerHour: 0 })).toBe(false);
    expect(mayRestart(programme)).toBe(true);
  });
});

describe("an end outlasts one task", () => {
  const outlasts = (asked: Partial<Bounds>) => outlastsTask(startAt, bounds(asked));

  test("a millisecond past seven days, where the caller may have it", () => {
    const stopAt = minutes(WEEK);
    expect(outlasts({ stopAt })).toBe(false);
    expect(outlasts({ stopAt: addMs(stopAt, 1) })).toBe(true);
  });

  test("never, where MaxDuration or the caller's limit ends it before, or where none was sent", () => {
    const stopAt = minutes(30 * DAY);
    expect(outlasts({ stopAt, maxDurationMinutes: 60 })).toBe(false);
    expect(outlasts({ stopAt, limitMinutes: WEEK })).toBe(false);
    expect(outlasts({ stopAt, limitMinutes: 60 })).toBe(false);
    expect(outlasts({})).toBe(false);
  });
});

describe("a start that is sent again", () => {
  const row = {
    deadlineAt: minutes(30 * DAY),
    latestAt: minutes(YEAR),
    play,
    programme,
    asked: null,
  };

  test("keeps its deadline and its latest one, and gets a cap for what is left", () => {
    const { deadlineAt, latestAt } = row;
    const after = (days: number) => deadlineAgain(minutes(days * DAY), row);
    expect(after(7)).toEqual({ deadlineAt, latestAt, nativeCapMinutes: WEEK });
    expect(after(28)).toEqual({ deadlineAt, latestAt, nativeCapMinutes: 2 * DAY });
  });

  test("gets a cap until ExtendableUntil, where the request had it", () => {
    const asked = { ExtendableUntil: minutes(90).toISOString() };
    const short = { ...row, deadlineAt: minutes(60), latestAt: minutes(90) };
    expect(deadlineAgain(startAt, { ...short, asked }).nativeCapMinutes).toBe(90);
    expect(deadlineAgain(startAt, short).nativeCapMinutes).toBe(60);
  });
});

test("a task's signatures are needed until its own cap, not until the ingest's last day", () => {
  const month = deadlineFrom(startAt, bounds({ stopAt: minutes(30 * DAY) }));
  expect(taskEndsBy(startAt, month)).toEqual(minutes(WEEK));
  const plain = deadlineFrom(startAt, bounds({ stopAt: minutes(60), mayRestart: false }));
  expect(taskEndsBy(startAt, plain)).toEqual(minutes(60));
  const source = deadlineFrom(startAt, bounds({ isLoop: false, mayRestart: false }));
  expect(taskEndsBy(startAt, source)).toEqual(minutes(WEEK));
});

describe("TRTC has surely ended the last task", () => {
  const onAir: OnAir = {
    source: "primary",
    index: 0,
    round: 0,
    since: startAt.toISOString(),
    taskSince: minutes(7 * DAY).toISOString(),
    failed: {},
    restarts: 0,
    restartedAt: [],
    rolledOver: 1,
  };
  const running = {
    play,
    latestAt: minutes(YEAR),
    state: "running" as const,
    startedAt: startAt,
    onAir,
  };

  test("seven days and an hour after that task began, not after the first one did", () => {
    expect(isPastCap(running, minutes(8 * DAY))).toBe(false);
    expect(isPastCap(running, addMs(minutes(14 * DAY + 61), -1))).toBe(false);
    expect(isPastCap(running, minutes(14 * DAY + 61))).toBe(true);
  });

  test("an hour after the latest deadline, where a start may have made another task", () => {
    const again = { ...running, state: "starting" as const };
    expect(isPastCap(again, minutes(15 * DAY))).toBe(false);
    expect(isPastCap(again, minutes(YEAR + 61))).toBe(true);
  });
});

test("for any request, the cap is TRTC's to take, and no task outlives a deadline by a minute", () => {
  const anyBounds = fc.record({
    stopAt: fc.integer({ min: 1, max: 2 * YEAR * 60 }).map((s) => addMs(startAt, s * SECOND_MS)),
    limitMinutes: fc.integer({ min: 1, max: YEAR }),
    mayRestart: fc.boolean(),
  });
  fc.assert(
    fc.property(anyBounds, (asked) => {
      const deadline = deadlineFrom(startAt, bounds(asked));
      const { deadlineAt, latestAt, nativeCapMinutes = 0 } = deadline;
      expect(nativeCapMinutes).toBeGreaterThanOrEqual(1);
      expect(nativeCapMinutes).toBeLessThanOrEqual(WEEK);
      expect(minutes(nativeCapMinutes).getTime() - deadlineAt.getTime()).toBeLessThan(MINUTE_MS);
      expect(latestAt.getTime()).toBeGreaterThanOrEqual(deadlineAt.getTime());
      if (!asked.mayRestart)
        expect(latestAt.getTime()).toBeLessThanOrEqual(minutes(WEEK).getTime());
    }),
    { numRuns: cases(500) },
  );
});
