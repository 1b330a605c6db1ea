/** What the emulator learns of a source, and that no server can keep it busy. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { MkvOutputFormat, MovOutputFormat, Mp4OutputFormat, MpegTsOutputFormat } from "mediabunny";
import { probe } from "../local/trtc/probe.js";
import { sharedProbe } from "../local/trtc/shared-probe.js";
import { MINUTE_MS } from "../shared/clock.js";
import { manualClock } from "./support/manual-clock.js";
import { CLIP, flv, mp3, MP3_FRAME_SECONDS, remux } from "./support/media.js";
import { type MediaServer, startMediaServer } from "./support/media-server.js";

/** A second of silence: 8000 samples of 8 bits. */
const WAV = Buffer.concat([
  Buffer.from(
    "RIFF\x64\x1f\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0@\x1f\0\0@\x1f\0\0\x01\0\x08\0",
    "latin1",
  ),
  Buffer.from("data@\x1f\0\0", "latin1"),
  Buffer.alloc(8000, 128),
]);

let server: MediaServer;
beforeAll(async () => {
  server = await startMediaServer();
});
afterAll(() => server.close());

const lengthOf = async (path: string): Promise<number | null> =>
  (await probe(server.urlOf(path))).durationSeconds;

const playlist = (segments: number, end: string): Buffer =>
  Buffer.from(
    `#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n${"#EXTINF:4.0,\nclip.ts\n".repeat(segments)}${end}`,
  );

describe("the length is read", () => {
  test.each([
    ["an MP4", () => CLIP, 4],
    ["a fragmented MP4", () => remux(new Mp4OutputFormat({ fastStart: "fragmented" })), 4.021],
    ["a MOV", () => remux(new MovOutputFormat()), 4],
    ["an MKV", () => remux(new MkvOutputFormat()), 4],
    ["an MPEG-TS", () => remux(new MpegTsOutputFormat()), 4],
    ["an M4A", () => remux(new Mp4OutputFormat(), { video: false }), 4],
    ["an MP3", () => mp3(100), 100 * MP3_FRAME_SECONDS],
    ["an FLV", () => flv(12.5), 12.5],
  ])("of %s", async (_what, make, seconds) => {
    server.put("/media", await make());
    expect(await lengthOf("/media")).toBeCloseTo(seconds, 1);
  });

  test("of a playlist with an end, from its segments", async () => {
    server.put("/hls/clip.ts", await remux(new MpegTsOutputFormat()));
    server.put("/hls/vod.m3u8", playlist(3, "#EXT-X-ENDLIST\n"));
    expect(await lengthOf("/hls/vod.m3u8")).toBeCloseTo(12, 0);
  });

  test("exactly of the bundled clip", async () => {
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

  test("of a large file in a few requests, without reading it through", async () => {
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

describe("a source has no end", () => {
  test("when its playlist has none", async () => {
    server.put("/hls/live.m3u8", playlist(3, ""));
    server.put("/hls/clip.ts", await remux(new MpegTsOutputFormat()));
    expect(await lengthOf("/hls/live.m3u8")).toBeNull();
  });

  test("when it is an FLV that says no length", async () => {
    server.put("/live.flv", flv(0));
    expect(await lengthOf("/live.flv")).toBeNull();
  });

  test("when it is RTMP, which is not opened", async () => {
    expect(await probe("rtmp://live.example.com/app/stream")).toEqual({ durationSeconds: null });
  });

  test("when it can be played, but goes on for longer than is looked", async () => {
    const piece = mp3(2000);
    server.put("/radio.mp3", (_request, response) => {
      const more = () => {
        while (response.write(piece));
        response.once("drain", more);
      };
      more();
    });
    const limits = { bytesMax: 3_000_000, timeLimitMs: 20_000 };
    expect(await probe(server.urlOf("/radio.mp3"), limits)).toEqual({ durationSeconds: null });
  });
});

describe("nothing can be played", () => {
  test.each([
    ["a missing file", "/missing.mp4", undefined],
    ["a text behind .mp4", "/text.mp4", Buffer.from("This is no film.")],
    ["an empty file", "/empty.mp4", Buffer.alloc(0)],
    ["a WAV, which TRTC does not take", "/a.wav", WAV],
    ["the first kilobyte of a film", "/cut.mp4", CLIP.subarray(0, 1024)],
  ])("in %s", async (_what, path, bytes) => {
    if (bytes) server.put(path, bytes);
    await expect(probe(server.urlOf(path))).rejects.toThrow();
  });

  test("where nobody listens", async () => {
    await expect(probe("http://127.0.0.1:1/a.mp4")).rejects.toThrow();
  });

  test("behind a redirect to a file of this machine", async () => {
    server.put("/inside.mp4", (_request, response) => {
      response.writeHead(302, { location: "file:///etc/passwd" }).end();
    });
    await expect(probe(server.urlOf("/inside.mp4"))).rejects.toThrow();
  });

  test("behind redirects in a circle", async () => {
    server.put("/circle", (_request, response) => {
      response.writeHead(302, { location: "/circle" }).end();
    });
    await expect(probe(server.urlOf("/circle"))).rejects.toThrow();
    expect(server.requests("/circle")).toBeLessThan(30);
  });

  test("from a server that sends one byte and then nothing, within the time limit", async () => {
    server.put("/slow.mp4", (_request, response) => response.write("\0"));
    const limits = { bytesMax: 1_000_000, timeLimitMs: 100 };
    await expect(probe(server.urlOf("/slow.mp4"), limits)).rejects.toThrow("timeout");
  });

  test("from a server that never answers, within the time limit", async () => {
    server.put("/silent.mp4", () => undefined);
    const limits = { bytesMax: 1_000_000, timeLimitMs: 100 };
    await expect(probe(server.urlOf("/silent.mp4"), limits)).rejects.toThrow("timeout");
  });

  test("in bytes without end, of which only so many are read", async () => {
    const zeros = Buffer.alloc(65_536);
    server.put("/endless.mp4", (_request, response) => {
      const more = () => {
        while (response.write(zeros));
        response.once("drain", more);
      };
      more();
    });
    const limits = { bytesMax: 1_000_000, timeLimitMs: 20_000 };
    await expect(probe(server.urlOf("/endless.mp4"), limits)).rejects.toThrow();
  });
});

describe("two hundred starts of one URL", () => {
  test("are one visit to its server, and another a minute later", async () => {
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
    expect(await shared(server.urlOf("/later.mp4"))).toEqual({ durationSeconds: 4 });
  });
});

test("the bundled clip is small, and the command that made it is beside it", () => {
  expect(CLIP.length).toBeLessThan(200_000);
  const readme = readFileSync(new URL("../local/trtc/media/README.md", import.meta.url), "utf8");
  expect(readme).toContain("make-clip.sh");
});
