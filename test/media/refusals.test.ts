/** What the functions' reader refuses, in which words, and where its own limits stop it. */
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { systemClock } from "../../shared/clock.js";
import { readSource, type SourceLimits } from "../../shared/media/reader.js";
import { CLIP, mp3, sample, WAV } from "../support/media/media.js";
import {
  flood,
  type Handler,
  type MediaServer,
  startMediaServer,
} from "../support/media/media-server.js";

const PATIENT = { allowPrivateHosts: true, timeLeftMs: 20_000, timeMaxMs: 20_000 };
const SHORT = { ...PATIENT, timeMaxMs: 300 };

let server: MediaServer;
beforeAll(async () => {
  server = await startMediaServer();
});
afterAll(() => server.close());

const read = (path: string, limits: Partial<SourceLimits> = {}) =>
  readSource(server.urlOf(path), { ...PATIENT, ...limits });

const TRY_WITHOUT =
  "Send a URL that answers with the media, or leave ProbeSource out to let TRTC try it.";
const SEND_FORMATS =
  "Send MP4, MOV, MKV, WebM, MP3, M4A, MPEG-TS, FLV or HLS, with H.264 or VP8 and with AAC, Opus or MP3.";

const refused = (outcome: string, why: string, advice: string) => ({
  outcome,
  media: null,
  message: `TRTC would not play StreamUrl: ${why} ${advice}`,
});

describe("unreachable", () => {
  test.each([403, 404, 410, 500, 503])("an answer %i", async (status) => {
    server.put("/status", (_request, response) => response.writeHead(status).end("<html>"));

    expect(await read("/status")).toEqual(
      refused("unreachable", `The server answers ${status}.`, TRY_WITHOUT),
    );
  });

  test.each([
    ["a port without a listener", "http://127.0.0.1:2/a.mp4", /ECONNREFUSED/],
    ["an unknown host", "http://nobody.invalid/a.mp4", /ENOTFOUND|EAI_AGAIN/],
    ["a port of another service", "http://127.0.0.1:25/a.mp4", /port belongs to another service/],
  ])("%s", async (_what, url, message) => {
    expect(await readSource(url, PATIENT)).toMatchObject({
      outcome: "unreachable",
      message: expect.stringMatching(message),
    });
  });

  test("a query of the URL is not in the sentence", async () => {
    const { message } = await readSource("http://127.0.0.1:2/a.mp4?sign=secret", PATIENT);

    expect(message).not.toContain("secret");
  });

  test("a server that speaks no HTTP, and one without TLS", async () => {
    server.put("/ssh", ({ socket }) => socket.end("SSH-2.0-OpenSSH\r\n"));

    expect(await read("/ssh")).toMatchObject({ outcome: "unreachable" });
    const https = server.urlOf("/ssh").replace("http:", "https:");
    expect(await readSource(https, PATIENT)).toMatchObject({ outcome: "unreachable" });
  });

  test("a connection that is reset in the middle", async () => {
    server.put("/reset.mp4", (_request, response) => {
      response.writeHead(200, { "content-length": CLIP.length });
      response.write(CLIP.subarray(0, 2000), () => response.socket?.resetAndDestroy());
    });

    expect(await read("/reset.mp4")).toMatchObject({ outcome: "unreachable" });
  });
});

describe("unsupported", () => {
  test.each([
    ["an HTML page", () => Buffer.from("<!doctype html><title>Log in</title>")],
    ["an empty answer", () => Buffer.alloc(0)],
    ["a WAV file", () => WAV],
    ["a film that is cut off in its index", () => CLIP.subarray(0, 1024)],
    ["a film that is cut off before its index", () => sample("small.mov").subarray(0, 10_000)],
    ["a playlist without segments", () => Buffer.from("#EXTM3U\n#EXT-X-ENDLIST\n")],
  ])("%s", async (_what, make) => {
    server.put("/media", make());

    const { outcome, message } = await read("/media");

    expect(outcome).toBe("unsupported");
    expect(message).toMatch(/^TRTC would not play StreamUrl: [A-Z].*[.] Send MP4/);
  });

  test("H.265", async () => {
    server.put("/h265.mp4", sample("h265.mp4"));
    const why = "The video is h265: h264, vp8 are played.";

    expect(await read("/h265.mp4")).toEqual(refused("unsupported", why, SEND_FORMATS));
  });
});

test.each([
  ["4K", "uhd.mp4", "The picture is 3840 × 2160 at "],
  ["60 frames a second", "60fps.mp4", "at 60 frames a second: 1080p and 30 are the most."],
])("%s is too large", async (_what, name, why) => {
  server.put(`/${name}`, sample(name));

  const { outcome, message } = await read(`/${name}`);

  expect(outcome).toBe("too-large");
  expect(message).toContain(why);
  expect(message).toMatch(/Send at most 1080p and 30 frames a second[.]$/);
});

const drip: Handler = (_request, response) => {
  void (async () => {
    while (!response.destroyed) {
      response.write("\0");
      await systemClock.sleep(20);
    }
  })();
};

describe("the limit of time", () => {
  const slow: [string, Handler][] = [
    ["never answers", () => undefined],
    ["sends one byte and then nothing", (_request, response) => response.write("\0")],
    ["sends a byte now and then", drip],
  ];

  test.each(slow)("a server that %s counts as unreachable after it", async (_what, handler) => {
    server.put("/slow.mp4", handler);
    const why = "It was not opened within 0.3 seconds.";

    expect(await read("/slow.mp4", SHORT)).toEqual(refused("unreachable", why, TRY_WITHOUT));
  });

  test("where the function has less time left, a slow source is not refused", async () => {
    server.put("/slow.mp4", drip);

    expect(await read("/slow.mp4", { timeLeftMs: 300.4 })).toEqual({
      outcome: "not-checked",
      media: null,
      message: "It was not opened within 0.3 seconds.",
      isCutShort: true,
    });
  });

  test.each([199, 0, -4000])("with %i ms left no request leaves", async (timeLeftMs) => {
    server.put("/late.mp4", CLIP);

    expect(await read("/late.mp4", { timeLeftMs })).toMatchObject({ outcome: "not-checked" });
    expect(server.requests("/late.mp4")).toBe(0);
  });
});

describe("the limit of bytes", () => {
  const endless: [string, Buffer][] = [
    ["zeros", Buffer.alloc(65_536)],
    ["boxes of a film without an index", Buffer.from("\0\0\0\x08free".repeat(8000), "latin1")],
  ];

  test.each(endless)("an endless answer of %s ends at it", async (_what, piece) => {
    const left = new Promise((resolve) => {
      server.put("/endless", (_request, response) => {
        response.on("close", resolve);
        flood(response, piece);
      });
    });

    expect((await read("/endless")).outcome).toMatch(/^(unsupported|not-checked)$/);
    await left;
  });

  test("a film whose index may be behind it is not refused", async () => {
    const film = Buffer.concat([
      CLIP.subarray(0, 40),
      Buffer.from("\x7f\xff\xff\xffmdat", "latin1"),
    ]);
    server.put("/behind.mp4", (_request, response) => {
      response.write(film);
      flood(response, Buffer.alloc(65_536));
    });

    expect(await read("/behind.mp4")).toEqual({
      outcome: "not-checked",
      media: null,
      message: "More than 2097152 bytes would have to be read.",
    });
  });

  test("an endless MP3 is played, and has no length", async () => {
    server.put("/radio.mp3", (_request, response) => flood(response, mp3(2000)));

    expect(await read("/radio.mp3")).toMatchObject({
      outcome: "ok",
      media: { Container: "mp3", DurationSeconds: null },
    });
  });

  test("a small answer that unpacks to much counts as much", async () => {
    const text = gzipSync(`#EXTM3U\n${"#EXTINF:2,\na.ts\n".repeat(3_000_000)}`, { level: 1 });
    server.put("/bomb.m3u8", (_request, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end(text);
    });

    expect(text.length).toBeLessThan(1_000_000);
    expect(await read("/bomb.m3u8")).toMatchObject({ outcome: "not-checked" });
  });
});

describe("a hostile playlist", () => {
  test.each([
    ["to a file of this machine", "file:///etc/passwd"],
    ["to data within itself", "data:video/mp4;base64,AAAA"],
    ["to nothing that is an address", "http://["],
    ["to itself", "/hostile.m3u8"],
  ])("that leads %s is refused", async (_what, uri) => {
    const segment = `#EXTM3U\n#EXTINF:2,\n${uri}\n#EXT-X-ENDLIST\n`;
    server.put("/hostile.m3u8", Buffer.from(segment));

    expect((await read("/hostile.m3u8")).outcome).toMatch(/^(unsupported|unreachable)$/);
  });

  test("whose variants lead in a circle takes few requests", async () => {
    const variant = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n/circle.m3u8\n";
    server.put("/circle.m3u8", Buffer.from(variant));

    expect(await read("/circle.m3u8")).toMatchObject({ outcome: "unsupported" });
    expect(server.requests("/circle.m3u8")).toBeLessThan(5);
  });
});

test("a name of a codec cannot make the sentence long or break its line", async () => {
  const film = Buffer.from(sample("h265.mp4"));
  film.write("\n\x1b[2", film.indexOf("hvc1"), "latin1");
  server.put("/names.mp4", film);

  const { outcome, message = "" } = await read("/names.mp4");

  expect(outcome).toBe("unsupported");
  expect(message.length).toBeLessThan(600);
  expect(message).not.toMatch(/\p{Cc}/u);
});
