/** A start or a later deadline that would pass a budget is refused, with the figures. */
import { updateIngest } from "../../../shared/ingest/update/update.js";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { DAY_MS, MINUTE_MS } from "../../../shared/clock.js";
import { type BudgetApp, openBudgetApp, usd } from "./budget-app.js";
import { CN_APP, INTL_APP } from "../../support/app/test-app.js";

const HOUR_MS = 60 * MINUTE_MS;

let ours: BudgetApp;

beforeAll(async () => {
  ours = await openBudgetApp(
    {
      daily: { Budgets: { DailyUsd: 1 } },
      minutes: { Budgets: { DailyMinutes: 60 } },
      monthly: { Budgets: { MonthlyUsd: 1 } },
      all: { Budgets: { DailyUsd: 1, DailyMinutes: 30, MonthlyUsd: 1 } },
      none: { Budgets: { DailyUsd: 0 } },
      free: {},
      other: {},
    },
    { DailyUsd: 1 },
  );
});
/** Each test has a month of its own. */
beforeEach(async () => {
  for (const table of ["ingest", "spend_day", "budget_notice", "budget_turn", "call_slot"]) {
    await ours.app.database.query(`delete from ${table}`);
  }
  const now = ours.clock.now();
  ours.clock.jump(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1) - now.getTime());
});
afterAll(() => ours.app.close());

const errorOf = (answer: Awaited<ReturnType<BudgetApp["start"]>>) => [
  answer.status,
  answer.response.Error?.Code,
];
const REFUSED = [429, "LimitExceeded.Budget"];
const BEGUN = [200, undefined];

const stop = (callerId: string, TaskId: unknown) =>
  ours.post("stop-ingest", callerId, { SdkAppId: CN_APP, TaskId });

describe("a start", () => {
  test("that would pass DailyUsd is refused with the figures, and writes no row", async () => {
    await ours.clock.advance(10 * HOUR_MS);
    const first = await ours.start("daily", { MaxDuration: 60 });
    expect(errorOf(first)).toEqual(BEGUN);
    await ours.clock.advance(20 * MINUTE_MS);
    const second = await ours.start("daily", { MaxDuration: 10 });
    expect(errorOf(second)).toEqual(REFUSED);
    const day = ours.clock.now().toISOString().slice(0, 10);
    const next = new Date(Date.parse(day) + DAY_MS).toISOString();
    expect(second.response.Error?.Message).toBe(
      `The start would pass DailyUsd of the caller daily: the budget is 1.00 USD, spent so far: 0.2996 USD, what runs will take 0.5992 USD more, and this would take 0.1498 USD. Send an earlier StopTime or a shorter MaxDuration, stop another ingest, or wait until ${next}.`,
    );
    const rows = await ours.app.database.query("select task_id from ingest");
    expect(rows).toEqual([{ task_id: first.response["TaskId"] }]);
    // What fits begins: 6 minutes are 0.09 USD.
    expect(errorOf(await ours.start("daily", { MaxDuration: 6 }))).toEqual(BEGUN);
  });

  test("finds what an ended ingest has played counted, and no longer its reservation", async () => {
    const { response } = await ours.start("daily", { MaxDuration: 60 });
    await ours.clock.advance(20 * MINUTE_MS);
    expect(errorOf(await ours.start("daily", { MaxDuration: 46 }))).toEqual(REFUSED);
    await stop("daily", response["TaskId"]);
    // 20 minutes are spent, and 46 more are 66.
    expect(errorOf(await ours.start("daily", { MaxDuration: 47 }))).toEqual(REFUSED);
    expect(errorOf(await ours.start("daily", { MaxDuration: 46 }))).toEqual(BEGUN);
  });

  test("that would pass DailyMinutes is refused", async () => {
    await ours.start("minutes", { MaxDuration: 50 });
    const refused = await ours.start("minutes", { MaxDuration: 11 });
    expect(errorOf(refused)).toEqual(REFUSED);
    expect(refused.response.Error?.Message).toMatch(
      /DailyMinutes of the caller minutes: the budget is 60 minutes, spent so far: 0 minutes, what runs will take 50 minutes more, and this would take 11 minutes\./,
    );
    expect(errorOf(await ours.start("minutes", { MaxDuration: 10 }))).toEqual(BEGUN);
  });

  test("that would pass MonthlyUsd is refused until the next month", async () => {
    await ours.start("monthly", { MaxDuration: 60 });
    await ours.clock.advance(2 * DAY_MS);
    const refused = await ours.start("monthly", { MaxDuration: 10 });
    expect(refused.response.Error?.Message).toMatch(
      /MonthlyUsd .* wait until \S+-01T00:00:00.000Z/,
    );
    const now = ours.clock.now();
    ours.clock.jump(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1) - now.getTime());
    expect(errorOf(await ours.start("monthly", { MaxDuration: 60 }))).toEqual(BEGUN);
  });

  test("has to keep each of several budgets", async () => {
    expect(errorOf(await ours.start("all", { MaxDuration: 31 }))).toEqual(REFUSED);
    expect(errorOf(await ours.start("all", { MaxDuration: 30 }))).toEqual(BEGUN);
  });

  test("never begins with a budget of zero", async () => {
    expect(errorOf(await ours.start("none", { MaxDuration: 1 }))).toEqual(REFUSED);
  });

  test("counts for its application, with those of other callers", async () => {
    const there = { SdkAppId: INTL_APP, MaxDuration: 40 };
    expect(errorOf(await ours.start("free", there))).toEqual(BEGUN);
    const refused = await ours.start("other", there);
    expect(errorOf(refused)).toEqual(REFUSED);
    expect(refused.response.Error?.Message).toContain(`DailyUsd of the application ${INTL_APP}`);
    expect(errorOf(await ours.start("other", { MaxDuration: 40 }))).toEqual(BEGUN);
  });

  test("that is sent again with its ClientToken is the same start, whatever is spent", async () => {
    const fields = { MaxDuration: 60, ClientToken: "once", RoomId: "the-same" };
    const [first, again] = [await ours.start("daily", fields), await ours.start("daily", fields)];
    expect(errorOf(again)).toEqual(BEGUN);
    expect(again.response["TaskId"]).toBe(first.response["TaskId"]);
  });

  test("costs what the prices of its own start say", async () => {
    await ours.start("daily", { MaxDuration: 60 });
    await ours.app.database.query(
      `update ingest set prices = jsonb_set(prices, '{FullHD}', '1000')`,
    );
    // 0.06 USD are planned, and 62 minutes more are 0.93.
    expect(errorOf(await ours.start("daily", { MaxDuration: 63 }))).toEqual(REFUSED);
    expect(errorOf(await ours.start("daily", { MaxDuration: 62 }))).toEqual(BEGUN);
  });

  test("over midnight counts for each day with its part", async () => {
    await ours.clock.advance(23.5 * HOUR_MS);
    // 30 of its 90 minutes are today.
    expect(errorOf(await ours.start("daily", { MaxDuration: 90 }))).toEqual(BEGUN);
    expect(errorOf(await ours.start("daily", { MaxDuration: 300 }))).toEqual(BEGUN);
    expect(errorOf(await ours.start("daily", { MaxDuration: 10 }))).toEqual(REFUSED);
    await ours.clock.advance(30 * MINUTE_MS);
    const refused = await ours.start("daily", { MaxDuration: 1 });
    // 60 and 270 minutes are planned of the new day.
    expect(refused.response.Error?.Message).toContain(
      `spent so far: 0.000004 USD, what runs will take 4.94`,
    );
  });
});

describe("a scheduled start", () => {
  test("is accepted, checked at its StartTime, and fails as another quota makes it fail", async () => {
    const StartTime = ours.inMinutes(5);
    const { response } = await ours.start("daily", {
      StartTime,
      StartWindowSeconds: 30,
      MaxDuration: 60,
    });
    expect(response.Error).toBeUndefined();
    expect(errorOf(await ours.start("daily", { MaxDuration: 60 }))).toEqual(BEGUN);
    await ours.clock.advance(5 * MINUTE_MS);
    for (let run = 0; run < 8; run += 1) {
      await ours.advance();
      await ours.clock.advance(10_000);
    }
    const described = await ours.describeIngest("daily", response["TaskId"]);
    expect(described).toMatchObject({
      State: "ended",
      EndReason: "failed",
      FailureCode: "LimitExceeded.Budget",
      Cost: { Usd: 0 },
    });
    expect(described["EndDetail"]).toContain("would pass DailyUsd of the caller daily");
  });

  test("begins when it fits", async () => {
    const { response } = await ours.start("daily", {
      StartTime: ours.inMinutes(5),
      MaxDuration: 60,
    });
    await ours.clock.advance(5 * MINUTE_MS);
    await ours.advance();
    expect(await ours.describeIngest("daily", response["TaskId"])).toMatchObject({
      State: "running",
    });
  });
});

describe("an update", () => {
  const update = (TaskId: unknown, fields: object) =>
    ours.post("update-ingest", "daily", { SdkAppId: CN_APP, TaskId, ...fields });

  test("that moves the deadline past the budget is refused, and changes nothing", async () => {
    const fields = { MaxDuration: 30, ExtendableUntil: ours.inMinutes(600) };
    const { response } = await ours.start("daily", fields);
    await ours.clock.advance(10 * MINUTE_MS);
    const refused = await update(response["TaskId"], { MaxDuration: 67, Volume: 50 });
    expect(errorOf(refused)).toEqual(REFUSED);
    expect(refused.response.Error?.Message).toMatch(
      /^The later deadline would pass DailyUsd .* spent so far: 0\.1498 USD, what runs will take 0\.00 USD more, and this would take 0\.85386 USD\. Send an earlier one/,
    );
    expect(ours.trtc.bodies("UpdateStreamIngest")).toEqual([]);
    expect((await update(response["TaskId"], { MaxDuration: 66 })).response.Error).toBeUndefined();
    const { Cost } = await ours.describeIngest("daily", response["TaskId"]);
    expect(Cost).toMatchObject({ UsdToDeadline: usd(66) });
  });

  const LIST = { StreamUrl: undefined, RepeatNum: undefined };
  test.each([
    ["a loop", () => ({ ExtendableUntil: ours.inMinutes(600) })],
    ["a list", () => ({ ...LIST, Playlist: [{ StreamUrl: ours.app.clip }] })],
  ])(
    "of %s that loses its budget while TRTC changes says so, and writes what plays",
    async (_, fields) => {
      const { response } = await ours.start("daily", { MaxDuration: 30, ...fields() });
      const { services, app } = ours;
      const room = { SdkAppId: CN_APP, RoomId: "meanwhile", RoomIdType: 0, RepeatNum: -1 };
      const start = { ...room, StreamUrl: app.clip, MaxDuration: 15 };
      const call: typeof services.trtc.call = async (action, options) => {
        const answer = await services.trtc.call(action, options);
        if (action !== "UpdateStreamIngest") return answer;
        const headers = { authorization: "Bearer secret-key-of-daily" };
        expect((await app.post("start-ingest", start, headers)).response.Error).toBeUndefined();
        return answer;
      };
      const caller = services.config.callers.get("daily");
      if (!caller) throw new Error("there is no such caller");
      const TaskId = String(response["TaskId"]);

      const updated = updateIngest(
        { ...services, trtc: { ...services.trtc, call } },
        {
          caller,
          request: { TaskId, MaxDuration: 60, Volume: 50 },
          application: undefined,
          timeLeftMs: () => 20_000,
        },
      );

      await expect(ours.clock.advanceUntilDone(updated)).rejects.toMatchObject({
        code: "LimitExceeded.Budget",
      });
      const row = await services.store.ingests.read(TaskId);
      expect(row?.play).toMatchObject({ Volume: 50 });
      expect(row?.deadlineAt.toISOString()).toBe(response["Deadline"]);
    },
  );

  test("that moves the deadline earlier is never refused", async () => {
    const { response } = await ours.start("daily", { MaxDuration: 60 });
    const spent = `update ingest set prices = jsonb_set(prices, '{FullHD}', '90000')`;
    await ours.app.database.query(spent);
    expect((await update(response["TaskId"], { MaxDuration: 50 })).response.Error).toBeUndefined();
  });
});
