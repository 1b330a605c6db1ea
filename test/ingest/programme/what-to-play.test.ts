/** What an ingest with a programme should play when a source has failed: pure functions. */
import { describe, expect, test } from "@jest/globals";
import { addMs, SECOND_MS } from "../../../shared/clock.js";
import {
  afterFailure,
  afterProbe,
  aimAt,
  isSameTarget,
  nextStepAt,
  onAirWith,
  unlearnedItem,
} from "../../../shared/ingest/programme/next-step.js";
import { callFor } from "../../../shared/ingest/programme/switch-call.js";
import type { OnItemFailure } from "../../../shared/contract/programme-fields.js";
import { newProgramme, onAirSince } from "../../support/app/programmes.js";
import type { OnAir, Programme } from "../../../shared/store/programmes/programme-row.js";

const NOON = new Date("2026-11-23T12:00:00.000Z");
const DEADLINE = new Date("2026-11-24T12:00:00.000Z");
const after = (seconds: number): Date => addMs(NOON, seconds * SECOND_MS);

const BACKUP = "https://example.com/backup.mp4";
const FILLER = "https://example.com/filler.mp4";

const list = (change: Partial<Programme> = {}): Programme =>
  newProgramme({
    items: [60, 120].map((seconds) => ({
      StreamUrl: `https://example.com/${seconds}.mp4`,
      PlaySeconds: seconds,
    })),
    anchor: { at: NOON.toISOString(), index: 0, round: 0, passedSeconds: 0 },
    ...change,
  });

const started = onAirSince(NOON);

const failed = afterFailure(started, after(10));
const targetAt = (programme: Programme, onAir: OnAir, seconds: number) => {
  const aim = aimAt(programme, onAir, after(seconds));
  return aim.kind === "play" ? `${aim.target.source} ${aim.target.index}` : aim.kind;
};

describe("when the source of an item has failed", () => {
  test.each<[OnItemFailure, string]>([
    ["Skip", "primary 1"],
    ["Filler", "filler 0"],
    ["Retry", "primary 0"],
    ["End", "fail"],
  ])("OnItemFailure %s plays %s", (onItemFailure, expected) => {
    expect(targetAt(list({ onItemFailure, fillerUrl: FILLER }), failed, 10)).toBe(expected);
  });

  test("the backup goes first, and the main source follows its time of health", () => {
    const programme = list({ backupUrl: BACKUP });
    expect(targetAt(programme, failed, 10)).toBe("backup 0");
    const onBackup = onAirWith(failed, { source: "backup", index: 0, round: 0 }, after(10));
    const healthy = afterProbe({ programme, onAir: onBackup }, { isHealthy: true, at: after(20) });
    expect(targetAt(programme, healthy, 49)).toBe("backup 0");
    expect(targetAt(programme, healthy, 50)).toBe("primary 0");
  });
});

test("a main source that left again before it was well is read, so that it can come back", () => {
  const programme = list({ backupUrl: BACKUP });
  const targetOf = (source: "primary" | "backup") => ({ source, index: 0, round: 0 });
  const onBackup = onAirWith(failed, targetOf("backup"), after(10));
  const tried = onAirWith(afterFailure(onBackup, after(12)), targetOf("primary"), after(12));

  const left = onAirWith(tried, targetOf("backup"), after(17));

  expect(nextStepAt(programme, left, { at: after(17), deadlineAt: DEADLINE })).toEqual(after(27));
});

test("after the list the filler plays, and without one the ingest is over", () => {
  expect(targetAt(list({ fillerUrl: FILLER }), started, 200)).toBe("filler 0");
  expect(targetAt(list(), started, 200)).toBe("finish");
});

test("a target is the same while its source, its item and its round are", () => {
  expect(isSameTarget(started, failed)).toBe(true);
  expect(isSameTarget(started, { ...started, round: 1 })).toBe(false);
});

test("the present and the next item of a list have to be known, not the one after", () => {
  const [first, second] = list().items;
  const third = { StreamUrl: "https://example.com/unknown.mp4" };
  const programme = list({ items: [first ?? third, second ?? third, third] });
  const place = (index: number) => ({ index, round: 0, beganAt: NOON, endsAt: null });
  expect(unlearnedItem(programme, place(0))).toBeUndefined();
  expect(unlearnedItem(programme, place(1))).toBe(2);
});

test("the next step is the end of the item, also after a deadline that may still move", () => {
  const next = (deadlineAt: Date) => nextStepAt(list(), started, { at: after(5), deadlineAt });
  expect(next(DEADLINE)).toEqual(after(60));
  expect(next(after(30))).toEqual(after(60));
});

test("a failed source is put in again although the next item has the same one", () => {
  const programme = list({ items: [1, 2].map(() => ({ StreamUrl: BACKUP, PlaySeconds: 60 })) });
  const play = { StreamUrl: BACKUP };
  const at = after(10);
  const callWith = (onAir: OnAir) =>
    callFor({ play }, { aim: aimAt(programme, onAir, after(60)), onAir, at });

  expect(callWith(started)).toBe("none");
  expect(callWith(failed)).toBe("update");
});
