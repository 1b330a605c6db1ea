/** Spending is counted in the database: exactly, on any instances at once, and for thirteen months. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, DAY_MS, MINUTE_MS } from "../../../shared/clock.js";
import type { Budget } from "../../../shared/config/money/budgets.js";
import { microUsd } from "../../../shared/ingest/cost.js";
import type { Database } from "../../../shared/store/engine/database.js";
import { forgetSpending } from "../../../shared/store/budgets/retention.js";
import type { Store } from "../../../shared/store/store.js";
import { newIngest, runningIngest, type Wanted } from "../../support/app/ingests.js";
import { PER_MINUTE } from "./budget-app.js";
import { type Instances, startInstances } from "../../support/database/instances.js";

const NOON = new Date("2026-03-10T12:00:00Z");
let now = NOON;
let instances: Instances;
let database: Database;
let store: Store;

beforeAll(async () => {
  instances = await startInstances({ now: () => now, elapsedMs: () => now.getTime() });
  database = instances.databases[0] as Database;
  store = instances.stores[0] as Store;
});
beforeEach(async () => {
  now = NOON;
  await database.query("truncate ingest, spend_day, budget_turn, budget_notice, call_slot");
});
afterAll(() => instances.close());

type Limits = Partial<Record<"dailyMicroUsd" | "dailyMs" | "monthlyMicroUsd", number>>;

const NONE = { dailyMicroUsd: null, dailyMs: null, monthlyMicroUsd: null, isEnforced: false };

const ofCaller = (limits: Limits): Budget => ({ callerId: "caller", ...NONE, ...limits });

const ofApplication = (limits: Limits): Budget => ({ sdkAppId: 1600000000, ...NONE, ...limits });

const at = (text: string) => new Date(`2026-${text}Z`);

const lasting = (minutes: number, fields: Partial<Wanted> = {}): Wanted => {
  const createdAt = fields.createdAt ?? now;
  const deadlineAt = addMs(createdAt, minutes * MINUTE_MS);
  return newIngest({ createdAt, deadlineAt, latestAt: addMs(createdAt, 20 * DAY_MS), ...fields });
};

const ended = async (startedAt: Date, endedAt: Date, fields: Partial<Wanted> = {}) => {
  const { taskId } = await runningIngest(store, { ...lasting(1), createdAt: startedAt, ...fields });
  await store.ingests.markEnded({ taskId, fence: 0, reason: "stopped", at: endedAt });
  return taskId;
};

const days = async () => {
  const rows = await database.query(
    `select caller_id, to_char(day, 'MM-DD') as day, sdk_app_id, sum(ingests) as ingests,
            sum(played_ms) as ms, sum(micro_usd) as usd
     from spend_day group by 1, 2, 3 order by 1, 2, 3`,
  );
  return rows.map(({ day, ingests, ms, usd }) => [day, Number(ingests), Number(ms), Number(usd)]);
};

describe("an ended ingest", () => {
  test("is counted in each UTC day that it played, and in no other", async () => {
    await ended(at("03-30T23:59:59.500"), at("04-02T00:00:00.001"));
    const day = microUsd(DAY_MS, PER_MINUTE);
    expect(await days()).toEqual([
      ["03-30", 0, 500, microUsd(500, PER_MINUTE)],
      ["03-31", 0, DAY_MS, day],
      ["04-01", 0, DAY_MS, day],
      ["04-02", 1, 1, 1],
    ]);
  });

  test("is counted once, whatever its row is changed to afterwards", async () => {
    const taskId = await ended(NOON, addMs(NOON, MINUTE_MS));
    await store.roomEvents.explainEnd(taskId);
    await database.query("update ingest set state = 'ended', end_reason = 'lost'");
    expect(await days()).toEqual([["03-10", 1, MINUTE_MS, PER_MINUTE]]);
  });

  test("that TRTC never accepted has cost nothing", async () => {
    const failed = lasting(10);
    await store.ingests.beginStart(failed);
    const why = { code: "FailedOperation", message: "", retry: false, at: now };
    await store.ingests.markFailed({ taskId: failed.taskId, fence: 0, ...why });
    expect(await days()).toEqual([]);
  });

  test("that was a successor is not counted, because its ingest has the whole time", async () => {
    const parent = await runningIngest(store, lasting(10));
    await ended(NOON, addMs(NOON, MINUTE_MS), { successorOf: parent.taskId });
    expect(await days()).toEqual([]);
  });

  test("that was started again is counted from its first start to its end", async () => {
    const { taskId } = await runningIngest(store, lasting(10));
    await database.query("update ingest set state = 'starting', advance_at = now()");
    await database.query("update ingest set state = 'running', advance_at = null");
    await store.ingests.markEnded({ taskId, fence: 0, reason: "stopped", at: addMs(NOON, 5000) });
    expect(await days()).toEqual([["03-10", 1, 5000, microUsd(5000, PER_MINUTE)]]);
  });

  test("stays counted when retention deletes it", async () => {
    await ended(NOON, addMs(NOON, MINUTE_MS));
    await store.ingests.forgetEnded({ endedBefore: addMs(NOON, DAY_MS), limit: 10 });
    expect(await database.query("select from ingest")).toEqual([]);
    expect(await days()).toEqual([["03-10", 1, MINUTE_MS, PER_MINUTE]]);
    await store.budgets.run(forgetSpending, { before: at("03-10T00:00:00") });
    expect(await days()).toHaveLength(1);
    await store.budgets.run(forgetSpending, { before: at("03-11T00:00:00") });
    expect(await days()).toEqual([]);
  });

  test("and a hundred others at once are all counted, on four instances", async () => {
    const rows = await Promise.all(
      Array.from({ length: 100 }, () => runningIngest(store, lasting(60))),
    );
    await instances.everywhere(rows.length, (own, n) =>
      own.ingests.markEnded({
        taskId: rows[n]?.taskId ?? "",
        fence: 0,
        reason: "stopped",
        at: addMs(NOON, n),
      }),
    );
    const ms = (99 * 100) / 2;
    const usd = rows.reduce((sum, _, n) => sum + microUsd(n, PER_MINUTE), 0);
    expect(await days()).toEqual([["03-10", 100, ms, usd]]);
    const shards = await database.query("select distinct shard from spend_day");
    expect(shards.length).toBeGreaterThan(8);
  });
});

describe("starts at once on four instances", () => {
  const dailyMicroUsd = 5 * 10 * PER_MINUTE;

  test.each<[string, (n: number) => Partial<Wanted>]>([
    ["a caller's budget", () => ({ budgets: [ofCaller({ dailyMicroUsd })] })],
    ["a caller's minutes", () => ({ budgets: [ofCaller({ dailyMs: 50 * MINUTE_MS })] })],
    [
      "an application's budget, by many callers",
      (n) => ({
        callerId: `caller-${n}`,
        budgets: [ofApplication({ monthlyMicroUsd: dailyMicroUsd })],
      }),
    ],
    [
      "both, and other quotas",
      () => ({
        budgets: [ofCaller({ dailyMicroUsd: 2 * dailyMicroUsd }), ofApplication({ dailyMicroUsd })],
        quotas: { maxIngests: 30, startsPerMinute: 30 },
      }),
    ],
  ])("never pass %s together", async (_, fields) => {
    const begun = await instances.everywhere(40, (own, n) =>
      own.ingests.beginStart(lasting(10, fields(n))),
    );
    const outcomes = begun.map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === "begun")).toHaveLength(5);
    expect(outcomes.filter((outcome) => outcome === "over-budget")).toHaveLength(35);
    // A lane is taken with its start, or not at all.
    const lanes = await database.query("select from caller_lane");
    expect([0, 5]).toContain(lanes.length);
  });

  test("and later deadlines never pass it either", async () => {
    const rows = await Promise.all(
      Array.from({ length: 8 }, () => runningIngest(store, lasting(5))),
    );
    const budgets = [ofCaller({ dailyMs: 50 * MINUTE_MS })];
    const moved = await instances.everywhere(rows.length, async (own, n) => {
      const taskId = rows[n]?.taskId ?? "";
      const deadlineAt = addMs(NOON, 8 * MINUTE_MS);
      for (let tries = 0; tries < 50; tries += 1) {
        const change = { taskId, deadlineAt, play: {}, signature: undefined, at: now };
        if (await own.ingests.markUpdated({ ...change, budgets })) return true;
        if (await own.budgets.overBudget({ taskId, deadlineAt, budgets })) return false;
      }
      throw new Error("it never had its turn");
    });
    // 8 of 5 minutes are 40, and three more of 3 minutes are 49.
    expect(moved.filter(Boolean)).toHaveLength(3);
  });
});

test("a start whose answer was lost keeps its reservation until it has ended", async () => {
  const budgets = [ofCaller({ dailyMs: 15 * MINUTE_MS })];
  const first = lasting(10, { budgets });
  expect(await store.ingests.beginStart(first)).toMatchObject({ outcome: "begun" });
  // The instance dies here. Its row is live, and counts its whole time.
  now = addMs(NOON, 5 * MINUTE_MS);
  expect(await store.ingests.beginStart(lasting(6, { budgets }))).toMatchObject({
    outcome: "over-budget",
    spent: 0,
    ahead: 10 * MINUTE_MS,
    cost: 6 * MINUTE_MS,
  });
  const gone = { taskId: first.taskId, fence: 0, code: "x", message: "", retry: false, at: now };
  await store.ingests.markFailed(gone);
  expect(await store.ingests.beginStart(lasting(6, { budgets }))).toMatchObject({
    outcome: "begun",
  });
});
