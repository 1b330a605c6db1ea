/** MPEG-TS over HTTP: finished and live recordings, and incomplete ones. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { MpegTsOutputFormat } from "mediabunny";
import { probe } from "../../../emulator/source/probe.js";
import { systemClock } from "../../../shared/clock.js";
import { PATIENT, remux, sample } from "../../support/media/media.js";
import { type MediaServer, startMediaServer } from "../../support/media/media-server.js";
import {
  AUDIO_PID,
  adtsFrame,
  h264Unit,
  latmFrame,
  layer2Frame,
  SETS,
  tsOf,
  type TsStreamEntry,
  type TsUnit,
  VIDEO_PID,
} from "../../support/media/transport-stream.js";

let server: MediaServer;
beforeAll(async () => {
  server = await startMediaServer();
});
afterAll(() => server.close());

const SECOND = 90_000;
const H264 = { pid: VIDEO_PID, streamType: 0x1b };
const AAC = { pid: AUDIO_PID, streamType: 0x0f };

const SMALL_SET: string = SETS["176x144"];

const pictures = (seconds: number, { from = 0, rate = 25, set = SMALL_SET } = {}) =>
  Array.from({ length: seconds * rate }, (_, n): TsUnit => {
    return { pid: VIDEO_PID, ticks: from + (n * SECOND) / rate, data: h264Unit(set) };
  });

const sounds = (seconds: number, data: Buffer, { from = 0, pid = AUDIO_PID } = {}) =>
  Array.from({ length: Math.round((seconds * 375) / 8) }, (_, n): TsUnit => {
    return { pid, ticks: from + n * 1920, data };
  });

const inOrder = (...lists: TsUnit[][]) => lists.flat().sort((a, b) => a.ticks - b.ticks);

async function probed(bytes: Buffer) {
  server.put("/a.ts", bytes);
  return probe(server.urlOf("/a.ts"));
}

const made = (streams: TsStreamEntry[], ...lists: TsUnit[][]) => tsOf(streams, inOrder(...lists));

/** Four seconds of picture and sound. */
const FOUR = made([H264, AAC], pictures(4), sounds(4, adtsFrame()));
const TRACKS = [
  { type: "video", codec: "h264", width: 176, height: 144, frameRate: 25 },
  { type: "audio", codec: "aac", channels: 2, sampleRate: 48_000 },
];

describe("an MPEG-TS file", () => {
  test.each([
    ["begins with a packet", FOUR],
    ["begins inside a packet", FOUR.subarray(100)],
    ["ends inside a packet", FOUR.subarray(0, FOUR.length - 50)],
    ["has four bytes before each packet, as cameras write it", spaced(4, 0)],
    ["has four bytes before each packet and begins inside one", spaced(4, 0).subarray(77)],
    ["has sixteen bytes after each packet", spaced(0, 16)],
    ["is torn in the middle", Buffer.concat([FOUR.subarray(0, 30_000), FOUR.subarray(30_050)])],
    ["has a kilobyte of noise in it", noisy()],
  ])("that %s is four seconds long", async (_what, bytes) => {
    expect(await probed(bytes)).toEqual({
      container: "mpegts",
      durationSeconds: expect.closeTo(4, 1),
      tracks: TRACKS,
    });
  });

  test("of the library's writer gives the library's own results", async () => {
    expect(await probed(await remux(new MpegTsOutputFormat()))).toMatchObject({
      durationSeconds: expect.closeTo(4, 1),
      tracks: [{ width: 640, frameRate: 25 }],
    });
  });

  test("of ffmpeg gives the library's own results", async () => {
    expect(await probed(sample("small-0.m2ts"))).toMatchObject({
      durationSeconds: expect.closeTo(2, 1),
      tracks: [{ width: 160, height: 90, frameRate: 25 }, { channels: 1 }],
    });
  });

  test.each([
    ["over the wrap at 2^33", 2 ** 33 - 5 * SECOND],
    ["just before the wrap", 2 ** 33 - 11 * SECOND],
    ["from anywhere", 40_000 * SECOND],
  ])("whose time goes %s is ten seconds long", async (_what, from) => {
    const bytes = made([H264, AAC], pictures(10, { from }), sounds(10, adtsFrame(), { from }));
    expect((await probed(bytes)).durationSeconds).toBeCloseTo(10, 1);
  });

  test("that joins two recordings is as long as both", async () => {
    const bytes = Buffer.concat([FOUR, made([H264, AAC], pictures(3, { from: 9e8 }))]);
    expect((await probed(bytes)).durationSeconds).toBeCloseTo(7, 0);
  });

  test.each([
    ["interlaced", "1080i"],
    ["in whole frames", "1080p"],
  ] as const)("of 1080 lines %s has 1080", async (_what, name) => {
    const media = await probed(made([H264], pictures(2, { set: SETS[name] })));
    expect(media.tracks).toMatchObject([{ width: 1920, height: 1080, frameRate: 25 }]);
  });

  test("with interlaced fields has half as many frames", async () => {
    const media = await probed(made([H264], pictures(2, { set: SETS["1080i"], rate: 50 })));
    expect(media.tracks).toMatchObject([{ frameRate: 25 }]);
  });

  test("with 60 whole frames a second is too large", async () => {
    const bytes = made([H264], pictures(2, { set: SETS["1080p"], rate: 60 }));
    await expect(probed(bytes)).rejects.toMatchObject({ reason: "too-large" });
  });
});

describe("the sound of an MPEG-TS", () => {
  test("in LATM is AAC", async () => {
    const latm = { pid: AUDIO_PID, streamType: 0x11 };
    const media = await probed(made([H264, latm], pictures(3), sounds(3, latmFrame())));
    expect(media.tracks).toEqual(TRACKS);
  });

  test.each([
    ["MPEG-1 layer II", 0x03, layer2Frame(), "The audio is mp2"],
    ["MPEG-2 layer II", 0x04, layer2Frame(), "The audio is mp2"],
    ["AC-3", 0x81, Buffer.alloc(64), "The audio is ac3"],
  ])("of %s is refused by its name", async (_what, streamType, data, message) => {
    const bytes = made([H264, { pid: AUDIO_PID, streamType }], pictures(3), sounds(3, data));
    await expect(probed(bytes)).rejects.toMatchObject({
      reason: "unsupported",
      message: expect.stringContaining(message),
    });
  });

  test("counts when it is playable and another is not", async () => {
    const other = { pid: 0x102, streamType: 0x03 };
    const bytes = made(
      [H264, other, AAC],
      pictures(3),
      sounds(3, layer2Frame(), { pid: 0x102 }),
      sounds(3, adtsFrame()),
    );
    expect((await probed(bytes)).tracks).toEqual(TRACKS);
  });

  test("that is declared and never sent is ignored", async () => {
    expect((await probed(made([H264, AAC], pictures(5)))).tracks).toEqual([TRACKS[0]]);
  });
});

/** Twenty seconds of 16 Mbit/s, and the length of one answer of a server without ranges. */
describe("a large MPEG-TS", () => {
  const LARGE = tsOf([H264], pictures(20), { stuffingBytes: 80_000 });

  test("is measured by a request for its end", async () => {
    server.put("/large.ts", LARGE);
    expect((await probe(server.urlOf("/large.ts"))).durationSeconds).toBeCloseTo(20, 1);
    expect(server.requests("/large.ts")).toBe(2);
  });

  test("is measured without ranges, too", async () => {
    server.put("/plain.ts", (_request, response) => response.end(LARGE));
    expect((await probe(server.urlOf("/plain.ts"), PATIENT)).durationSeconds).toBeCloseTo(20, 1);
    expect(server.requests("/plain.ts")).toBe(1);
  });

  test("of 7 MB from a server without ranges is read to its end", async () => {
    server.put("/seven.ts", (_request, response) => {
      response.write(LARGE.subarray(0, 7_000_000));
      response.end();
    });
    expect((await probe(server.urlOf("/seven.ts"), PATIENT)).durationSeconds).toBeCloseTo(3.5, 0);
  });

  test("whose end is refused gets an estimated length, and is not live", async () => {
    let visits = 0;
    server.put("/once.ts", (_request, response) => {
      visits += 1;
      if (visits > 1) response.writeHead(403).end();
      else {
        response.writeHead(200, { "accept-ranges": "bytes", "content-length": LARGE.length });
        response.end(LARGE);
      }
    });
    const limits = { bytesMax: 12_000_000, timeLimitMs: 10_000 };
    expect((await probe(server.urlOf("/once.ts"), limits)).durationSeconds).toBeCloseTo(20, 0);
  });

  test("whose clock restarts does not count as hours long", async () => {
    const broken = Buffer.concat([LARGE, made([H264], pictures(1, { from: 90_000 * SECOND }))]);
    const seconds = (await probed(broken)).durationSeconds ?? 0;
    expect(seconds).toBeGreaterThan(15);
    expect(seconds).toBeLessThan(25);
  });
});

test("a body that is shorter than its Content-Length is played", async () => {
  server.put("/short.ts", (_request, response) => {
    response.writeHead(200, { "content-length": FOUR.length + 5000 });
    response.write(FOUR, () => response.destroy());
  });
  expect((await probe(server.urlOf("/short.ts"))).durationSeconds).toBeCloseTo(4, 0);
});

test("a live MPEG-TS of five frames a second plays long before 60 frames arrived", async () => {
  const units = pictures(60, { rate: 5 });
  server.put("/live.ts", (_request, response) => {
    response.write(tsOf([H264], units.slice(0, 5)));
    void (async () => {
      for (let n = 5; n < units.length && !response.destroyed; n += 1) {
        await systemClock.sleep(200);
        response.write(tsOf([H264], units.slice(n, n + 1)));
      }
    })();
  });
  const begin = systemClock.elapsedMs();
  expect(await probe(server.urlOf("/live.ts"))).toEqual({
    container: "mpegts",
    durationSeconds: null,
    tracks: [{ ...TRACKS[0], frameRate: 5 }],
  });
  expect(systemClock.elapsedMs() - begin).toBeLessThan(6000);
});

function spaced(before: number, after: number): Buffer {
  const packets: Buffer[] = [];
  for (let at = 0; at < FOUR.length; at += 188) {
    packets.push(Buffer.alloc(before, 1), FOUR.subarray(at, at + 188), Buffer.alloc(after, 2));
  }
  return Buffer.concat(packets);
}

function noisy(): Buffer {
  const half = Math.floor(FOUR.length / 376) * 188;
  return Buffer.concat([FOUR.subarray(0, half), Buffer.alloc(1000, 0x11), FOUR.subarray(half)]);
}
