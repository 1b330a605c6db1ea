/**
 * A thousand scheduled starts of one instant, by three processes that share nothing but PostgreSQL
 * and TRTC. Two are killed while the starts leave: none is early, lost or made twice.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { addMs, SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import { readTruth, type TaskTruth } from "../../local/emulator-truth.js";
import { LEASE_MARGIN_MS, RESUME_LEASE_MS } from "../../shared/ingest/timing.js";
import type { Database } from "../../shared/store/engine/database.js";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import { type Ingest, ingestOf } from "../../shared/store/ingests/ingest-row.js";
import { SLOT_MEAN_MS } from "../../shared/store/slots.js";
import { CN_APP, post } from "../support/app/test-app.js";
import { type RunningProcess, startProcess } from "../support/app/process.js";
import { newPostgresUrl } from "../support/database/databases.js";
import { callsOf } from "../support/database/granted-slots.js";

const INSTANCES = 3;
const STARTS = 1000;
const REQUESTS_AT_ONCE = 10;

/** Every process has a run of advance-ingests under way by then. */
const AHEAD_MS = 5 * SECOND_MS;
/** One burst of slots has left then. Two of three processes surely hold some of the next starts. */
const KILLED = 2;
const KILLED_AFTER = 20;

/** The slots of all starts, the lease of the killed ones, and the run that takes their rows over. */
const LATENESS_MAX_MS = STARTS * SLOT_MEAN_MS + RESUME_LEASE_MS + LEASE_MARGIN_MS;

describe(`${STARTS} scheduled starts of one instant, with two processes killed meanwhile`, () => {
  let emulator: RunningProcess;
  let instances: RunningProcess[] = [];
  let database: Database;
  let startsAt: Date;
  let startedBeforeKill: number;
  let rows: Ingest[];
  let tasks: TaskTruth[];

  beforeAll(async () => {
    emulator = await startProcess("local/emulator.ts", { TRTC_PORT: "0" });
    const env = {
      DATABASE_URL: await newPostgresUrl(),
      TRTC_ENDPOINT: emulator.url,
      PORT: "0",
      ADVANCE_TICK_SECONDS: "2",
      SETTLE_CRON: "*/2 * * * * * *",
    };
    database = openPostgres(env.DATABASE_URL);
    const instance = () => startProcess("local/start.ts", env);
    instances = await Promise.all(Array.from({ length: INSTANCES }, instance));
    await requestStarts();
    startsAt = await moveStarts();
    await clock.sleep(startsAt.getTime() - clock.now().getTime());
    startedBeforeKill = await untilStarted(KILLED_AFTER);
    await Promise.all(instances.splice(0, KILLED).map(({ end }) => end("SIGKILL")));
    instances.push(...(await Promise.all(Array.from({ length: KILLED }, instance))));
    rows = await rowsWithoutStarts();
    tasks = await tasksOfTrtc();
  }, 300_000);
  afterAll(async () => {
    await Promise.all(instances.map(({ end }) => end("SIGKILL")));
    await emulator.end("SIGTERM");
    await database.close();
  });

  const tasksOfTrtc = () => readTruth(emulator.url).tasks();

  /** How many have started, as soon as it is so many. */
  async function untilStarted(count: number): Promise<number> {
    for (;;) {
      const { length } = await tasksOfTrtc();
      if (length >= count) return length;
      await clock.sleep(100);
    }
  }

  async function requestStarts(): Promise<void> {
    const StartTime = addMs(clock.now(), 3600 * SECOND_MS).toISOString();
    let requested = 0;
    const worker = async () => {
      while (requested < STARTS) {
        requested += 1;
        const { url = "" } = instances[requested % INSTANCES] ?? {};
        const { response } = await post(`${url}/start-ingest`, {
          SdkAppId: CN_APP,
          RoomId: `room-${requested}`,
          RoomIdType: 0,
          StreamUrl: `${emulator.url}/media/clip.mp4`,
          RepeatNum: -1,
          StartTime,
          StartWindowSeconds: 600,
        });
        expect(response).toMatchObject({ State: "scheduled" });
      }
    };
    await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, worker));
  }

  /** The requests take a time that depends on the machine. So the instant is chosen after them. */
  async function moveStarts(): Promise<Date> {
    const at = addMs(clock.now(), AHEAD_MS);
    await database.query(
      `update ingest set starts_at = $1, advance_at = $1,
         start_by = start_by + ($1 - starts_at), deadline_at = deadline_at + ($1 - starts_at),
         latest_at = latest_at + ($1 - starts_at)`,
      [at],
    );
    return at;
  }

  /** The rows when none of them waits for its start any more, or when that takes too long. */
  async function rowsWithoutStarts(): Promise<Ingest[]> {
    const giveUpMs = clock.elapsedMs() + 2 * LATENESS_MAX_MS;
    for (;;) {
      const read = (await database.query("select * from ingest")).map(ingestOf);
      const isOver = read.every(({ state }) => state !== "starting");
      if (isOver || clock.elapsedMs() > giveUpMs) return read;
      await clock.sleep(500);
    }
  }

  const latenessMs = ({ startedAt }: TaskTruth) => Date.parse(startedAt) - startsAt.getTime();

  test("are under way when the processes are killed, and some of them are theirs", () => {
    expect(startedBeforeKill).toBeGreaterThan(0);
    expect(startedBeforeKill).toBeLessThan(STARTS);
    const takenOver = rows.filter(
      ({ advanceFence, reconciledAt }) => advanceFence > 1 || reconciledAt !== null,
    );
    expect(takenOver.length).toBeGreaterThan(0);
  });

  test("all succeed", () => {
    expect(rows).toHaveLength(STARTS);
    expect(rows.filter(({ state }) => state !== "running")).toEqual([]);
  });

  test("leave one task in each room, the one of the row", () => {
    const live = tasks.filter(({ state }) => state !== "ended");
    const ids = rows.map(({ trtcTaskId }) => trtcTaskId);
    expect(live.map(({ taskId }) => taskId).sort()).toEqual(ids.sort());
    expect(new Set(live.map(({ roomId }) => roomId)).size).toBe(STARTS);
  });

  test("never put two tasks into a room at once", () => {
    const overlapping = tasks.filter((task) =>
      tasks.some(
        (other) =>
          other.taskId !== task.taskId &&
          other.roomId === task.roomId &&
          other.startedAt >= task.startedAt &&
          (task.endedAt === null || other.startedAt < task.endedAt),
      ),
    );
    expect(overlapping).toEqual([]);
  });

  test("are none of them early", () => {
    expect(tasks.filter((task) => latenessMs(task) < 0)).toEqual([]);
  });

  test("are late by no more than their slots and the lease of the killed processes", () => {
    expect(Math.max(...tasks.map(latenessMs))).toBeLessThanOrEqual(LATENESS_MAX_MS);
  });

  test("are hardly ever throttled by TRTC", async () => {
    const { calls, throttled } = await callsOf(() => readTruth(emulator.url), "StartStreamIngest");
    expect(calls).toBeGreaterThanOrEqual(STARTS);
    // A call that the machine held up may come into the next slots' second. It goes again.
    expect(throttled).toBeLessThan(STARTS / 10);
  });
});
