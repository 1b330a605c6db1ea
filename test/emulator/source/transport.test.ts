/** HTTP from devices, radio servers and token services: media that play elsewhere play here. */
import { afterEach, describe, expect, test } from "@jest/globals";
import { deflateSync, gzipSync, brotliCompressSync } from "node:zlib";
import { probe } from "../../../emulator/source/probe.js";
import { cookieJar } from "../../../shared/media/http/cookies.js";
import { CLIP, sample } from "../../support/media/media.js";
import {
  type Handler,
  type MediaServer,
  startMediaServer,
} from "../../support/media/media-server.js";
import { type RawHandler, type RawServer, startRawServer } from "../../support/http/raw-server.js";

const PLAYLIST = sample("small.m3u8");
const SEGMENT = sample("small-0.m2ts");
const MP3 = sample("tone.mp3");
const LIMITS = { bytesMax: 16_000_000, timeLimitMs: 5000 };

let raw: RawServer | undefined;
let web: MediaServer | undefined;
afterEach(async () => {
  await Promise.all([raw?.close(), web?.close()]);
  raw = web = undefined;
});

async function openRaw(handle: RawHandler): Promise<RawServer> {
  raw = await startRawServer(handle);
  return raw;
}

/** One answer for every request: its head unchanged, its body until the connection closes. */
const says =
  (head: string, body: Buffer = MP3): RawHandler =>
  (_request, socket) => {
    socket.write(Buffer.from(head, "latin1"));
    socket.end(body);
  };

async function openWeb(handlers: Record<string, Buffer | Handler>): Promise<MediaServer> {
  web = await startMediaServer();
  for (const [path, handler] of Object.entries(handlers)) web.put(path, handler);
  return web;
}

test("a length beside chunks does not count", async () => {
  const chunked = Buffer.concat([
    Buffer.from(`${MP3.length.toString(16)}\r\n`),
    MP3,
    Buffer.from("\r\n0\r\n\r\n"),
  ]);
  const head = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n";
  const { urlOf } = await openRaw(says(head, chunked));
  expect(await probe(urlOf("/a.mp3"), LIMITS)).toMatchObject({
    container: "mp3",
    durationSeconds: expect.closeTo(4, 0),
  });
});

describe("a source plays from a server", () => {
  const length = `Content-Length: ${MP3.length}`;
  const long = (bytes: number) => `Set-Cookie: a=${"x".repeat(bytes)}`;

  test.each<[string, string]>([
    [
      "whose header lines end with LF alone",
      `HTTP/1.1 200 OK\nContent-Type: audio/mpeg\n${length}\n\n`,
    ],
    ["whose line ends are mixed", `HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\n${length}\r\n\n`],
    ["that says ICY 200 OK", "ICY 200 OK\r\nicy-name: Radio\r\nicy-metaint: 0\r\n\r\n"],
    ["that says so with LF alone", "ICY 200 OK\nicy-name: Radio\n\n"],
    ["that says ICY 200 and no reason", "ICY 200\r\n\r\n"],
    ["whose head has 17 kB", `HTTP/1.1 200 OK\r\n${long(17_000)}\r\n${length}\r\n\r\n`],
    ["whose head has 60 kB", `HTTP/1.1 200 OK\r\n${long(60_000)}\r\n${length}\r\n\r\n`],
    ["with a blank before a colon", `HTTP/1.1 200 OK\r\nServer : cam\r\n${length}\r\n\r\n`],
    ["with a line that is no header", `HTTP/1.1 200 OK\r\nwelcome\r\n${length}\r\n\r\n`],
    [
      "with bytes beyond ASCII in its head",
      `HTTP/1.1 200 OK\r\nServer: cam\xe9\x01\r\n${length}\r\n\r\n`,
    ],
    ["that goes on with a line", `HTTP/1.1 200 OK\r\nServer: a\r\n b\r\n${length}\r\n\r\n`],
    [
      "that announces its answer",
      `HTTP/1.1 103 Early Hints\nLink: x\n\nHTTP/1.1 200 OK\n${length}\n\n`,
    ],
    ["of HTTP 1.0 that names no length", "HTTP/1.0 200 OK\r\n\r\n"],
    ["that gives no reason", `HTTP/1.1 200\r\n${length}\r\n\r\n`],
    ["that glues the reason to the status", `HTTP/1.1 200OK\r\n${length}\r\n\r\n`],
    ["whose protocol is lowercase", `http/1.1  200  OK\r\n${length}\r\n\r\n`],
    ["that says its length twice", `HTTP/1.1 200 OK\r\n${length}\r\n${length}\r\n\r\n`],
    ["that says its length twice in a line", `HTTP/1.1 200 OK\r\n${length}, ${MP3.length}\r\n\r\n`],
    ["that says two lengths", `HTTP/1.1 200 OK\r\n${length}\r\nContent-Length: 7\r\n\r\n`],
    ["that says an empty length", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n"],
    ["that says the length -1", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"],
    [
      "that says a coding that changes nothing",
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n${length}\r\n\r\n`,
    ],
  ])("%s", async (_what, head) => {
    const { urlOf } = await openRaw(says(head));
    expect(await probe(urlOf("/a.mp3"), LIMITS)).toMatchObject({ container: "mp3" });
  });

  test("whose host is written in letters outside ASCII", async () => {
    const { urlOf } = await openWeb({ "/a.mp3": MP3 });
    const url = urlOf("/a.mp3").replace("127", "１２７");
    expect(await probe(url, LIMITS)).toMatchObject({ container: "mp3" });
  });

  test("whose head arrives byte by byte", async () => {
    const { urlOf } = await openRaw((_request, socket) => {
      for (const letter of "ICY 200 OK\nicy-name: Radio\n\n") socket.write(letter);
      socket.end(MP3);
    });
    expect(await probe(urlOf("/a.mp3"), LIMITS)).toMatchObject({ container: "mp3" });
  });

  test.each([
    ["gzip", gzipSync(PLAYLIST)],
    ["deflate", deflateSync(PLAYLIST)],
    ["br", brotliCompressSync(PLAYLIST)],
    ["gzip, br", brotliCompressSync(gzipSync(PLAYLIST))],
    ["identity", PLAYLIST],
  ])("that packs its playlist with %s", async (packing, body) => {
    const { urlOf } = await openWeb({
      "/a.m3u8": (_request, response) => {
        response.writeHead(200, { "content-encoding": packing }).end(body);
      },
      "/small-0.m2ts": SEGMENT,
      "/small-1.m2ts": SEGMENT,
    });
    expect(await probe(urlOf("/a.m3u8"), LIMITS)).toMatchObject({ durationSeconds: 4 });
  });
});

describe("an answer's head is refused", () => {
  test.each<[string, string, RegExp]>([
    [
      "of more than 64 kB",
      `HTTP/1.1 200 OK\r\nX: ${"x".repeat(70_000)}\r\n\r\n`,
      /Header overflow/,
    ],
    ["that does not end", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(1_000_000)}`, /Header overflow/],
    ["of another protocol", "SSH-2.0-OpenSSH\r\n", /Parse Error/],
    ["of a station that is full", "ICY 401 Service Unavailable\r\n\r\n", /answers 401/],
    ["that is cut", "HTTP/1.1 200 OK\r\nX: ", /./],
    ["that is nothing", "", /hang up|closed|ends/],
  ])("%s", async (_what, head, message) => {
    const { urlOf } = await openRaw(says(head, Buffer.alloc(0)));
    await expect(probe(urlOf("/a.mp3"), LIMITS)).rejects.toMatchObject({
      reason: "unreachable",
      message: expect.stringMatching(message),
    });
  });

  test("with credentials in its redirect", async () => {
    const location = "http://user:word@127.0.0.1:9999/a.mp3";
    const { urlOf } = await openRaw(says(`HTTP/1.1 302 Found\r\nLocation: ${location}\r\n\r\n`));
    await expect(probe(urlOf("/a.mp3"), LIMITS)).rejects.toMatchObject({ reason: "unreachable" });
  });

  test("with a redirect to a port of another service", async () => {
    const { urlOf } = await openRaw(
      says("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:25/a.mp3\r\n\r\n"),
    );
    await expect(probe(urlOf("/a.mp3"), LIMITS)).rejects.toThrow(
      "Port 25 belongs to another service: send a URL that leads to another port.",
    );
  });
});

describe("the first request", () => {
  test.each([400, 416])("has a range, without which some servers answer %d", async (status) => {
    const { urlOf } = await openWeb({
      "/a.mp4": ({ headers }, response) => {
        const range = /^bytes=(\d+)-$/.exec(headers.range ?? "");
        if (!range) return response.writeHead(status).end("Requires Range header");
        const start = Number(range[1]);
        const where = `bytes ${start}-${CLIP.length - 1}/${CLIP.length}`;
        return response.writeHead(206, { "content-range": where }).end(CLIP.subarray(start));
      },
    });
    expect(await probe(urlOf("/a.mp4"), LIMITS)).toMatchObject({ durationSeconds: 4 });
  });

  test.each([400, 405, 406, 416, 500, 501])(
    "is repeated without a range after the answer %d",
    async (status) => {
      const { urlOf } = await openWeb({
        "/a.mp4": ({ headers }, response) => {
          if (headers.range !== undefined) return response.writeHead(status).end();
          return response.end(CLIP);
        },
      });
      expect(await probe(urlOf("/a.mp4"), LIMITS)).toMatchObject({ durationSeconds: 4 });
    },
  );

  test.each([403, 404, 503])("is not repeated after the answer %d", async (status) => {
    const { urlOf, requests } = await openWeb({
      "/a.mp4": (_request, response) => response.writeHead(status).end(),
    });
    await expect(probe(urlOf("/a.mp4"), LIMITS)).rejects.toThrow(`answers ${status}`);
    expect(requests("/a.mp4")).toBe(1);
  });

  test("for a playlist may be answered in parts", async () => {
    const { urlOf, requests } = await openWeb({
      "/a.m3u8": ({ headers }, response) => {
        const start = Number(/\d+/.exec(headers.range ?? "")?.[0] ?? 0);
        const end = Math.min(start + 50, PLAYLIST.length);
        const where = `bytes ${start}-${end - 1}/${PLAYLIST.length}`;
        response.writeHead(206, { "content-range": where }).end(PLAYLIST.subarray(start, end));
      },
      "/small-0.m2ts": SEGMENT,
      "/small-1.m2ts": SEGMENT,
    });
    expect(await probe(urlOf("/a.m3u8"), LIMITS)).toMatchObject({ durationSeconds: 4 });
    expect(requests("/a.m3u8")).toBe(Math.ceil(PLAYLIST.length / 50));
  });

  test("is not repeated endlessly when a server always sends the first part", async () => {
    const { urlOf, requests } = await openWeb({
      "/a.m3u8": (_request, response) => {
        const where = `bytes 0-${PLAYLIST.length - 1}/9999999`;
        response.writeHead(206, { "content-range": where }).end(PLAYLIST);
      },
      "/small-0.m2ts": SEGMENT,
      "/small-1.m2ts": SEGMENT,
    });
    expect(await probe(urlOf("/a.m3u8"), LIMITS)).toMatchObject({ durationSeconds: 4 });
    expect(requests("/a.m3u8")).toBe(2);
  });
});

describe("a source is requested only once", () => {
  const FOUR_SECONDS = { durationSeconds: expect.closeTo(4, 1) };

  /** With a megabyte of nothing between the pictures and the index that is behind them. */
  const behind = (): Buffer => {
    const film = sample("small.mov");
    const index = film.lastIndexOf("moov") - 4;
    const free = Buffer.alloc(1_000_000);
    free.writeUInt32BE(free.length);
    free.write("free", 4);
    return Buffer.concat([film.subarray(0, index), free, film.subarray(index)]);
  };

  const ranged = (file: Buffer, headers: Readonly<Record<string, string>>): [string, Buffer] => {
    const from = Number(/\d+/.exec(headers["range"] ?? "")?.[0] ?? 0);
    const where = `Content-Range: bytes ${from}-${file.length - 1}/${file.length}`;
    return [`HTTP/1.1 206 Partial Content\r\n${where}\r\n\r\n`, file.subarray(from)];
  };

  test.each<[string, Buffer, number]>([
    ["whose index is in front", CLIP, 1],
    ["that is sound alone", MP3, 1],
    ["whose index is behind", sample("small.mov"), 1],
    ["whose index is far behind", behind(), 2],
  ])("at an address that works once: a film %s", async (_what, file, most) => {
    const { urlOf, requests } = await openRaw(({ number, headers }, socket) => {
      const [head, body] = number === 1 ? ranged(file, headers) : ["HTTP/1.1 403 No\r\n\r\n", ""];
      socket.write(head);
      socket.end(body);
    });
    expect(await probe(urlOf("/once.mp4"), LIMITS)).toMatchObject(FOUR_SECONDS);
    expect(requests.length).toBeLessThanOrEqual(most);
  });

  test.each<[string, Buffer]>([
    ["in front", CLIP],
    ["far behind", behind()],
  ])("on one connection, where no other is answered: its index %s", async (_what, file) => {
    const { urlOf } = await openRaw(({ open, headers }, socket) => {
      if (open > 1) return;
      const [head, body] = ranged(file, headers);
      socket.write(head);
      socket.end(body);
    });
    expect(await probe(urlOf("/one.mp4"), LIMITS)).toMatchObject(FOUR_SECONDS);
  });

  test("except that a distant index is requested by its range", async () => {
    const file = behind();
    const { urlOf, requests } = await openWeb({ "/ranges.mov": file });
    const limits = { ...LIMITS, bytesMax: 900_000 };
    expect(await probe(urlOf("/ranges.mov"), limits)).toMatchObject(FOUR_SECONDS);
    expect(requests("/ranges.mov")).toBeLessThanOrEqual(3);
  });
});

describe("cookies", () => {
  /** A playlist that sets a cookie, and segments that answer 403 without it. */
  const gated = (cookie: string | string[], expectedCookie: string) => ({
    "/hls/a.m3u8": ((_request, response) => {
      response.writeHead(200, { "set-cookie": cookie }).end(PLAYLIST);
    }) as Handler,
    ...Object.fromEntries(
      ["/hls/small-0.m2ts", "/hls/small-1.m2ts"].map((path): [string, Handler] => [
        path,
        ({ headers }, response) => {
          if (headers.cookie === expectedCookie) response.end(SEGMENT);
          else response.writeHead(403).end();
        },
      ]),
    ),
  });

  test.each<[string, string | string[], string]>([
    [
      "for the whole site",
      "hdntl=exp=1~acl=/*~hmac=ab; path=/; HttpOnly",
      "hdntl=exp=1~acl=/*~hmac=ab",
    ],
    ["for its folder", "token=1", "token=1"],
    ["twice, of which the later counts", ["token=1", "token=2"], "token=2"],
    ["for a longer path as well", ["a=1; Path=/", "b=2; Path=/hls"], "b=2; a=1"],
    ["for long", "token=1; Max-Age=3600; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "token=1"],
  ])(
    "that a playlist sets %s are sent with its segments",
    async (_what, cookie, expectedCookie) => {
      const { urlOf } = await openWeb(gated(cookie, expectedCookie));
      expect(await probe(urlOf("/hls/a.m3u8"), LIMITS)).toMatchObject({ durationSeconds: 4 });
    },
  );

  test.each<[string, string]>([
    ["for another path", "token=1; Path=/other"],
    ["that are over at once", "token=1; Max-Age=0"],
    ["that were over long ago", "token=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT"],
    ["for another domain", "token=1; Domain=example.com"],
    ["for what is no domain", "token=1; Domain=0.0.1"],
  ])("%s are not", async (_what, cookie) => {
    const { urlOf } = await openWeb(gated(cookie, "token=1"));
    await expect(probe(urlOf("/hls/a.m3u8"), LIMITS)).rejects.toThrow("answers 403");
  });

  test("of a redirect are sent to its target", async () => {
    const { urlOf } = await openWeb({
      "/a.mp4": (_request, response) => {
        response.writeHead(302, { location: "/b.mp4", "set-cookie": "token=1" }).end();
      },
      "/b.mp4": ({ headers }, response) => {
        if (headers.cookie === "token=1") response.end(CLIP);
        else response.writeHead(403).end();
      },
    });
    expect(await probe(urlOf("/a.mp4"), LIMITS)).toMatchObject({ durationSeconds: 4 });
  });

  test("are sent with each request for one film", async () => {
    const free = Buffer.alloc(3_000_000);
    free.writeUInt32BE(free.length);
    free.write("free", 4);
    const film = sample("small.mov");
    const index = film.lastIndexOf("moov") - 4;
    const file = Buffer.concat([film.subarray(0, index), free, film.subarray(index)]);
    const sent: (string | undefined)[] = [];
    const { urlOf } = await openWeb({
      "/far.mov": ({ headers }, response) => {
        sent.push(headers.cookie);
        const from = Number(/\d+/.exec(headers.range ?? "")?.[0] ?? 0);
        const where = `bytes ${from}-${file.length - 1}/${file.length}`;
        response.writeHead(206, { "content-range": where, "set-cookie": "token=1" });
        response.end(file.subarray(from));
      },
    });
    await probe(urlOf("/far.mov"), LIMITS);
    expect(sent).toEqual([undefined, ...sent.slice(1).map(() => "token=1")]);
    expect(sent.length).toBeGreaterThan(1);
  });

  test("of one download are not sent in another", async () => {
    const sent: (string | undefined)[] = [];
    const { urlOf } = await openWeb({
      "/a.mp3": ({ headers }, response) => {
        sent.push(headers.cookie);
        response.writeHead(200, { "set-cookie": "seen=1; Path=/" }).end(MP3);
      },
    });
    await probe(urlOf("/a.mp3"), LIMITS);
    const first = sent.length;
    await probe(urlOf("/a.mp3"), LIMITS);
    expect(sent[first]).toBeUndefined();
  });
});

describe("a cookie", () => {
  const NOW = Date.UTC(2026, 10, 28);
  const from = new URL("https://play.video.example.com/live/a.m3u8");
  const sentTo = (cookie: string, url: string): string | undefined => {
    const jar = cookieJar(() => NOW);
    jar.note(from, [cookie]);
    return jar.headerFor(new URL(url));
  };
  const HERE = "https://play.video.example.com/live/b.ts";
  const SIBLING = "https://cdn.video.example.com/live/b.ts";

  test.each<[string, string, string, boolean]>([
    ["is its own host's", "a=1", HERE, true],
    ["without a domain is no sibling's", "a=1", SIBLING, false],
    ["of a domain is its hosts'", "a=1; Domain=video.example.com", SIBLING, true],
    ["of a domain with a dot is its hosts' too", "a=1; Domain=.example.com", SIBLING, true],
    [
      "of a domain is not another's",
      "a=1; Domain=example.com",
      "https://example.org/live/b.ts",
      false,
    ],
    [
      "is not a host's that ends alike",
      "a=1; Domain=example.com",
      "https://badexample.com/live/b",
      false,
    ],
    ["for a host below is nobody's", "a=1; Domain=x.play.video.example.com", HERE, false],
    ["for all of com stays with its host", "a=1; Domain=com", "https://other.com/live/b.ts", false],
    ["that is secure is not sent openly", "a=1; Secure", HERE.replace("https", "http"), false],
    ["that is secure is sent over TLS", "a=1; Secure", HERE, true],
    ["of a folder is not its neighbour's", "a=1; Path=/liv", HERE, false],
    ["of a port is another port's too", "a=1", HERE.replace(".com", ".com:8443"), true],
    ["of control characters is none", "a=1\x01", HERE, false],
    ["without a name is none", "=1", HERE, false],
  ])("%s", (_what, cookie, url, isSent) => {
    expect(sentTo(cookie, url)).toBe(isSent ? "a=1" : undefined);
  });

  test.each([
    ["https://a.co.uk/x", "co.uk", "https://b.co.uk/x"],
    ["https://a.com.cn/x", "com.cn", "https://b.com.cn/x"],
    [
      "https://a-1.cos.ap-x.myqcloud.com/x",
      "cos.ap-x.myqcloud.com",
      "https://b-2.cos.ap-x.myqcloud.com/x",
    ],
    ["https://a.cloudfront.net/x", "cloudfront.net", "https://b.cloudfront.net/x"],
  ])("of %s for %s stays with its host", (url, domain, other) => {
    const jar = cookieJar(() => NOW);
    jar.note(new URL(url), [`a=1; Domain=${domain}`]);
    expect([jar.headerFor(new URL(url)), jar.headerFor(new URL(other))]).toEqual([
      "a=1",
      undefined,
    ]);
  });

  test("is dropped when it expires", () => {
    let now = NOW;
    const jar = cookieJar(() => now);
    jar.note(from, ["a=1; Max-Age=10", "b=2; Expires=Sat, 28 Nov 2026 00:00:20 GMT", "c=3"]);
    const sent = [9, 19, 21].map((seconds) => {
      now = NOW + seconds * 1000;
      return jar.headerFor(from);
    });
    expect(sent).toEqual(["a=1; b=2; c=3", "b=2; c=3", "c=3"]);
  });

  test("is kept among 50 at most, of 4 kB each and 8 kB together", () => {
    const jar = cookieJar(() => NOW);
    jar.note(from, [`big=${"x".repeat(5000)}`, ...Array.from({ length: 99 }, (_, n) => `c${n}=1`)]);
    expect(jar.headerFor(from)?.split("; ")).toHaveLength(50);
    const full = cookieJar(() => NOW);
    full.note(
      from,
      Array.from({ length: 9 }, (_, n) => `c${n}=${"x".repeat(2000)}`),
    );
    expect(full.headerFor(from)?.split("; ")).toHaveLength(4);
  });
});
