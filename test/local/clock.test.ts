/** A run on this machine has one clock: it moves forward, goes back, and starts again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "@jest/globals";
import { Webhook } from "standardwebhooks";
import { Client } from "tencentcloud-sdk-nodejs/tencentcloud/services/trtc/v20190722/trtc_client.js";
import { type LocalRuntime, startLocal } from "../../local/runtime.js";
import { DEFAULT_ACCOUNTS, DEFAULT_APPLICATIONS } from "../../emulator/defaults.js";
import { type Emulator, startEmulator } from "../../emulator/server.js";
import { SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import type { Environment } from "../../shared/config/environment.js";
import type { LogFields } from "../../shared/log.js";
import { cnSdk, codeOf, startFields, startTestEmulator } from "../support/http/emulator-client.js";
import { CN_APP, KEY, startTestApp, post, SECRET_ID } from "../support/app/test-app.js";
import { startNotificationReceiver } from "../support/http/notification-receiver.js";

const DAY_SECONDS = 24 * 3600;
const WEEK_SECONDS = 7 * DAY_SECONDS;

const closers: (() => Promise<unknown>)[] = [];
const directories: string[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

const newDirectory = () => {
  const directory = mkdtempSync(join(tmpdir(), "local-clock-"));
  directories.push(directory);
  return join(directory, "postgres");
};

/** Its timers run every second, so that a test sees their effect. */
async function run(env: Environment = {}, dataDirectory?: string) {
  const lines: LogFields[] = [];
  const log = (line: LogFields) => void lines.push(line);
  const runtime = await startLocal({
    env: { EXPIRY_CRON: "*/1 * * * * * *", SETTLE_CRON: "*/1 * * * * * *", ...env },
    port: 0,
    trtcPort: 0,
    dataDirectory,
    log,
  });
  closers.push(runtime.close);
  return { ...runtime, lines };
}

const close = async (runtime: LocalRuntime) => {
  closers.splice(closers.indexOf(runtime.close), 1);
  await runtime.close();
};

const move = async (trtcUrl: string, body: object) => {
  const headers = { "content-type": "application/json" };
  const init = { method: "POST", headers, body: JSON.stringify(body) };
  const answer = await fetch(`${trtcUrl}/_emulator/clock`, init);
  return { status: answer.status, ...((await answer.json()) as { offsetSeconds: number }) };
};

const loop = (trtcUrl: string, fields: object = {}) => ({
  SdkAppId: CN_APP,
  RoomId: "room",
  RoomIdType: 0,
  RepeatNum: -1,
  StreamUrl: `${trtcUrl}/media/clip.mp4`,
  MaxDuration: 60,
  ...fields,
});

const start = async ({ url, trtcUrl }: LocalRuntime, fields: object = {}) => {
  const { response } = await post(`${url}/start-ingest`, loop(trtcUrl, fields));
  expect(response.Error).toBeUndefined();
  return response as unknown as { TaskId: string; Deadline: string };
};

type Row = Record<"TaskId" | "State" | "EndReason" | "StartTime" | "Deadline", string>;

const rows = async ({ url }: LocalRuntime) =>
  (await post(`${url}/list-ingests`, {})).response["Ingests"] as Row[];

const rowOf = async (runtime: LocalRuntime, taskId: string) =>
  (await rows(runtime)).find(({ TaskId }) => TaskId === taskId);

async function until<T>(look: () => Promise<T>, isSo: (seen: T) => boolean, withinMs = 30_000) {
  const giveUpMs = clock.elapsedMs() + withinMs;
  for (;;) {
    const seen = await look();
    if (isSo(seen) || clock.elapsedMs() > giveUpMs) return seen;
    await clock.sleep(50);
  }
}

/** As an SDK sends it: signed with the machine's time. */
const sdk = ({ url }: LocalRuntime) =>
  new Client({
    credential: { secretId: SECRET_ID, secretKey: KEY },
    region: "ap-singapore",
    profile: { httpProfile: { protocol: "http://", endpoint: new URL(url).host } },
  });

describe("a clock that is moved forward by a week", () => {
  test("applies to functions, timers and TRTC alike", async () => {
    const runtime = await run();
    const { TaskId: before } = await start(runtime);
    const { offsetSeconds } = await move(runtime.trtcUrl, { advanceSeconds: WEEK_SECONDS });
    expect(offsetSeconds).toBe(WEEK_SECONDS);
    // What was due on the way is ended, and what starts now starts in a week.
    const ended = await until(
      () => rowOf(runtime, before),
      (row) => row?.State === "ended",
    );
    expect(ended).toMatchObject({ State: "ended", EndReason: "expired" });
    const { TaskId, Deadline } = await start(runtime, { MaxDuration: 2, RepeatNum: 1000 });
    const aheadMs = Date.parse(Deadline) - clock.now().getTime();
    expect(aheadMs).toBeGreaterThan(WEEK_SECONDS * SECOND_MS);
    expect(await rowOf(runtime, TaskId)).toMatchObject({ State: "running" });
    await move(runtime.trtcUrl, { advanceSeconds: 119 });
    const expired = await until(
      () => rowOf(runtime, TaskId),
      (row) => row?.State === "ended",
    );
    expect(expired).toMatchObject({ State: "ended", EndReason: "expired" });
    const truth = (await (await fetch(`${runtime.trtcUrl}/_emulator/tasks`)).json()) as {
      tasks: Record<string, string>[];
    };
    expect(truth.tasks.at(-1)).toMatchObject({ endReason: "stopped", stopCalls: 1 });
    expect(Date.parse(truth.tasks.at(-1)?.["endedAt"] ?? "")).toBeGreaterThanOrEqual(
      Date.parse(Deadline),
    );
  });

  test("still accepts clients that sign by the machine's time", async () => {
    const runtime = await run();
    await move(runtime.trtcUrl, { advanceSeconds: WEEK_SECONDS });
    const client = sdk(runtime);
    const { TaskId } = (await client.request("StartStreamIngest", loop(runtime.trtcUrl))) as {
      TaskId: string;
    };
    const named = { SdkAppId: CN_APP, TaskId };
    expect(await client.DescribeStreamIngest(named)).toMatchObject({ Status: "InProgress" });
    await client.StopStreamIngest(named);
    expect(await rowOf(runtime, TaskId)).toMatchObject({ State: "ended", EndReason: "stopped" });
  });

  test("keeps callbacks and notifications within their signature's time", async () => {
    const receiver = await startNotificationReceiver();
    closers.push(receiver.close);
    const secret = `whsec_${Buffer.from("a-secret-of-a-receiver-is-32-bytes").toString("base64")}`;
    const caller = { Id: SECRET_ID, SecretKeys: [KEY], SdkAppIds: [CN_APP] };
    const notify = { NotifyUrl: receiver.url, NotifySecrets: [secret] };
    const runtime = await run({ CALLERS: JSON.stringify([{ ...caller, ...notify }]) });
    await move(runtime.trtcUrl, { advanceSeconds: WEEK_SECONDS });
    await start(runtime);
    const types = () => Promise.resolve(receiver.taken().map(({ type }) => type));
    const seen = await until(types, (all) => all.includes("ingest.media"));
    expect(seen).toEqual(expect.arrayContaining(["ingest.started", "ingest.media"]));
    for (const { raw, headers } of receiver.received) {
      const verified = new Webhook(secret).verify(raw, headers as Record<string, string>);
      expect(verified).toMatchObject({ specversion: "1.0" });
    }
  });
});

describe("a reset", () => {
  test("ends every ingest, and brings all back to the machine's time", async () => {
    const runtime = await run();
    const { TaskId: early } = await start(runtime);
    await move(runtime.trtcUrl, { advanceSeconds: 600 });
    const { TaskId: late } = await start(runtime, { RoomId: "late" });
    expect(await move(runtime.trtcUrl, { reset: true })).toMatchObject({
      status: 200,
      offsetSeconds: 0,
    });
    const tasks = (await (await fetch(`${runtime.trtcUrl}/_emulator/tasks`)).json()) as object;
    expect(tasks).toEqual({ tasks: [] });
    const all = await until(
      () => rows(runtime),
      (seen) => seen.every(({ State }) => State === "ended"),
    );
    expect(all.map(({ TaskId }) => TaskId).sort()).toEqual([early, late].sort());
    expect(all.map(({ State }) => State)).toEqual(["ended", "ended"]);
    const { TaskId, Deadline } = await start(runtime, { MaxDuration: 1, RepeatNum: 1000 });
    expect(Date.parse(Deadline) - clock.now().getTime()).toBeLessThanOrEqual(61 * SECOND_MS);
    // The timers keep running and do not wait for the abandoned time.
    await move(runtime.trtcUrl, { advanceSeconds: 59 });
    const expired = await until(
      () => rowOf(runtime, TaskId),
      (row) => row?.State === "ended",
    );
    expect(expired).toMatchObject({ State: "ended", EndReason: "expired" });
  });

  test.each([[{ reset: false }], [{ reset: 1 }], [{ reset: true, advanceSeconds: 1 }]])(
    "is requested by true only, not by %j",
    async (body) => {
      const emulator = await startTestEmulator();
      closers.push(emulator.close);
      expect(await move(emulator.url, body)).toMatchObject({ status: 400 });
    },
  );
});

describe("a local run that starts again", () => {
  test("ends ingests that TRTC never had within one run of reconcile-ingests", async () => {
    const directory = newDirectory();
    const first = await run({}, directory);
    const rooms = Array.from({ length: 12 }, (_, n) => `room-${n}`);
    for (const RoomId of rooms) await start(first, { RoomId });
    await close(first);
    // Runs that do not overlap: the first line is that of the run that had all to do.
    const second = await run({ SETTLE_CRON: "*/10 * * * * * *" }, directory);
    const settled = () =>
      Promise.resolve(second.lines.find((line) => line.function === "reconcile-ingests")?.counts);
    await until(settled, (counts) => counts !== undefined, 20_000);
    const ended = await rows(second);
    expect(ended).toHaveLength(rooms.length);
    expect(new Set(ended.map(({ State, EndReason }) => `${State} ${EndReason}`))).toEqual(
      new Set(["ended lost"]),
    );
    await start(second, { RoomId: "room-0" });
  });

  test("ends ingests whose deadline has passed, too", async () => {
    const directory = newDirectory();
    const first = await run({}, directory);
    await move(first.trtcUrl, { advanceSeconds: WEEK_SECONDS });
    const { TaskId } = await start(first);
    await close(first);
    const second = await run({}, directory);
    const ended = await until(
      () => rowOf(second, TaskId),
      (row) => row?.State === "ended",
    );
    expect(ended).toMatchObject({ State: "ended", EndReason: "lost" });
  });
});

describe("an emulator in its own process", () => {
  const options = { accounts: DEFAULT_ACCOUNTS, applications: DEFAULT_APPLICATIONS };
  const open = async (port = 0): Promise<Emulator> => {
    const emulator = await startEmulator({ ...options, port });
    closers.push(emulator.close);
    return emulator;
  };

  test("moves the local run's clock when its own is moved, reset or restarted", async () => {
    const emulator = await open();
    const runtime = await run({ TRTC_ENDPOINT: emulator.url });
    await start(runtime);
    await move(emulator.url, { advanceSeconds: WEEK_SECONDS });
    const { now } = (await (await fetch(`${emulator.url}/_emulator/clock`)).json()) as {
      now: string;
    };
    expect(Date.parse(now) - clock.now().getTime()).toBeGreaterThan(WEEK_SECONDS * 999);
    const aheadMs = async () =>
      Date.parse((await start(runtime, { RoomId: `at-${clock.elapsedMs()}` })).Deadline) -
      clock.now().getTime();
    await clock.sleep(3000);
    expect(await aheadMs()).toBeGreaterThan(WEEK_SECONDS * SECOND_MS);

    await move(emulator.url, { reset: true });
    const allEnded = () =>
      until(
        () => rows(runtime),
        (seen) => seen.every(({ State }) => State === "ended"),
        30_000,
      );
    expect(new Set((await allEnded()).map(({ State }) => State))).toEqual(new Set(["ended"]));
    expect(await aheadMs()).toBeLessThan(3_700 * SECOND_MS);

    closers.splice(closers.indexOf(emulator.close), 1);
    await emulator.close();
    const again = await open(emulator.port);
    expect(again.url).toBe(emulator.url);
    expect(new Set((await allEnded()).map(({ State }) => State))).toEqual(new Set(["ended"]));
    await start(runtime, { RoomId: "after-the-restart" });
  });

  test("says that its clock is ahead when a signature has expired", async () => {
    const emulator = await startTestEmulator();
    closers.push(emulator.close);
    const send = cnSdk(emulator);
    await move(emulator.url, { advanceSeconds: WEEK_SECONDS });
    const refused = send("StartStreamIngest", startFields());
    await expect(refused).rejects.toThrow(
      `UserSig is wrong: expired. The emulator's clock is ${WEEK_SECONDS} s ahead of this machine's`,
    );
    await expect(send("StartStreamIngest", startFields())).rejects.toThrow('{"reset":true}');
    await move(emulator.url, { reset: true });
    await send("StartStreamIngest", startFields());
    expect(await codeOf(send("StartStreamIngest", startFields(CN_APP, { UserSig: "x" })))).toBe(
      "InvalidParameter.UserSig",
    );
  });
});

describe("a login that TRTC refuses", () => {
  test.each(["UserSig", "PrivateMapKey"])(
    "is not the caller's mistake when we signed it: %s",
    async (field) => {
      const app = await startTestApp();
      closers.push(app.close);
      const code = `InvalidParameter.${field}`;
      app.emulator.faults.add({ action: "StartStreamIngest", kind: "error", code });
      const { status, response } = await app.post("start-ingest", loop(app.trtcUrl));
      expect([status, response.Error?.Code]).toEqual([503, "ServiceUnavailable"]);
      expect(app.logLines.at(-1)).toContain(`TRTC refused the ${field} that we signed`);
      expect(app.logLines.at(-1)).toContain("SecretKey in TRTC_APPS and this machine's clock");
    },
  );
});
