/** Schedules through the unmodified SDKs of both sites and plain HTTP, however they sign and send. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { CN_APP, startTestApp, type TestApp } from "../support/app/test-app.js";
import { nextRoom } from "../support/app/rooms.js";
import { byCnSdk, SDK_WAYS, type Way } from "../support/http/sdk-ways.js";

type Answer = Record<string, unknown> & {
  ScheduleId: string;
  Occurrences: { StartTime: string }[];
};
let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

/** As curl sends it, to the function of schedules alone. */
const byHttp: Way = [
  "plain HTTP",
  CN_APP,
  () => async (action, fields) =>
    (await app.post("schedules", fields, { "x-tc-action": action })).response,
];

test.each([byHttp, ...SDK_WAYS])("%s carries out all nine actions", async (...way) => {
  const [name, SdkAppId, senderTo] = way;
  const send = async (action: string, fields: Record<string, unknown>) =>
    (await senderTo(app.url)(action, fields)) as Answer;
  const Ingest = { SdkAppId, RoomId: nextRoom(), RoomIdType: 0, StreamUrl: app.clip };
  const fields = {
    Name: `by ${name} 课程`,
    Ingest: { ...Ingest, RepeatNum: -1 },
    TimeZone: "Asia/Shanghai",
    Windows: [
      { Recurrence: "0 9 * * 1-5", EndAt: "11:30" },
      { Recurrence: "30 14 * * SUN#3", DurationSeconds: 3600 },
    ],
    ExcludeDates: ["2027-10-01", "2027-10-02"],
  };

  const created = await send("CreateIngestSchedule", fields);
  const { ScheduleId } = created;
  expect(created).toMatchObject({ ...fields, ExcludeDates: fields.ExcludeDates });
  const updated = await send("UpdateIngestSchedule", { ScheduleId, Priority: 80 });
  expect(updated).toMatchObject({ Name: fields.Name, Priority: 80 });
  const preview = await send("PreviewIngestSchedule", { ScheduleId, Count: 2 });
  expect(preview.Occurrences).toEqual(created.Occurrences.slice(0, 2));
  const StartTime = preview.Occurrences[1]?.StartTime;
  expect(await send("SkipIngestOccurrence", { ScheduleId, StartTime })).toMatchObject({
    State: "Skipped",
    Reason: "Asked",
  });
  const run = await send("RunIngestSchedule", { ScheduleId, DurationSeconds: 60 });
  expect(run).toMatchObject({ State: "Running" });
  expect(await send("DescribeIngestSchedule", { ScheduleId })).toMatchObject({
    Counts: { Running: 1, Skipped: 1 },
  });
  expect(await send("ListIngestSchedules", { Name: fields.Name })).toMatchObject({
    Schedules: [{ ScheduleId }],
  });
  expect(await send("ListIngestOccurrences", { ScheduleId, State: "Running" })).toMatchObject({
    Occurrences: [{ TaskId: run["TaskId"] }],
  });
  await send("DeleteIngestSchedule", { ScheduleId, StopRunning: true });
  expect(await send("ListIngestSchedules", { Name: fields.Name })).toMatchObject({ Schedules: [] });
  expect(await send("ListIngestOccurrences", { ScheduleId, State: "Done" })).toMatchObject({
    Occurrences: [{ TaskId: run["TaskId"], Reason: "stopped" }],
  });
});

describe.each(SDK_WAYS)("%s", (_name, SdkAppId, senderTo) => {
  const send = async (action: string, fields: Record<string, unknown>) =>
    (await senderTo(app.url)(action, fields)) as Answer;

  /** Eleven windows: by name, the eleventh stands before the third. */
  const fields = () => ({
    Name: `Lessons ${nextRoom()}`,
    Comment: "twice\na day & more",
    Ingest: {
      SdkAppId,
      RoomId: nextRoom(),
      RoomIdType: 0,
      Playlist: [{ StreamUrl: app.clip, Title: "第1课" }, { StreamUrl: `${app.clip}?second` }],
    },
    TimeZone: "Asia/Shanghai",
    Windows: Array.from({ length: 11 }, (_, hour) => ({
      Recurrence: `0 ${hour} * * *`,
      DurationSeconds: 1800 + hour,
    })),
  });

  test("keeps lists in their order, and sends a token again", async () => {
    const shown = fields();
    const body = { ...shown, ClientToken: `token ${nextRoom()}` };

    const { ScheduleId, ...created } = await send("CreateIngestSchedule", body);

    expect(created).toMatchObject(shown);
    expect((await send("CreateIngestSchedule", body)).ScheduleId).toBe(ScheduleId);
    const run = { ScheduleId, DurationSeconds: 60, ClientToken: `run ${nextRoom()}` };
    const { TaskId } = await send("RunIngestSchedule", run);
    expect((await send("RunIngestSchedule", run))["TaskId"]).toBe(TaskId);
    await send("DeleteIngestSchedule", { ScheduleId, StopRunning: true });
  });

  test("is refused with the place of the fault", async () => {
    const body = fields();
    const Windows = body.Windows.map((window, n) =>
      n === 10 ? { ...window, Recurrence: "0 25 * * *" } : window,
    );
    await expect(send("CreateIngestSchedule", { ...body, Windows })).rejects.toMatchObject({
      code: "InvalidParameterValue",
      message: expect.stringContaining("Windows[10].Recurrence"),
    });
    const Ingest = { ...body.Ingest, StopTime: "2099-01-01T00:00:00Z" };
    await expect(send("CreateIngestSchedule", { ...body, Ingest })).rejects.toMatchObject({
      code: "UnknownParameter",
      message: expect.stringContaining("Ingest.StopTime"),
    });
  });
});

describe("a replayed signature", () => {
  test("creates nothing twice", async () => {
    const send = byCnSdk(app.url, "POST");
    const named = {
      Name: "replayed",
      TimeZone: "UTC",
      Windows: [{ Recurrence: "0 9 * * *", DurationSeconds: 60 }],
    };
    const Ingest = { SdkAppId: CN_APP, RoomId: nextRoom(), RoomIdType: 0, StreamUrl: app.clip };

    // Equal requests of one second have one signature. Those of two seconds have two.
    const both = await Promise.allSettled(
      [1, 2].map(() => send("CreateIngestSchedule", { ...named, Ingest })),
    );

    const answers = both.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const ids = new Set(answers.map((answer) => (answer as Answer).ScheduleId));
    expect(ids.size).toBe(1);
  });
});
