/** Messages that write and run schedules. A repeat of one changes nothing. */
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { eventUseCases } from "../../shared/schedules/use-cases.js";
import { replayDeadLetter } from "../../shared/cloud-events/dead-letters.js";
import { ckafka, deadLettersOf, send, sqs, stateOf } from "../support/http/cloud-events.js";
import { CN_APP, type TestApp, startTestApp } from "../support/app/test-app.js";

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
beforeEach(() =>
  app.database.query("truncate ingest, occurrence, schedule, dead_letter, call_slot"),
);
afterAll(() => app.close());

const createAction = (fields: object = {}) => ({
  Action: "CreateIngestSchedule",
  Name: "Lessons",
  Ingest: { SdkAppId: CN_APP, RoomId: "room", RoomIdType: 0, StreamUrl: app.clip, RepeatNum: -1 },
  TimeZone: "Europe/Berlin",
  Windows: [{ Recurrence: "0 9 * * *", DurationSeconds: 3600 }],
  ...fields,
});

async function ask(action: string, body: object): Promise<Record<string, unknown>> {
  const { response } = await app.post("schedules", body, { "x-tc-action": action });
  expect(response.Error).toBeUndefined();
  return response;
}

const schedules = async () =>
  (await ask("ListIngestSchedules", {}))["Schedules"] as Record<string, unknown>[];

const occurrences = async () =>
  (await ask("ListIngestOccurrences", {}))["Occurrences"] as Record<string, unknown>[];

async function created(): Promise<string> {
  await send(app, ckafka(createAction()));
  const [schedule] = await schedules();
  return String(schedule?.["ScheduleId"]);
}

const codes = async () => (await deadLettersOf(app)).map(({ code }) => code);

test("a message creates a schedule, and its repeat creates no other one", async () => {
  const event = ckafka(createAction());

  expect(await send(app, event)).toMatchObject({ done: 1 });
  expect(await send(app, event)).toMatchObject({ done: 1 });

  expect(await schedules()).toMatchObject([{ Name: "Lessons", State: "Enabled" }]);
  expect(await codes()).toEqual([]);
});

test("a message runs a schedule, and its repeat plays no second time", async () => {
  const ScheduleId = await created();
  const event = sqs(["run", { Action: "RunIngestSchedule", ScheduleId, DurationSeconds: 60 }]);

  for (let times = 0; times < 2; times += 1) {
    expect(await send(app, event)).toEqual({ batchItemFailures: [] });
  }

  expect((await stateOf(app)).tasks).toEqual(["room playing"]);
  expect((await occurrences()).filter(({ State }) => State === "Running")).toMatchObject([
    { ScheduleId, Reason: "Run" },
  ]);
});

test("the messages of one schedule are carried out in order, and again without effect", async () => {
  const ScheduleId = await created();
  const preview = await ask("PreviewIngestSchedule", { ScheduleId });
  const [, second] = preview["Occurrences"] as { StartTime: string }[];
  const StartTime = second?.StartTime;
  const event = ckafka(
    { Action: "UpdateIngestSchedule", ScheduleId, Comment: "one" },
    { Action: "UpdateIngestSchedule", ScheduleId, Comment: "two" },
    { Action: "SkipIngestOccurrence", ScheduleId, StartTime },
  );

  for (let times = 0; times < 2; times += 1) {
    expect(await send(app, event)).toMatchObject({ done: 3 });
    expect(await schedules()).toMatchObject([{ ScheduleId, Comment: "two" }]);
  }

  const skipped = (await occurrences()).filter(({ State }) => State === "Skipped");
  expect(skipped).toMatchObject([{ ScheduleId, StartTime, Reason: "Asked" }]);
  const deletion = ckafka({ Action: "DeleteIngestSchedule", ScheduleId });
  for (let times = 0; times < 2; times += 1) {
    expect(await send(app, deletion)).toMatchObject({ done: 1 });
  }
  expect(await schedules()).toEqual([]);
  expect(await codes()).toEqual([]);
});

test("a message with a fault is a dead letter, and its replay works after the cause is gone", async () => {
  const first = await created();
  const wrong = createAction({ TimeZone: "Europe/Atlantis" });
  await send(app, sqs(["zone", wrong], ["list", { Action: "ListIngestSchedules" }]));
  expect((await codes()).sort()).toEqual(["InvalidAction", "InvalidParameterValue"]);
  await app.database.query("truncate dead_letter");

  await send(app, sqs(["name", createAction()]));
  const [deadLetter] = await deadLettersOf(app);
  if (!deadLetter) throw new Error("no letter was kept");
  await ask("DeleteIngestSchedule", { ScheduleId: first });
  const replay = { useCases: eventUseCases, timeLeftMs: () => 20_000 };

  expect(await replayDeadLetter(app.services, deadLetter, replay)).toBe("done");
  expect(await schedules()).toMatchObject([{ Name: "Lessons" }]);
});
