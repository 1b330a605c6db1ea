/**
 * Four processes that share nothing but PostgreSQL and TRTC, killed at random for a minute while
 * 500 ingests start, move and end. Their callers send a request without an answer again, to any
 * process that runs.
 */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { MINUTE_MS, SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import type { Database } from "../../shared/store/engine/database.js";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import type { TaskTruth } from "../../local/emulator-truth.js";
import { newPostgresUrl } from "../support/database/databases.js";
import { type RunningProcess, startProcess } from "../support/app/process.js";
import { type RtmpServer, startRtmpServer } from "../support/media/rtmp-server.js";
import {
  expectAgreement,
  expectOneByOne,
  type Owner,
  readOutcome,
  untilAllEnded,
} from "./load/agreement.js";
import { makeCallers } from "./load/callers.js";
import { drawing, liveLife, systemSeed } from "./load/lives.js";

const INGESTS = 500;
const INSTANCES = 4;
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

/** Draws the same lives and pauses again: `KILLED_SEED=… npm run jest -- test/timed/killed`. */
const SEED = Number(process.env["KILLED_SEED"] ?? systemSeed());

/** Whoever is killed comes back as soon as its process is up; the next is killed meanwhile. */
async function killForAMinute(): Promise<number> {
  const random = drawing(SEED, INGESTS);
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

test(
  `nothing is left running, nothing is started twice, and the table agrees with TRTC (seed ${SEED})`,
  async () => {
    const callers = makeCallers(() => instances.map(({ url }) => url));
    const places = { callers, emulatorUrl: emulator.url, liveUrl: live.url };
    const lives = Array.from({ length: INGESTS }, async (_, n) => {
      await clock.sleep((n * MINUTE_MS) / INGESTS);
      return liveLife(n, { ...places, random: drawing(SEED, n) });
    });
    expect(await killForAMinute()).toBeGreaterThanOrEqual(INSTANCES);
    const accepted = await Promise.all(lives);
    await untilAllEnded(database.query);

    // Whoever was not answered came too late: nobody was up, or had a processor, until its StopTime.
    expect(callers.refusals).toEqual([]);
    expect(accepted.filter(({ starts }) => starts.length > 0).length).toBeGreaterThan(INGESTS / 10);
    const outcome = await readOutcome(database.query, emulator.url);
    expectAgreement(accepted, outcome, KNOWN_WITHIN_MS);
  },
  6 * MINUTE_MS,
);

test("a life of an ingest that ends early is accepted only where the next one follows", () => {
  const second = (n: number) => new Date(n * SECOND_MS);
  const owner: Owner = {
    ...{ deadlineAt: second(30), stopAskedAt: null, endReason: "expired", trtcTaskId: "one" },
  };
  const life = (taskId: string, from: number, to: number) =>
    ({
      ...{ taskId, endReason: "interrupted" },
      ...{ startedAt: second(from).toISOString(), endedAt: second(to).toISOString() },
    }) as TaskTruth;
  const check = (by: Owner, played: TaskTruth[]) => {
    expectOneByOne(by, played, KNOWN_WITHIN_MS);
  };

  check(owner, [life("one", 0, 10), life("two", 10.5, 30)]);
  check({ ...owner, trtcTaskId: "two" }, [life("one", 0, 10), life("two", 15, 30)]);
  expect(() => {
    check(owner, [life("one", 0, 10), life("two", 15, 30)]);
  }).toThrow("brokenOff");
  expect(() => {
    check(owner, [life("one", 0, 10), life("two", 10, 29)]);
  }).toThrow("brokenOff");
});
