/** Where a programme is by the clock: items in order, each once a round, and no drift over weeks. */
import { expect, test } from "@jest/globals";
import { addMs, SECOND_MS } from "../../../shared/clock.js";
import {
  anchoredAt,
  isOver,
  placeAt,
  positionAt,
} from "../../../shared/ingest/programme/timeline.js";
import { newProgramme } from "../../support/app/programmes.js";
import type { Programme, ProgrammeItem } from "../../../shared/store/programmes/programme-row.js";

const NOON = new Date("2026-11-23T12:00:00.000Z");

const after = (seconds: number): Date => addMs(NOON, Math.round(seconds * SECOND_MS));

const item = (seconds: number): ProgrammeItem => ({
  StreamUrl: `https://example.com/${seconds}.mp4`,
  PlaySeconds: seconds,
});

const list = (change: Partial<Programme> = {}): Programme =>
  newProgramme({
    anchor: { at: NOON.toISOString(), index: 0, round: 0, passedSeconds: 0 },
    ...change,
  });

const placesAt = (programme: Programme, seconds: readonly number[]) =>
  seconds.map((each) => {
    const place = placeAt(programme, after(each));
    return isOver(place) ? "over" : [place.index, place.round];
  });

test("each item follows the one before it at the instant that its end says", () => {
  expect(placesAt(list(), [0, 9.999, 10, 29.999, 30, 59.999, 60])).toEqual([
    [0, 0],
    [0, 0],
    [1, 0],
    [1, 0],
    [2, 0],
    [2, 0],
    "over",
  ]);
});

test("a list plays as many rounds as it was asked for", () => {
  expect(placesAt(list({ rounds: 3 }), [60, 119.999, 130, 179.999, 180])).toEqual([
    [0, 1],
    [2, 1],
    [1, 2],
    [2, 2],
    "over",
  ]);
});

test("a list without an end is at the same place after weeks, to the millisecond", () => {
  const endless = list({ rounds: -1 });
  const month = 30 * 24 * 60 * 60;

  expect(placesAt(endless, [month, month + 10, month + 29.999])).toEqual([
    [0, month / 60],
    [1, month / 60],
    [1, month / 60],
  ]);
  expect(placeAt(endless, after(month + 15))).toMatchObject({
    beganAt: after(month + 10),
    endsAt: after(month + 30),
  });
});

test("an anchor inside an item keeps the part that was over", () => {
  const anchor = { at: NOON.toISOString(), index: 1, round: 0, passedSeconds: 15 };

  expect(placesAt(list({ anchor }), [0, 4.999, 5, 35])).toEqual([[1, 0], [1, 0], [2, 0], "over"]);
});

test("a programme that is anchored anew plays on from that item", () => {
  const moved = anchoredAt(list({ rounds: 2 }), { index: 2, round: 0 }, after(4));

  expect(placesAt(moved, [4, 33.999, 34, 94])).toEqual([[2, 0], [2, 0], [0, 1], "over"]);
});

test("an item's own length counts as often as it repeats, from its first second, at its tempo", () => {
  const items = [
    { StreamUrl: "https://example.com/a.mp4", LengthSeconds: 20, RepeatNum: 2, SeekSecond: 10 },
    { StreamUrl: "https://example.com/b.mp4", LengthSeconds: 20, Tempo: 2 },
  ];

  expect(placesAt(list({ items }), [29.999, 30, 39.999, 40])).toEqual([
    [0, 0],
    [1, 0],
    [1, 0],
    "over",
  ]);
});

test("an item of a list that has no end is passed over", () => {
  const items = [item(10), { StreamUrl: "https://example.com/live", LengthSeconds: null }, item(5)];

  expect(placesAt(list({ items }), [9.999, 10, 15])).toEqual([[0, 0], [2, 0], "over"]);
});

test("a list without any time is over at once", () => {
  const items = [{ StreamUrl: "https://example.com/live", LengthSeconds: null }];

  expect(placesAt(list({ items, rounds: -1 }), [0])).toEqual(["over"]);
});

test("the StreamUrl of an ingest without a list plays until its rounds are over", () => {
  const url = "https://example.com/a.mp4";
  const single = (only: Partial<ProgrammeItem>) =>
    list({ isList: false, items: [{ StreamUrl: url, ...only }] });

  expect(placesAt(single({ RepeatNum: 2, LengthSeconds: 30 }), [59.999, 60])).toEqual([
    [0, 0],
    "over",
  ]);
  expect(placesAt(single({ RepeatNum: -1, LengthSeconds: 30 }), [1e6])).toEqual([[0, 0]]);
  expect(placesAt(single({ LengthSeconds: null }), [1e6])).toEqual([[0, 0]]);
});

test("the position in a medium turns in its length and counts its first second and its tempo", () => {
  const medium = { StreamUrl: "https://example.com/a.mp4", LengthSeconds: 40, SeekSecond: 5 };

  expect(positionAt(medium, NOON, after(12.5))).toBe(17.5);
  expect(positionAt(medium, NOON, after(50))).toBe(15);
  expect(positionAt({ ...medium, Tempo: 2 }, NOON, after(10))).toBe(25);
  expect(positionAt({ StreamUrl: "https://example.com/live" }, NOON, after(90))).toBe(90);
});

test("one StreamUrl without a RepeatNum plays until the ingest ends, also when its length is known", () => {
  const alone = { StreamUrl: "https://example.com/a.mp4", LengthSeconds: 4 };
  expect(placesAt(list({ items: [alone], isList: false }), [0, 4, 4000])).toEqual([
    [0, 0],
    [0, 0],
    [0, 0],
  ]);
  const twice = { ...alone, RepeatNum: 2 };
  expect(placesAt(list({ items: [twice], isList: false }), [0, 7.999, 8])).toEqual([
    [0, 0],
    [0, 0],
    "over",
  ]);
});
