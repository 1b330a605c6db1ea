/** The events of schedules on their way to a real receiver, after the timers were away. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { deliverNotifications } from "../../shared/notifications/deliver.js";
import { openNotifier } from "../../shared/notifications/notifier.js";
import { makeHandler } from "../../functions/plan-schedules.js";
import { KEY, SECRET_ID, CN_APP } from "../support/app/test-app.js";
import { timeLeft } from "../support/app/timed-app.js";
import {
  type NotificationReceiver,
  startNotificationReceiver,
} from "../support/http/notification-receiver.js";
import { openSchedulesApp, type SchedulesApp } from "../support/schedules/schedules-app.js";

let app: SchedulesApp;
let receiver: NotificationReceiver;

beforeAll(async () => {
  receiver = await startNotificationReceiver();
  const caller = {
    Id: SECRET_ID,
    SecretKeys: [KEY],
    SdkAppIds: [CN_APP],
    NotifyUrl: receiver.url,
    NotifySecrets: [`whsec_${randomBytes(32).toString("base64")}`],
  };
  app = await openSchedulesApp({ CALLERS: JSON.stringify([caller]) });
});
beforeEach(() => app.clear());
afterAll(async () => {
  await app.app.close();
  await receiver.close();
});

/** The function as its timer calls it. */
async function planOnTimer(): Promise<void> {
  const handler = makeHandler(() => Promise.resolve(app.services));
  const context = { getRemainingTimeInMillis: () => 60_000 };
  await app.clock.advanceUntilDone(Promise.resolve(handler({}, context as never)));
}

async function deliver() {
  const services = {
    ...app.services,
    notifier: openNotifier({ allowPrivateHosts: true, timeoutMs: 2000 }),
  };
  return app.clock.advanceUntilDone(
    deliverNotifications(services, { timeLeftMs: timeLeft(app.clock, 60_000) }),
  );
}

test("a window that no timer saw is sent as missed", async () => {
  const { ScheduleId, body } = await app.create();
  app.jumpTo("2026-01-03T12:00:00Z");

  await planOnTimer();
  expect(await deliver()).toMatchObject({ undelivered: 0, dead: 0 });

  const missed = receiver.taken().filter(({ type }) => type === "schedule.missed");
  expect(missed).toContainEqual(
    expect.objectContaining({
      subject: ScheduleId,
      data: expect.objectContaining({
        ScheduleId,
        Name: body.Name,
        StartTime: "2026-01-03T09:00:00.000Z",
        Reason: "Late",
      }) as unknown,
    }),
  );
});
