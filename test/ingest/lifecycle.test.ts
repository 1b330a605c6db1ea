/** Rules for an ingest's lifetime: its deadline and its end reason. */
import { describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import {
  askedDeadline,
  type Bounds,
  deadlineAgain,
  deadlineFrom,
  dueAt,
  isLoop,
  isPastCap,
  reasonWhenGone,
} from "../../shared/ingest/lifecycle.js";
import fc, { cases } from "../support/properties.js";

const startAt = new Date("2026-01-01T12:00:00Z");
const minutes = (count: number) => addMs(startAt, count * MINUTE_MS);
const WEEK_MINUTES = 10_080;

const boundsOf = (bounds: Partial<Bounds>): Bounds => ({
  limitMinutes: WEEK_MINUTES,
  isLoop: false,
  ...bounds,
});
const deadline = (bounds: Partial<Bounds>) => deadlineFrom(startAt, boundsOf(bounds));

describe("every ingest has a deadline", () => {
  test("which is the caller's limit when none is requested", () => {
    expect(deadline({ limitMinutes: 60 }).deadlineAt).toEqual(minutes(60));
    expect(deadline({ limitMinutes: 60, isLoop: true }).deadlineAt).toEqual(minutes(60));
  });

  test("which is ninety minutes after its start when these are requested", () => {
    expect(deadline({ maxDurationMinutes: 90 }).deadlineAt).toEqual(minutes(90));
  });

  test("which is the requested instant, to the millisecond", () => {
    const stopAt = new Date("2026-01-01T12:34:56.789Z");
    expect(deadline({ stopAt }).deadlineAt).toEqual(stopAt);
  });

  test("which is the earlier of a requested duration and instant", () => {
    const early = { stopAt: minutes(30), maxDurationMinutes: 60 };
    const late = { stopAt: minutes(90), maxDurationMinutes: 60 };
    expect(deadline(early).deadlineAt).toEqual(minutes(30));
    expect(deadline(late).deadlineAt).toEqual(minutes(60));
  });

  test("which is never later than the caller's limit", () => {
    const asked = { stopAt: minutes(90), maxDurationMinutes: 120, limitMinutes: 45 };
    expect(deadline(asked).deadlineAt).toEqual(minutes(45));
  });
});

describe("TRTC's own cap of a loop", () => {
  test.each([
    ["a whole number of minutes stays as it is", 90 * MINUTE_MS, 90],
    ["a part of a minute counts as one", 90 * MINUTE_MS + 1, 91],
    ["the last moment of a minute", 90 * MINUTE_MS - 1, 90],
    ["a second is a minute at least", SECOND_MS, 1],
    ["a deadline that is over already is still a minute, which TRTC takes", -SECOND_MS, 1],
    ["a deadline that is now", 0, 1],
    ["a week is all that TRTC takes", WEEK_MINUTES * MINUTE_MS, WEEK_MINUTES],
  ])("%s", (_, durationMs, expected) => {
    const stopAt = addMs(startAt, durationMs);
    expect(deadline({ stopAt, isLoop: true }).nativeCapMinutes).toBe(expected);
  });

  test("is sent for loops only, because TRTC refuses MaxDuration with other sources", () => {
    expect(deadline({ maxDurationMinutes: 90 }).nativeCapMinutes).toBeUndefined();
  });

  test("limits how far the deadline can be moved", () => {
    const stopAt = addMs(startAt, 90 * MINUTE_MS + 1);
    expect(deadline({ stopAt, isLoop: true }).latestAt).toEqual(minutes(91));
    expect(deadline({ stopAt }).latestAt).toEqual(minutes(WEEK_MINUTES));
  });

  test("does not extend the caller's limit", () => {
    const limited = { stopAt: addMs(startAt, 59.5 * MINUTE_MS), limitMinutes: 59, isLoop: true };
    expect(deadline(limited)).toEqual({
      deadlineAt: minutes(59),
      latestAt: minutes(59),
      nativeCapMinutes: 59,
    });
  });
});

describe("for any request,", () => {
  const anyBounds = fc.record(
    {
      stopAt: fc
        .integer({ min: -WEEK_MINUTES * MINUTE_MS, max: 100 * WEEK_MINUTES * MINUTE_MS })
        .map((ms) => addMs(startAt, ms)),
      maxDurationMinutes: fc.integer({ min: 1, max: WEEK_MINUTES }),
      limitMinutes: fc.integer({ min: 1, max: WEEK_MINUTES }),
      isLoop: fc.boolean(),
    },
    { requiredKeys: ["limitMinutes", "isLoop"] },
  );
  const holds = (rule: (bounds: Bounds) => void) => {
    fc.assert(fc.property(anyBounds, rule), { numRuns: cases(1000) });
  };

  test("the deadline equals the earliest of the limits", () => {
    holds((bounds) => {
      const { stopAt, maxDurationMinutes, limitMinutes } = bounds;
      const all = [
        minutes(limitMinutes),
        stopAt,
        maxDurationMinutes && minutes(maxDurationMinutes),
      ];
      const times = all.flatMap((at) => (at instanceof Date ? [at.getTime()] : []));
      const { deadlineAt } = deadlineFrom(startAt, bounds);
      expect(deadlineAt.getTime()).toBe(Math.min(...times));
    });
  });

  test("the latest deadline is between the deadline and the caller's limit", () => {
    holds((bounds) => {
      const { deadlineAt, latestAt } = deadlineFrom(startAt, bounds);
      expect(latestAt.getTime()).toBeGreaterThanOrEqual(deadlineAt.getTime());
      expect(latestAt.getTime()).toBeLessThanOrEqual(minutes(bounds.limitMinutes).getTime());
    });
  });

  test("a loop's cap is valid for TRTC, and not before its latest deadline", () => {
    holds((bounds) => {
      const { latestAt, nativeCapMinutes = 0 } = deadlineFrom(startAt, { ...bounds, isLoop: true });
      expect(Number.isInteger(nativeCapMinutes)).toBe(true);
      expect(nativeCapMinutes).toBeGreaterThanOrEqual(1);
      expect(nativeCapMinutes).toBeLessThanOrEqual(WEEK_MINUTES);
      expect(minutes(nativeCapMinutes).getTime()).toBeGreaterThanOrEqual(latestAt.getTime());
    });
  });

  test("an unstopped loop outlives its deadline by less than a minute", () => {
    holds((bounds) => {
      const { deadlineAt, nativeCapMinutes = 0 } = deadlineFrom(startAt, {
        ...bounds,
        isLoop: true,
      });
      const from = Math.max(deadlineAt.getTime(), startAt.getTime());
      expect(minutes(nativeCapMinutes).getTime() - from).toBeLessThanOrEqual(MINUTE_MS);
    });
  });
});

describe("a start that is sent again", () => {
  const play = (RepeatNum: number) => ({ StreamUrl: "https://media.example/a.mp4", RepeatNum });
  const again = (RepeatNum: number, deadlineAt: Date, latestAt: Date) =>
    deadlineAgain(startAt, {
      deadlineAt,
      latestAt,
      play: play(RepeatNum),
      programme: null,
      asked: null,
    });

  test("keeps its deadline, and also its latest one unless it is a loop", () => {
    expect(again(1, minutes(30), minutes(60))).toEqual({
      deadlineAt: minutes(30),
      latestAt: minutes(60),
      nativeCapMinutes: undefined,
    });
  });

  test("gets a new cap that ends at ExtendableUntil", () => {
    expect(again(-1, addMs(startAt, 29.5 * MINUTE_MS), minutes(60))).toMatchObject({
      latestAt: minutes(60),
      nativeCapMinutes: 60,
    });
  });

  test("is bound by the caller's limit when that is earlier", () => {
    const latestAt = addMs(startAt, 29.75 * MINUTE_MS);
    expect(again(-1, addMs(startAt, 29.5 * MINUTE_MS), latestAt)).toMatchObject({
      latestAt,
      nativeCapMinutes: 30,
    });
  });

  test("never gets a later deadline, nor a later latest one, than it had", () => {
    const ms = fc.integer({ min: 1, max: WEEK_MINUTES * MINUTE_MS });
    fc.assert(
      fc.property(ms, ms, fc.constantFrom(-1, 1), (oneMs, otherMs, RepeatNum) => {
        const [deadlineAt, latestAt] = [oneMs, otherMs]
          .sort((a, b) => a - b)
          .map((each) => addMs(startAt, each)) as [Date, Date];
        const now = again(RepeatNum, deadlineAt, latestAt);
        expect(now.deadlineAt).toEqual(deadlineAt);
        expect(now.latestAt.getTime()).toBeLessThanOrEqual(latestAt.getTime());
        expect(now.latestAt.getTime()).toBeGreaterThanOrEqual(deadlineAt.getTime());
      }),
      { numRuns: cases(500) },
    );
  });

  test("is over an hour and a minute after its latest deadline, if it is a loop", () => {
    const row = { latestAt: minutes(10), state: "running" as const, startedAt: startAt };
    const isPast = (RepeatNum: number, at: Date) =>
      isPastCap({ ...row, play: play(RepeatNum), onAir: null }, at);
    expect(isPast(-1, addMs(minutes(71), -1))).toBe(false);
    expect(isPast(-1, minutes(71))).toBe(true);
    expect(isPast(1, minutes(1000))).toBe(false);
  });
});

describe("a new deadline for a running ingest", () => {
  test("is absent when none is requested", () => {
    expect(askedDeadline(startAt, {})).toBeUndefined();
  });

  test("counts its duration from the start, not from now", () => {
    expect(askedDeadline(startAt, { maxDurationMinutes: 5 })).toEqual(minutes(5));
  });

  test("is the earlier of a requested duration and instant", () => {
    const both = { stopAt: minutes(3), maxDurationMinutes: 5 };
    expect(askedDeadline(startAt, both)).toEqual(minutes(3));
  });
});

describe("an ingest is due", () => {
  test("at its deadline", () => {
    expect(dueAt({ deadlineAt: minutes(5), stopAskedAt: null, emptyAt: null })).toEqual(minutes(5));
  });

  test("as soon as a stop is requested", () => {
    expect(dueAt({ deadlineAt: minutes(5), stopAskedAt: minutes(2), emptyAt: null })).toEqual(
      minutes(2),
    );
  });

  test("at its deadline, if the stop was requested later", () => {
    expect(dueAt({ deadlineAt: minutes(5), stopAskedAt: minutes(6), emptyAt: null })).toEqual(
      minutes(5),
    );
  });

  test("when its room was empty for long enough, if that is earlier", () => {
    const asked = { deadlineAt: minutes(5), stopAskedAt: minutes(4) };
    expect(dueAt({ ...asked, emptyAt: minutes(3) })).toEqual(minutes(3));
    expect(dueAt({ ...asked, emptyAt: minutes(6) })).toEqual(minutes(4));
    expect(dueAt({ ...asked, stopAskedAt: null, emptyAt: minutes(6) })).toEqual(minutes(5));
  });
});

describe("an unstopped task that TRTC no longer knows", () => {
  const play = (RepeatNum?: number) => ({
    StreamUrl: "https://media.example/clip.mp4",
    ...(RepeatNum === undefined ? {} : { RepeatNum }),
  });
  const gone = (RepeatNum: number | undefined, at: Date) =>
    reasonWhenGone({ play: play(RepeatNum), deadlineAt: minutes(60) }, at);

  test("has finished, if it had a number of rounds", () => {
    expect(gone(undefined, minutes(1))).toBe("finished");
    expect(gone(1, minutes(1))).toBe("finished");
    expect(gone(1000, minutes(61))).toBe("finished");
  });

  test("has expired, if it was a loop and its deadline has come", () => {
    expect(gone(-1, minutes(60))).toBe("expired");
    expect(gone(-1, minutes(61))).toBe("expired");
  });

  test("is lost, if it was a loop before its deadline", () => {
    expect(gone(-1, addMs(minutes(60), -1))).toBe("lost");
  });
});

test("only RepeatNum -1 makes a loop", () => {
  expect(isLoop({ RepeatNum: -1 })).toBe(true);
  expect(isLoop({ RepeatNum: 1000 })).toBe(false);
  expect(isLoop({})).toBe(false);
});
