/** Runs and skips of single occurrences, and conflicts with other schedules of the room. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { Database } from "../../../shared/store/engine/database.js";
import { createStore } from "../../../shared/store/store.js";
import { scheduleUseCases } from "../../../shared/schedules/use-cases.js";
import { countedBy } from "../../support/app/manual-clock.js";
import { SECRET_ID } from "../../support/app/test-app.js";
import { timeLeft } from "../../support/app/timed-app.js";
import {
  openSchedulesApp,
  OTHER,
  type SchedulesApp,
} from "../../support/schedules/schedules-app.js";

let app: SchedulesApp;
beforeAll(async () => {
  app = await openSchedulesApp();
});
beforeEach(async () => {
  await app.clear();
});
afterAll(() => app.app.close());

describe("RunIngestSchedule", () => {
  test("plays at once, as long as the next window, and ends", async () => {
    const { ScheduleId, body } = await app.create();
    const now = app.inSeconds(0);

    const run = await app.right("RunIngestSchedule", { ScheduleId });

    expect(run).toMatchObject({
      ScheduleId,
      Name: body.Name,
      StartTime: now,
      EndTime: app.inSeconds(3600),
      State: "Running",
      LatenessSeconds: 0,
    });
    expect(await app.tasks(body.Ingest.RoomId)).toMatchObject([{ state: "playing" }]);
    app.jumpTo(String(run["EndTime"]));
    await app.pass(2);
    expect(await app.occurrences({ ScheduleId, State: "Done" })).toMatchObject([
      { TaskId: run["TaskId"], Reason: "expired" },
    ]);
  });

  test("runs a paused schedule for DurationSeconds, and its policy keeps a second run away", async () => {
    const { ScheduleId } = await app.create({ State: "Paused", OverlapPolicy: "Skip" });

    const first = await app.right("RunIngestSchedule", { ScheduleId, DurationSeconds: 60 });
    expect(first).toMatchObject({ State: "Running", EndTime: app.inSeconds(60) });
    await app.clock.advance(1000);
    const second = await app.right("RunIngestSchedule", { ScheduleId, DurationSeconds: 90 });

    expect(second).toMatchObject({ State: "Skipped", Reason: "Overlap" });
    expect(second["TaskId"]).not.toBe(first["TaskId"]);
  });

  test("says that the schedule is gone where a delete comes before it begins", async () => {
    const { ScheduleId, body } = await app.create();
    const { clock } = app;
    const call = (request: object) => ({
      caller: app.services.config.callers.get(SECRET_ID),
      request: { ScheduleId, ...request },
      application: undefined,
      timeLeftMs: timeLeft(clock, 60_000),
    });
    const { database } = app.app;
    const deletedAfter: Database = {
      ...database,
      async transaction(work) {
        const result = await database.transaction(work);
        await scheduleUseCases.DeleteIngestSchedule(app.services, call({}) as never);
        return result;
      },
    };
    const store = createStore(deletedAfter, { clock, isDatabaseOnClock: true });
    const services = { ...app.services, store: countedBy(clock, store) };
    const run = scheduleUseCases.RunIngestSchedule(services, call({}) as never);

    await expect(clock.advanceUntilDone(run)).rejects.toMatchObject({ code: "ResourceNotFound" });
    expect(await app.tasks(body.Ingest.RoomId)).toEqual([]);
  });

  test("is carried out once for a ClientToken", async () => {
    const { ScheduleId, body } = await app.create();
    const request = { ScheduleId, DurationSeconds: 600, ClientToken: "run-1" };

    const first = await app.right("RunIngestSchedule", request);
    await app.clock.advance(1000);
    const { RequestId: _first, ...again } = await app.right("RunIngestSchedule", request);

    expect(first).toMatchObject(again);
    expect(await app.tasks(body.Ingest.RoomId)).toHaveLength(1);
    const other = { ...request, DurationSeconds: 900 };
    expect(await app.refusal("RunIngestSchedule", other)).toMatchObject({
      Message: expect.stringMatching(/^ClientToken was sent before with another request/),
    });
  });

  test("is tried again after a refusal of TRTC, and says why", async () => {
    const { ScheduleId } = await app.create();
    const code = "FailedOperation.NotAllowed";
    app.app.emulator.faults.add({ action: "StartStreamIngest", kind: "error", code, times: 1 });

    const run = await app.right("RunIngestSchedule", { ScheduleId, DurationSeconds: 600 });

    expect(run).toMatchObject({ State: "Planned", Reason: code, LatenessSeconds: null });
    await app.pass(1);
    expect(await app.occurrences({ ScheduleId, State: "Running" })).toMatchObject([
      { TaskId: run["TaskId"] },
    ]);
  });

  test("is refused without a length, and with one beyond the grant", async () => {
    const once = { StartAt: "2030-01-01T00:00", DurationSeconds: 60 };
    const { ScheduleId } = await app.create({ Windows: [once] });
    await app.right("UpdateIngestSchedule", { ScheduleId, EndTime: "2029-01-01T00:00:00Z" });

    expect(await app.refusal("RunIngestSchedule", { ScheduleId })).toMatchObject({
      Code: "MissingParameter",
      Message: expect.stringMatching(/^DurationSeconds is missing/),
    });
    const long = { ScheduleId, DurationSeconds: 86_401 };
    expect(await app.refusal("RunIngestSchedule", long)).toMatchObject({
      Message: expect.stringMatching(/^DurationSeconds is more than/),
    });
  });

  test("waits for a place of the caller, and says so", async () => {
    const first = await app.create({}, OTHER);
    const second = await app.create({}, OTHER);
    await app.right("RunIngestSchedule", { ScheduleId: first.ScheduleId }, OTHER);

    const run = await app.right("RunIngestSchedule", { ScheduleId: second.ScheduleId }, OTHER);

    expect(run).toMatchObject({
      State: "Planned",
      Reason: "LimitExceeded",
      Detail: expect.stringContaining("MaxIngests"),
    });
  });
});

describe("SkipIngestOccurrence", () => {
  test("skips a planned one: its ingest is cancelled, and it never starts", async () => {
    const { ScheduleId, Occurrences, body } = await app.create();
    const StartTime = String(Occurrences[0]?.["StartTime"]);

    const skipped = await app.right("SkipIngestOccurrence", { ScheduleId, StartTime });

    const asked = { StartTime, State: "Skipped", Reason: "Asked", LatenessSeconds: null };
    expect(skipped).toMatchObject(asked);
    const { RequestId: _, ...again } = await app.right("SkipIngestOccurrence", {
      ScheduleId,
      StartTime,
    });
    expect(skipped).toMatchObject(again);
    const preview = await app.right("PreviewIngestSchedule", { ScheduleId, Count: 1 });
    expect(preview.Occurrences).toMatchObject([{ StartTime, Skipped: "Asked" }]);
    app.jumpTo(StartTime);
    await app.pass(2);
    expect(await app.tasks(body.Ingest.RoomId)).toEqual([]);
    expect(await app.occurrences({ ScheduleId, State: "Skipped" })).toMatchObject([asked]);
  });

  test("skips one that is weeks ahead, whose schedule changes meanwhile", async () => {
    const { ScheduleId, body } = await app.create();
    const from = { ScheduleId, From: app.inSeconds(20 * 86_400), Count: 1 };
    const [far] = (await app.right("PreviewIngestSchedule", from)).Occurrences;
    const StartTime = String(far?.["StartTime"]);

    await app.right("SkipIngestOccurrence", { ScheduleId, StartTime });
    await app.right("UpdateIngestSchedule", { ScheduleId, Priority: 90 });

    expect((await app.right("PreviewIngestSchedule", from)).Occurrences).toMatchObject([
      { StartTime, Skipped: "Asked" },
    ]);
    app.jumpTo(new Date(Date.parse(StartTime) - 3_600_000).toISOString());
    await app.pass(1);
    app.jumpTo(StartTime);
    await app.pass(2);
    expect(
      (await app.tasks(body.Ingest.RoomId)).filter(({ state }) => state === "playing"),
    ).toEqual([]);
  });

  test("stays when an update gives an excluded date back", async () => {
    app.jumpTo("2026-02-01T00:00:00Z");
    const { ScheduleId, body } = await app.create({
      Windows: [{ Recurrence: "0 1,23 * * *", DurationSeconds: 600 }],
      ExcludeDates: ["2026-02-02"],
    });
    const StartTime = "2026-02-02T22:00:00.000Z";
    const skip = { ScheduleId, StartTime };
    app.jumpTo("2026-02-02T00:05:00Z");
    await app.pass(1);
    const [excluded] = await app.occurrences({ ScheduleId, State: "Skipped" });
    expect(excluded).toMatchObject({ StartTime, Reason: "Excluded" });

    expect(await app.right("SkipIngestOccurrence", skip)).toMatchObject({ Reason: "Asked" });
    await app.right("UpdateIngestSchedule", { ScheduleId, ExcludeDates: [] });
    app.jumpTo(StartTime);
    await app.pass(2);

    const played = (await app.tasks(body.Ingest.RoomId)).map(({ startedAt }) => startedAt);
    expect(played).not.toContain(StartTime);
    expect(await app.right("SkipIngestOccurrence", skip)).toMatchObject({ Reason: "Asked" });
  });

  test("refuses one that runs, one that is over, and an instant without one", async () => {
    const { ScheduleId, Occurrences } = await app.create();
    const StartTime = String(Occurrences[0]?.["StartTime"]);
    const skip = { ScheduleId, StartTime };
    app.jumpTo(StartTime);
    await app.pass(1);
    expect(await app.refusal("SkipIngestOccurrence", skip)).toMatchObject({
      Code: "FailedOperation",
      Message: expect.stringMatching(/has begun.*StopStreamIngest.*TaskId ing-/),
    });
    app.jumpTo(new Date(Date.parse(StartTime) + 3_600_000).toISOString());
    await app.pass(2);

    expect(await app.refusal("SkipIngestOccurrence", skip)).toMatchObject({
      Message: expect.stringMatching(/is over \(Done\)/),
    });
    const noWindow = { ScheduleId, StartTime: app.inSeconds(77) };
    expect(await app.refusal("SkipIngestOccurrence", noWindow)).toMatchObject({
      Code: "ResourceNotFound",
    });
    const past = { ScheduleId, StartTime: "2025-12-30T09:00:00Z" };
    expect(await app.refusal("SkipIngestOccurrence", past)).toMatchObject({
      Message: expect.stringMatching(/^This StartTime is over/),
    });
  });
});

describe("Conflicts", () => {
  const at = (Recurrence: string) => [{ Recurrence, DurationSeconds: 3600 }];

  test.each([
    ["StopOther", {}, /^The other one is cut when this schedule's starts: .* is StopOther/],
    ["Skip", {}, /^This schedule's is skipped: .* is Skip/],
    ["Extend", {}, /^This schedule's is skipped, and the other one plays until the later end/],
    [
      "Skip",
      { Priority: 60 },
      /^The other one is cut when this schedule's starts: its Priority is lower/,
    ],
  ])("%s says which one plays, with %j", async (OverlapPolicy, more, outcome) => {
    const Ingest = app.ingest("shared-room");
    const first = await app.create({ Ingest });

    const { Conflicts } = await app.create({
      Ingest,
      Windows: at("30 10 * * *"),
      OverlapPolicy,
      ...more,
    });

    expect(Conflicts).toHaveLength(5);
    expect(Conflicts[0]).toEqual({
      ScheduleId: first.ScheduleId,
      Name: first.body.Name,
      StartTime: first.Occurrences[0]?.["StartTime"],
      EndTime: first.Occurrences[0]?.["EndTime"],
      Outcome: expect.stringMatching(outcome),
    });
  });

  test("are none in other rooms, at other times, with a pause, and of other callers", async () => {
    const Ingest = app.ingest("quiet-room");
    await app.create();
    await app.create({ Ingest, Windows: at("0 11 * * *") });
    await app.create({ Ingest, State: "Paused" });
    await app.create({ Ingest }, OTHER);

    const { Conflicts } = await app.create({ Ingest });

    expect(Conflicts).toEqual([]);
  });

  test("a preview of fields shows them, and writes nothing", async () => {
    const Ingest = app.ingest("preview-room");
    const { ScheduleId } = await app.create({ Ingest });

    const fields = { Ingest, TimeZone: "Europe/Berlin", Windows: at("0 10 * * *"), Count: 2 };
    const { Occurrences, Conflicts } = await app.right("PreviewIngestSchedule", fields);

    expect(Occurrences).toHaveLength(2);
    expect(Conflicts).toMatchObject([
      { ScheduleId, Outcome: "This schedule's is skipped: both start at once." },
      { ScheduleId },
    ]);
    expect((await app.right("ListIngestSchedules", {}))["Schedules"]).toHaveLength(1);
    expect(await app.refusal("PreviewIngestSchedule", { Count: 1 })).toMatchObject({
      Message: expect.stringMatching(/^TimeZone is missing: send ScheduleId/),
    });
  });

  test("a preview with a ScheduleId and fields shows an update", async () => {
    const { ScheduleId } = await app.create();

    const Windows = at("0 6 * * *");
    const preview = await app.right("PreviewIngestSchedule", { ScheduleId, Windows, Count: 1 });

    expect(String(preview.Occurrences[0]?.["LocalStart"])).toContain("T06:00:00");
    const { Occurrences } = await app.right("DescribeIngestSchedule", { ScheduleId });
    expect(String(Occurrences[0]?.["LocalStart"])).toContain("T10:00:00");
  });
});
