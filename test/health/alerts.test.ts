/** The alert rules and the dashboard: each alert fires for its fault and for no other one. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { stringify } from "yaml";
import { TIMED_FUNCTIONS } from "../../shared/health/timers.js";
import { anchorOf, headings } from "../docs/markdown.js";
import { readText } from "../docs/prose-files.js";
import { type TestApp, KEY, startTestApp } from "../support/app/test-app.js";
import { describeWith } from "../support/needed.js";
import { PROMTOOL } from "../support/programs.js";
import {
  ALERTS,
  dashboardQueries,
  MONITORING,
  metricsIn,
  PANELS,
  RULES_FILE,
} from "./monitoring.js";
import { readOpenMetrics } from "./open-metrics.js";

describe("each alert", () => {
  const runbooks = headings(readText("deploy/monitoring/runbooks.md")).map(({ text }) =>
    anchorOf(text),
  );

  test.each(ALERTS)("$alert has a section of the runbooks, and a sentence", (rule) => {
    expect(rule.annotations.runbook_url).toBe(
      `deploy/monitoring/runbooks.md#${rule.alert.toLowerCase()}`,
    );
    expect(runbooks).toContain(rule.alert.toLowerCase());
    expect(rule.annotations.summary).toMatch(/\.$/);
    expect(["critical", "warning"]).toContain(rule.labels.severity);
  });

  test("has a name of its own, and the runbooks have no other one", () => {
    const names = ALERTS.map(({ alert }) => alert.toLowerCase());
    expect(new Set(names).size).toBe(names.length);
    expect(runbooks.filter((anchor) => anchor.startsWith("trtcingest"))).toEqual(names);
    const operations = readFileSync("docs/operations.md", "utf8");
    expect(operations).toContain(`| ${names.length} alerts.`);
  });
});

describe("of the exported metrics", () => {
  let app: TestApp;
  let exported: Set<string>;
  beforeAll(async () => {
    app = await startTestApp();
    const headers = { authorization: `Bearer ${KEY}` };
    const text = await (await fetch(`${app.url}/metrics`, { headers })).text();
    const suffixes = { counter: "_total", info: "_info", histogram: "_bucket", gauge: "" };
    exported = new Set(
      [...readOpenMetrics(text)].map(
        ([name, { type }]) => `${name}${suffixes[type as keyof typeof suffixes]}`,
      ),
    );
  });
  afterAll(() => app.close());

  test("the alerts use none that is not there", () => {
    const names = ALERTS.flatMap(({ expr }) => metricsIn(expr));
    expect(names.filter((name) => !exported.has(name))).toEqual([]);
  });

  test("the dashboard shows every one, and no other", () => {
    expect([...new Set(dashboardQueries().flatMap(metricsIn))].sort()).toEqual(
      [...exported].sort(),
    );
  });
});

test("the panels of the dashboard lie beside each other", () => {
  const ids = PANELS.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const isApart = (one: (typeof PANELS)[0], other: (typeof PANELS)[0]) => {
    const [a, b] = [one.gridPos, other.gridPos];
    return a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
  };
  for (const one of PANELS) {
    expect(one.gridPos.x + one.gridPos.w).toBeLessThanOrEqual(24);
    const covered = PANELS.filter((other) => other !== one && !isApart(one, other));
    expect(covered.map(({ title }) => title)).toEqual([]);
  }
});

const UP = 'up{job="trtc-ingest"}';
const timer = (name: string, metric: string) => `trtc_ingest_timer_${metric}{function="${name}"}`;
/** A budget in USD or in minutes, with its labels. */
const budget = (
  unit: string,
  labels: string,
  { limit, remaining }: { limit: string; remaining: string },
) => ({
  [`trtc_ingest_budget_limit_${unit}${labels}`]: limit,
  [`trtc_ingest_budget_remaining_${unit}${labels}`]: remaining,
});
const SCHOOL_DAY = '{caller="school",budget="DailyUsd"}';
const SCHOOL_MINUTES = '{caller="school",budget="DailyMinutes"}';
const APPLICATION_MONTH = '{application="1400000000",budget="MonthlyUsd"}';
const SLOT = '{account="intl",action="StartStreamIngest"}';

/** A sample every 15 s, in promtool's notation: 41 of them are 10 minutes. */
const HEALTHY: Readonly<Record<string, string>> = {
  [UP]: "1x400",
  ...Object.fromEntries(
    TIMED_FUNCTIONS.flatMap((name) => [
      // A scrape just before the next run, with a run that took its time.
      [timer(name, "age_seconds"), name === "advance-ingests" ? "40x400" : "115x400"],
      [timer(name, "interval_seconds"), name === "advance-ingests" ? "10x400" : "60x400"],
      [timer(name, "failures"), "2x400"],
    ]),
  ),
  trtc_ingest_overdue_stops: "0x400",
  trtc_ingest_overdue_starts: "0x400",
  trtc_ingest_overdue_steps: "0x400",
  trtc_ingest_overdue_plans: "0x400",
  trtc_ingest_unfinished_starts: "0x400",
  trtc_ingest_unclaimed_tasks: "0x400",
  'trtc_ingest_stop_lateness_seconds_bucket{le="1.0"}': "0+100x400",
  'trtc_ingest_stop_lateness_seconds_bucket{le="5.0"}': "0+100x400",
  'trtc_ingest_stop_lateness_seconds_bucket{le="60.0"}': "0+101x400",
  'trtc_ingest_stop_lateness_seconds_bucket{le="+Inf"}': "0+101x400",
  trtc_ingest_schedule_missed_total: "7x400",
  'trtc_ingest_starts_total{outcome="missed"}': "7x400",
  'trtc_ingest_starts_total{outcome="failed"}': "0+1x400",
  // A receiver that missed one attempt.
  'trtc_ingest_receiver_failing_seconds{caller="school"}': "5x400",
  trtc_ingest_notifications_given_up_total: "3x400",
  trtc_ingest_dead_letters: "0x400",
  [`trtc_ingest_slot_wait_seconds${SLOT}`]: "1.1x400",
  'trtc_ingest_trtc_failing{account="cn",action="StopStreamIngest"}': "0x400",
  ...budget("usd", SCHOOL_DAY, { limit: "10x400", remaining: "2.5x400" }),
  ...budget("minutes", SCHOOL_MINUTES, { limit: "600x400", remaining: "600-1x400" }),
  // It allows nothing, and says so from the start.
  ...budget("usd", '{caller="guest",budget="DailyUsd"}', { limit: "0x400", remaining: "0x400" }),
  trtc_ingest_database_connections: "80x400",
  trtc_ingest_database_connections_max: "100x400",
  trtc_ingest_database_up: "1x400",
};

/** From the third minute on. `null`: the series ends. */
const FAULTS: Readonly<Record<string, Record<string, string | null>>> = {
  "the database is away": { [UP]: "1x11 0x400" },
  "nothing is scraped": { [UP]: null },
  "expire-ingests does not fire": {
    [timer("expire-ingests", "age_seconds")]: "30x11 45+15x400",
  },
  "advance-ingests does not fire": {
    [timer("advance-ingests", "age_seconds")]: "5x11 15+15x400",
  },
  "plan-schedules fails": { [timer("plan-schedules", "failures")]: "0x11 1+1x400" },
  "a stop is overdue": { trtc_ingest_overdue_stops: "0x11 1x400" },
  "stops are late": {
    'trtc_ingest_stop_lateness_seconds_bucket{le="5.0"}': "0+80x400",
    'trtc_ingest_stop_lateness_seconds_bucket{le="1.0"}': "0+80x400",
  },
  "a start is overdue": { trtc_ingest_overdue_starts: "0x11 1x400" },
  "a step is overdue": { trtc_ingest_overdue_steps: "0x11 1x400" },
  "a plan is overdue": { trtc_ingest_overdue_plans: "0x11 1x400" },
  "an occurrence is missed": { trtc_ingest_schedule_missed_total: "7x11 8x400" },
  "a start is missed": { 'trtc_ingest_starts_total{outcome="missed"}': "7x11 8x400" },
  "a missed occurrence had an ingest": {
    trtc_ingest_schedule_missed_total: "7x11 8x400",
    'trtc_ingest_starts_total{outcome="missed"}': "7x11 8x400",
  },
  "a start has no outcome": { trtc_ingest_unfinished_starts: "0x11 1x400" },
  "another task plays": { trtc_ingest_unclaimed_tasks: "0x11 1x400" },
  "a receiver is dead": {
    'trtc_ingest_receiver_failing_seconds{caller="school"}': "5x11 20+15x400",
  },
  "a notification is given up": { trtc_ingest_notifications_given_up_total: "3x11 4x400" },
  "a message fails": { trtc_ingest_dead_letters: "0x11 1x400" },
  "calls wait for their slots": { [`trtc_ingest_slot_wait_seconds${SLOT}`]: "1x11 6x400" },
  "TRTC refuses": {
    'trtc_ingest_trtc_failing{account="cn",action="StopStreamIngest"}': "0x11 1x400",
  },
  "a budget is nearly spent": budget("usd", SCHOOL_DAY, {
    limit: "10x400",
    remaining: "2.001x11 2x400",
  }),
  "minutes are nearly spent": budget("minutes", SCHOOL_MINUTES, {
    limit: "600x400",
    remaining: "121x11 120x400",
  }),
  "a budget is spent": budget("usd", APPLICATION_MONTH, {
    limit: "100x400",
    remaining: "30x11 0x400",
  }),
  "minutes are passed": budget("minutes", SCHOOL_MINUTES, {
    limit: "600x400",
    remaining: "300x11 -1x400",
  }),
  "one of several databases is away": {
    'trtc_ingest_database_up{database="cn"}': "1x11 0x400",
  },
  "connections run out": { trtc_ingest_database_connections: "80x11 81x400" },
};

interface Firing {
  alert: string;
  /** Minutes from the start at which it does not fire yet, and at which it fires. */
  notAt: number;
  at: number;
  labels?: Record<string, string>;
}

const EXPECTED: Readonly<Record<string, Firing>> = {
  "the database is away": { alert: "TrtcIngestDown", notAt: 3.5, at: 4.5 },
  "nothing is scraped": { alert: "TrtcIngestDown", notAt: 0.5, at: 1.5 },
  "expire-ingests does not fire": {
    alert: "TrtcIngestTimerStopped",
    notAt: 5,
    at: 6,
    labels: { function: "expire-ingests" },
  },
  "advance-ingests does not fire": {
    alert: "TrtcIngestTimerStopped",
    notAt: 3.5,
    at: 4.25,
    labels: { function: "advance-ingests" },
  },
  "plan-schedules fails": {
    alert: "TrtcIngestTimerFailing",
    notAt: 3.25,
    at: 3.75,
    labels: { function: "plan-schedules" },
  },
  "a stop is overdue": { alert: "TrtcIngestStopsOverdue", notAt: 3.5, at: 4.25 },
  "stops are late": { alert: "TrtcIngestStopsLate", notAt: 4, at: 6 },
  "a start is overdue": { alert: "TrtcIngestStartsOverdue", notAt: 4, at: 5.25 },
  "a step is overdue": { alert: "TrtcIngestStartsOverdue", notAt: 4, at: 5.25 },
  "a plan is overdue": { alert: "TrtcIngestStartsOverdue", notAt: 4, at: 5.25 },
  "an occurrence is missed": { alert: "TrtcIngestStartsMissed", notAt: 2.5, at: 3.25 },
  "a start is missed": { alert: "TrtcIngestStartsMissed", notAt: 2.5, at: 3.25 },
  "a missed occurrence had an ingest": { alert: "TrtcIngestStartsMissed", notAt: 2.5, at: 3.25 },
  "a start has no outcome": { alert: "TrtcIngestStartsUnfinished", notAt: 7, at: 8.25 },
  "another task plays": { alert: "TrtcIngestUnclaimedTasks", notAt: 7, at: 8.25 },
  "a receiver is dead": {
    alert: "TrtcIngestReceiverFailing",
    notAt: 3.5,
    at: 4,
    labels: { caller: "school" },
  },
  "a notification is given up": {
    alert: "TrtcIngestNotificationsGivenUp",
    notAt: 2.5,
    at: 3.25,
  },
  "a message fails": { alert: "TrtcIngestDeadLetters", notAt: 2.5, at: 3.25 },
  "calls wait for their slots": {
    alert: "TrtcIngestSlotsExhausted",
    notAt: 3.5,
    at: 4.25,
    labels: { account: "intl", action: "StartStreamIngest" },
  },
  "TRTC refuses": {
    alert: "TrtcIngestTrtcFailing",
    notAt: 7,
    at: 8.25,
    labels: { account: "cn", action: "StopStreamIngest" },
  },
  "a budget is nearly spent": {
    alert: "TrtcIngestBudgetLow",
    notAt: 2.5,
    at: 3.25,
    labels: { caller: "school", budget: "DailyUsd" },
  },
  "minutes are nearly spent": {
    alert: "TrtcIngestBudgetLow",
    notAt: 2.5,
    at: 3.25,
    labels: { caller: "school", budget: "DailyMinutes" },
  },
  "a budget is spent": {
    alert: "TrtcIngestBudgetSpent",
    notAt: 2.5,
    at: 3.25,
    labels: { application: "1400000000", budget: "MonthlyUsd" },
  },
  "minutes are passed": {
    alert: "TrtcIngestBudgetSpent",
    notAt: 2.5,
    at: 3.25,
    labels: { caller: "school", budget: "DailyMinutes" },
  },
  "one of several databases is away": { alert: "TrtcIngestDatabaseAway", notAt: 3.5, at: 4.25 },
  "connections run out": { alert: "TrtcIngestDatabaseConnections", notAt: 7, at: 8.25 },
};

describeWith(
  {
    isThere: PROMTOOL !== undefined,
    program: "Prometheus's promtool (`apt-get install prometheus`)",
  },
  "promtool",
  () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), "trtc-stream-ingest-alerts-"));
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    const promtool = (...args: string[]) => {
      const { status, output } = spawnSync(PROMTOOL ?? "", args, { encoding: "utf8" });
      return { status, said: output.join("") };
    };

    /** `expected`: which alerts fire at which minutes. */
    const check = (
      changes: Record<string, string | null>,
      expected: readonly { minutes: number; firing: string[] }[],
    ) => {
      const series = Object.entries({ ...HEALTHY, ...changes }).flatMap(([name, values]) =>
        values === null ? [] : [{ series: name, values }],
      );
      const queries = expected.map(({ minutes, firing }) => ({
        expr: 'count by (alertname, function, caller, application, budget, account, action) (ALERTS{alertstate="firing"})',
        eval_time: `${minutes * 60}s`,
        exp_samples: firing.map((labels) => ({ labels, value: 1 })),
      }));
      const file = join(folder, "test.yml");
      const tests = [{ interval: "15s", input_series: series, promql_expr_test: queries }];
      const document = { rule_files: [RULES_FILE], evaluation_interval: "15s", tests };
      writeFileSync(file, stringify(document));
      expect(promtool("test", "rules", file)).toMatchObject({ status: 0 });
    };

    test("finds no fault in the rules", () => {
      expect(promtool("check", "rules", RULES_FILE)).toMatchObject({
        status: 0,
        said: expect.stringContaining(`${ALERTS.length} rules found`),
      });
    });

    test("finds no fault in the example of a configuration", () => {
      const file = join(MONITORING, "prometheus.yml");
      expect(promtool("check", "config", "--syntax-only", file)).toMatchObject({ status: 0 });
    });

    test("fires nothing while all is well", () => {
      check(
        {},
        [0, 5, 10, 60, 99].map((minutes) => ({ minutes, firing: [] })),
      );
    });

    const AT = '{job="trtc-ingest",instance="one"';
    /** 3 minutes of health, a number of lost scrapes, and the age of a timer from then on. */
    const afterLosing = (scrapes: number, ages: string) => ({
      [`up${AT}}`]: `1x11 0x${scrapes - 1} 1x400`,
      [`trtc_ingest_timer_age_seconds${AT},function="expire-ingests"}`]: `60x11 _x${scrapes} ${ages}`,
      [`trtc_ingest_timer_interval_seconds${AT},function="expire-ingests"}`]: `60x11 _x${scrapes} 60x400`,
    });

    test("fires for no timer right after an outage, when the next runs are still to come", () => {
      const away = afterLosing(20, "350 365 380 395 410 425 10x400");
      check(away, [
        { minutes: 8.25, firing: [] },
        { minutes: 9, firing: [] },
        { minutes: 20, firing: [] },
      ]);
    });

    test("fires for no timer right after one of several databases was away", () => {
      const ofTimer = '{function="expire-ingests",database="cn"}';
      const away = { minutes: 7.75, firing: ['{alertname="TrtcIngestDatabaseAway"}'] };
      const series = {
        'trtc_ingest_database_up{database="cn"}': "1x11 0x19 1x400",
        [`trtc_ingest_timer_age_seconds${ofTimer}`]: "60x11 _x20 350 365 380 395 410 425 10x400",
        [`trtc_ingest_timer_interval_seconds${ofTimer}`]: "60x11 _x20 60x400",
      };
      check(series, [away, ...[8.25, 9, 20].map((minutes) => ({ minutes, firing: [] }))]);
    });

    test.each([
      ["an outage", 20, 12],
      ["the loss of a scrape", 1, 4],
    ])("fires for a timer that stays away after %s", (_, scrapes, minutes) => {
      const firing = ['{alertname="TrtcIngestTimerStopped",function="expire-ingests"}'];
      check(afterLosing(scrapes, "350+15x400"), [{ minutes, firing }]);
    });

    test("fires for no failure of TRTC that nothing follows", () => {
      // A system without calls: it counts for 5 minutes, and then no longer.
      const once = {
        'trtc_ingest_trtc_failing{account="cn",action="StopStreamIngest"}': "0x11 1x19 0x400",
      };
      check(
        once,
        [3.5, 7.75, 8, 8.25, 8.5, 20].map((minutes) => ({ minutes, firing: [] })),
      );
    });

    test("has a fault for each alert", () => {
      const fired = Object.values(EXPECTED).map(({ alert }) => alert);
      expect([...new Set(fired)].sort()).toEqual(ALERTS.map(({ alert }) => alert).sort());
      expect(Object.keys(EXPECTED)).toEqual(Object.keys(FAULTS));
    });

    test.each(Object.keys(FAULTS))("when %s, fires its alert in time and no other one", (fault) => {
      const { alert, notAt, at, labels = {} } = EXPECTED[fault] as Firing;
      const pairs = Object.entries({ alertname: alert, ...labels });
      const firing = [`{${pairs.map(([name, value]) => `${name}="${value}"`).join(",")}}`];
      check(FAULTS[fault] ?? {}, [
        { minutes: notAt, firing: [] },
        { minutes: at, firing },
        { minutes: 20, firing },
      ]);
    });
  },
);
