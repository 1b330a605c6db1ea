/** No server can keep the emulator busy, and every failure states its reason. */
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { systemClock } from "../../../shared/clock.js";
import { probe } from "../../../emulator/source/probe.js";
import { CLIP, mp3, sample } from "../../support/media/media.js";
import { flood, type MediaServer, startMediaServer } from "../../support/media/media-server.js";

const SHORT = { bytesMax: 1_000_000, timeLimitMs: 300 };
/** So much time that only the limit of bytes applies. */
const FEW_BYTES = { bytesMax: 1_000_000, timeLimitMs: 20_000 };

let server: MediaServer;
beforeAll(async () => {
  server = await startMediaServer();
});
afterAll(() => server.close());

const failure = (url: string, limits = FEW_BYTES): Promise<unknown> =>
  probe(url, limits).catch((error: unknown) => error);

const putEndless = (path: string, piece: Buffer): string => {
  server.put(path, (_request, response) => flood(response, piece));
  return server.urlOf(path);
};

const putRedirect = (path: string, location: string): string => {
  server.put(path, (_request, response) => {
    response.writeHead(302, { location }).end();
  });
  return server.urlOf(path);
};

describe("a source is unreachable:", () => {
  test.each([
    ["a missing file", 404],
    ["a file that one may not read", 403],
    ["a server that is broken", 500],
  ])("%s", async (_what, status) => {
    server.put("/status.mp4", (_request, response) => response.writeHead(status).end("<html>"));
    expect(await failure(server.urlOf("/status.mp4"))).toMatchObject({
      reason: "unreachable",
      message: `The server answers ${status}.`,
    });
  });

  test.each([
    ["a port where nobody listens", "http://127.0.0.1:2/a.mp4", /ECONNREFUSED/],
    ["a host that nobody knows", "http://nobody.invalid/a.mp4", /ENOTFOUND|EAI_AGAIN/],
    [
      "a port that no browser would open",
      "http://127.0.0.1:1/a.mp4",
      /Port 1 belongs to another service: send a URL that leads to another port/,
    ],
  ])("%s", async (_what, url, message) => {
    expect(await failure(url)).toMatchObject({
      reason: "unreachable",
      message: expect.stringMatching(message),
    });
  });

  test("an http server at an https address", async () => {
    const url = server.urlOf("/a.mp4").replace("http:", "https:");
    expect(await failure(url)).toMatchObject({ reason: "unreachable" });
  });

  test.each(["file:///etc/passwd", "ftp://127.0.0.1/a.mp4", "data:video/mp4,x", "http://[/"])(
    "a redirect to %s",
    async (location) => {
      const url = putRedirect("/inside.mp4", location);
      expect(await failure(url)).toMatchObject({ reason: "unreachable" });
    },
  );

  test("a loop of redirects, which stops after twenty", async () => {
    const url = putRedirect("/circle", "/circle");
    expect(await failure(url)).toMatchObject({ reason: "unreachable" });
    expect(server.requests("/circle")).toBeLessThan(30);
  });

  test.each([
    ["that never answers", () => undefined],
    ["that sends one byte and then nothing", (_: unknown, response) => response.write("\0")],
    ["that sends a byte now and then", dripping],
  ] as [string, Parameters<MediaServer["put"]>[1]][])("a server %s", async (_what, handler) => {
    server.put("/slow.mp4", handler);
    expect(await failure(server.urlOf("/slow.mp4"), SHORT)).toMatchObject({
      reason: "unreachable",
      message: "It was not opened within 0.3 seconds.",
    });
  });

  test("a connection that is reset in the middle", async () => {
    server.put("/reset.mp4", (_request, response) => {
      response.writeHead(200, { "content-length": CLIP.length });
      response.write(CLIP.subarray(0, 2000), () => response.socket?.resetAndDestroy());
    });
    expect(await failure(server.urlOf("/reset.mp4"))).toMatchObject({ reason: "unreachable" });
  });

  test("an answer that is not HTTP", async () => {
    server.put("/garbage.mp4", ({ socket }) => socket.end("SSH-2.0-OpenSSH\r\n"));
    expect(await failure(server.urlOf("/garbage.mp4"))).toMatchObject({ reason: "unreachable" });
  });
});

describe("the bytes read of an endless source are limited", () => {
  test.each([
    ["zeros", Buffer.alloc(65_536)],
    ["ones", Buffer.alloc(65_536, 0xff)],
    ["boxes of a film without an index", Buffer.from("\0\0\0\x08free".repeat(8000), "latin1")],
    ["the same films", CLIP.subarray(0, 40)],
  ])("for %s", async (_what, piece) => {
    const url = putEndless("/endless.mp4", piece);
    expect(await failure(url)).toMatchObject({ reason: "unsupported" });
  });

  test("for playable media, which then count as live", async () => {
    const url = putEndless("/radio.mp3", mp3(2000));
    expect(await probe(url, { ...FEW_BYTES, bytesMax: 3_000_000 })).toMatchObject({
      container: "mp3",
      durationSeconds: null,
      tracks: [{ codec: "mp3" }],
    });
  });

  test("for a small answer that unpacks to many bytes", async () => {
    const text = gzipSync(`#EXTM3U\n${"#EXTINF:2,\na.ts\n".repeat(3_000_000)}`, { level: 1 });
    server.put("/bomb.m3u8", (_request, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end(text);
    });
    expect(text.length).toBeLessThan(1_000_000);
    expect(await failure(server.urlOf("/bomb.m3u8"))).toMatchObject({
      reason: "unsupported",
      message: "More than 1000000 bytes would have to be read.",
    });
  });

  test("for an index that claims 2 GB", async () => {
    const film = Buffer.from(CLIP);
    film.writeUInt32BE(0x7fffffff, film.indexOf("moov") - 4);
    server.put("/claim.mp4", ({ headers }, response) => {
      const size = 2 ** 32;
      const start = Number(/\d+/.exec(headers.range ?? "")?.[0] ?? 0);
      response.writeHead(206, { "content-range": `bytes ${start}-${size - 1}/${size}` });
      response.write(film.subarray(start));
      flood(response, Buffer.alloc(65_536));
    });
    expect(await failure(server.urlOf("/claim.mp4"))).toMatchObject({
      reason: "unsupported",
    });
  });
});

test("a film that is cut off is refused with its index at the end, and plays with it in front", async () => {
  server.put("/behind.mov", sample("small.mov").subarray(0, 10_000));
  expect(await failure(server.urlOf("/behind.mov"))).toMatchObject({ reason: "unsupported" });
  server.put("/front.mp4", CLIP.subarray(0, 100_000));
  expect(await probe(server.urlOf("/front.mp4"))).toMatchObject({ durationSeconds: 4 });
});

test("a server's connection is closed after the needed bytes are read", async () => {
  const closed: boolean[] = [];
  server.put("/flood.flv", (_request, response) => {
    response.on("close", () => closed.push(true)).write(sample("small.flv"));
    flood(response, Buffer.alloc(65_536));
  });
  await probe(server.urlOf("/flood.flv"));
  while (closed.length === 0) await new Promise(setImmediate);
  expect(closed).toEqual([true]);
});

function dripping(
  _request: unknown,
  response: { write: (text: string) => boolean; destroyed: boolean },
) {
  void (async () => {
    while (!response.destroyed) {
      response.write("\0");
      await systemClock.sleep(20);
    }
  })();
}
