/**
 * How a picture follows its task, and how the page shows its position: pure functions, no browser.
 */
import { describe, expect, test } from "@jest/globals";
import {
  behindSeconds,
  correctionOf,
  headAfter,
} from "../../../emulator/page/browser/player/follow.js";
import {
  countdownText,
  endReasonText,
  endsByText,
  timeText,
} from "../../../emulator/page/browser/labels.js";
import { formatOf, shortUrl, shownUrl } from "../../../emulator/page/format.js";

const playing = {
  state: "playing" as const,
  positionSeconds: 1,
  durationSeconds: 4,
  loops: 2,
  rounds: null,
  tempo: 1,
};

describe("between two answers the task", () => {
  test.each([
    ["plays on", {}, 2, { positionSeconds: 3, loops: 2 }],
    ["comes round", {}, 3.5, { positionSeconds: 0.5, loops: 3 }],
    ["comes round more than once", {}, 12, { positionSeconds: 1, loops: 5 }],
    ["goes at its tempo", { tempo: 1.5 }, 1, { positionSeconds: 2.5, loops: 2 }],
    ["stands still in a pause", { state: "paused" as const }, 9, { positionSeconds: 1, loops: 2 }],
    [
      "stays at its end until the emulator says so",
      { rounds: 3 },
      9,
      { positionSeconds: 4, loops: 2 },
    ],
    ["never comes round live", { durationSeconds: null }, 100, { positionSeconds: 101, loops: 2 }],
  ])("%s", (_what, change, seconds, head) => {
    expect(headAfter({ ...playing, ...change }, seconds)).toEqual(head);
  });
});

describe("a picture", () => {
  const target = { positionSeconds: 2, durationSeconds: 4, tempo: 1 };
  test.each([
    ["that is there is left alone", 2.03, { playbackRate: 1 }],
    ["that is a little behind goes faster", 1.8, { playbackRate: 1.05 }],
    ["that is a little ahead goes slower", 2.2, { playbackRate: 0.95 }],
    ["that is far behind jumps", 1.6, { seekTo: 2, playbackRate: 1 }],
    ["that is far ahead jumps", 2.4, { seekTo: 2, playbackRate: 1 }],
  ])("%s", (_what, at, correction) => {
    expect(correctionOf(at, target)).toEqual(correction);
  });

  test("at the end of a round counts as close to the beginning of the next", () => {
    expect(behindSeconds(3.9, 0.1, 4)).toBeCloseTo(0.2);
    expect(behindSeconds(0.1, 3.9, 4)).toBeCloseTo(-0.2);
  });
});

test("times are written as in a video player", () => {
  expect([0, 0.999, 59.96, 61.25, 3599.9, 3600, 36_061.5, -1].map(timeText)).toEqual([
    ...["0:00.0", "0:00.9", "0:59.9", "1:01.2", "59:59.9", "1:00:00", "10:01:01", "0:00.0"],
  ]);
  expect([0, 0.2, 59.5, 60, 3661, 86_400, 6 * 86_400 + 86_399, -1].map(countdownText)).toEqual([
    ...["0:00", "0:01", "1:00", "1:00", "1:01:01", "1 d 0:00:00", "6 d 23:59:59", "0:00"],
  ]);
});

test("an end reason without its own text is shown by its name", () => {
  expect(endReasonText("max-duration")).toBe("Reached its MaxDuration");
  expect(endReasonText("room-dismissed")).toBe("Room dismissed");
  expect(endReasonText("constructor")).toBe("Constructor");
  expect([endsByText("max-duration"), endsByText("idle")]).toEqual(["MaxDuration in", "Ends in"]);
});

test.each([
  ["http://a.example/clip.mp4", undefined, "native"],
  ["http://a.example/live.M3U8?x=1.mp4", undefined, "hls"],
  ["http://a.example/live.flv", undefined, "flv"],
  ["http://a.example/file.ts", undefined, "mpegts"],
  ["http://a.example/x.constructor", undefined, "native"],
  ["http://a.example/live", undefined, "native"],
  ["http://a.example/live", "HLS", "hls"],
  ["http://a.example/live", "MPEG-TS", "mpegts"],
  ["http://a.example/live", "flv", "flv"],
  ["http://a.example/live.flv", "MP4", "native"],
  ["rtmp://a.example/app/live.flv", undefined, "none"],
])("%s, found to be %s, is played by %s", (url, container, format) => {
  expect(formatOf(url, container)).toBe(format);
});

test("a StreamUrl is shown without its secret parts", () => {
  expect(shownUrl("http://user:pass@a.example/x/y.mp4?token=1#t=2")).toBe(
    "http://a.example/x/y.mp4",
  );
  expect(shownUrl("rtmp://a.example/app/key@home?sign=1")).toBe("rtmp://a.example/app/key@home");
});

test.each([
  ["https://user:pass@a.example/x/y.mp4?token=1", "a.example/x/y.mp4"],
  ["rtmp://a.example/app/key", "a.example/app/key"],
  [`https://a.example/${"x".repeat(62)}`, `a.example/${"x".repeat(62)}`],
  [
    `https://a.example/${"x".repeat(90)}/clip.mp4`,
    `a.example/${"x".repeat(26)}…${"x".repeat(26)}/clip.mp4`,
  ],
  [`https://a.example/${"😀".repeat(90)}`, `a.example/${"😀".repeat(26)}…${"😀".repeat(35)}`],
])("the short form of %s has no scheme and no middle", (url, short) => {
  expect(shortUrl(url)).toBe(short);
});
