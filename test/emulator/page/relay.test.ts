/** The relay of the emulator's pages passes on the media of live tasks only. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { rewritePlaylist } from "../../../emulator/page/playlist.js";
import type { RobotView, RoomView } from "../../../emulator/page/view.js";
import type { Emulator } from "../../../emulator/server.js";
import {
  CN_APP,
  cnSdk,
  startFields,
  startTestEmulator,
} from "../../support/http/emulator-client.js";
import { CLIP } from "../../support/media/media.js";
import {
  flood,
  type Handler,
  type MediaServer,
  startMediaServer,
} from "../../support/media/media-server.js";
import { nextRoom } from "../../support/app/rooms.js";

let emulator: Emulator;
let media: MediaServer;
beforeAll(async () => {
  [emulator, media] = await Promise.all([
    startTestEmulator({ switches: { callsPerSecond: 1000 } }),
    startMediaServer(),
  ]);
});
afterAll(() => Promise.all([emulator.close(), media.close()]));

const send = (action: string, fields: object) =>
  cnSdk(emulator)(action, { SdkAppId: CN_APP, ...fields });

async function play(streamUrl: string): Promise<RobotView & { roomId: string }> {
  const roomId = nextRoom();
  await send(
    "StartStreamIngest",
    startFields(CN_APP, { RoomId: roomId, StreamUrl: streamUrl, RepeatNum: -1 }),
  );
  const answer = await fetch(`${emulator.url}/_emulator/rooms/0/${roomId}`);
  const [robot] = ((await answer.json()) as RoomView).live;
  if (!robot) throw new Error("Nothing plays.");
  return { ...robot, roomId };
}

const relay = (robot: RobotView, init: RequestInit = {}) =>
  fetch(emulator.url + (robot.media?.relayUrl ?? ""), init);

let robot: RobotView & { roomId: string };
beforeEach(async () => {
  media.put("/clip.mp4", CLIP);
  robot = await play(media.urlOf("/clip.mp4"));
});

describe("the relay passes on", () => {
  test("the whole media of a live task", async () => {
    const answer = await relay(robot);
    expect(answer.status).toBe(200);
    expect(Buffer.from(await answer.arrayBuffer()).equals(CLIP)).toBe(true);
  });

  test("the requested range", async () => {
    const answer = await relay(robot, { headers: { range: "bytes=100-199" } });
    expect([answer.status, answer.headers.get("content-range")]).toEqual([
      206,
      `bytes 100-199/${CLIP.length}`,
    ]);
    expect(Buffer.from(await answer.arrayBuffer()).equals(CLIP.subarray(100, 200))).toBe(true);
    expect((await relay(robot, { headers: { range: `bytes=${CLIP.length}-` } })).status).toBe(416);
  });

  test("a page as bytes that no browser runs", async () => {
    media.put("/page", (_request, response) => {
      response.writeHead(200, { "content-type": "text/html", "set-cookie": "a=b" });
      response.end("<script>alert(1)</script>");
    });
    const answer = await relay(await play(media.urlOf("/page")));
    expect(answer.headers.get("content-type")).toBe("application/octet-stream");
    expect(answer.headers.get("content-security-policy")).toBe("default-src 'none'; sandbox");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("set-cookie")).toBeNull();
  });

  test("a playlist whose segments come through the relay as well", async () => {
    const playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nhls/part.ts\n#EXT-X-ENDLIST\n";
    media.put("/list.m3u8", Buffer.from(playlist));
    media.put("/hls/part.ts", CLIP);
    const answer = await relay(await play(media.urlOf("/list.m3u8")));
    expect(answer.headers.get("content-type")).toBe("application/vnd.apple.mpegurl");
    const part = (await answer.text()).split("\n").find((line) => line.startsWith("/rooms/"));
    const segment = await fetch(emulator.url + (part ?? ""));
    expect(Buffer.from(await segment.arrayBuffer()).equals(CLIP)).toBe(true);
  });

  test("a stream without an end, until its task ends", async () => {
    media.put("/endless.mp3", (request, response) => {
      response.writeHead(200, { "content-type": "audio/mpeg" });
      const timer = setInterval(() => response.write(Buffer.alloc(1000)), 20);
      request.on("close", () => clearInterval(timer));
    });
    const endless = await play(media.urlOf("/endless.mp3"));
    const reader = (await relay(endless)).body?.getReader();
    expect(await reader?.read()).toMatchObject({ done: false });
    await send("StopStreamIngest", { TaskId: endless.taskId });
    const readOn = async () => {
      while (!(await reader?.read())?.done);
    };
    await expect(readOn()).rejects.toThrow();
  });
});

describe("the relay refuses", () => {
  const changed = (change: (query: URLSearchParams, url: URL) => void): string => {
    const url = new URL(robot.media?.relayUrl ?? "", emulator.url);
    change(url.searchParams, url);
    return url.href;
  };
  const statusOf = async (url: string) => (await fetch(url)).status;

  test.each([
    ["another address", (query: URLSearchParams) => query.set("url", media.urlOf("/secret"))],
    ["an address without a proof", (query: URLSearchParams) => query.delete("proof")],
    ["a proof that is none", (query: URLSearchParams) => query.set("proof", "x".repeat(43))],
    ["another application", (query: URLSearchParams) => query.set("sdkAppId", "1600000000")],
    ["no application", (query: URLSearchParams) => query.delete("sdkAppId")],
    ["no task", (query: URLSearchParams) => query.delete("task")],
    ["another room", (_query: URLSearchParams, url: URL) => (url.pathname = "/rooms/0/else/media")],
  ])("%s", async (_what, change) => {
    media.put("/secret", Buffer.from("secret"));
    expect(await statusOf(changed(() => undefined))).toBe(200);
    expect(await statusOf(changed(change))).toBe(404);
    expect(media.requests("/secret")).toBe(0);
  });

  test("a relay URL with another task's proof", async () => {
    const other = new URL(
      (await play(media.urlOf("/clip.mp4"))).media?.relayUrl ?? "",
      emulator.url,
    );
    const proof = other.searchParams.get("proof") ?? "";
    expect(await statusOf(changed((query) => query.set("proof", proof)))).toBe(404);
  });

  test("a task that has ended, and a StreamUrl that it no longer plays", async () => {
    const before = emulator.url + (robot.media?.relayUrl ?? "");
    const update = { TaskId: robot.taskId, StreamUrl: media.urlOf("/other.mp4") };
    await send("UpdateStreamIngest", update);
    expect(await statusOf(before)).toBe(404);
    const ended = await play(media.urlOf("/clip.mp4"));
    await send("StopStreamIngest", { TaskId: ended.taskId });
    expect((await relay(ended)).status).toBe(404);
  });

  test("every method except GET", async () => {
    expect((await relay(robot, { method: "HEAD" })).status).toBe(405);
    expect((await relay(robot, { method: "POST", body: "x" })).status).toBe(405);
  });

  test("RTMP, which is not HTTP", async () => {
    expect((await relay(await play("rtmp://127.0.0.1/app/stream"))).status).toBe(404);
  });

  test("an answer of the source that is an error, or no answer", async () => {
    media.put("/broken", (_request, response) => response.writeHead(500).end("inner secrets"));
    const broken = await relay(await play(media.urlOf("/broken")));
    expect([broken.status, await broken.text()]).toEqual([
      502,
      expect.not.stringContaining("inner"),
    ]);
    expect((await relay(await play("http://127.0.0.1:1/clip.mp4"))).status).toBe(502);
  });

  test("more streams at once than a room needs, until one ends", async () => {
    media.put("/slow.mp3", (_request, response) => {
      response.writeHead(200, { "content-type": "audio/mpeg" });
      response.write(Buffer.alloc(1000));
    });
    const slow = await play(media.urlOf("/slow.mp3"));
    const stops = Array.from({ length: 32 }, () => new AbortController());
    await Promise.all(stops.map(({ signal }) => relay(slow, { signal })));
    expect((await relay(slow)).status).toBe(503);
    for (const each of stops) each.abort();
    const again = async (): Promise<number> => (await relay(robot)).status;
    let status = await again();
    for (let tries = 0; status === 503 && tries < 100; tries += 1) status = await again();
    expect(status).toBe(200);
  });
});

describe("in a relayed playlist,", () => {
  const segments = (count: number, name = "a.ts"): Buffer =>
    Buffer.from(`#EXTM3U\n${`${name}\n`.repeat(count)}`);
  const served = async (content: Buffer | Handler) => {
    media.put("/list.m3u8", content);
    return relay(await play(media.urlOf("/list.m3u8")));
  };

  test("9,000 lines are relayed, each under its own address", async () => {
    const answer = await served(segments(9000));
    expect(answer.status).toBe(200);
    expect((await answer.text()).match(/^\/rooms\//gm)).toHaveLength(9000);
  });

  test.each([
    ["of 10,001 lines", segments(10_000)],
    ["of more than 256 kB", segments(1000, "x".repeat(300))],
    ["of one line of 8 MB", segments(1, "x".repeat(8_000_000))],
  ])("no line %s is relayed", async (_what, content) => {
    const answer = await served(content);
    expect(answer.status).toBe(502);
    expect(await answer.json()).toEqual({
      error: "The playlist is too long: 256 kB and 10000 lines are relayed at most.",
    });
  });

  test("no more is read of an endless one than is relayed", async () => {
    let closed: (() => void) | undefined;
    const isClosed = new Promise<void>((resolve) => (closed = resolve));
    const answer = await served((_request, response) => {
      response.once("close", () => closed?.());
      response.write("#EXTM3U\n");
      flood(response, Buffer.from("#EXTINF:2,\na.ts\n".repeat(1000)));
    });
    expect(answer.status).toBe(502);
    await isClosed;
  });

  test("a line has one address, even when it holds several", () => {
    const relayed: string[] = [];
    const line = `#EXT-X-KEY:${'URI="a",'.repeat(1000)}`;
    rewritePlaylist(line, {
      base: "https://cdn.example/list.m3u8",
      relayed: (url) => String(relayed.push(url)),
    });
    expect(relayed).toHaveLength(1);
  });
});

test("a playlist's addresses on other servers stay unchanged, and keys and maps are rewritten", () => {
  const text = [
    "#EXTM3U",
    '#EXT-X-KEY:METHOD=AES-128,URI="key.bin",IV=0x1',
    '#EXT-X-MAP:URI="/init.mp4"',
    "",
    "#EXTINF:4,",
    "a.ts?x=1",
    "#EXTINF:4,",
    "//cdn.example.com/b.ts",
    "https://media.example.com:8443/c.ts",
  ].join("\r\n");
  const relayed = (url: string) => `<${url}>`;
  const base = "https://media.example.com/live/list.m3u8";
  expect(rewritePlaylist(text, { base, relayed }).split("\n")).toEqual([
    "#EXTM3U",
    '#EXT-X-KEY:METHOD=AES-128,URI="<https://media.example.com/live/key.bin>",IV=0x1',
    '#EXT-X-MAP:URI="<https://media.example.com/init.mp4>"',
    "",
    "#EXTINF:4,",
    "<https://media.example.com/live/a.ts?x=1>",
    "#EXTINF:4,",
    "https://cdn.example.com/b.ts",
    "https://media.example.com:8443/c.ts",
  ]);
});
