/**
 * The shipped alert rules in a real Prometheus, beside deployments whose PostgreSQL and process are
 * killed, whose timer is switched off, whose receiver is dead, and whose room is dismissed. Each fault
 * fires its own alert, and no other one fires, also while all recovers.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { DEFAULT_APPLICATIONS } from "../../emulator/defaults.js";
import { freePort } from "../../local/environment/free-port.js";
import { localCallbackKey } from "../../local/environment/local-environment.js";
import { type PostgresServer, startPostgres } from "../../local/environment/postgres-server.js";
import { MINUTE_MS, SECOND_MS, systemClock as clock } from "../../shared/clock.js";
import { type Database } from "../../shared/store/engine/database.js";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import { type RunningPrometheus, startPrometheus } from "../health/prometheus.js";
import { type RunningProcess, startProcess } from "../support/app/process.js";
import { CN_APP, post } from "../support/app/test-app.js";
import { newlyMigratedUrl } from "../support/database/databases.js";
import { cnSdk } from "../support/http/emulator-client.js";
import {
  type NotificationReceiver,
  startNotificationReceiver,
} from "../support/http/notification-receiver.js";
import { describeWith } from "../support/needed.js";
import { PROMETHEUS } from "../support/programs.js";

const CALLER = { Id: "AKIDschool", SecretKeys: ["key-of-the-school"] };
const OPERATOR_KEY = "key-of-the-operator-anna";

const OFTEN = "*/5 * * * * * *";
/** No such minute comes: the trigger is switched off. */
const NEVER = "0 0 0 1 1 * 2099";

/** Three deployments, by the fault that each one has. */
const NAMES = ["database", "process", "others"] as const;
type Name = (typeof NAMES)[number];

describeWith(
  { isThere: PROMETHEUS !== undefined, program: "Prometheus (`apt-get install prometheus`)" },
  "in a real Prometheus",
  () => {
    let folder: string;
    let postgres: PostgresServer;
    let database: Database;
    let emulator: RunningProcess;
    let receiver: NotificationReceiver;
    let prometheus: RunningPrometheus;
    let env: Record<string, string>;
    const ports = {} as Record<Name, number>;
    const urls = {} as Record<Name, string>;
    const running = {} as Record<Name, RunningProcess>;

    const start = async (name: Name, changes: Record<string, string> = {}) => {
      const where = { PORT: String(ports[name]), DATABASE_URL: urls[name] };
      const DATA_DIR = join(folder, name);
      const all = { ...env, ...where, DATA_DIR, ...changes };
      running[name] = await startProcess("local/start.ts", all);
    };
    const hostOf = (name: Name) => `127.0.0.1:${ports[name]}`;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "alerts-"));
      postgres = await startPostgres();
      receiver = await startNotificationReceiver();
      for (const name of NAMES) ports[name] = await freePort();
      const [process, others] = [await newlyMigratedUrl(), await newlyMigratedUrl()];
      Object.assign(urls, { database: postgres.urlOf("postgres"), process, others });
      database = openPostgres(others);
      emulator = await startProcess("local/emulator.ts", {
        TRTC_PORT: "0",
        TRTC_CALLBACK_URL: `http://${hostOf("others")}/room-callback`,
        TRTC_CALLBACK_KEY: localCallbackKey(CN_APP),
      });
      const application = DEFAULT_APPLICATIONS.find(({ sdkAppId }) => sdkAppId === CN_APP);
      env = {
        TRTC_ENDPOINT: emulator.url,
        CALLERS: JSON.stringify([
          {
            ...CALLER,
            SdkAppIds: [CN_APP],
            NotifyUrl: receiver.url,
            NotifySecrets: ["whsec_bWFkZS11cC1mb3ItdHJ5aW5nLWl0LW91dC1oZXJl"],
          },
        ]),
        OPERATOR_KEYS: JSON.stringify([{ Name: "anna", SecretKeys: [OPERATOR_KEY] }]),
        TRTC_APPS: JSON.stringify([
          {
            SdkAppId: CN_APP,
            SecretKey: application?.secretKey,
            Site: "cn",
            CallbackKeys: [localCallbackKey(CN_APP)],
          },
        ]),
        ...{ ADVANCE_TICK_SECONDS: "5", EXPIRY_TICK_SECONDS: "5" },
        ...{ PLAN_CRON: OFTEN, SETTLE_CRON: OFTEN, NOTIFY_CRON: OFTEN },
      };
      for (const name of NAMES) await start(name);
      const targets = NAMES.map((name) => new URL(`http://${hostOf(name)}`));
      prometheus = await startPrometheus(targets, OPERATOR_KEY);
    }, 2 * MINUTE_MS);

    afterAll(async () => {
      await prometheus.close();
      await Promise.all(Object.values(running).map(({ end }) => end("SIGKILL")));
      await emulator.end("SIGTERM");
      await database.close();
      await postgres.stop();
      await receiver.close();
      rmSync(folder, { recursive: true, force: true });
    });

    const play = async (RoomId: string) => {
      const { response } = await post(
        `http://${hostOf("others")}/start-ingest`,
        {
          ...{ SdkAppId: CN_APP, RoomId, RoomIdType: 0, RepeatNum: -1 },
          StreamUrl: `${emulator.url}/media/clip.mp4`,
        },
        { authorization: `Bearer ${CALLER.SecretKeys[0] ?? ""}` },
      );
      expect(response.Error).toBeUndefined();
      return String(response["TaskId"]);
    };

    const until = async (isSo: () => Promise<boolean>) => {
      const giveUpMs = clock.elapsedMs() + 30 * SECOND_MS;
      while (!(await isSo()) && clock.elapsedMs() < giveUpMs) await clock.sleep(200);
      expect(await isSo()).toBe(true);
    };
    /** Each deployment was scraped three times more, with success. */
    const untilScrapedAgain = async () => {
      const scrapes = async () =>
        (await prometheus.query('sum by (instance) (sum_over_time(up{job="trtc-ingest"}[1h]))'))
          .values;
      const before = (await scrapes()).reduce((sum, count) => Math.max(sum, count), 0);
      await until(async () => {
        const counts = await scrapes();
        return counts.length === NAMES.length && counts.every((count) => count >= before + 3);
      });
    };

    /** As `TrtcIngestDown firing 127.0.0.1:1`, with what else names the alert. */
    const active = async () =>
      (await prometheus.alerts())
        .map(({ state, labels }) => {
          const { alertname, function: timer, caller, instance } = labels;
          return [alertname, state, timer ?? caller, instance]
            .filter((text) => text !== undefined)
            .join(" ");
        })
        .sort();
    const untilActive = async (alerts: readonly string[], limitMs: number) => {
      const giveUpMs = clock.elapsedMs() + limitMs;
      const goal = alerts.toSorted().join();
      while ((await active()).join() !== goal && clock.elapsedMs() < giveUpMs) {
        await clock.sleep(500);
      }
      expect(await active()).toEqual(alerts.toSorted());
    };
    const EXPECTED = () => [
      `TrtcIngestDown firing ${hostOf("database")}`,
      `TrtcIngestDown firing ${hostOf("process")}`,
      `TrtcIngestReceiverFailing firing ${CALLER.Id} ${hostOf("others")}`,
      `TrtcIngestTimerStopped firing advance-ingests ${hostOf("others")}`,
    ];

    test(
      "a dismissed room fires nothing",
      async () => {
        const taskId = await play("dismissed");
        await cnSdk(emulator, { region: "ap-guangzhou" })("DismissRoomByStrRoomId", {
          SdkAppId: CN_APP,
          RoomId: "dismissed",
        });
        const isEnded = async () => {
          const ended = "select 1 from ingest where task_id = $1 and end_cause = 'room-dismissed'";
          return (await database.query(ended, [taskId])).length > 0;
        };
        await until(isEnded);
        await untilScrapedAgain();
        expect(await active()).toEqual([]);
      },
      MINUTE_MS,
    );

    test(
      "each other fault fires its own alert",
      async () => {
        await running.others.end("SIGTERM");
        await start("others", { ADVANCE_CRON: NEVER });
        receiver.answer("reset");
        await play("heard-by-none");
        await Promise.all([postgres.crash(), running.process.end("SIGKILL")]);
        await untilActive(EXPECTED(), 2 * MINUTE_MS);
      },
      3 * MINUTE_MS,
    );

    test(
      "they end once all is mended, and no other one has fired meanwhile",
      async () => {
        receiver.answer(204);
        await running.others.end("SIGTERM");
        await Promise.all([postgres.startAgain(), start("process"), start("others")]);
        // The next attempt may be minutes ahead.
        await database.query("update outbox set try_at = now()");
        await untilActive([], MINUTE_MS);
        await clock.sleep(5 * SECOND_MS);
        const fired = await prometheus.query(
          'count by (alertname, function, caller, instance) (count_over_time(ALERTS{alertstate="firing"}[30m]))',
        );
        const names = fired.labels.map(({ alertname, function: timer, caller, instance }) =>
          [alertname, "firing", timer ?? caller, instance]
            .filter((text) => text !== undefined)
            .join(" "),
        );
        expect(names.sort()).toEqual(EXPECTED().sort());
      },
      2 * MINUTE_MS,
    );
  },
);
