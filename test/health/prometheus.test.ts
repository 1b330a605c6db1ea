/**
 * A real Prometheus scrapes a real run. A stopped timer, a dead receiver, a spent budget and a database
 * that is away each raise their own alert, and nothing else raises one.
 */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { systemClock } from "../../shared/clock.js";
import { TIMED_FUNCTIONS } from "../../shared/health/timers.js";
import { CN_APP, KEY, SECRET_ID, type TestApp, startTestApp } from "../support/app/test-app.js";
import { describeWith } from "../support/needed.js";
import { PROMETHEUS } from "../support/programs.js";
import { dashboardQueries } from "./monitoring.js";
import { type ActiveAlert, type RunningPrometheus, startPrometheus } from "./prometheus.js";

const CALLER = {
  Id: SECRET_ID,
  SecretKeys: [KEY],
  SdkAppIds: [CN_APP],
  Budgets: { DailyUsd: 10 },
  // Nothing listens there.
  NotifyUrl: "http://127.0.0.1:9/hook",
  NotifySecrets: ["whsec_bWFkZS11cC1mb3ItdHJ5aW5nLWl0LW91dC1oZXJl"],
};

describeWith(
  { isThere: PROMETHEUS !== undefined, program: "Prometheus (`apt-get install prometheus`)" },
  "Prometheus",
  () => {
    let app: TestApp;
    let prometheus: RunningPrometheus;
    beforeAll(async () => {
      app = await startTestApp({
        env: { CALLERS: JSON.stringify([CALLER]), ALLOW_PRIVATE_NOTIFY_HOSTS: "true" },
      });
      await runTimers();
      prometheus = await startPrometheus([new URL(app.url)], KEY);
    });
    afterAll(async () => {
      await prometheus.close();
      await app.close().catch(() => undefined);
    });

    const runTimer = async (name: string) => {
      // A delivery begins only with some time left. The others would wait for what falls due in it.
      const leftMs = name === "deliver-notifications" ? 30_000 : 3000;
      const context = { getRemainingTimeInMillis: () => leftMs };
      await app.functionNamed(name).handler({ Type: "Timer" }, context);
    };
    const runTimers = async () => {
      for (const name of TIMED_FUNCTIONS) await runTimer(name);
    };

    const namesOf = (alerts: readonly ActiveAlert[]) =>
      alerts.map(({ state, labels }) => `${labels["alertname"] ?? ""} ${state}`);
    /** Fails when other alerts are active in the end. */
    const untilAlerts = (...names: string[]) => alertsWithin(15, names);
    const alertsWithin = async (seconds: number, names: readonly string[]) => {
      let alerts: ActiveAlert[] = [];
      for (let turn = 0; turn < 4 * seconds; turn += 1) {
        alerts = await prometheus.alerts();
        if (namesOf(alerts).join() === names.join()) return alerts;
        await systemClock.sleep(250);
      }
      expect(namesOf(alerts)).toEqual(names);
      return alerts;
    };
    /** The next scrapes have been judged. */
    const untilScraped = async (times = 3) => {
      const scrapes = async () =>
        (await prometheus.query('sum(count_over_time(up{job="trtc-ingest"}[1h]))')).values[0] ?? 0;
      const goal = (await scrapes()) + times;
      for (let turn = 0; turn < 120 && (await scrapes()) < goal; turn += 1) {
        await systemClock.sleep(250);
      }
      expect(await scrapes()).toBeGreaterThanOrEqual(goal);
    };

    test("reads the metrics, and raises nothing while all is well", async () => {
      await untilScraped();
      expect(await prometheus.query('up{job="trtc-ingest"}')).toMatchObject({ values: [1] });
      expect(await prometheus.alerts()).toEqual([]);
      expect((await prometheus.query("trtc_ingest_timer_age_seconds")).values).toHaveLength(
        TIMED_FUNCTIONS.length,
      );
    });

    test("understands every query of the dashboard", async () => {
      for (const expr of dashboardQueries()) {
        expect({ expr, ...(await prometheus.query(expr)) }).toMatchObject({ status: "success" });
      }
    });

    test("fires for a timer that stopped, until it runs again", async () => {
      await app.database.query(
        "update timer_run set ran_at = now() - interval '200 seconds' where function = 'plan-schedules'",
      );
      const [alert] = await untilAlerts("TrtcIngestTimerStopped firing");
      expect(alert?.labels).toMatchObject({ function: "plan-schedules", severity: "critical" });
      expect(alert?.annotations["summary"]).toMatch(/^plan-schedules has not run for 3m \d+s\.$/);
      await untilScraped();
      await untilAlerts("TrtcIngestTimerStopped firing");
      await runTimers();
      await untilAlerts();
    });

    test("fires for a receiver that takes nothing for a minute", async () => {
      const body = { SdkAppId: CN_APP, RoomId: "1", RoomIdType: 0, StreamUrl: app.clip };
      expect((await app.post("start-ingest", { ...body, RepeatNum: -1 })).status).toBe(200);
      await runTimers();
      await untilScraped();
      expect(await prometheus.alerts()).toEqual([]);
      await app.database.query("update outbox set happened_at = now() - interval '70 seconds'");
      const [alert] = await untilAlerts("TrtcIngestReceiverFailing firing");
      expect(alert?.labels).toMatchObject({ caller: SECRET_ID, severity: "warning" });
      await app.database.query("delete from outbox");
      await untilAlerts();
    });

    test("fires for a budget that is nearly spent, and then for the spent one", async () => {
      const spend = async (usd: number) => {
        await app.database.query(
          `insert into spend_day as known (caller_id, day, sdk_app_id, shard, ingests, played_ms, micro_usd)
           select $1, day, $2, 1, 1, 0, $3 from budget_period(now())
           on conflict (caller_id, day, sdk_app_id, shard) do update set micro_usd = excluded.micro_usd`,
          [SECRET_ID, CN_APP, usd * 1_000_000],
        );
        const context = { getRemainingTimeInMillis: () => 30_000 };
        await app.functionNamed("reconcile-ingests").handler({ Type: "Timer" }, context);
      };
      await spend(8.5);
      const [low] = await untilAlerts("TrtcIngestBudgetLow firing");
      expect(low?.labels).toMatchObject({ caller: SECRET_ID, budget: "DailyUsd" });
      expect(low?.annotations["summary"]).toMatch(
        /^DailyUsd of AKIDlocal is spent to 80 %\. 1\.\d+ are left\.$/,
      );
      await spend(10.5);
      await untilAlerts("TrtcIngestBudgetSpent firing");
      await app.database.query("delete from spend_day");
      await spend(0);
      await app.database.query("delete from outbox");
      await untilAlerts();
    });

    test("fires after a minute for a database that is away", async () => {
      await app.database.close();
      await untilAlerts("TrtcIngestDown pending");
      await untilScraped();
      await untilAlerts("TrtcIngestDown pending");
      const [alert] = await alertsWithin(90, ["TrtcIngestDown firing"]);
      expect(alert?.labels).toMatchObject({ job: "trtc-ingest", severity: "critical" });
    }, 150_000);
  },
);
