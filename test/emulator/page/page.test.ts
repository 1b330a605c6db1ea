/** The emulator's pages over HTTP: the lists, the refusals, and the relay. */
import { request as httpRequest } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Emulator } from "../../../emulator/server.js";
import type { RoomsView, RoomView } from "../../../emulator/page/view.js";
import {
  CN_APP,
  cnSdk,
  type Fields,
  INTL_APP,
  type Send,
  startFields,
  startTestEmulator,
} from "../../support/http/emulator-client.js";
import { CLIP } from "../../support/media/media.js";
import { type MediaServer, startMediaServer } from "../../support/media/media-server.js";
import { nextRoom } from "../../support/app/rooms.js";

let emulator: Emulator;
let media: MediaServer;
let send: Send;
beforeAll(async () => {
  [emulator, media] = await Promise.all([
    startTestEmulator({ switches: { callsPerSecond: 1000 } }),
    startMediaServer(),
  ]);
  send = cnSdk(emulator);
  media.put("/clip.mp4", CLIP);
  media.put("/clip.mp4?token=secret", CLIP);
});
afterAll(() => Promise.all([emulator.close(), media.close()]));

/** A new room with a robot in it. */
async function startIn(fields: Fields = {}, sdkAppId = CN_APP) {
  const roomId = nextRoom("a room");
  const all = startFields(sdkAppId, { RoomId: roomId, RepeatNum: -1, MaxDuration: 90, ...fields });
  const { TaskId } = await send("StartStreamIngest", all);
  return { roomId: String(all["RoomId"]), taskId: String(TaskId), userId: String(all["UserId"]) };
}

const stop = (taskId: string) => send("StopStreamIngest", { SdkAppId: CN_APP, TaskId: taskId });
const HTML = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
const get = (path: string, init: RequestInit = {}) => fetch(emulator.url + path, init);
const dataOf = async <View>(path: string): Promise<View> =>
  (await (await get(path)).json()) as View;
const roomOf = (roomId: string, query = "") =>
  dataOf<RoomView>(`/_emulator/rooms/0/${encodeURIComponent(roomId)}${query}`);

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 200; tries += 1) {
    const result = await look();
    if (result !== undefined) return result;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("It did not come to be.");
}

describe("a room's data", () => {
  test("shows robot, source, state and end of each task, and the StreamUrl without its query", async () => {
    const streamUrl = media.urlOf("/clip.mp4?token=secret");
    const { roomId, taskId, userId } = await startIn({ StreamUrl: streamUrl, Volume: 40 });
    const robot = await until(async () =>
      (await roomOf(roomId)).live.find((each) => each.durationSeconds !== null),
    );
    expect(robot).toMatchObject({
      taskId,
      userId,
      source: media.urlOf("/clip.mp4"),
      state: "playing",
      durationSeconds: 4,
      rounds: null,
      volume: 40,
      tempo: 1,
      ended: null,
      media: { format: "native", streamUrl },
      endsBy: { reason: "max-duration" },
    });
    expect(robot.endsBy?.inSeconds).toBeGreaterThan(89 * 60);
    expect(robot.endsBy?.inSeconds).toBeLessThanOrEqual(90 * 60);
    expect(robot.positionSeconds).toBeLessThan(4);
  });

  test("shows what a robot played before, newest first and without queries", async () => {
    const urls = [...Array(25).keys()].map((n) => media.urlOf(`/clip.mp4?token=${n}`));
    const { roomId, taskId } = await startIn({ StreamUrl: urls[0] });
    for (const [n, url] of urls.entries()) {
      media.put(`/clip.mp4?token=${n}`, CLIP);
      await send("UpdateStreamIngest", { SdkAppId: CN_APP, TaskId: taskId, StreamUrl: url });
      await until(async () => {
        const [robot] = (await roomOf(roomId)).live;
        return robot?.media?.streamUrl === url && robot.sourceState === "open" ? true : undefined;
      });
    }
    const [robot] = (await roomOf(roomId)).live;
    expect(robot?.playedBefore.count).toBe(24);
    const latest = robot?.playedBefore.latest ?? [];
    expect(latest).toHaveLength(20);
    const newestFirst = latest
      .map(({ from }) => from)
      .sort()
      .reverse();
    expect(latest.map(({ from }) => from)).toEqual(newestFirst);
    for (const { from, until } of latest) expect(until >= from).toBe(true);
    const short = media.urlOf("/clip.mp4").replace("http://", "");
    expect(new Set(latest.map(({ source }) => source))).toEqual(new Set([short]));
    await stop(taskId);
    expect((await roomOf(roomId)).ended[0]?.playedBefore.count).toBe(24);
    const { rooms: all } = await dataOf<RoomsView>("/_emulator/rooms");
    const listed = all.find((room) => room.roomId === roomId)?.ended[0];
    expect(listed?.playedBefore).toEqual({ count: 24, latest: [] });
  });

  test("shows an ended task with its reason, and without media", async () => {
    const { roomId, taskId } = await startIn();
    await stop(taskId);
    expect(await roomOf(roomId)).toMatchObject({
      live: [],
      ended: [{ taskId, state: "ended", media: null, endsBy: null, ended: { reason: "stopped" } }],
    });
  });

  test("needs the application only when several have a room of that name", async () => {
    const { roomId } = await startIn();
    expect(await roomOf(roomId)).toMatchObject({ sdkAppId: CN_APP, applications: [CN_APP] });
    await startIn({ RoomId: roomId }, INTL_APP);
    const applications = [CN_APP, INTL_APP];
    expect(await roomOf(roomId)).toMatchObject({ sdkAppId: null, applications, live: [] });
    for (const sdkAppId of applications) {
      const named = await roomOf(roomId, `?sdkAppId=${sdkAppId}`);
      expect([named.sdkAppId, named.live.length]).toEqual([sdkAppId, 1]);
    }
  });

  test('distinguishes room 7 from room "7"', async () => {
    await startIn({ RoomId: "7", RoomIdType: 1 });
    expect((await roomOf("7")).live).toEqual([]);
    expect((await dataOf<RoomView>("/_emulator/rooms/1/7")).live).toHaveLength(1);
  });

  test.each([
    ["a kind that is none", "/rooms/2/lobby"],
    ["no room", "/rooms/0/"],
    ["a number that is none", "/rooms/1/lobby"],
    ["a broken percent sign", "/rooms/0/%E0%A4%A"],
    ["an id that no room can have", "/rooms/0/%C3%A9"],
    ["an id that is too long", `/rooms/0/${"a".repeat(65)}`],
    ["an application that is none", "/rooms/0/lobby?sdkAppId=x"],
    ["something behind it", "/rooms/0/lobby/else"],
  ])("is refused for %s", async (_what, path) => {
    expect((await get(path, { headers: HTML })).status).toBe(404);
    expect((await get(`/_emulator${path}`)).status).toBe(404);
  });
});

describe("the list of rooms", () => {
  test("has the rooms with live tasks first, with working links", async () => {
    const first = await startIn();
    const second = await startIn({ RoomId: "a/b? <x>&#".replace("/", "|") });
    const gone = await startIn();
    await stop(gone.taskId);
    const { rooms: listed } = await dataOf<RoomsView>("/_emulator/rooms");
    const places = [second, first, gone].map(({ roomId }) =>
      listed.findIndex((room) => room.roomId === roomId),
    );
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places).not.toContain(-1);
    for (const room of listed) {
      expect((await get(room.href, { headers: HTML })).status).toBe(200);
      const data = await dataOf<RoomView>(`/_emulator${room.href}`);
      expect(data.live.map(({ taskId }) => taskId)).toEqual(room.live.map(({ taskId }) => taskId));
    }
  });
});

describe("the pages", () => {
  test.each(["/", "/rooms/0/lobby", "/rooms/1/42?sdkAppId=1400000000"])(
    "at %s run only their own script",
    async (path) => {
      const answer = await get(path, { headers: HTML });
      expect([answer.status, answer.headers.get("content-type")]).toEqual([
        200,
        "text/html; charset=utf-8",
      ]);
      const policy = answer.headers.get("content-security-policy") ?? "";
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain("unsafe");
      expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
      expect(answer.headers.get("referrer-policy")).toBe("no-referrer");
      expect(answer.headers.get("cache-control")).toBe("no-store");
      const html = await answer.text();
      const scripts = [...html.matchAll(/<script[^>]*>/g)].map(([tag]) => tag);
      expect(scripts).toEqual([
        '<script type="application/json" id="state">',
        expect.stringMatching(/^<script type="module" src="\/page\/rooms?\.js">$/),
      ]);
      expect(html).not.toMatch(/ style=| on\w+=/);
    },
  );

  test("show a hostile room id and robot as texts", async () => {
    const roomId = "</script><!--<img src=x>&".replaceAll("/", "|");
    const streamUrl = 'http://127.0.0.1:9/</script><script>alert("x")</script>.mp4';
    await startIn({ RoomId: roomId, StreamUrl: streamUrl.replaceAll(" ", "%20") });
    for (const path of ["/", `/rooms/0/${encodeURIComponent(roomId)}`]) {
      const html = await (await get(path, { headers: HTML })).text();
      expect(html).not.toMatch(/<img|<!--|alert\("x"\)<\/script>/);
      expect(html.match(/<script/g)).toHaveLength(2);
      expect(html.match(/<\/script/g)).toHaveLength(2);
      const state = /id="state">(.*?)<\/script>/s.exec(html)?.[1] ?? "";
      expect(JSON.stringify(JSON.parse(state))).toContain(JSON.stringify(roomId).slice(1, -1));
    }
    const title = await (
      await get(`/rooms/0/${encodeURIComponent("<b>&")}`, { headers: HTML })
    ).text();
    expect(title).toContain("<title>&lt;b&gt;&amp; · TRTC emulator</title>");
  });

  test.each([
    ["/page/room.js", "text/javascript; charset=utf-8"],
    ["/page/rooms.js", "text/javascript; charset=utf-8"],
    ["/page/page.css", "text/css; charset=utf-8"],
    ["/page/icon.svg", "image/svg+xml"],
  ])("have %s", async (path, type) => {
    const answer = await get(path);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, type]);
  });

  test("name scripts that exist, the players among them", async () => {
    const names = (text: string) => [...text.matchAll(/\.\/([\w-]+\.js)/g)].map((each) => each[1]);
    const scripts = names(await (await get("/page/room.js")).text());
    expect(scripts.join(" ")).toMatch(/hls-\w+\.js/);
    expect(scripts.join(" ")).toMatch(/mpegts-\w+\.js/);
    for (const name of scripts) expect((await get(`/page/${name ?? ""}`)).status).toBe(200);
  });

  test.each([
    "/page/room.ts",
    "/page/../html.ts",
    "/page/%2e%2e/html.ts",
    "/page/constructor",
    "/page/",
  ])("answer 404 at %s", async (path) => {
    expect((await get(path)).status).toBe(404);
  });

  test("refuse other methods", async () => {
    for (const path of ["/rooms/0/lobby", "/_emulator/rooms", "/page/page.css"]) {
      expect((await get(path, { method: "POST", body: "x" })).status).toBe(405);
    }
  });

  test("answer a HEAD without a body", async () => {
    const answer = await get("/", { method: "HEAD", headers: HTML });
    expect([answer.status, (await answer.text()).length]).toEqual([200, 0]);
  });
});

/** With a custom Host header, which fetch does not send. */
const asHost = (host: string, path: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const headers = { ...HTML, host };
    const call = httpRequest(emulator.url + path, { headers, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    call.on("error", reject).end();
  });

test.each(["/", "/rooms/0/lobby", "/_emulator/rooms", "/page/room.js", "/rooms/0/lobby/media"])(
  "%s is refused under a foreign Host",
  async (path) => {
    expect(await asHost("rebound.example.com", path)).toBe(403);
    expect(await asHost("localhost", path)).not.toBe(403);
  },
);

describe("the API on /", () => {
  const codeAt = async (path: string, init: RequestInit = {}): Promise<unknown> => {
    const { Response } = (await (await get(path, init)).json()) as {
      Response: { Error: { Code: string } };
    };
    return Response.Error.Code;
  };

  test("answers a client that does not ask for HTML", async () => {
    expect(await codeAt("/")).toBe("AuthFailure.InvalidAuthorization");
    expect(await codeAt("/", { headers: { accept: "*/*" } })).toBe(
      "AuthFailure.InvalidAuthorization",
    );
    expect(await codeAt("/", { method: "POST", headers: HTML, body: "{}" })).toBe(
      "AuthFailure.InvalidAuthorization",
    );
  });

  test.each([
    ["its action in the query", "/?Action=StopStreamIngest", {}],
    ["a signature in the query", "/?Signature=x", {}],
    ["its action in a header", "/", { "x-tc-action": "StopStreamIngest" }],
    ["a signature in a header", "/", { authorization: "TC3-HMAC-SHA256 x" }],
  ])("answers a call with %s, with any Accept header", async (_what, path, headers) => {
    const code = await codeAt(path, { headers: { ...HTML, ...headers } });
    expect(code).toMatch(/^(AuthFailure|MissingParameter|InvalidParameter)/);
  });

  test("serves the SDK's signed calls by GET and by POST", async () => {
    for (const reqMethod of ["GET", "POST"] as const) {
      const answer = await cnSdk(emulator, { reqMethod })("StartStreamIngest", startFields());
      expect(answer).toHaveProperty("TaskId");
    }
  });
});
