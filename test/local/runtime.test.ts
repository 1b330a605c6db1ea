/** `npm start` as a process, from its first line to its end. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { addMs, SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import type { Environment } from "../../shared/config/environment.js";
import { readTruth } from "../../local/emulator-truth.js";
import { CN_APP, post } from "../support/app/test-app.js";
import { type RunningProcess, runScript, startProcess } from "../support/app/process.js";

/** Within a few seconds current work finishes and sleepers wake. */
const ENDS_WITHIN_MS = 12 * SECOND_MS;

const running = new Set<RunningProcess>();
const directories: string[] = [];

const newDirectory = () => {
  const directory = mkdtempSync(join(tmpdir(), "trtc-stream-ingest-"));
  directories.push(directory);
  return directory;
};

async function run(script: "local/start.ts" | "local/emulator.ts", env: Environment = {}) {
  const started = await startProcess(script, { PORT: "0", TRTC_PORT: "0", ...env });
  running.add(started);
  return started;
}

const start = (env: Environment = {}) =>
  run("local/start.ts", { DATA_DIR: newDirectory(), ...env });

/** Its exit code, after checking that it ended in time. */
async function endOf(process: RunningProcess, signal: NodeJS.Signals = "SIGTERM") {
  running.delete(process);
  const askedMs = clock.elapsedMs();
  const code = await process.end(signal);
  expect(clock.elapsedMs() - askedMs).toBeLessThan(ENDS_WITHIN_MS);
  return code;
}

let emulator: RunningProcess;
beforeAll(async () => {
  emulator = await run("local/emulator.ts");
});
afterAll(async () => {
  await Promise.all([...running].map(({ end }) => end("SIGKILL")));
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

const clipOf = (trtcUrl: string) => `${trtcUrl}/media/clip.mp4`;
const loop = (trtcUrl: string, fields: object = {}) => ({
  SdkAppId: CN_APP,
  RoomId: "room",
  RoomIdType: 0,
  StreamUrl: clipOf(trtcUrl),
  RepeatNum: -1,
  ...fields,
});
const listed = async (url: string) => {
  const { response } = await post(`${url}/list-ingests`, {});
  return response["Ingests"] as { TaskId: string; State: string }[];
};

describe("the output of npm start", () => {
  let runtime: RunningProcess;
  beforeAll(async () => {
    runtime = await start();
  });

  test("has the addresses, then a line to try, then that it is ready", () => {
    expect(runtime.lines).toEqual([
      expect.stringMatching(
        /^TRTC http:\/\/127\.0\.0\.1:\d+ \(every task: \S+\/_emulator\/tasks\)$/,
      ),
      `console ${runtime.url}/console/`,
      expect.stringMatching(/^try: curl -s http:\/\/127\.0\.0\.1:\d+\/start-ingest /),
      `ready ${runtime.url}`,
    ]);
    expect(runtime.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  test("has a line to try that works in a shell", async () => {
    const line = runtime.lines[2]?.replace(/^try: /, "") ?? "";
    const { stdout } = await promisify(execFile)("sh", ["-c", line]);
    expect(JSON.parse(stdout)).toMatchObject({
      Response: {
        TaskId: expect.stringMatching(/^ing-/),
        UserId: expect.stringMatching(/^robot_/),
      },
    });
    const trtcUrl = /^TRTC (\S+)/.exec(runtime.lines[0] ?? "")?.[1] ?? "";
    expect(await readTruth(trtcUrl).tasks()).toMatchObject([{ state: "playing" }]);
    expect(await listed(runtime.url)).toMatchObject([{ State: "running", RoomId: "lobby" }]);
  });

  test("has one line of JSON for each later event", async () => {
    await post(`${runtime.url}/list-ingests`, {});
    expect(await endOf(runtime, "SIGINT")).toBe(0);
    const events = runtime.lines.slice(4).map((line) => JSON.parse(line) as { function: string });
    expect(events.map((line) => line.function)).toContain("list-ingests");
  });
});

test("the emulator sends room-callback the state of a source that plays, and of one that fails", async () => {
  const runtime = await start();
  const trtcUrl = /^TRTC (\S+)/.exec(runtime.lines[0] ?? "")?.[1] ?? "";
  type Seen = Partial<Record<"State" | "EndReason" | "MediaState", string>>;
  const until = async (fields: object, isSo: (seen: Seen) => boolean) => {
    const { response } = await post(`${runtime.url}/start-ingest`, loop(trtcUrl, fields));
    const named = { SdkAppId: CN_APP, TaskId: response["TaskId"] };
    for (;;) {
      const { response: seen } = await post(`${runtime.url}/list-ingests`, {});
      const ingest = (seen["Ingests"] as (Seen & { TaskId: string })[]).find(
        ({ TaskId }) => TaskId === named.TaskId,
      );
      if (ingest && isSo(ingest)) return ingest;
      await clock.sleep(50);
    }
  };
  await until({}, ({ MediaState }) => MediaState === "playing");
  const clip = await until({ RepeatNum: 1 }, ({ State }) => State === "ended");
  expect(clip).toMatchObject({ EndReason: "finished", MediaState: "playing" });
  const missing = { StreamUrl: `${clipOf(trtcUrl)}-missing`, RepeatNum: -1 };
  const failed = await until(missing, ({ State }) => State === "ended");
  expect(failed).toMatchObject({ EndReason: "failed", MediaState: "failed" });
  const refused = runtime.lines.filter((line) => line.includes("AuthFailure"));
  expect(refused).toEqual([]);
  expect(await endOf(runtime)).toBe(0);
});

test("the data directory belongs to one process, and keeps its rows after any kind of end", async () => {
  const env = { DATA_DIR: newDirectory(), TRTC_ENDPOINT: emulator.url };
  const first = await run("local/start.ts", env);
  const { response } = await post(`${first.url}/start-ingest`, loop(emulator.url));
  const kept = [{ TaskId: response["TaskId"], State: "running" }];
  const refused = await runScript("local/start.ts", { ...env, PORT: "0" });
  expect(refused.code).toBe(1);
  const whose = `${env.DATA_DIR}/postgres is in use by process ${first.child.pid ?? ""}`;
  expect(refused.output).toContain(`${whose}: stop it, or choose another DATA_DIR`);
  expect(await listed(first.url)).toMatchObject(kept);
  expect(await endOf(first)).toBe(0);
  const second = await run("local/start.ts", env);
  expect(await listed(second.url)).toMatchObject(kept);
  expect(await endOf(second, "SIGKILL")).toBe("SIGKILL");
  const third = await run("local/start.ts", env);
  expect(await listed(third.url)).toMatchObject(kept);
  expect(await endOf(third)).toBe(0);
});

describe("npm start", () => {
  test("ends cleanly, also right after it is ready", async () => {
    expect(await endOf(await start(), "SIGTERM")).toBe(0);
  });

  test("ends without waiting for a later deadline, which the next process keeps", async () => {
    // Runs that take care of the next minute, begun every second: some are always under way.
    const env = { EXPIRY_TICK_SECONDS: "60", EXPIRY_CRON: "*/1 * * * * * *" };
    const both = { ...env, DATA_DIR: newDirectory(), TRTC_ENDPOINT: emulator.url };
    const first = await run("local/start.ts", both);
    const stopAt = addMs(clock.now(), 12 * SECOND_MS);
    const request = loop(emulator.url, { StopTime: stopAt.toISOString() });
    const { response } = await post(`${first.url}/start-ingest`, request);
    await clock.sleep(2.5 * SECOND_MS);
    expect(await endOf(first)).toBe(0);
    const taskNow = async () =>
      (await readTruth(emulator.url).tasks()).find(
        (each) => each.taskId === response["TrtcTaskId"],
      );
    expect(await taskNow()).toMatchObject({ state: "playing", stopCalls: 0 });
    const next = await run("local/start.ts", both);
    // On a busy machine the deadline may pass before the next process is ready. It still applies.
    const isEnded = async () => (await taskNow())?.endReason !== null;
    const giveUpAt = addMs(stopAt, 60 * SECOND_MS);
    while (!(await isEnded()) && clock.now() < giveUpAt) await clock.sleep(50);
    const task = await taskNow();
    expect(task).toMatchObject({ endReason: "stopped", stopCalls: 1 });
    expect(new Date(task?.endedAt ?? 0).getTime()).toBeGreaterThanOrEqual(stopAt.getTime());
    expect(await endOf(next)).toBe(0);
  });

  test("ends without waiting for a silent client or a queue of starts", async () => {
    const runtime = await start({ TRTC_ENDPOINT: emulator.url });
    const socket = connect(Number(new URL(runtime.url).port), "127.0.0.1");
    socket.on("error", () => undefined);
    await once(socket, "connect");
    // At 20 a second they take twenty seconds.
    let answered = 0;
    let areUnderWay = (): void => undefined;
    const underWay = new Promise<void>((resolve) => (areUnderWay = resolve));
    const starts = Array.from({ length: 400 }, (_, n) =>
      post(`${runtime.url}/start-ingest`, loop(emulator.url, { RoomId: `room-${n}` })).finally(
        () => {
          answered += 1;
          if (answered > 10) areUnderWay();
        },
      ),
    );
    const settled = Promise.allSettled(starts);
    await underWay;
    const code = await endOf(runtime);
    const outcomes = await settled;
    socket.destroy();
    expect(code).toBe(0);
    const done = outcomes.filter(({ status }) => status === "fulfilled").length;
    expect(done).toBeGreaterThan(10);
    expect(done).toBeLessThan(400);
  });
});
