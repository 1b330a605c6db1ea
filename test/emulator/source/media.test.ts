/** The facts that the emulator reads from files, and the files that it refuses as TRTC would. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { MkvOutputFormat, MovOutputFormat, Mp4OutputFormat, MpegTsOutputFormat } from "mediabunny";
import { mediaFile } from "../../../emulator/media-files.js";
import { refuseUnplayable } from "../../../shared/media/playable.js";
import { probe } from "../../../emulator/source/probe.js";
import { sharedProbe } from "../../../emulator/source/shared-probe.js";
import { MINUTE_MS } from "../../../shared/clock.js";
import { manualClock } from "../../support/app/manual-clock.js";
import { CLIP, mp3, MP3_FRAME_SECONDS, remux, sample, WAV } from "../../support/media/media.js";
import { type MediaServer, startMediaServer } from "../../support/media/media-server.js";

let server: MediaServer;
beforeAll(async () => {
  server = await startMediaServer();
});
afterAll(() => server.close());

const lengthOf = async (path: string): Promise<number | null> =>
  (await probe(server.urlOf(path))).durationSeconds;

const PICTURE = { type: "video", codec: "h264", width: 640, height: 360, frameRate: 25 };
const SOUND = { type: "audio", codec: "aac", channels: 2, sampleRate: 48_000 };
const SMALL = { ...PICTURE, width: 160, height: 90 };
const MONO = { ...SOUND, channels: 1 };

describe("the container, length and tracks are read", () => {
  test.each([
    ["an MP4", () => CLIP, "mp4", 4, [PICTURE, SOUND]],
    [
      "a fragmented MP4",
      () => remux(new Mp4OutputFormat({ fastStart: "fragmented" })),
      ...(["mp4", 4.021, [PICTURE, SOUND]] as const),
    ],
    [
      "an MP4 with its index at the end",
      () => remux(new Mp4OutputFormat({ fastStart: false })),
      ...(["mp4", 4, [PICTURE, SOUND]] as const),
    ],
    ["a MOV", () => remux(new MovOutputFormat()), "mov", 4, [PICTURE, SOUND]],
    ["a MOV of ffmpeg's", () => sample("small.mov"), "mov", 4.03, [SMALL, MONO]],
    ["an MKV", () => remux(new MkvOutputFormat()), "mkv", 4, [PICTURE]],
    ["an MPEG-TS", () => remux(new MpegTsOutputFormat()), "mpegts", 4, [PICTURE]],
    ["an M4A", () => sample("tone.m4a"), "mp4", 4, [MONO]],
    ["an MP3", () => sample("tone.mp3"), "mp3", 4.032, [{ ...MONO, codec: "mp3" }]],
    [
      "an MP3 without any header",
      () => mp3(100),
      "mp3",
      100 * MP3_FRAME_SECONDS,
      [expect.anything()],
    ],
  ])("%s", async (_what, make, container, seconds, tracks) => {
    server.put("/media", await make());
    expect(await probe(server.urlOf("/media"))).toEqual({
      container,
      durationSeconds: expect.closeTo(seconds, 1),
      tracks,
    });
  });

  test("of the bundled clip", async () => {
    server.put("/clip.mp4", CLIP);
    expect(await lengthOf("/clip.mp4")).toBe(4);
  });

  test("of a file whose server knows no ranges", async () => {
    server.put("/plain.mp4", (_request, response) => response.end(CLIP));
    expect(await lengthOf("/plain.mp4")).toBe(4);
  });

  test("of a file behind a redirect", async () => {
    server.put("/moved.mp4", (_request, response) => {
      response.writeHead(302, { location: "/clip.mp4" }).end();
    });
    expect(await lengthOf("/moved.mp4")).toBe(4);
  });

  test("of a large file in a few requests, without a full download", async () => {
    const size = 2 ** 33;
    let sent = 0;
    server.put("/large.mp4", ({ headers }, response) => {
      const start = Number(/\d+/.exec(headers.range ?? "")?.[0] ?? 0);
      response.writeHead(206, { "content-range": `bytes ${start}-${size - 1}/${size}` });
      sent += 1;
      response.write(start < CLIP.length ? CLIP.subarray(start) : Buffer.alloc(65_536));
    });
    expect(await lengthOf("/large.mp4")).toBe(4);
    expect(sent).toBeLessThan(5);
  });
});

describe("a file is refused", () => {
  test.each([
    ["over 1080p", "uhd.mp4", "too-large", "The picture is 3840 × 2160"],
    ["over 30 frames a second", "60fps.mp4", "too-large", "at 60 frames a second"],
    ["with H.265", "h265.mp4", "unsupported", "The video is h265: h264, vp8 are played."],
  ])("%s", async (_what, name, reason, message) => {
    server.put(`/${name}`, sample(name));
    await expect(probe(server.urlOf(`/${name}`))).rejects.toMatchObject({
      reason,
      message: expect.stringContaining(message),
    });
  });

  test.each([
    ["a text behind .mp4", "/text.mp4", Buffer.from("This is no film.")],
    ["a text of one letter", "/letter.mp4", Buffer.from("F")],
    ["an empty file", "/empty.mp4", Buffer.alloc(0)],
    ["a WAV, which TRTC does not take", "/a.wav", WAV],
    ["the first kilobyte of a film", "/cut.mp4", CLIP.subarray(0, 1024)],
    ["a film whose index claims to be of 4 GB", "/huge.mp4", claiming(0xffffffff)],
    ["a film whose index claims to be of nothing", "/none.mp4", claiming(7)],
  ])("that is %s", async (_what, path, bytes) => {
    server.put(path, bytes);
    await expect(probe(server.urlOf(path))).rejects.toMatchObject({
      name: "SourceError",
      reason: "unsupported",
    });
  });
});

/** The clip, with another size of its index. */
function claiming(size: number): Buffer {
  const film = Buffer.from(CLIP);
  film.writeUInt32BE(size, film.indexOf("moov") - 4);
  return film;
}

describe("TRTC's limits are", () => {
  const refusal = (width: number | null, height: number | null, frameRate: number | null = 30) => {
    const video = { type: "video" as const, codec: "vp8", width, height, frameRate };
    try {
      refuseUnplayable({ container: "webm", durationSeconds: 1, tracks: [video] });
      return undefined;
    } catch (error) {
      return (error as { reason: string }).reason;
    }
  };

  test.each([
    ["1080p", 1920, 1080, undefined],
    ["upright as well", 1080, 1920, undefined],
    ["not a pixel wider", 1922, 1080, "too-large"],
    ["not a pixel higher", 1920, 1082, "too-large"],
    ["not a square of that width", 1920, 1920, "too-large"],
    ["not 4K upright", 2160, 3840, "too-large"],
    ["nothing for what is not known", null, null, undefined],
  ])("%s", (_what, width, height, reason) => {
    expect(refusal(width, height)).toBe(reason);
  });

  test.each([
    ["29.97 frames a second", 29.97, undefined],
    ["30 as a container of whole milliseconds has them", 30.303, undefined],
    ["not 50", 50, "too-large"],
    ["not 31", 31, "too-large"],
    ["nothing for a single frame", null, undefined],
  ])("%s", (_what, frameRate, reason) => {
    expect(refusal(1920, 1080, frameRate)).toBe(reason);
  });

  test.each([
    ["video", "vp9"],
    ["video", "unknown"],
    ["audio", "flac"],
  ] as const)("of %s not %s", (type, codec) => {
    const track = { width: 1, height: 1, frameRate: 1, channels: 1, sampleRate: 1, type, codec };
    const media = { container: "mkv" as const, durationSeconds: 1, tracks: [track] };
    expect(() => refuseUnplayable(media)).toThrow(codec);
  });
});

describe("two hundred starts with one URL", () => {
  test("cause one download, and another a minute later", async () => {
    const clock = manualClock();
    const shared = sharedProbe(probe, clock);
    server.put("/once.mp4", (_request, response) => response.end(CLIP));
    const all = Array.from({ length: 200 }, () => shared(server.urlOf("/once.mp4")));
    expect(new Set((await Promise.all(all)).map((media) => media.durationSeconds))).toEqual(
      new Set([4]),
    );
    const visits = server.requests("/once.mp4");
    await clock.advance(MINUTE_MS - 1);
    await shared(server.urlOf("/once.mp4"));
    expect(server.requests("/once.mp4")).toBe(visits);
    await clock.advance(1);
    await shared(server.urlOf("/once.mp4"));
    expect(server.requests("/once.mp4")).toBeGreaterThan(visits);
  });

  test("do not inherit an earlier failure", async () => {
    const shared = sharedProbe(probe, manualClock());
    await expect(shared(server.urlOf("/later.mp4"))).rejects.toThrow();
    server.put("/later.mp4", CLIP);
    expect(await shared(server.urlOf("/later.mp4"))).toMatchObject({ durationSeconds: 4 });
  });
});

describe("the bundled media", () => {
  const readme = readFileSync(
    new URL("../../../emulator/media/README.md", import.meta.url),
    "utf8",
  );

  test("are small, and the command that made each is beside it", () => {
    expect(CLIP.length).toBeLessThan(200_000);
    expect(readme).toContain("make-clip.sh");
    expect(readme).toContain("make-samples.sh");
  });

  test.each([...readme.matchAll(/^\| `([^`]+)`/gm)].map(([, name = ""]) => name))(
    "%s is served",
    (name) => {
      expect(mediaFile(name)?.bytes.length).toBeGreaterThan(0);
    },
  );
});
