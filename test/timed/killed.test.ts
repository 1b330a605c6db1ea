/**
 * Four processes that share nothing but PostgreSQL and TRTC, killed at random for a minute while
 * 500 ingests start, move and end. Their callers send a request without an answer again, to any
 * process that runs.
 */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { addMs, SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import type { Ingest } from "../../shared/store/ingests/ingest-row.js";
import type { Database } from "../../shared/store/engine/database.js";
import { ingestOf } from "../../shared/store/ingests/ingest-row.js";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import { readTruth, type TaskTruth } from "../../local/emulator-truth.js";
import { newPostgresUrl } from "../support/database/databases.js";
import { CN_APP, post } from "../support/app/test-app.js";
import { type RunningProcess, startProcess } from "../support/app/process.js";
import { makeRandom } from "../simulation/random.js";
import { type RtmpServer, startRtmpServer } from "../support/media/rtmp-server.js";

const INGESTS = 500;
const INSTANCES = 4;
const MINUTE_MS = 60 * SECOND_MS;
/** Between two kills; whoever is killed comes back. */
const KILL_EVERY_MS = 3 * SECOND_MS;

/** A start's lease (its function's 30 s, and 5 s), and the runs that then settle and stop it. */
const KNOWN_WITHIN_MS = 60 * SECOND_MS;

let emulator: RunningProcess;
let live: RtmpServer;
let database: Database;
let env: Record<string, string>;
let instances: RunningProcess[] = [];

beforeAll(async () => {
  live = await startRtmpServer();
  emulator = await startProcess("local/emulator.ts", { TRTC_PORT: "0" });
  env = {
    DATABASE_URL: await newPostgresUrl(),
    TRTC_ENDPOINT: emulator.url,
    PORT: "0",
    EXPIRY_TICK_SECONDS: "5",
    SETTLE_CRON: "*/5 * * * * * *",
  };
  database = openPostgres(env["DATABASE_URL"] ?? "");
  instances = await Promise.all(
    Array.from({ length: INSTANCES }, () => startProcess("local/start.ts", env)),
  );
}, MINUTE_MS);
afterAll(async () => {
  await Promise.all(instances.map(({ end }) => end("SIGKILL")));
  await emulator.end("SIGTERM");
  await database.close();
  await live.close();
});

interface Answer {
  TaskId: string;
  TrtcTaskId: string;
  UserId: string;
}

let requests = 0;

/** What was refused for good before it could be too late, as `function Code: message`. */
const refusals: string[] = [];

interface Patience {
  untilMs: number;
  /** From then on it comes too late, and is rightly refused. */
  lateFrom?: Date;
}

/** Sends until somebody answers for good: a caller that gives up is not what is tested here. */
async function insist(
  functionName: string,
  body: object,
  { untilMs, lateFrom }: Patience,
): Promise<object | undefined> {
  const refuse = (why: string): void => {
    const isLate = lateFrom !== undefined && clock.now().getTime() >= lateFrom.getTime();
    if (!isLate) refusals.push(`${functionName} ${why}`);
  };
  while (clock.elapsedMs() < untilMs) {
    const { url = "" } = instances[(requests += 1) % instances.length] ?? {};
    try {
      const { status, response } = await post(`${url}/${functionName}`, body);
      if (!response.Error) return response;
      const { Code, Message } = response.Error;
      if (status < 500 && status !== 409 && status !== 429) {
        refuse(`${Code}: ${Message}`);
        return undefined;
      }
    } catch {
      // Killed in the middle, or not up again yet.
    }
    await clock.sleep(200);
  }
  refuse("was not answered for a minute");
  return undefined;
}

/** Draws the same lives and pauses again: `KILLED_SEED=… npm run jest -- test/killed`. */
const SEED = Number(process.env["KILLED_SEED"] ?? systemSeed());

function systemSeed(): number {
  return clock.now().getTime() % 1_000_000;
}

/** Each draws on its own, so that nobody's draws depend on who is faster. */
function drawing(who: number): (from: number, to: number) => number {
  const random = makeRandom(SEED * 1000 + who);
  return (from, to) => from + random.next() * (to - from);
}

/** The life of one ingest; every answer that its token was given. */
async function lifeOf(n: number): Promise<Answer[]> {
  const random = drawing(n);
  await clock.sleep((n * MINUTE_MS) / INGESTS);
  const untilMs = clock.elapsedMs() + MINUTE_MS;
  const stopAt = addMs(clock.now(), random(5, 40) * SECOND_MS);
  const StopTime = stopAt.toISOString();
  const kinds = [{ RepeatNum: -1 }, { RepeatNum: 1000 }, { RepeatNum: 1, StreamUrl: live.url }];
  const request = {
    SdkAppId: CN_APP,
    RoomId: `room-${n}`,
    RoomIdType: 0,
    ClientToken: `token-${n}`,
    StreamUrl: `${emulator.url}/media/clip.mp4`,
    StopTime,
    ...kinds[n % kinds.length],
  };
  const first = (await insist("start-ingest", request, { untilMs, lateFrom: stopAt })) as
    Answer | undefined;
  if (!first) return [];
  const { TaskId } = first;
  if (n % 5 === 0) {
    const moved = addMs(clock.now(), random(2, 30) * SECOND_MS);
    const update = { SdkAppId: CN_APP, TaskId, StopTime: moved.toISOString() };
    await insist("update-ingest", update, { untilMs, lateFrom: moved < stopAt ? moved : stopAt });
  }
  if (n % 7 === 0) await insist("stop-ingest", { SdkAppId: CN_APP, TaskId }, { untilMs });
  if (n % 3 !== 0) return [first];
  const again = (await insist("start-ingest", request, { untilMs, lateFrom: stopAt })) as
    Answer | undefined;
  return again ? [first, again] : [first];
}

/** Whoever is killed comes back as soon as its process is up; the next is killed meanwhile. */
async function killForAMinute(): Promise<number> {
  const random = drawing(INGESTS);
  const untilMs = clock.elapsedMs() + MINUTE_MS;
  const returns: Promise<unknown>[] = [];
  let kills = 0;
  while (clock.elapsedMs() < untilMs) {
    await clock.sleep(random(0.5, 1.5) * KILL_EVERY_MS);
    const [victim] = instances.splice(Math.floor(random(0, instances.length)), 1);
    if (!victim) continue;
    await victim.end("SIGKILL");
    kills += 1;
    returns.push(startProcess("local/start.ts", env).then((fresh) => instances.push(fresh)));
  }
  await Promise.all(returns);
  return kills;
}

const rows = async (): Promise<Ingest[]> =>
  (await database.query("select * from ingest order by task_id")).map(ingestOf);

async function untilAllEnded(): Promise<void> {
  const untilMs = clock.elapsedMs() + 2 * MINUTE_MS;
  while (clock.elapsedMs() < untilMs) {
    if ((await rows()).every(({ state }) => state === "ended")) return;
    await clock.sleep(500);
  }
}

test(
  `nothing is left running, nothing is started twice, and the table agrees with TRTC (seed ${SEED})`,
  async () => {
    const lives = Promise.all(Array.from({ length: INGESTS }, (_, n) => lifeOf(n)));
    expect(await killForAMinute()).toBeGreaterThanOrEqual(INSTANCES);
    const answers = await lives;
    await untilAllEnded();
    const ingests = await rows();
    const tasks = await readTruth(emulator.url).tasks();

    // Whoever was not answered came too late: nobody was up, or had a processor, until its StopTime.
    expect(refusals).toEqual([]);
    expect(answers.filter((given) => given.length > 0).length).toBeGreaterThan(INGESTS / 10);
    const known = new Set(ingests.map(({ taskId }) => taskId));
    const forgotten = answers.flat().filter(({ TaskId }) => !known.has(TaskId));
    expect(forgotten).toEqual([]);
    expect(ingests.filter(({ state }) => state !== "ended")).toEqual([]);
    expect(tasks.filter(({ state }) => state !== "ended")).toEqual([]);

    const byRobot = new Map<string, TaskTruth[]>();
    for (const task of tasks) {
      byRobot.set(task.userId, [...(byRobot.get(task.userId) ?? []), task]);
    }
    const owners = new Map(ingests.map((ingest) => [ingest.robotUserId, ingest]));
    expect([...byRobot.keys()].filter((robot) => !owners.has(robot))).toEqual([]);
    for (const [robot, played] of byRobot) {
      const owner = owners.get(robot);
      if (owner) expectOneByOne(owner, played);
    }
    for (const { trtcTaskId, robotUserId } of ingests) {
      if (trtcTaskId === null) continue;
      expect(byRobot.get(robotUserId)?.map(({ taskId }) => taskId)).toContain(trtcTaskId);
    }

    // A start that certainly did not happen gives its token back.
    const tokens = ingests.flatMap(({ clientToken }) => clientToken ?? []);
    expect(new Set(tokens).size).toBe(tokens.length);
    for (const given of answers) {
      for (const { TaskId, TrtcTaskId, UserId } of given) {
        expect({ TaskId, TrtcTaskId, UserId }).toEqual({
          TaskId: given[0]?.TaskId,
          TrtcTaskId: given[0]?.TrtcTaskId,
          UserId: given[0]?.UserId,
        });
      }
    }
  },
  6 * MINUTE_MS,
);

/** Never two at once, each over in time, and none stopped before its deadline unless asked. */
function expectOneByOne(
  { deadlineAt, stopAskedAt, endReason, trtcTaskId }: Ingest,
  played: readonly TaskTruth[],
): void {
  const lives = played
    .map(({ taskId, startedAt, endedAt }) => ({
      taskId,
      from: new Date(startedAt),
      to: new Date(endedAt ?? 0),
    }))
    .sort((one, other) => one.from.getTime() - other.from.getTime());
  lives.forEach(({ from, to, taskId }, index) => {
    const before = lives[index - 1];
    if (before) expect(from.getTime()).toBeGreaterThanOrEqual(before.to.getTime());
    expect(to.getTime() - deadlineAt.getTime()).toBeLessThan(KNOWN_WITHIN_MS);
    if (taskId !== trtcTaskId || endReason !== "expired") return;
    expect(to.getTime()).toBeGreaterThanOrEqual((stopAskedAt ?? deadlineAt).getTime());
  });
}
