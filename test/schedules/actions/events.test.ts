/** Schedules that a stored object or a message runs. */
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { LOCAL_SOURCES } from "../../../local/environment/local-environment.js";
import { SCHEDULE_ID } from "../../support/contract/schedules.js";
import { SECRET_ID } from "../../support/app/test-app.js";
import { ckafka, deadLettersOf, fixture, send } from "../../support/http/cloud-events.js";
import { openSchedulesApp, type SchedulesApp } from "../../support/schedules/schedules-app.js";

const RULES = [{ Bucket: "media", Caller: SECRET_ID, ScheduleId: SCHEDULE_ID }];
const EVENT_CALLERS = [{ Source: `ckafka:${LOCAL_SOURCES.ckafka}`, Caller: SECRET_ID }];

let app: SchedulesApp;
beforeAll(async () => {
  app = await openSchedulesApp({
    RULES: JSON.stringify(RULES),
    EVENT_CALLERS: JSON.stringify(EVENT_CALLERS),
  });
});
beforeEach(() => app.clear());
afterAll(() => app.app.close());

/** The operator's rule names a schedule that its caller has created before. */
async function createNamed(): Promise<string> {
  const { body } = await app.create({ State: "Paused" });
  await app.app.database.query("update schedule set schedule_id = $1", [SCHEDULE_ID]);
  return body.Ingest.RoomId;
}

test("an object runs the schedule of its rule, once, however often the event comes", async () => {
  const room = await createNamed();

  for (let delivery = 0; delivery < 2; delivery += 1) {
    await app.clock.advanceUntilDone(send(app.app, fixture("s3-created", app.app)));
  }

  expect(await app.tasks(room)).toMatchObject([{ state: "playing" }]);
  expect(await app.occurrences({ State: "Running" })).toMatchObject([
    { ScheduleId: SCHEDULE_ID, Reason: "Run" },
  ]);
});

test("an object whose schedule is gone becomes a dead letter", async () => {
  await app.clock.advanceUntilDone(send(app.app, fixture("s3-created", app.app)));

  expect(await deadLettersOf(app.app)).toMatchObject([{ code: "ResourceNotFound" }]);
});

test("a message runs a schedule for a while", async () => {
  const room = await createNamed();
  const run = { Action: "RunIngestSchedule", ScheduleId: SCHEDULE_ID, DurationSeconds: 60 };

  await app.clock.advanceUntilDone(send(app.app, ckafka(run)));

  expect(await app.tasks(room)).toHaveLength(1);
});
