/** What holds over processes that share nothing but PostgreSQL and TRTC, and may be killed. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { addMs, SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import { readTruth, type TaskTruth } from "../../local/emulator-truth.js";
import type { Database, Row } from "../../shared/store/engine/database.js";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import { SLOTS, SLOTS_SPAN_MS } from "../../shared/store/slots.js";
import { newPostgresUrl } from "../support/database/databases.js";
import { CN_APP, post } from "../support/app/test-app.js";
import { type RunningProcess, startProcess } from "../support/app/process.js";
import { callsOf, mostWithin, recordSlots } from "../support/database/granted-slots.js";
import { type RtmpServer, startRtmpServer } from "../support/media/rtmp-server.js";

const INSTANCES = 4;
const STARTS = 200;
/** A claim's lease, and the second that a stop may be late. */
const TAKEN_OVER_WITHIN_MS = 11 * SECOND_MS;

describe("four processes on one PostgreSQL", () => {
  let emulator: RunningProcess;
  let instances: RunningProcess[];
  let database: Database;
  let live: RtmpServer;
  let env: Record<string, string>;
  const truth = () => readTruth(emulator.url);

  beforeAll(async () => {
    live = await startRtmpServer();
    emulator = await startProcess("local/emulator.ts", { TRTC_PORT: "0" });
    env = {
      DATABASE_URL: await newPostgresUrl(),
      TRTC_ENDPOINT: emulator.url,
      PORT: "0",
      EXPIRY_TICK_SECONDS: "2",
    };
    database = openPostgres(env["DATABASE_URL"] ?? "");
    instances = await Promise.all(
      Array.from({ length: INSTANCES }, () => startProcess("local/start.ts", env)),
    );
  });
  afterAll(async () => {
    const alive = instances.filter(({ child }) => child.exitCode === null && !child.killed);
    await Promise.all(alive.map(({ end }) => end("SIGKILL")));
    await emulator.end("SIGTERM");
    await database.close();
    await live.close();
  });

  const request = (fields: object) => ({
    SdkAppId: CN_APP,
    RoomId: "room",
    RoomIdType: 0,
    StreamUrl: `${emulator.url}/media/clip.mp4`,
    RepeatNum: -1,
    ...fields,
  });
  const start = (n: number, fields: object) =>
    post(`${instances[n % instances.length]?.url ?? ""}/start-ingest`, request(fields));
  const tasksOf = async (
    answers: { response: Record<string, unknown> }[],
  ): Promise<TaskTruth[]> => {
    const ids = new Set(answers.map(({ response }) => response["TrtcTaskId"]));
    return (await truth().tasks()).filter(({ taskId }) => ids.has(taskId));
  };

  test("give one TaskId and one robot for one ClientToken", async () => {
    const before = (await truth().tasks()).length;
    const all = Array.from({ length: STARTS }, (_, n) => start(n, { ClientToken: "one" }));
    const answers = await Promise.all(all);
    expect(new Set(answers.map(({ response }) => response["TaskId"])).size).toBe(1);
    expect(await truth().tasks()).toHaveLength(before + 1);
  });

  test("share TRTC's 20 calls a second among two hundred starts, each in its own slot", async () => {
    // A process's first call of all takes longer than a slot allows for.
    for (let n = 0; n < INSTANCES; n += 1) await start(n, { RoomId: `first-${n}` });
    const granted = await recordSlots(database);
    const before = await callsOf(truth, "StartStreamIngest");
    const all = Array.from({ length: STARTS }, (_, n) =>
      start(n, { RoomId: `room-${n}`, ClientToken: `t-${n}` }),
    );
    const answers = await Promise.all(all);
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect(await tasksOf(answers)).toHaveLength(STARTS);
    const slots = await granted("StartStreamIngest");
    const { calls, throttled } = await callsOf(truth, "StartStreamIngest");
    expect(mostWithin(slots, SLOTS_SPAN_MS)).toBe(SLOTS);
    expect(calls - before.calls).toBeLessThanOrEqual(slots.length);
    // One that the machine held up is throttled, and goes again; what waits for no slot always is.
    expect(throttled - before.throttled).toBeLessThan(STARTS / 2);
  });

  test("stop each of their ingests once, on its second, and none earlier", async () => {
    const stopAt = addMs(clock.now(), 7 * SECOND_MS);
    const kinds = [{ RepeatNum: -1 }, { RepeatNum: 1000 }, { RepeatNum: 1, StreamUrl: live.url }];
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        start(n, { StopTime: stopAt.toISOString(), RoomId: `stop-${n}`, ...kinds[n % 3] }),
      ),
    );
    expect(await tasksOf(answers)).toHaveLength(answers.length);
    await untilEnded(() => tasksOf(answers), 12 * SECOND_MS);
    for (const task of await tasksOf(answers)) expectStopped(task, stopAt, 1000);
  });

  test("take over the claims of killed ones", async () => {
    const stopAt = addMs(clock.now(), 6 * SECOND_MS);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        start(n, { StopTime: stopAt.toISOString(), RoomId: `killed-${n}` }),
      ),
    );
    expect(await tasksOf(answers)).toHaveLength(answers.length);
    // Claims are taken a second ahead: half a second before the deadline all of them are held.
    await clock.sleep(stopAt.getTime() - clock.now().getTime() - 500);
    const [held] = await database.query(
      "select count(*)::int as n from ingest where state = 'running' and lease_until > $1",
      [clock.now()],
    );
    expect(held).toEqual({ n: answers.length });
    // All four die, so every holder does; what comes after knows of the claims from the rows alone.
    await Promise.all(instances.map(({ end }) => end("SIGKILL")));
    instances = [await startProcess("local/start.ts", env)];
    await untilEnded(() => tasksOf(answers), TAKEN_OVER_WITHIN_MS + 5 * SECOND_MS);
    for (const task of await tasksOf(answers)) expectStopped(task, stopAt, TAKEN_OVER_WITHIN_MS);
  });

  test("are not disturbed by one that freezes with claims and wakes after they lapsed", async () => {
    const sleeper = instances[0] as RunningProcess;
    const stopAt = addMs(clock.now(), 6 * SECOND_MS);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        start(0, { StopTime: stopAt.toISOString(), RoomId: `frozen-${n}` }),
      ),
    );
    expect(await tasksOf(answers)).toHaveLength(answers.length);
    await clock.sleep(stopAt.getTime() - clock.now().getTime() - 500);
    const ids = answers.map(({ response }) => response["TaskId"]);
    const rows = () =>
      database.query("select * from ingest where task_id = any($1) order by task_id", [ids]);
    const held = (await rows()).filter((row) => row["lease_until"] !== null);
    expect(held).toHaveLength(answers.length);
    sleeper.child.kill("SIGSTOP");
    instances.push(await startProcess("local/start.ts", env));
    await untilEnded(() => tasksOf(answers), TAKEN_OVER_WITHIN_MS + 5 * SECOND_MS);
    await untilAll(rows, (row) => row["state"] === "ended");
    const before = await rows();
    sleeper.child.kill("SIGCONT");
    // It answers again, so it has woken; and what it had in hand is due for it at once.
    await post(`${sleeper.url}/list-ingests`, { Limit: 1 });
    await clock.sleep(2 * SECOND_MS);
    expect(await rows()).toEqual(before);
    for (const task of await tasksOf(answers)) expectStopped(task, stopAt, TAKEN_OVER_WITHIN_MS);
  });

  test("end cleanly after a freeze", async () => {
    expect(await instances[0]?.end("SIGTERM")).toBe(0);
  });
});

function expectStopped(task: TaskTruth, stopAt: Date, latenessMaxMs: number): void {
  expect(task).toMatchObject({ state: "ended", endReason: "stopped", stopCalls: 1 });
  const latenessMs = new Date(task.endedAt ?? 0).getTime() - stopAt.getTime();
  expect(latenessMs).toBeGreaterThanOrEqual(0);
  expect(latenessMs).toBeLessThanOrEqual(latenessMaxMs);
}

async function untilAll(
  read: () => Promise<Row[]>,
  isSo: (row: Row) => boolean,
  withinMs = 5 * SECOND_MS,
): Promise<void> {
  const giveUpMs = clock.elapsedMs() + withinMs;
  while (!(await read()).every(isSo) && clock.elapsedMs() < giveUpMs) await clock.sleep(100);
}

async function untilEnded(read: () => Promise<TaskTruth[]>, withinMs: number): Promise<void> {
  const giveUpMs = clock.elapsedMs() + withinMs;
  while (clock.elapsedMs() < giveUpMs) {
    if ((await read()).every(({ state }) => state === "ended")) return;
    await clock.sleep(200);
  }
}
