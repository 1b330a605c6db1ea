/**
 * Two servers behind a proxy, under load, as processes of their own: one is killed and one is
 * drained. Their clients send a request without an answer again, with its ClientToken.
 */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { localEnvironment } from "../../local/environment/local-environment.js";
import { readTruth } from "../../local/emulator-truth.js";
import { addMs, SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import type { Database } from "../../shared/store/engine/database.js";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import { type Ingest, ingestOf } from "../../shared/store/ingests/ingest-row.js";
import { CN_APP, post } from "../support/app/test-app.js";
import { type RunningProcess, runScript, startProcess } from "../support/app/process.js";
import { newPostgresUrl } from "../support/database/databases.js";
import { type ReverseProxy, startReverseProxy } from "./reverse-proxy.js";

/** A claim of a killed instance holds a stop back for its lease, and a stop may take a second. */
const LATE_KILLED_MS = 11 * SECOND_MS;
const LATE_DRAINED_MS = SECOND_MS;

/** Starts in a second, for both parts. */
const EVERY_MS = 100;
const STARTS = 80;

let emulator: RunningProcess;
let proxy: ReverseProxy;
let database: Database;
let env: Record<string, string>;
const servers: RunningProcess[] = [];

beforeAll(async () => {
  emulator = await startProcess("local/emulator.ts", { TRTC_PORT: "0" });
  const DATABASE_URL = await newPostgresUrl();
  const local = localEnvironment({}, emulator.url) as Record<string, string>;
  env = { ...local, DATABASE_URL, PORT: "0" };
  database = openPostgres(DATABASE_URL);
  servers.push(...(await Promise.all([serve(), serve()])));
  proxy = await startReverseProxy(servers.map(({ url }) => url));
});
afterAll(async () => {
  const alive = servers.filter(({ child }) => child.exitCode === null && child.signalCode === null);
  await Promise.all(alive.map(({ end }) => end("SIGKILL")));
  await emulator.end("SIGTERM");
  await proxy.close();
  await database.close();
});

const serve = () => startProcess("server/serve.ts", env);

/** Sends until there is an answer, as a client with a ClientToken may. */
async function start(n: number, StopTime: string): Promise<string> {
  const request = {
    SdkAppId: CN_APP,
    RoomId: `room-${n}`,
    RoomIdType: 0,
    ClientToken: `token-${n}`,
    StreamUrl: `${emulator.url}/media/clip.mp4`,
    RepeatNum: -1,
    StopTime,
  };
  for (;;) {
    const answer = await post(`${proxy.url}/start-ingest`, request).catch(() => undefined);
    if (answer?.status === 200) return String(answer.response["TaskId"]);
    if (answer && answer.status < 500 && answer.status !== 409 && answer.status !== 429) {
      throw new Error(JSON.stringify(answer.response));
    }
    await clock.sleep(200);
  }
}

/** Starts under load, with deadlines all the time. `during` happens in the middle. */
async function underLoad(from: number, during: () => Promise<void>): Promise<Ingest[]> {
  const middle = clock.sleep((EVERY_MS * STARTS) / 2).then(during);
  const starts = Array.from({ length: STARTS }, async (_, n) => {
    await clock.sleep(n * EVERY_MS);
    const stopAt = addMs(clock.now(), 4 * SECOND_MS + (n % 10) * SECOND_MS);
    return start(from + n, stopAt.toISOString());
  });
  const taskIds = await Promise.all(starts);
  await middle;
  const rows = async () =>
    (
      await database.query("select * from ingest where task_id = any($1) order by task_id", [
        taskIds,
      ])
    ).map(ingestOf);
  const untilMs = clock.elapsedMs() + 40 * SECOND_MS;
  const areOver = async () => (await rows()).every(({ state }) => state === "ended");
  while (!(await areOver()) && clock.elapsedMs() < untilMs) await clock.sleep(200);
  expect(new Set(taskIds).size).toBe(STARTS);
  const ingests = await rows();
  expect(ingests.map(({ endReason }) => endReason)).toEqual(taskIds.map(() => "expired"));
  return ingests;
}

/** How late TRTC ended the last of them. */
async function latestMs(ingests: readonly Ingest[]): Promise<number> {
  const tasks = new Map((await readTruth(emulator.url).tasks()).map((task) => [task.taskId, task]));
  const lateness = ingests.map(({ trtcTaskId, deadlineAt }) => {
    const { endedAt } = tasks.get(trtcTaskId ?? "") ?? {};
    return new Date(endedAt ?? Number.NaN).getTime() - deadlineAt.getTime();
  });
  return Math.max(...lateness);
}

test("a drained server loses no start and delays no deadline, and ends within 10 s", async () => {
  let drainMs = 0;
  const ingests = await underLoad(0, async () => {
    const beganMs = clock.elapsedMs();
    expect(await servers[0]?.end("SIGTERM")).toBe(0);
    drainMs = clock.elapsedMs() - beganMs;
  });
  expect(drainMs).toBeLessThan(10 * SECOND_MS + 500);
  expect(await latestMs(ingests)).toBeLessThan(LATE_DRAINED_MS);
});

test("a killed server loses no start, and a deadline is late by its lease at most", async () => {
  const fresh = await serve();
  servers.push(fresh);
  proxy.servers.splice(0, 1, fresh.url);
  const ingests = await underLoad(STARTS, async () => {
    await servers[1]?.end("SIGKILL");
  });
  expect(await latestMs(ingests)).toBeLessThan(LATE_KILLED_MS);
});

test("a command says what it needs, and what it does", async () => {
  const help = await runScript("server/serve.ts", {}, ["--help"]);
  expect(help).toMatchObject({ code: 0, output: expect.stringContaining("--migrate") });
  const without = await runScript("server/serve.ts", { ...env, DATABASE_URL: "" });
  expect(without).toMatchObject({ code: 1, output: expect.stringContaining("DATABASE_URL") });
  const wrong = await runScript("server/serve.ts", { ...env, DATABASE_CONNECTIONS: "none" });
  expect(wrong.output).toContain("DATABASE_CONNECTIONS must be a number from 1 to 999");
});

test("--migrate brings an empty database to the newest version first", async () => {
  const DATABASE_URL = await newPostgresUrl({ template: "template1" });
  const [one, two] = await Promise.all([
    serveMigrating(DATABASE_URL),
    serveMigrating(DATABASE_URL),
  ]);
  expect((await fetch(`${one}/live`)).status).toBe(200);
  expect((await fetch(`${two}/live`)).status).toBe(200);
});

async function serveMigrating(DATABASE_URL: string): Promise<string> {
  const server = await startProcess("server/serve.ts", { ...env, DATABASE_URL }, ["--migrate"]);
  servers.push(server);
  return server.url;
}
