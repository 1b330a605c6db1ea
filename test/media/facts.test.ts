/** What the functions' reader finds in each container, within 2 MB and whatever the server can do. */
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { MkvOutputFormat, MovOutputFormat, Mp4OutputFormat, MpegTsOutputFormat } from "mediabunny";
import { readSource } from "../../shared/media/reader.js";
import { boxesOf, changed, FIVE_HOURS, ofFiveHours, write } from "../support/media/boxes.js";
import { startLivePlaylist } from "../support/media/live-playlist.js";
import { CLIP, mp3, MP3_FRAME_SECONDS, remux, sample } from "../support/media/media.js";
import { type MediaServer, startMediaServer } from "../support/media/media-server.js";
import { webmOf } from "../support/media/webm.js";

/** A busy machine must not count as a slow source. */
const LIMITS = { allowPrivateHosts: true, timeLeftMs: 20_000, timeMaxMs: 20_000 };

let server: MediaServer;
beforeAll(async () => {
  server = await startMediaServer();
  for (const name of ["small.m3u8", "small-0.m2ts", "small-1.m2ts"]) {
    server.put(`/${name}`, sample(name));
  }
});
afterAll(() => server.close());

const MDAT = { type: "mdat", content: Buffer.alloc(3_000_000) };

const read = (path: string) => readSource(server.urlOf(path), LIMITS);

const CLIP_VIDEO = { Codec: "h264", Width: 640, Height: 360, FrameRate: 25 };
const SMALL_VIDEO = { ...CLIP_VIDEO, Width: 160, Height: 90 };
const STEREO = { Codec: "aac", Channels: 2, SampleRate: 48_000 };
const MONO = { ...STEREO, Channels: 1 };

const NO_INDEX_IN_FRONT = new Mp4OutputFormat({ fastStart: false });
const FRAGMENTED = new Mp4OutputFormat({ fastStart: "fragmented" });

test.each([
  ["an MP4", () => CLIP, "mp4", 4, CLIP_VIDEO, STEREO],
  [
    "an MP4 with its index at the end",
    () => remux(NO_INDEX_IN_FRONT),
    "mp4",
    4,
    CLIP_VIDEO,
    STEREO,
  ],
  ["a fragmented MP4", () => remux(FRAGMENTED), "mp4", 4, CLIP_VIDEO, STEREO],
  ["a MOV", () => remux(new MovOutputFormat()), "mov", 4, CLIP_VIDEO, STEREO],
  ["an MKV", () => remux(new MkvOutputFormat()), "mkv", 4, CLIP_VIDEO, null],
  ["an MPEG-TS", () => remux(new MpegTsOutputFormat()), "mpegts", 4, CLIP_VIDEO, null],
  ["an M4A", () => sample("tone.m4a"), "mp4", 4, null, MONO],
  ["an MP3", () => sample("tone.mp3"), "mp3", 4, null, { ...MONO, Codec: "mp3" }],
  ["an FLV", () => sample("small.flv"), "flv", 4, SMALL_VIDEO, MONO],
  ["an HLS playlist", () => sample("small.m3u8"), "hls", 4, SMALL_VIDEO, MONO],
] as const)("of %s it finds all facts", async (_what, make, container, seconds, video, sound) => {
  server.put("/media", await make());

  const verdict = await read("/media");

  expect(verdict).toEqual({
    outcome: "ok",
    media: {
      Container: container,
      DurationSeconds: expect.closeTo(seconds, 0),
      Video: video,
      Audio: sound,
    },
  });
});

test("of a WebM it finds VP8 and the length that its blocks show", async () => {
  server.put("/media.webm", webmOf({ seconds: 3 }));

  expect(await read("/media.webm")).toMatchObject({
    outcome: "ok",
    media: { Container: "webm", DurationSeconds: expect.closeTo(3, 0), Video: { Codec: "vp8" } },
  });
});

describe("a source without an end has no length", () => {
  test("as a live playlist", async () => {
    const live = await startLivePlaylist();

    const verdict = await readSource(live.url, LIMITS);
    await live.close();

    expect(verdict).toMatchObject({ outcome: "ok", media: { DurationSeconds: null } });
  });
});

describe("2 MB are enough", () => {
  const repeated = (bytes: Buffer) => Buffer.concat(Array.from({ length: 60 }, () => bytes));

  test.each([
    ["an MP3 of 26 minutes", () => mp3(60_000), "mp3", 60_000 * MP3_FRAME_SECONDS],
    ["a long MPEG-TS", async () => repeated(await remux(new MpegTsOutputFormat())), "mpegts", 240],
    ["a long FLV", () => repeated(repeated(sample("small.flv"))), "flv", 4],
    ["a long WebM", () => webmOf({ seconds: 600, pictureBytes: 1000 }), "webm", 600],
  ] as const)("for the facts of %s", async (_what, make, container, seconds) => {
    const bytes = await make();
    server.put("/large", bytes);

    const { outcome, media } = await read("/large");

    expect(bytes.length).toBeGreaterThan(6_000_000);
    expect({ outcome, container: media?.Container }).toEqual({ outcome: "ok", container });
    expect((media?.DurationSeconds ?? 0) / seconds).toBeCloseTo(1, 1);
  });

  test.each([
    ["in front", (index: Buffer) => [index, write([MDAT])]],
    ["at its end", (index: Buffer) => [write([MDAT]), index]],
  ] as const)("for a film of five hours with an index of 25 MB %s", async (_what, order) => {
    const boxes = boxesOf(CLIP);
    const only = (type: string) => write(boxes.filter((box) => box.type === type));
    const index = changed(only("moov"), ofFiveHours);
    server.put("/hours.mp4", Buffer.concat([only("ftyp"), ...order(index)]));

    const verdict = await read("/hours.mp4");

    expect(index.length).toBeGreaterThan(25_000_000);
    expect(verdict).toMatchObject({ outcome: "ok", media: { DurationSeconds: FIVE_HOURS } });
  });

  test("for a film of 8 GB with its index in front, in a few requests", async () => {
    const size = 2 ** 33;
    server.put("/film.mp4", ({ headers }, response) => {
      const start = Number(/\d+/.exec(headers.range ?? "")?.[0] ?? 0);
      response.writeHead(206, { "content-range": `bytes ${start}-${size - 1}/${size}` });
      response.write(start < CLIP.length ? CLIP.subarray(start) : Buffer.alloc(65_536));
    });

    expect(await read("/film.mp4")).toMatchObject({ media: { DurationSeconds: 4 } });
    expect(server.requests("/film.mp4")).toBeLessThan(5);
  });
});

test("a server without ranges is enough where the index is in front", async () => {
  server.put("/plain.mp4", (_request, response) => response.end(CLIP));

  expect(await read("/plain.mp4")).toMatchObject({ media: { DurationSeconds: 4 } });
});

test("a compressed answer is read, although nobody asked for compression", async () => {
  server.put("/packed.mp4", (_request, response) => {
    response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(CLIP));
  });

  expect(await read("/packed.mp4")).toMatchObject({ media: { DurationSeconds: 4 } });
});

test("an upright picture and a rotated one have their sizes as they are stored", async () => {
  server.put("/rotated.mp4", await remux(new Mp4OutputFormat(), { rotate: 90 }));

  expect(await read("/rotated.mp4")).toMatchObject({ media: { Video: CLIP_VIDEO } });
});

test("RTMP is not checked, and no connection is made", async () => {
  const verdict = await readSource("rtmp://127.0.0.1:9/live/stream", LIMITS);

  expect(verdict).toEqual({
    outcome: "not-checked",
    media: null,
    message: "RTMP is not checked.",
  });
});
