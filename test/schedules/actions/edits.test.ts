/** Updates, pauses and deletions of schedules, before and while an occurrence plays. */
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { openSchedulesApp, type SchedulesApp } from "../../support/schedules/schedules-app.js";

let app: SchedulesApp;
beforeAll(async () => {
  app = await openSchedulesApp();
});
beforeEach(async () => {
  await app.clear();
});
afterAll(() => app.app.close());

/** A schedule whose first occurrence plays since a minute. */
async function playing(fields: object = {}) {
  const created = await app.create({
    Windows: [{ Recurrence: "0 * * * *", DurationSeconds: 1500 }],
    ...fields,
  });
  app.jumpTo(String(created.Occurrences[0]?.["StartTime"]));
  await app.pass(1);
  const running = await app.occurrences({ ScheduleId: created.ScheduleId, State: "Running" });
  expect(running).toHaveLength(1);
  return { ...created, running: running[0] ?? {} };
}

const plannedOf = (ScheduleId: string) =>
  app.occurrences({ ScheduleId, State: "Planned", Limit: 100 });

test("an update changes only what is sent, and plans anew what has not begun", async () => {
  const { ScheduleId, body } = await app.create();
  const [before] = await plannedOf(ScheduleId);

  const updated = await app.right("UpdateIngestSchedule", {
    ScheduleId,
    Windows: [{ Recurrence: "0 12 * * *", DurationSeconds: 60 }],
    Priority: 70,
  });

  expect(updated).toMatchObject({ Name: body.Name, Ingest: body.Ingest, Priority: 70 });
  const [after, ...others] = await plannedOf(ScheduleId);
  expect(others).toEqual([]);
  expect(after?.["StartTime"]).toBe(updated.Occurrences[0]?.["StartTime"]);
  expect(after?.["TaskId"]).not.toBe(before?.["TaskId"]);
  const ingests = await app.clock.advanceUntilDone(
    app.app.post("list-ingests", { State: "ended" }),
  );
  expect(ingests.response["Ingests"]).toMatchObject([
    { TaskId: before?.["TaskId"], EndReason: "stopped" },
  ]);
});

test("an update of the comment keeps each ingest", async () => {
  const { ScheduleId } = await app.create();
  const before = await plannedOf(ScheduleId);

  await app.right("UpdateIngestSchedule", { ScheduleId, Comment: "other" });

  expect(await plannedOf(ScheduleId)).toEqual(before);
});

test("what plays goes on through an update, with another room for the next ones", async () => {
  const { ScheduleId, running, body } = await playing();

  await app.right("UpdateIngestSchedule", { ScheduleId, Ingest: app.ingest("elsewhere") });

  expect(await app.occurrences({ ScheduleId, State: "Running" })).toEqual([running]);
  const next = (await plannedOf(ScheduleId)).at(-1);
  const elsewhere = { RoomId: "elsewhere", RoomIdType: 0 };
  expect(await app.right("ListIngestSchedules", elsewhere)).toMatchObject({
    Schedules: [{ ScheduleId }],
  });
  app.jumpTo(app.inSeconds(1500));
  await app.pass(1);
  app.jumpTo(String(next?.["StartTime"]));
  await app.pass(1);
  expect(await app.tasks("elsewhere")).toHaveLength(1);
  expect(await app.tasks(body.Ingest.RoomId)).toMatchObject([{ state: "ended" }]);
});

test("a pause cancels what has not begun, and a resumption plans it from then on", async () => {
  const { ScheduleId, running } = await playing();

  const paused = await app.right("UpdateIngestSchedule", { ScheduleId, State: "Paused" });
  expect(paused).toMatchObject({ State: "Paused", PausedBecause: null });
  expect(await plannedOf(ScheduleId)).toEqual([]);
  expect(await app.occurrences({ ScheduleId, State: "Running" })).toEqual([running]);
  app.jumpTo(app.inSeconds(3600));
  await app.pass(1);
  const resumed = await app.right("UpdateIngestSchedule", { ScheduleId, State: "Enabled" });

  const next = resumed.Occurrences[0]?.["StartTime"];
  const starts = (await plannedOf(ScheduleId)).map(({ StartTime }) => StartTime);
  expect(starts.at(-1)).toBe(next);
  // What the pause left out is no occurrence.
  expect(await app.occurrences({ ScheduleId, State: "Missed" })).toEqual([]);
  expect(await app.occurrences({ ScheduleId, State: "Done" })).toHaveLength(1);
});

test("a deletion leaves what plays, and is a success twice", async () => {
  const { ScheduleId, running } = await playing();

  expect(await app.right("DeleteIngestSchedule", { ScheduleId })).not.toHaveProperty("Error");

  expect(await plannedOf(ScheduleId)).toEqual([]);
  expect(await app.occurrences({ ScheduleId, State: "Running" })).toEqual([running]);
  await app.right("DeleteIngestSchedule", { ScheduleId });
  expect(await app.refusal("DescribeIngestSchedule", { ScheduleId })).toMatchObject({
    Code: "ResourceNotFound",
  });
  expect(await app.right("ListIngestSchedules", {})).toMatchObject({ Schedules: [] });
});

test("StopRunning stops what plays, also with a second deletion", async () => {
  const { ScheduleId, body } = await playing();

  await app.right("DeleteIngestSchedule", { ScheduleId });
  await app.right("DeleteIngestSchedule", { ScheduleId, StopRunning: true });

  expect(await app.occurrences({ ScheduleId })).toMatchObject([
    { State: "Done", Reason: "stopped" },
  ]);
  expect(await app.tasks(body.Ingest.RoomId)).toMatchObject([{ state: "ended" }]);
});

test("StopRunning stops an occurrence whose start is under way", async () => {
  const { ScheduleId, body, Occurrences } = await app.create();
  app.trtc.next("StartStreamIngest", "lose-answer");
  app.jumpTo(String(Occurrences[0]?.["StartTime"]));
  await app.pass(1);
  const [planned] = (await plannedOf(ScheduleId)).slice(-1);
  expect(planned?.["StartTime"]).toBe(Occurrences[0]?.["StartTime"]);
  expect(await app.tasks(body.Ingest.RoomId)).toMatchObject([{ state: "playing" }]);

  await app.ask("DeleteIngestSchedule", { ScheduleId, StopRunning: true });
  await app.reconcile();

  expect(await app.tasks(body.Ingest.RoomId)).toMatchObject([{ state: "ended" }]);
  expect(await app.right("ListIngestSchedules", {})).toMatchObject({ Schedules: [] });
});
