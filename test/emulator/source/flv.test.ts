/** FLV over HTTP: files with a length, live streams without, and bytes that are neither. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { probe } from "../../../emulator/source/probe.js";
import { systemClock } from "../../../shared/clock.js";
import { decodeAmf, encodeAmf } from "../../../shared/media/flv/amf0.js";
import { avcSize } from "../../../shared/media/avc.js";
import {
  AAC_HEADER,
  avcHeader,
  flvOf,
  type FlvTag,
  flvTags,
  frame,
  metadata,
  sound,
} from "../../support/media/flv.js";
import { sample } from "../../support/media/media.js";
import { flood, type MediaServer, startMediaServer } from "../../support/media/media-server.js";

let server: MediaServer;
beforeAll(async () => {
  server = await startMediaServer();
});
afterAll(() => server.close());

const SMALL = sample("small.flv");
/** The decoder's configuration that x264 wrote for 160 × 90. */
const RECORD = (flvTags(SMALL).find(({ type }) => type === 9)?.data ?? Buffer.alloc(0)).subarray(5);

const frames = (count: number, stepMs: number): FlvTag[] =>
  Array.from({ length: count }, (_, n) => frame(Math.round(n * stepMs)));

async function probed(...tags: FlvTag[]) {
  server.put("/a.flv", flvOf(...tags));
  return probe(server.urlOf("/a.flv"));
}

/** Sends the bytes, then keeps the connection open. */
function putLive(path: string, bytes: Buffer): string {
  server.put(path, (_request, response) => response.write(bytes));
  return server.urlOf(path);
}

describe("an FLV file", () => {
  test("of a live encoder is read from its first bytes", async () => {
    server.put("/small.flv", SMALL);
    expect(await probe(server.urlOf("/small.flv"))).toEqual({
      container: "flv",
      durationSeconds: expect.closeTo(4, 1),
      tracks: [
        { type: "video", codec: "h264", width: 160, height: 90, frameRate: 25 },
        { type: "audio", codec: "aac", channels: 1, sampleRate: 48_000 },
      ],
    });
  });

  test("has the size that its header says, whatever the metadata make up", async () => {
    const made = metadata({ duration: 12.5, width: 3840, height: 2160, framerate: 25 });
    expect(await probed(made, avcHeader(RECORD), AAC_HEADER, frame(0))).toMatchObject({
      durationSeconds: 12.5,
      tracks: [
        { width: 160, height: 90, frameRate: 25 },
        { channels: 2, sampleRate: 44_100 },
      ],
    });
  });

  test("without metadata is as long as its last frame says, and its frames are counted", async () => {
    expect(await probed(avcHeader(RECORD), ...frames(50, 40))).toMatchObject({
      durationSeconds: 1.96,
      tracks: [{ codec: "h264", frameRate: 25 }],
    });
  });

  test.each([
    ["just below 24 bits", 2 ** 24 - 2000],
    ["across 24 bits", 2 ** 24 - 1000],
    ["across 24 bits again, hours later", 3 * 2 ** 24 - 1000],
  ])("whose times are %s is as long, and has the same frame rate", async (_, firstMs) => {
    const later = frames(50, 40).map((tag) => frame(firstMs + (tag.timestampMs ?? 0)));
    expect(await probed(avcHeader(RECORD), ...later)).toMatchObject({
      durationSeconds: 1.96,
      tracks: [{ frameRate: 25 }],
    });
  });

  test("without metadata and without a size is as long as its last frame says", async () => {
    const file = flvOf(avcHeader(RECORD), ...frames(500, 40));
    server.put("/no-size.flv", (_request, response) => {
      response.write(file.subarray(0, 3000));
      setImmediate(() => response.end(file.subarray(3000)));
    });
    expect(await probe(server.urlOf("/no-size.flv"))).toMatchObject({
      durationSeconds: 19.96,
      tracks: [{ codec: "h264", frameRate: 25 }],
    });
  });

  test("may have sound alone", async () => {
    expect(await probed(metadata({ duration: 3 }), AAC_HEADER, sound(0), sound(23))).toMatchObject({
      durationSeconds: 3,
      tracks: [{ type: "audio", codec: "aac" }],
    });
  });

  test.each<[string, string, FlvTag[]]>([
    ["with metadata and nothing else", "unsupported", [metadata({ duration: 3 })]],
    ["with nothing at all", "unsupported", []],
    ["of 60 frames a second that nobody mentions", "too-large", frames(90, 1000 / 60)],
    ["of 60 frames a second", "too-large", [metadata({ framerate: 60 }), frame(0), frame(16)]],
    [
      "of 4K that nobody but the metadata mentions",
      "too-large",
      [metadata({ width: 3840, height: 2160 }), frame(0), frame(40)],
    ],
    ["of H.263", "unsupported", [{ type: 9, data: Buffer.of(0x22, 0) }, sound(20)]],
    ["of Speex", "unsupported", [{ type: 8, data: Buffer.of(0xb6, 0) }, sound(20)]],
    [
      "of H.265, by its four letters",
      "unsupported",
      [{ type: 9, data: Buffer.from("\x90hvc1\0\0", "latin1") }, sound(20)],
    ],
  ])("%s is refused: %s", async (_what, reason, tags) => {
    await expect(probed(...tags)).rejects.toMatchObject({ reason });
  });
});

describe("a live FLV", () => {
  test("has no end, and is recognized at once", async () => {
    const head = flvOf(metadata({ duration: 0, framerate: 25 }), avcHeader(RECORD), AAC_HEADER);
    expect(await probe(putLive("/live.flv", head))).toMatchObject({
      container: "flv",
      durationSeconds: null,
      tracks: [{ width: 160 }, { channels: 2 }],
    });
  });

  test("without metadata is measured by its frames, which are not those of its first day", async () => {
    const day = 86_400_000;
    const later = frames(110, 40).map((tag) => ({
      ...tag,
      timestampMs: day + (tag.timestampMs ?? 0),
    }));
    const url = putLive("/day.flv", flvOf(avcHeader(RECORD), ...later));
    expect(await probe(url)).toMatchObject({ durationSeconds: null, tracks: [{ frameRate: 25 }] });
  });

  test("is recognized at once too when it has sent much already", async () => {
    const url = putLive("/much.flv", flvOf(avcHeader(RECORD), ...frames(500, 40)));
    const begin = systemClock.elapsedMs();
    expect(await probe(url)).toMatchObject({ durationSeconds: null });
    expect(systemClock.elapsedMs() - begin).toBeLessThan(2000);
  });

  test("that stalls has the tracks that arrived before the time limit", async () => {
    const url = putLive("/stalled.flv", flvOf(avcHeader(RECORD), frame(0)));
    const limits = { bytesMax: 1_000_000, timeLimitMs: 3000 };
    expect(await probe(url, limits)).toMatchObject({
      durationSeconds: null,
      tracks: [{ width: 160 }],
    });
  });

  test("that sends only its header is unreachable", async () => {
    const limits = { bytesMax: 1_000_000, timeLimitMs: 200 };
    await expect(probe(putLive("/mute.flv", flvOf()), limits)).rejects.toMatchObject({
      reason: "unreachable",
    });
  });

  test("with a tag of 16 MB is read up to the budget only", async () => {
    const claim = Buffer.concat([flvOf(), Buffer.of(9, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0)]);
    server.put("/claim.flv", (_request, response) => {
      response.write(claim);
      flood(response, Buffer.alloc(65_536));
    });
    const limits = { bytesMax: 1_000_000, timeLimitMs: 20_000 };
    await expect(probe(server.urlOf("/claim.flv"), limits)).rejects.toMatchObject({
      reason: "unsupported",
    });
  });
});

describe("AMF", () => {
  test("is decoded as it was encoded", () => {
    const values = ["connect", 1, null, { app: "live", is: true, deep: { n: -0.5 } }];
    expect(decodeAmf(encodeAmf(...values))).toEqual(values);
  });

  test("of other writers is decoded with lists, dates and all other types", () => {
    const written = Buffer.from(
      "0a000000020101060b40590000000000000000" + "0c00000001780300000905",
      "hex",
    );
    expect(decodeAmf(written)).toEqual([[true, undefined], 100, "x", {}, null]);
  });

  test("that is cut off at any place gives the values before it, and never an error", () => {
    const whole = encodeAmf("onMetaData", { duration: 4, name: "x", more: { a: 1 } });
    for (let length = 0; length < whole.length; length += 1) {
      expect(decodeAmf(whole.subarray(0, length)).length).toBeLessThanOrEqual(2);
    }
    const [, fields] = decodeAmf(whole.subarray(0, whole.length - 4));
    expect(fields).toMatchObject({ duration: 4, name: "x", more: { a: 1 } });
  });

  test("that is nested too deeply, or has four billion elements, is skipped", () => {
    expect(decodeAmf(Buffer.alloc(100_000, Buffer.of(10, 0, 0, 0, 1)))).toHaveLength(1);
    expect(decodeAmf(Buffer.of(10, 0xff, 0xff, 0xff, 0xff, 5))).toEqual([[null]]);
  });

  test("with a field called __proto__ has it as a field", () => {
    const [fields] = decodeAmf(encodeAmf(JSON.parse('{"__proto__": {"x": 1}}') as { x: number }));
    expect(Object.getPrototypeOf(fields)).toBeNull();
    expect(({} as { x?: number }).x).toBeUndefined();
  });
});

describe("the size of H.264", () => {
  /** Written by x264. */
  test.each([
    [
      "1080 lines, cut from 1088",
      1920,
      1080,
      "640028ffe1001b67640028acd940780227e5c044000003000400000300c83c60c658",
    ],
    [
      "interlaced lines",
      1920,
      1080,
      "640028ffe1001a67640028acd94078044fde0220000003002000000643e2c5b2c0",
    ],
    ["4:4:4", 320, 180, "f4000cffe1001967f4000c919b282833f1b808800000030080000019078a14cb"],
    ["4:2:2", 642, 362, "7a001effe1001b677a001ebcd940a42fe227c044000003000400000300c83c58b658"],
    [
      "the baseline profile",
      176,
      144,
      "42c00bffe100166742c00bd902c4ec0440000003004000000c83c50a92",
    ],
    [
      "a set with scaling lists",
      320,
      180,
      "64000cffe1001a6764000cacd941419f9f011000000300100000030320f1429960",
    ],
  ])("is read from %s", (_what, width, height, record) => {
    expect(avcSize(Buffer.from(`01${record}`, "hex"))).toEqual({ width, height });
  });

  test("is unknown for other bytes", () => {
    expect(avcSize(Buffer.alloc(0))).toBeUndefined();
    expect(avcSize(Buffer.alloc(100))).toBeUndefined();
    for (let length = 0; length < RECORD.length; length += 1) avcSize(RECORD.subarray(0, length));
  });
});
