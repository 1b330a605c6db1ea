/** The emulator's own endpoints and its media. */
import { request as httpRequest } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { isLoopback, isLoopbackHeader } from "../../emulator/api/loopback.js";
import { type Emulator, startEmulator } from "../../emulator/server.js";
import { DEFAULT_SWITCHES } from "../../emulator/admin/switches.js";
import { CN_APP, cnSdk, startFields, startTestEmulator } from "../support/http/emulator-client.js";
import { CLIP } from "../support/media/media.js";

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startTestEmulator();
});
afterAll(() => emulator.close());

const get = (path: string, init: RequestInit = {}) => fetch(emulator.url + path, init);
const json = async (answer: Response) => [answer.status, await answer.json()] as unknown[];

describe("the endpoint of tasks and calls", () => {
  test("shows every task with its room, robot and state, and the counted calls", async () => {
    const send = cnSdk(emulator);
    const fields = startFields();
    const { TaskId } = await send("StartStreamIngest", fields);
    const { tasks } = (await (await get("/_emulator/tasks")).json()) as { tasks: unknown[] };
    expect(tasks).toEqual(
      emulator.tasks().map((task) => ({ ...task, positionSeconds: expect.any(Number) })),
    );
    expect(tasks).toEqual([
      {
        taskId: TaskId,
        sdkAppId: CN_APP,
        site: "cn",
        account: "AKIDemulator",
        region: "ap-singapore",
        roomId: "room",
        roomIdType: 0,
        userId: fields["UserId"],
        streamUrl: fields["StreamUrl"],
        state: "playing",
        loops: 0,
        durationSeconds: null,
        media: null,
        played: [],
        positionSeconds: expect.any(Number),
        volume: 100,
        tempo: 1,
        stopCalls: 0,
        autoPush: false,
        enableProgress: false,
        idleTimeoutSeconds: null,
        sourceState: "opening",
        sourceFailure: null,
        sourceFailureMessage: null,
        sourceFailureBudget: null,
        startedAt: expect.stringMatching(/^\d{4}-.*Z$/),
        endedAt: null,
        endReason: null,
      },
    ]);
    const window = { account: "AKIDemulator", calls: 1, throttled: 0, mostInOneSecond: 1 };
    const calls = [{ ...window, action: "StartStreamIngest" }];
    expect(await json(await get("/_emulator/calls"))).toEqual([200, { calls }]);
  });

  test.each([
    ["/_emulator/health", 200, { status: "ok" }],
    ["/_emulator/nothing", 404, { error: "There is nothing here." }],
    ["/elsewhere", 404, { error: "There is nothing here." }],
    ["/media/../defaults.ts", 404, { error: "There is nothing here." }],
    ["/media/%2e%2e/defaults.ts", 404, { error: "There is nothing here." }],
    ["/media/constructor", 404, { error: "There is nothing here." }],
  ])("%s answers %d", async (path, status, body) => {
    expect(await json(await get(path))).toEqual([status, body]);
  });

  test("cannot be changed by a request", async () => {
    expect((await get("/_emulator/tasks", { method: "POST", body: "{}" })).status).toBe(405);
  });
});

describe("the switches", () => {
  const put = async (switches: unknown) => {
    const body = typeof switches === "string" ? switches : JSON.stringify(switches);
    return json(await get("/_emulator/switches", { method: "PUT", body }));
  };

  test("are read and set, and return to their defaults when they are not named", async () => {
    expect(await json(await get("/_emulator/switches"))).toEqual([200, DEFAULT_SWITCHES]);
    const changes = { sameRobot: "interrupt", concurrency: 3, callsPerSecond: 5 };
    expect(await put(changes)).toEqual([200, { ...DEFAULT_SWITCHES, ...changes }]);
    expect(await put({})).toEqual([200, DEFAULT_SWITCHES]);
  });

  test.each([
    ["no JSON", "{", "The body is not JSON."],
    ["a list", [], "object"],
    ["an unknown switch", { sameRoom: true }, "sameRoom"],
    ["a value that is not offered", { sameRobot: "both" }, '"refuse", "interrupt"'],
    ["a negative quota", { concurrency: -1 }, "concurrency"],
    ["answers, which are faults", { answers: {} }, "answers"],
    ["a group that is none", { ingestEventGroup: 5 }, "7, 4"],
    ["a wrong idea of idle", { idleMeans: 7 }, "source-stalled"],
  ])("refuse %s, and stay as they are", async (_what, switches, hint) => {
    const [status, body] = await put(switches);
    expect([status, JSON.stringify(body)]).toEqual([
      400,
      expect.stringContaining(hint.replaceAll('"', '\\"')),
    ]);
    expect(emulator.switches.read()).toEqual(DEFAULT_SWITCHES);
  });
});

describe("the bundled clip", () => {
  const range = async (value: string, method = "GET") => {
    const answer = await get("/media/clip.mp4", { method, headers: { range: value } });
    const bytes = Buffer.from(await answer.arrayBuffer());
    return { status: answer.status, range: answer.headers.get("content-range"), bytes };
  };
  const size = CLIP.length;

  test("is served whole", async () => {
    const answer = await get("/media/clip.mp4");
    expect([
      answer.status,
      answer.headers.get("content-type"),
      answer.headers.get("accept-ranges"),
    ]).toEqual([200, "video/mp4", "bytes"]);
    expect(Buffer.from(await answer.arrayBuffer()).equals(CLIP)).toBe(true);
  });

  test.each([
    ["bytes=0-99", 0, 100],
    ["bytes=100-", 100, size],
    ["bytes=-50", size - 50, size],
    [`bytes=-${size * 2}`, 0, size],
    [`bytes=5-${size * 2}`, 5, size],
    [`bytes=${size - 1}-`, size - 1, size],
  ])("is served in part: %s", async (value, start, end) => {
    const answer = await range(value);
    expect([answer.status, answer.range]).toEqual([206, `bytes ${start}-${end - 1}/${size}`]);
    expect(answer.bytes.equals(CLIP.subarray(start, end))).toBe(true);
  });

  test.each([`bytes=${size}-`, "bytes=-0"])("answers 416 to %s", async (value) => {
    expect(await range(value)).toMatchObject({ status: 416, range: `bytes */${size}` });
  });

  test.each(["bytes=9-1", "bytes=0-1,5-6", "bytes=-", "lines=1-2", "bytes=a-b"])(
    "is served whole for %s, which is no single range",
    async (value) => {
      expect(await range(value)).toMatchObject({ status: 200, range: null });
    },
  );

  test("answers a HEAD with its size and no bytes", async () => {
    const answer = await get("/media/clip.mp4", { method: "HEAD" });
    expect([answer.status, answer.headers.get("content-length")]).toEqual([200, String(size)]);
    expect((await answer.arrayBuffer()).byteLength).toBe(0);
    expect(await range("bytes=0-9", "HEAD")).toMatchObject({
      status: 206,
      range: `bytes 0-9/${size}`,
    });
  });

  test("refuses other methods", async () => {
    expect((await get("/media/clip.mp4", { method: "PUT", body: "x" })).status).toBe(405);
  });
});

describe("the emulator serves only this machine:", () => {
  test.each([
    ["127.0.0.1", true],
    ["127.8.8.8", true],
    ["localhost", true],
    ["LOCALHOST", true],
    ["::1", true],
    ["[::1]", true],
    ["0.0.0.0", false],
    ["::", false],
    ["192.168.0.1", false],
    ["127.0.0.1.example.com", false],
    ["localhost.example.com", false],
    ["", false],
  ])("%s is loopback: %s", (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
    expect(isLoopbackHeader(`${host}:3001`)).toBe(expected);
  });

  test("it listens elsewhere only when that is requested", async () => {
    const options = { accounts: {}, applications: [], host: "0.0.0.0" };
    await expect(startEmulator(options)).rejects.toThrow("not a loopback address");
    const open = await startEmulator({ ...options, allowRemote: true });
    expect((await fetch(`http://127.0.0.1:${open.port}/_emulator/health`)).status).toBe(200);
    await open.close();
  });

  const asHost = (host: string, path: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const call = httpRequest(
        emulator.url + path,
        { headers: { host }, agent: false },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode ?? 0);
        },
      );
      call.on("error", reject).end();
    });

  test.each(["/_emulator/tasks", "/_emulator/switches", "/media/clip.mp4"])(
    "%s is refused under a foreign Host",
    async (path) => {
      expect(await asHost(`rebound.example.com:${emulator.port}`, path)).toBe(403);
      expect(await asHost(`localhost:${emulator.port}`, path)).toBe(200);
    },
  );

  test("the API is refused under a foreign Host too, because its keys are published", async () => {
    expect(await asHost("trtc.example.com", "/")).toBe(403);
    expect(await asHost(`127.0.0.1:${emulator.port}`, "/")).toBe(200);
  });
});
