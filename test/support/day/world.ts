/** The world of an operator's day: processes, PostgreSQL, TRTC, two callers and what they play. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_APPLICATIONS } from "../../../emulator/defaults.js";
import { type FailingSource, startFailingSource } from "../../../local/demo/failing-source.js";
import { freePort } from "../../../local/environment/free-port.js";
import { localCallbackKey } from "../../../local/environment/local-environment.js";
import { type PostgresServer, startPostgres } from "../../../local/environment/postgres-server.js";
import type { Database } from "../../../shared/store/engine/database.js";
import { openPostgres } from "../../../shared/store/engine/postgres.js";
import { type RunningProcess, startProcess } from "../app/process.js";
import { CN_APP } from "../app/test-app.js";
import {
  type NotificationReceiver,
  startNotificationReceiver,
} from "../http/notification-receiver.js";
import { type RtmpServer, startRtmpServer } from "../media/rtmp-server.js";

/** Three intervals are a minute: health allows each timer so much at least. */
const TICK_SECONDS = 20;

export const SCHOOL = { Id: "AKIDschool", SecretKeys: ["key-of-the-school"] };
/** Nothing listens at the address for its notifications. */
export const TV = { Id: "AKIDtv", SecretKeys: ["key-of-the-television"] };
export const OPERATOR_KEY = "key-of-the-operator-anna";

export type DayCaller = typeof SCHOOL;

export const keyOf = ({ SecretKeys }: DayCaller): string => SecretKeys[0] ?? "";

/** No such minute comes: the trigger is switched off. */
const NEVER = "0 0 0 1 1 * 2099";
const OFTEN = "*/5 * * * * * *";

export interface Day {
  folder: string;
  env: Record<string, string>;
  postgres: PostgresServer;
  database: Database;
  emulator: RunningProcess;
  receiver: NotificationReceiver;
  live: RtmpServer;
  /** It is there when a list is checked, and not when its turn comes. */
  talk: FailingSource;
  /** Serves the API and the callbacks, and has every timer but one. */
  api: RunningProcess;
  /** Has the timer of advance-ingests. */
  advancer: RunningProcess;
  /** Kills the process of the API, and starts another one at its address. */
  killApi: () => Promise<void>;
  switchTimer: (state: "on" | "off") => Promise<void>;
  close: () => Promise<void>;
}

export async function startDay(): Promise<Day> {
  const folder = mkdtempSync(join(tmpdir(), "day-"));
  const [postgres, receiver, live, talk, port] = await Promise.all([
    startPostgres(),
    startNotificationReceiver(),
    startRtmpServer(),
    startFailingSource(),
    freePort(),
  ]);
  const DATABASE_URL = postgres.urlOf("postgres");
  const emulator = await startProcess("local/emulator.ts", {
    TRTC_PORT: "0",
    TRTC_CALLBACK_URL: `http://127.0.0.1:${port}/room-callback`,
    TRTC_CALLBACK_KEY: localCallbackKey(CN_APP),
  });
  const env = environmentOf(DATABASE_URL, emulator.url, receiver.url);
  const startApi = () =>
    startProcess("local/start.ts", {
      ...env,
      PORT: String(port),
      ADVANCE_CRON: NEVER,
      DATA_DIR: join(folder, "api"),
    });
  const startAdvancer = (changes: Record<string, string> = {}) =>
    startProcess("local/start.ts", {
      ...env,
      ...{ EXPIRY_CRON: NEVER, PLAN_CRON: NEVER, SETTLE_CRON: NEVER, NOTIFY_CRON: NEVER },
      ...{ PORT: "0", DATA_DIR: join(folder, "advancer") },
      ...changes,
    });
  const advancer = await startAdvancer();
  const day: Day = {
    ...{ folder, env, postgres, emulator, receiver, live, talk, advancer },
    api: await startApi(),
    database: openPostgres(DATABASE_URL),
    async killApi() {
      await day.api.end("SIGKILL");
      day.api = await startApi();
    },
    async switchTimer(state) {
      await day.advancer.end("SIGTERM");
      day.advancer = await startAdvancer(state === "off" ? { ADVANCE_CRON: NEVER } : {});
    },
    async close() {
      await Promise.all([day.api, day.advancer].map(({ end }) => end("SIGKILL")));
      await emulator.end("SIGTERM");
      await day.database.close();
      await postgres.stop();
      await Promise.all([receiver.close(), live.close(), talk.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return day;
}

function environmentOf(DATABASE_URL: string, trtcUrl: string, receiverUrl: string) {
  const NotifySecrets = ["whsec_bWFkZS11cC1mb3ItdHJ5aW5nLWl0LW91dC1oZXJl"];
  const grants = { SdkAppIds: [CN_APP], NotifySecrets };
  const application = DEFAULT_APPLICATIONS.find(({ sdkAppId }) => sdkAppId === CN_APP);
  return {
    DATABASE_URL,
    TRTC_ENDPOINT: trtcUrl,
    CALLERS: JSON.stringify([
      { ...SCHOOL, ...grants, NotifyUrl: receiverUrl },
      { ...TV, ...grants, NotifyUrl: "http://127.0.0.1:9/hook" },
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
    ...{ ADVANCE_TICK_SECONDS: String(TICK_SECONDS), EXPIRY_TICK_SECONDS: "5" },
    ...{ PLAN_CRON: OFTEN, SETTLE_CRON: OFTEN, NOTIFY_CRON: OFTEN },
  };
}
