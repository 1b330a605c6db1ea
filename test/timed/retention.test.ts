/**
 * What retention costs beside starts, on real PostgreSQL. `ROWS=1000000` tries it at the size of
 * docs/operations.md, and prints the times.
 */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { addMs, DAY_MS, MINUTE_MS, systemClock } from "../../shared/clock.js";
import type { Database } from "../../shared/store/engine/database.js";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import { createStore, type Store } from "../../shared/store/store.js";
import { newIngest } from "../support/app/ingests.js";
import { newPostgresUrl } from "../support/database/databases.js";
import { addOldIngests } from "../support/database/old-ingests.js";

const ROWS = Number(process.env["ROWS"] ?? 20_000);
const BATCH = 500;
const BATCHES = Math.min(ROWS / 2 / BATCH, 200);
const STARTS = 300;

let database: Database;
let store: Store;
beforeAll(async () => {
  database = openPostgres(await newPostgresUrl(), { queryTimeoutMs: 10 * MINUTE_MS });
  store = createStore(database).by({ kind: "caller", id: "caller", function: "start-ingest" });
  await addOldIngests(database, ROWS);
}, 15 * MINUTE_MS);
afterAll(() => database.close());

const elapsed = async (work: () => Promise<unknown>): Promise<number> => {
  const fromMs = systemClock.elapsedMs();
  await work();
  return systemClock.elapsedMs() - fromMs;
};

async function start(n: number): Promise<void> {
  const row = newIngest({ account: `account-${n}`, createdAt: systemClock.now() });
  await store.ingests.beginStart(row);
  const { taskId, createdAt: startedAt, deadlineAt, latestAt } = row;
  const outcome = { taskId, startedAt, deadlineAt, latestAt, fence: 0 };
  await store.ingests.markRunning({ ...outcome, trtcTaskId: `trtc-${taskId}` });
}

async function timesOfStarts(first: number, goesOn: () => boolean): Promise<number[]> {
  const times: number[] = [];
  for (let n = first; goesOn(); n += 1) times.push(await elapsed(() => start(n)));
  return times;
}

const quantile = (times: readonly number[], part: number): number =>
  Math.round(times.toSorted((a, b) => a - b)[Math.floor(times.length * part)] ?? 0);

const text = (times: readonly number[]): string =>
  `p50 ${quantile(times, 0.5)} ms, p99 ${quantile(times, 0.99)} ms, max ${quantile(times, 1 - 1e-9)} ms`;

test(
  "old ingests go in batches, with their history, and no start waits for a batch",
  async () => {
    const endedBefore = addMs(systemClock.now(), -90 * DAY_MS);
    let left = STARTS;
    const alone = await timesOfStarts(0, () => (left -= 1) >= 0);
    const batches: number[] = [];
    let isOver = false;
    let forgotten = 0;
    const beside = timesOfStarts(STARTS, () => !isOver);
    for (let n = 0; n < BATCHES; n += 1) {
      const batch = async () =>
        (forgotten += await store.ingests.forgetEnded({ endedBefore, limit: BATCH }));
      batches.push(await elapsed(batch));
    }
    isOver = true;
    const besides = await beside;
    process.stdout.write(
      `${ROWS} rows: a batch of ${BATCH} ${text(batches)}\nstarts alone ${text(alone)}\nstarts beside it ${text(besides)}\n`,
    );
    expect(forgotten).toBeGreaterThan((BATCHES - 1) * BATCH);
    const [row] = await database.query(
      `select (select count(*)::int from ingest where task_id like 'old-%') as rows,
            (select count(*)::int from ingest_event where task_id like 'old-%') as events,
            (select count(*)::int from ingest where task_id like 'old-%' and ended_at >= $1) as young`,
      [endedBefore],
    );
    expect(row).toMatchObject({ rows: ROWS - forgotten, events: 2 * (ROWS - forgotten) });
    expect(row?.["young"]).toBeGreaterThan(ROWS * 0.45);
    expect(quantile(besides, 0.99)).toBeLessThan(1000);
    expect(quantile(batches, 0.99)).toBeLessThan(2000);
  },
  5 * MINUTE_MS,
);
