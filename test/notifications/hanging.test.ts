/** Receivers that hang do not delay the others, in any number. The delay is one run at most. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import { deliverNotifications } from "../../shared/notifications/deliver.js";
import { reconcileIngests } from "../../shared/ingest/reconcile/reconcile.js";
import type { Services } from "../../shared/ingest/services.js";
import { NotifyError } from "../../shared/notifications/notify-error.js";
import type { Message } from "../../shared/ingest/services.js";
import { openNotifier } from "../../shared/notifications/notifier.js";
import type { TestApp } from "../support/app/test-app.js";
import { runningIngest } from "../support/app/ingests.js";
import { countedBy, type ManualClock } from "../support/app/manual-clock.js";
import {
  type NotificationReceiver,
  startNotificationReceiver,
} from "../support/http/notification-receiver.js";
import { startTimedApp } from "../support/app/timed-app.js";

const HUNG = Array.from({ length: 40 }, (_, n) => `hung-${n}`);
const DAY_MS = 24 * 60 * MINUTE_MS;

let clock: ManualClock;
let app: TestApp;
let services: Services;
let receiver: NotificationReceiver;
/** Callers of the receivers that hung, one entry for each message. */
let hungBy: string[];
let isHanging: boolean;

beforeAll(async () => {
  receiver = await startNotificationReceiver();
  const timed = await startTimedApp();
  ({ clock, app } = timed);
  const secrets = [`whsec_${randomBytes(32).toString("base64")}`];
  const urls = new Map([
    ...HUNG.map((callerId) => [callerId, `http://${callerId}/`] as const),
    ["well", receiver.url] as const,
  ]);
  const callers = new Map([...urls].map(([id, url]) => [id, { receiver: { url, secrets } }]));
  const real = countedBy(clock, openNotifier({ allowPrivateHosts: true }));
  const notifier = {
    async send(message: Message) {
      const { hostname } = new URL(message.url);
      if (!hostname.startsWith("hung")) return real.send(message);
      // The receiver hangs as long as the time limit of a real one, but in injected time.
      await clock.sleep(5 * SECOND_MS);
      if (!isHanging) return 204;
      hungBy.push(hostname);
      throw new NotifyError("Timeout");
    },
  };
  const config = { ...timed.services.config, callers: callers as never };
  services = { ...timed.services, notifier, config };
});
beforeEach(async () => {
  receiver.clear();
  hungBy = [];
  isHanging = true;
  await app.database.query("delete from outbox");
});
afterAll(async () => {
  await app.close();
  await receiver.close();
});

/** Adds an event for a new ingest. */
async function happens(callerId: string): Promise<string> {
  const createdAt = clock.now();
  const latestAt = addMs(createdAt, 7 * DAY_MS);
  const times = { createdAt, deadlineAt: latestAt, latestAt };
  const { taskId } = await runningIngest(services.store, { ...times, callerId, notify: true });
  return taskId;
}

/** Adds this many more events for each caller, with the age of the existing one. */
const multiply = (times: number) =>
  app.database.query(
    `insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
     select task_id || '-' || n, 1, caller_id, type, happened_at, facts, try_at, give_up_at
     from outbox, generate_series(2, $1) as n`,
    [times],
  );

/** Returns the run's duration. */
async function ran(timeLimitSeconds = 60) {
  const startedMs = clock.elapsedMs();
  const timeLeftMs = () => startedMs + timeLimitSeconds * SECOND_MS - clock.elapsedMs();
  const counts = await clock.advanceUntilDone(deliverNotifications(services, { timeLeftMs }));
  return { ...counts, ms: clock.elapsedMs() - startedMs };
}

/** Waits for the end of the run's first minute. */
const nextMinute = ({ ms }: { ms: number }) => clock.advance(Math.max(0, MINUTE_MS - ms));
const received = () => receiver.taken().map(({ subject }) => subject);
const waiting = async (callerId: string) =>
  (await app.database.query("select from outbox where caller_id = $1", [callerId])).length;

test("each run reaches the one working receiver among forty that hang and get more each minute", async () => {
  for (const callerId of HUNG) await happens(callerId);
  await multiply(50);
  for (let minute = 0; minute < 10; minute += 1) {
    await clock.advance(SECOND_MS);
    for (const callerId of HUNG) await happens(callerId);
    const taskId = await happens("well");
    const run = await ran();
    expect(received()).toContain(taskId);
    expect(run).toMatchObject({ delivered: 1, dead: 0, dropped: 0 });
    expect(run.ms).toBeLessThanOrEqual(30 * SECOND_MS);
    await nextMinute(run);
  }
});

test("a run reaches every caller behind hanging ones, and a short run the working ones", async () => {
  for (const callerId of HUNG) await happens(callerId);
  await clock.advance(SECOND_MS);
  const first = await happens("well");
  // This leaves time for one hanging receiver in each lane.
  await nextMinute(await ran(14));
  expect(received()).toEqual([]);
  await nextMinute(await ran());
  expect(new Set(hungBy)).toEqual(new Set(HUNG));
  expect(received()).toEqual([first]);
  const second = await happens("well");
  await nextMinute(await ran(14));
  expect(received()).toEqual([first, second]);
});

test("slow receivers with many events do not delay others", async () => {
  isHanging = false;
  for (const callerId of HUNG.slice(0, 12)) await happens(callerId);
  await multiply(200);
  await clock.advance(SECOND_MS);
  const taskId = await happens("well");
  expect((await ran()).delivered).toBeGreaterThan(12 * 10);
  expect(received()).toEqual([taskId]);
});

test("reconciliation does not wait for hanging receivers", async () => {
  // Stale tasks of earlier tests would take time to check.
  await app.database.query("delete from ingest");
  for (const callerId of HUNG) await happens(callerId);
  const startedMs = clock.elapsedMs();
  const run = { timeLeftMs: () => MINUTE_MS };
  const counts = await clock.advanceUntilDone(reconcileIngests(services, run));
  // Every request to a receiver takes five seconds here.
  expect(clock.elapsedMs() - startedMs).toBeLessThan(SECOND_MS);
  expect(hungBy).toEqual([]);
  expect(counts).not.toHaveProperty("delivered");
  await ran();
  expect(new Set(hungBy)).toEqual(new Set(HUNG));
});

test("undelivered events are deleted after thirty days", async () => {
  await app.database.query(
    `insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at, dead_at, dead_reason)
     values ('ing-x', 1, 'well', 'ingest.ended', $1, '{}', $1, $1, $1, 'HTTP500')`,
    [clock.now()],
  );
  await clock.advance(30 * DAY_MS - MINUTE_MS);
  await ran();
  expect(await waiting("well")).toBe(1);
  await clock.advance(2 * MINUTE_MS);
  await ran();
  expect(await waiting("well")).toBe(0);
});

describe("another event for a receiver that accepts nothing", () => {
  test("is postponed with the sent ones, for growing pauses", async () => {
    await happens("hung-0");
    await multiply(25);
    const sent: number[] = [];
    for (let minute = 0; minute < 20; minute += 1) {
      const before = hungBy.length;
      await nextMinute(await ran());
      sent.push(hungBy.length - before);
    }
    expect(sent.slice(0, 4)).toEqual([10, 10, 10, 10]);
    // By then retries wait for minutes, so most runs have nothing due.
    expect(sent.slice(4).filter((messages) => messages === 0).length).toBeGreaterThan(8);
    isHanging = false;
    await clock.advance(15 * MINUTE_MS);
    expect(await ran()).toMatchObject({ delivered: 25 });
  });

  test("is sent by the next run, if only some were refused", async () => {
    await happens("well");
    await multiply(10);
    receiver.answer(422);
    await clock.advance(SECOND_MS);
    const good = await happens("well");
    receiver.answer(({ subject }) => (subject === good ? 204 : 422));
    const run = await ran();
    expect(run).toMatchObject({ delivered: 0, undelivered: 10 });
    await nextMinute(run);
    expect(await ran()).toMatchObject({ delivered: 1 });
    expect(received()).toEqual([good]);
  });

  test("is dead after its day, and each one was tried", async () => {
    await happens("hung-0");
    await multiply(25);
    for (let minute = 0; minute < 10; minute += 1) await nextMinute(await ran());
    await clock.advance(DAY_MS);
    const before = hungBy.length;
    let dead = 0;
    for (let minute = 0; minute < 3; minute += 1) {
      const run = await ran();
      dead += run.dead;
      await nextMinute(run);
    }
    expect(dead).toBe(25);
    expect(hungBy.length - before).toBe(25);
    expect(await waiting("hung-0")).toBe(25);
    expect(await ran()).toMatchObject({ delivered: 0, undelivered: 0, dead: 0 });
  });
});
