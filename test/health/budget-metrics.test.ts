/** What is left of each budget, as a scraper reads it after a run of reconcile-ingests. */
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { localEnvironment } from "../../local/environment/local-environment.js";
import { CN_APP, KEY, SECRET_ID, type TestApp, startTestApp } from "../support/app/test-app.js";
import { readOpenMetrics } from "./open-metrics.js";

const SECRET = "the-secret-key-of-a-school";

let app: TestApp;
beforeAll(async () => {
  const { TRTC_APPS = "" } = localEnvironment({}, "http://127.0.0.1:1");
  const applications = (JSON.parse(TRTC_APPS) as { SdkAppId: number }[]).map((entry) =>
    entry.SdkAppId === CN_APP ? { ...entry, Budgets: { MonthlyUsd: 50 } } : entry,
  );
  const grants = { SdkAppIds: [CN_APP] };
  app = await startTestApp({
    env: {
      TRTC_APPS: JSON.stringify(applications),
      CALLERS: JSON.stringify([
        {
          ...{ Id: "AKIDschool", SecretKeys: [SECRET], ...grants },
          Budgets: { DailyUsd: 10, DailyMinutes: 600, MonthlyUsd: 100 },
        },
        { Id: SECRET_ID, SecretKeys: [KEY], ...grants, Budgets: { DailyUsd: 0 } },
      ]),
    },
  });
});
beforeEach(() => app.database.query("truncate spend_day, budget_notice, budget_standing, outbox"));
afterAll(() => app.close());

/** `minutes`, `usd`: what ended ingests played and cost today, or on the first day of this month. */
const spend = (callerId: string, day: "day" | "month", { minutes, usd }: Record<string, number>) =>
  app.database.query(
    `insert into spend_day as known (caller_id, day, sdk_app_id, shard, ingests, played_ms, micro_usd)
     select $1, present.${day}, $2, 1, 1, $3, $4 from budget_period(now()) as present
     on conflict (caller_id, day, sdk_app_id, shard) do update
     set played_ms = known.played_ms + excluded.played_ms, micro_usd = known.micro_usd + excluded.micro_usd`,
    [callerId, CN_APP, (minutes ?? 0) * 60_000, (usd ?? 0) * 1_000_000],
  );

const watch = () =>
  app
    .functionNamed("reconcile-ingests")
    .handler({ Type: "Timer" }, { getRemainingTimeInMillis: () => 30_000 });

const scrape = async () => {
  const headers = { authorization: `Bearer ${KEY}` };
  return (await fetch(`${app.url}/metrics`, { headers })).text();
};

/** As `AKIDschool DailyUsd`, with limit and rest. */
const budgets = async () => {
  const families = readOpenMetrics(await scrape());
  const samples = (name: string) => families.get(`trtc_ingest_budget_${name}`)?.samples ?? [];
  const values: Record<string, number[]> = {};
  for (const name of ["limit_usd", "remaining_usd", "limit_minutes", "remaining_minutes"]) {
    for (const { labels, value } of samples(name)) {
      const { caller, application, budget } = labels;
      const key = `${caller ?? application ?? ""} ${budget ?? ""}`;
      values[key] = [...(values[key] ?? []), value];
    }
  }
  return values;
};

test("each budget has its limit and what is left, by its owner", async () => {
  await spend("AKIDschool", "day", { minutes: 60, usd: 2.5 });
  await spend("AKIDother", "day", { minutes: 5, usd: 0.125 });

  await watch();

  expect(await budgets()).toEqual({
    "AKIDschool DailyUsd": [10, 7.5],
    "AKIDschool DailyMinutes": [600, 540],
    "AKIDschool MonthlyUsd": [100, 97.5],
    [`${CN_APP} MonthlyUsd`]: [50, 47.375],
    [`${SECRET_ID} DailyUsd`]: [0, 0],
  });
  const text = await scrape();
  expect(text).not.toContain(SECRET);
  expect(text).not.toContain(KEY);
});

test("before a run there is none", async () => {
  await spend("AKIDschool", "day", { usd: 1 });

  expect(await budgets()).toEqual({});
});

test("a later run has the later figure, and one that was passed is below zero", async () => {
  await spend("AKIDschool", "day", { minutes: 10, usd: 1 });
  await watch();

  await spend("AKIDschool", "day", { minutes: 600, usd: 11 });
  await watch();

  expect(await budgets()).toMatchObject({
    "AKIDschool DailyUsd": [10, -2],
    "AKIDschool DailyMinutes": [600, -10],
  });
});

test("a figure of a day or month that is over is not shown", async () => {
  await spend("AKIDschool", "day", { usd: 1 });
  await watch();

  await app.database.query("update budget_standing set period = period - 1");

  expect(await budgets()).toEqual({});
});

test("a budget that no run has watched for half an hour is not shown", async () => {
  await watch();
  await app.database.query(
    "update budget_standing set watched_at = watched_at - interval '31 minutes' where budget = 'DailyUsd'",
  );

  expect(Object.keys(await budgets()).sort()).toEqual([
    `${CN_APP} MonthlyUsd`,
    "AKIDschool DailyMinutes",
    "AKIDschool MonthlyUsd",
  ]);
});

test("a run that was overtaken does not bring an older figure back", async () => {
  await spend("AKIDschool", "day", { usd: 1 });
  await watch();
  await app.database.query(
    "update budget_standing set spent = 9000000, watched_at = now() + interval '1 minute'",
  );

  await watch();

  expect(await budgets()).toMatchObject({ "AKIDschool DailyUsd": [10, 1] });
});

test("of many budgets the hundred that are spent furthest are shown", async () => {
  await app.database.query(
    `insert into budget_standing (scope, budget, caller_id, period, most, spent, watched_at)
     select 'caller ' || n, 'MonthlyUsd', n, present.month, 1000000, n, now()
     from generate_series(1, 120) as n cross join budget_period(now()) as present`,
  );

  const shown = Object.keys(await budgets());

  expect(shown).toHaveLength(100);
  expect(shown).toContain("120 MonthlyUsd");
  expect(shown).not.toContain("20 MonthlyUsd");
});
