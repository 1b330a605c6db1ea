/** The process dies after a receiver got its event, and before the receiver answers. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { systemClock } from "../../shared/clock.js";
import type { Database } from "../../shared/store/engine/database.js";
import { openPostgres } from "../../shared/store/engine/postgres.js";
import { newPostgresUrl } from "../support/database/databases.js";
import { CN_APP, KEY, post } from "../support/app/test-app.js";
import {
  type NotificationReceiver,
  startNotificationReceiver,
} from "../support/http/notification-receiver.js";
import { startProcess } from "../support/app/process.js";

let receiver: NotificationReceiver;
let database: Database;
let env: Record<string, string>;

beforeAll(async () => {
  receiver = await startNotificationReceiver();
  const caller = { Id: "AKIDlocal", SecretKeys: [KEY], SdkAppIds: [CN_APP] };
  const NotifySecrets = [`whsec_${Buffer.alloc(32, 1).toString("base64")}`];
  env = {
    DATABASE_URL: await newPostgresUrl(),
    PORT: "0",
    TRTC_PORT: "0",
    CALLERS: JSON.stringify([{ ...caller, NotifyUrl: receiver.url, NotifySecrets }]),
    NOTIFY_CRON: "*/1 * * * * * *",
  };
  database = openPostgres(env["DATABASE_URL"] ?? "");
});
afterAll(async () => {
  await receiver.close();
  await database.close();
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await systemClock.sleep(50);
}

test("a killed run leaves its event to the next run, which sends it with the same id, and then the rest", async () => {
  receiver.answer("never");
  const first = await startProcess("local/start.ts", env);
  const trtcUrl = /^TRTC (\S+)/m.exec(first.lines.join("\n"))?.[1] ?? "";
  const { response } = await post(`${first.url}/start-ingest`, {
    SdkAppId: CN_APP,
    RoomId: "lobby",
    RoomIdType: 0,
    RepeatNum: -1,
    StreamUrl: `${trtcUrl}/media/clip.mp4`,
  });
  const TaskId = String(response["TaskId"]);
  await post(`${first.url}/stop-ingest`, { SdkAppId: CN_APP, TaskId });
  await until(() => receiver.received.length > 0);
  await first.end("SIGKILL");
  receiver.answer(204);
  // Pretends that the claim's 20 s have passed.
  await database.query("update outbox set try_at = now()");
  const second = await startProcess("local/start.ts", env);
  const isTold = async () => (await database.query("select from outbox")).length === 0;
  while (!(await isTold())) await systemClock.sleep(50);
  await second.end("SIGTERM");
  const ids = receiver.received.map(({ headers }) => headers["webhook-id"]);
  // TRTC may report the source before the end, and then callers get that event too.
  const [once, again, ...rest] = ids;
  expect([once, again]).toEqual([`${TaskId}-1`, `${TaskId}-1`]);
  expect(rest).toEqual(rest.map((_, index) => `${TaskId}-${index + 2}`));
  expect(await database.query("select from outbox")).toEqual([]);
});
