/** What runs is warned of at 80 % of a budget, and stopped at 100 % where it is enforced, each once. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { DAY_MS, MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { watchBudget } from "../../../shared/store/budgets/watch.js";
import { cloudEventOf } from "../../../shared/notifications/cloud-event.js";
import { type BudgetApp, openBudgetApp, usd } from "./budget-app.js";
import { CN_APP, INTL_APP } from "../../support/app/test-app.js";

let ours: BudgetApp;

const RECEIVES_NOTHING = { NotifyUrl: undefined, NotifySecrets: undefined };

beforeAll(async () => {
  ours = await openBudgetApp(
    {
      warned: { Budgets: { DailyUsd: 10 } },
      enforced: { Budgets: { DailyUsd: 10, Enforce: true } },
      silent: { Budgets: { DailyMinutes: 600, Enforce: true }, ...RECEIVES_NOTHING },
      one: {},
      two: {},
      idle: {},
      deaf: RECEIVES_NOTHING,
    },
    { MonthlyUsd: 100, Enforce: true },
  );
});
/** Each test has a day of its own. */
beforeEach(async () => {
  const tables = ["ingest", "outbox", "spend_day", "budget_notice", "budget_turn", "call_slot"];
  for (const table of tables) await ours.app.database.query(`delete from ${table}`);
  ours.clock.jump(DAY_MS - (ours.clock.now().getTime() % DAY_MS));
  if (ours.clock.now().getUTCDate() > 20) ours.clock.jump(15 * DAY_MS);
});
afterAll(() => ours.app.close());

const hours = (count: number) => ours.clock.advance(count * 60 * MINUTE_MS);

const startedOf = async (callerId: string, fields: object = {}) => {
  const { response } = await ours.start(callerId, { MaxDuration: 600, ...fields });
  expect(response.Error).toBeUndefined();
  return response["TaskId"];
};

/** The budget that the operator has lowered to what so many minutes cost. */
const lowered = (callerId: string, minutes: number, more: object = {}) =>
  ours.withBudgets(callerId, { DailyUsd: usd(minutes), ...more });

describe("a budget without Enforce", () => {
  test("is warned of at 80 % and again at 100 %, each once in its day, and stops nothing", async () => {
    const TaskId = await startedOf("warned");
    const now = lowered("warned", 60);
    await ours.clock.advance(47 * MINUTE_MS);
    expect(await ours.reconcile(now)).toMatchObject({ warned: 0 });
    await ours.clock.advance(MINUTE_MS);
    expect(await ours.reconcile(now)).toMatchObject({ warned: 1, stopped: 0 });
    expect(await ours.reconcile(now)).toMatchObject({ warned: 0 });
    await ours.clock.advance(12 * MINUTE_MS);
    expect(await ours.reconcile(now)).toMatchObject({ warned: 1, stopped: 0 });
    await hours(1);
    expect(await ours.reconcile(now)).toMatchObject({ warned: 0, stopped: 0 });
    expect(await ours.notices()).toEqual([
      ["warned", "budget.warning", "DailyUsd"],
      ["warned", "budget.spent", "DailyUsd"],
    ]);
    expect(await ours.describeIngest("warned", TaskId)).toMatchObject({ State: "running" });
    expect(ours.app.logLines.filter((line) => line.includes("BudgetSpent"))).toHaveLength(1);
  });

  test("is reported anew on the next day", async () => {
    await startedOf("one", { MaxDuration: 2000 });
    const now = lowered("one", 60);
    await hours(2);
    expect(await ours.reconcile(now)).toMatchObject({ warned: 1 });
    await hours(22);
    expect(await ours.reconcile(now)).toMatchObject({ warned: 0 });
    await hours(1);
    expect(await ours.reconcile(now)).toMatchObject({ warned: 1 });
  });

  test("that is passed at once has one notification, of the greater level", async () => {
    await startedOf("warned");
    await hours(2);
    await ours.reconcile(lowered("warned", 60));
    expect(await ours.notices()).toEqual([["warned", "budget.spent", "DailyUsd"]]);
  });

  test("tells its figures, in a CloudEvent", async () => {
    await startedOf("warned");
    await ours.clock.advance(50 * MINUTE_MS);
    const at = ours.clock.now();
    await ours.reconcile(lowered("warned", 60));
    const [claimed] = await ours.services.store.outbox.claim({
      callerId: "warned",
      at: ours.clock.now(),
      leaseMs: SECOND_MS,
      limit: 10,
    });
    const day = `${at.toISOString().slice(0, 10)}T00:00:00.000Z`;
    // Its ingest has an event of its own, which comes first or second.
    const events = await ours.app.database.query("select * from outbox where type like 'budget.%'");
    expect(claimed && events).toHaveLength(1);
    const { task_id, position, caller_id, type, happened_at, facts } = events[0] as never;
    const event = cloudEventOf({
      ...{ taskId: task_id, position, callerId: caller_id, type, happenedAt: happened_at, facts },
      ...{ attempts: 1, tryAt: at, giveUpAt: at },
    });
    expect(event).toMatchObject({
      id: expect.stringMatching(/^budget-[0-9a-f]{32}-1$/),
      source: expect.stringMatching(/^\/callers\/warned\/budgets\/budget-[0-9a-f]{32}$/),
      type: "budget.warning",
      sequence: "1",
      data: {
        Caller: "warned",
        SdkAppId: null,
        Budget: "DailyUsd",
        Percent: 80,
        Limit: usd(60),
        Spent: expect.closeTo(usd(50), 3),
        PeriodStart: day,
        PeriodEnd: new Date(Date.parse(day) + DAY_MS).toISOString(),
        Enforce: false,
      },
    });
  });
});

describe("a budget with Enforce", () => {
  test("stops what its caller has live, says so, and leaves others alone", async () => {
    const TaskId = await startedOf("enforced");
    const other = await startedOf("one");
    await ours.clock.advance(60 * MINUTE_MS);
    const now = lowered("enforced", 60, { Enforce: true });
    expect(await ours.reconcile(now)).toMatchObject({ warned: 1, stopped: 1 });
    expect(await ours.reconcile(now)).toMatchObject({ warned: 0, stopped: 0 });
    const ended = await ours.describeIngest("enforced", TaskId);
    expect(ended).toMatchObject({ State: "ended", EndReason: "stopped" });
    expect(ended["EndDetail"]).toMatch(/^A spent budget with Enforce asked for a stop at /);
    expect(await ours.describeIngest("one", other)).toMatchObject({ State: "running" });
    const tasks = await ours.app.truth.tasks();
    expect(tasks.filter(({ state }) => state === "playing")).toHaveLength(1);
  });

  test("does so for a caller without a receiver, by its minutes", async () => {
    const ids = [
      await startedOf("silent", { MaxDuration: 300 }),
      await startedOf("silent", { MaxDuration: 300 }),
    ];
    await hours(1);
    const now = ours.withBudgets("silent", { DailyMinutes: 120, Enforce: true });
    expect(await ours.reconcile(now)).toMatchObject({ warned: 1, stopped: 2 });
    expect(await ours.notices()).toEqual([]);
    for (const id of ids) {
      expect(await ours.describeIngest("silent", id)).toMatchObject({ State: "ended" });
    }
  });

  test("continues what a run left that was killed after its report", async () => {
    const TaskId = await startedOf("enforced");
    await hours(2);
    const now = lowered("enforced", 60, { Enforce: true });
    const budget = {
      callerId: "enforced",
      dailyMicroUsd: usd(60) * 1e6,
      dailyMs: null,
      monthlyMicroUsd: null,
      isEnforced: true,
    };
    const states = await ours.services.store.budgets.run(watchBudget, {
      budget,
      receivers: ["enforced"],
    });
    expect(states).toMatchObject([{ name: "DailyUsd", reported: 100 }]);
    expect(await ours.reconcile(now)).toMatchObject({ warned: 0, stopped: 1 });
    expect(await ours.notices()).toHaveLength(1);
    expect(await ours.describeIngest("enforced", TaskId)).toMatchObject({ State: "ended" });
  });

  test("repeats a stop that TRTC did not carry out", async () => {
    const TaskId = await startedOf("enforced");
    await hours(2);
    ours.trtc.next("StopStreamIngest", "lose-request");
    const now = lowered("enforced", 60, { Enforce: true });
    await ours.reconcile(now);
    expect(await ours.describeIngest("enforced", TaskId)).toMatchObject({ State: "stopping" });
    await hours(1);
    await ours.reconcile(now);
    expect(await ours.describeIngest("enforced", TaskId)).toMatchObject({ State: "ended" });
  });
});

describe("an application's budget", () => {
  test("is reported to each caller with a receiver that has something live there, and stops all", async () => {
    const there = { SdkAppId: INTL_APP };
    const ids = {
      one: await startedOf("one", there),
      two: await startedOf("two", there),
      deaf: await startedOf("deaf", there),
    };
    const elsewhere = await startedOf("idle", { SdkAppId: CN_APP });
    await hours(2);
    const { config } = ours.services;
    const application = config.applications.get(INTL_APP);
    if (!application) throw new Error("there is no such application");
    const Budgets = { MonthlyUsd: usd(300), Enforce: true };
    const applications = new Map(config.applications).set(INTL_APP, { ...application, Budgets });
    const now = { ...ours.services, config: { ...config, applications } };
    expect(await ours.reconcile(now)).toMatchObject({ warned: 1, stopped: 3 });
    expect(await ours.notices()).toEqual([
      ["one", "budget.spent", "MonthlyUsd"],
      ["two", "budget.spent", "MonthlyUsd"],
    ]);
    for (const [caller, TaskId] of Object.entries(ids)) {
      expect(
        (await ours.post("describe-ingest", caller, { SdkAppId: INTL_APP, TaskId })).response,
      ).toMatchObject({ State: "ended" });
    }
    expect(await ours.describeIngest("idle", elsewhere)).toMatchObject({ State: "running" });
  });
});
