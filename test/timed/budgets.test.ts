/**
 * Budgets hold over four processes that share nothing but PostgreSQL and TRTC, and a start within
 * budgets stays quick beside old rows. `ROWS=1000000` tries that at a million, and prints the times.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { addMs, DAY_MS, MINUTE_MS, systemClock } from "../../shared/clock.js";
import type { Budget } from "../../shared/config/money/budgets.js";
import type { Database } from "../../shared/store/engine/database.js";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import { createStore } from "../../shared/store/store.js";
import { newIngest } from "../support/app/ingests.js";
import { type RunningProcess, startProcess } from "../support/app/process.js";
import { CN_APP, KEY, post, SECRET_ID } from "../support/app/test-app.js";
import { newPostgresUrl } from "../support/database/databases.js";
import { addOldIngests } from "../support/database/old-ingests.js";

const INSTANCES = 4;
const STARTS = 60;
const MINUTES_EACH = 2;
const FITTING = 7;

describe("four processes on one PostgreSQL", () => {
  let emulator: RunningProcess;
  let instances: RunningProcess[] = [];
  let database: Database;

  beforeAll(async () => {
    // What plays after midnight counts for the next day, so the starts lie in one day.
    const leftMs = DAY_MS - (systemClock.now().getTime() % DAY_MS);
    if (leftMs < 6 * MINUTE_MS) await systemClock.sleep(leftMs);
    emulator = await startProcess("local/emulator.ts", { TRTC_PORT: "0" });
    const env = {
      DATABASE_URL: await newPostgresUrl(),
      TRTC_ENDPOINT: emulator.url,
      PORT: "0",
      CALLERS: JSON.stringify([
        {
          Id: SECRET_ID,
          SecretKeys: [KEY],
          SdkAppIds: [CN_APP],
          Budgets: { DailyMinutes: FITTING * MINUTES_EACH + 1 },
        },
      ]),
    };
    database = openPostgres(env.DATABASE_URL);
    instances = await Promise.all(
      Array.from({ length: INSTANCES }, () => startProcess("local/start.ts", env)),
    );
  }, 500_000);
  afterAll(async () => {
    await Promise.all(instances.map(({ end }) => end("SIGKILL")));
    await emulator.end("SIGTERM");
    await database.close();
  });

  test("never pass a budget together, with sixty starts at once", async () => {
    const answers = await Promise.all(
      Array.from({ length: STARTS }, (_, n) =>
        post(`${instances[n % INSTANCES]?.url ?? ""}/start-ingest`, {
          SdkAppId: CN_APP,
          RoomId: `room-${n}`,
          RoomIdType: 0,
          StreamUrl: `${emulator.url}/media/clip.mp4`,
          RepeatNum: -1,
          MaxDuration: MINUTES_EACH,
        }),
      ),
    );
    const codes = answers.map(({ response }) => response.Error?.Code ?? "begun");
    expect(codes.filter((code) => code === "begun")).toHaveLength(FITTING);
    expect(codes.filter((code) => code === "LimitExceeded.Budget")).toHaveLength(STARTS - FITTING);
    const [row] = await database.query(
      `select count(*)::int as rows, sum(ms_between(coalesce(started_at, created_at), deadline_at)) as ms from ingest`,
    );
    expect(row?.["rows"]).toBe(FITTING);
    expect(Number(row?.["ms"])).toBeLessThanOrEqual((FITTING * MINUTES_EACH + 1) * MINUTE_MS);
  });
});

const ROWS = Number(process.env["ROWS"] ?? 20_000);
const TIMED_STARTS = 200;

test(
  "a start within budgets is quick beside old rows and days",
  async () => {
    const database = openPostgres(await newPostgresUrl(), { queryTimeoutMs: 10 * MINUTE_MS });
    const store = createStore(database);
    await addOldIngests(database, ROWS);
    await database.query(
      `insert into spend_day (caller_id, day, sdk_app_id, shard, ingests, played_ms, micro_usd)
       select 'caller', current_date - day, 1600000000, shard, 1, 1, 1
       from generate_series(0, 400) as day, generate_series(0, 15) as shard`,
    );
    await database.query("analyze");
    const none = { dailyMicroUsd: null, dailyMs: null, isEnforced: false };
    const budgets: Budget[] = [
      { callerId: "caller", ...none, monthlyMicroUsd: 1e12 },
      { sdkAppId: 1600000000, ...none, monthlyMicroUsd: 1e12 },
    ];
    const timesOf = async (fields: object): Promise<number[]> => {
      const times: number[] = [];
      for (let n = 0; n < TIMED_STARTS; n += 1) {
        const createdAt = systemClock.now();
        const deadlineAt = addMs(createdAt, 10 * MINUTE_MS);
        const account = `account-${n}-${Object.keys(fields).length}`;
        const row = newIngest({ account, createdAt, deadlineAt, latestAt: deadlineAt, ...fields });
        const fromMs = systemClock.elapsedMs();
        expect(await store.ingests.beginStart(row)).toMatchObject({ outcome: "begun" });
        times.push(systemClock.elapsedMs() - fromMs);
      }
      return times.toSorted((a, b) => a - b);
    };
    const [without, within] = [await timesOf({}), await timesOf({ budgets })];
    const half = (times: readonly number[]) => Math.round((times[TIMED_STARTS / 2] ?? 0) * 10) / 10;
    process.stdout.write(
      `${ROWS} rows: a start ${half(without)} ms, within two budgets ${half(within)} ms (p50), with up to 400 live\n`,
    );
    await database.close();
    expect(half(within)).toBeLessThan(200);
  },
  15 * MINUTE_MS,
);
