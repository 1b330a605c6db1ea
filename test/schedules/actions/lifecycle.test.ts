/** A schedule over HTTP, from its creation to the end of its occurrences, on a moved clock. */
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { openSchedulesApp, type SchedulesApp } from "../../support/schedules/schedules-app.js";

let app: SchedulesApp;
beforeAll(async () => {
  app = await openSchedulesApp();
});
beforeEach(() => app.clear());
afterAll(() => app.app.close());

test("is created, previewed, starts on the second, ends, and is listed as done", async () => {
  app.jumpTo("2026-01-05T08:00:00Z");
  const created = await app.create({ Comment: "lessons" });
  const { ScheduleId, body } = created;

  const first = {
    StartTime: "2026-01-05T09:00:00.000Z",
    EndTime: "2026-01-05T10:00:00.000Z",
    LocalStart: "2026-01-05T10:00:00+01:00",
    LocalEnd: "2026-01-05T11:00:00+01:00",
  };
  expect(created).toMatchObject({
    ...body,
    Comment: "lessons",
    State: "Enabled",
    PausedBecause: null,
    OverlapPolicy: "StopOther",
    Priority: 50,
    CatchupSeconds: null,
    Conflicts: [],
  });
  expect(created.Occurrences).toHaveLength(5);
  expect(created.Occurrences[0]).toEqual(first);
  const preview = await app.right("PreviewIngestSchedule", { ScheduleId, Count: 2 });
  expect(preview.Occurrences).toEqual(created.Occurrences.slice(0, 2));
  const [planned] = await app.occurrences({ ScheduleId });
  expect(planned).toMatchObject({ State: "Planned", StartTime: first.StartTime });

  app.jumpTo("2026-01-05T08:59:00Z");
  await app.pass(2);
  const [running] = await app.occurrences({ ScheduleId });
  expect(running).toMatchObject({ State: "Running", LatenessSeconds: 0 });
  const [task] = await app.tasks(body.Ingest.RoomId);
  expect(task).toMatchObject({ startedAt: first.StartTime, state: "playing" });

  app.jumpTo("2026-01-05T09:59:00Z");
  await app.pass(2);
  const [done] = await app.occurrences({ ScheduleId, State: "Done" });
  expect(done).toMatchObject({
    ScheduleId,
    Name: body.Name,
    StartTime: first.StartTime,
    EndTime: first.EndTime,
    Reason: "expired",
    TaskId: planned?.["TaskId"],
  });
  const described = await app.right("DescribeIngestSchedule", { ScheduleId });
  expect(described["Counts"]).toMatchObject({ Done: 1, Planned: 1, Running: 0, Failed: 0 });
  expect(described.Occurrences[0]).toMatchObject({ StartTime: "2026-01-06T09:00:00.000Z" });
});

test("keeps the local time over a change of the clocks", async () => {
  app.jumpTo("2026-03-28T08:00:00Z");
  const { Occurrences, ScheduleId } = await app.create({
    Windows: [{ Recurrence: "30 2 * * *", DurationSeconds: 1800 }],
  });

  expect(Occurrences.slice(0, 2)).toEqual([
    {
      StartTime: "2026-03-29T01:00:00.000Z",
      EndTime: "2026-03-29T01:30:00.000Z",
      LocalStart: "2026-03-29T03:00:00+02:00",
      LocalEnd: "2026-03-29T03:30:00+02:00",
      Note: expect.stringContaining("02:30 does not exist"),
    },
    {
      StartTime: "2026-03-30T00:30:00.000Z",
      EndTime: "2026-03-30T01:00:00.000Z",
      LocalStart: "2026-03-30T02:30:00+02:00",
      LocalEnd: "2026-03-30T03:00:00+02:00",
    },
  ]);
  app.jumpTo("2026-03-29T00:59:00Z");
  await app.pass(2);
  expect(await app.occurrences({ ScheduleId, State: "Running" })).toHaveLength(1);
});

test("shows the schedule with each of its ingests", async () => {
  app.jumpTo("2026-01-05T08:00:00Z");
  const { ScheduleId } = await app.create();

  const { response } = await app.clock.advanceUntilDone(app.app.post("list-ingests", {}));

  expect(response["Ingests"]).toMatchObject([
    { ScheduleId, OccurrenceTime: "2026-01-05T09:00:00.000Z", State: "scheduled" },
  ]);
});
