/** What a schedule is refused for, with the sentence that its caller reads. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { SCHEDULES_MAX } from "../../../shared/schedules/actions/create.js";
import {
  openSchedulesApp,
  OTHER,
  type SchedulesApp,
} from "../../support/schedules/schedules-app.js";

let app: SchedulesApp;
beforeAll(async () => {
  app = await openSchedulesApp();
});
beforeEach(() => app.clear());
afterAll(() => app.app.close());

const WINDOW = { Recurrence: "0 10 * * *", DurationSeconds: 3600 };

type Refusal = [what: string, fields: () => object, code: string, message: RegExp];

const REFUSALS: Refusal[] = [
  [
    "an unknown zone",
    () => ({ TimeZone: "Europe/Berlim" }),
    "InvalidParameterValue",
    /send Europe\/Berlin/,
  ],
  [
    "a wrong cron",
    () => ({ Windows: [{ ...WINDOW, Recurrence: "61 * * * *" }] }),
    "InvalidParameterValue",
    /^Windows\[0\]\.Recurrence has a wrong minute/,
  ],
  [
    "a date that does not exist",
    () => ({ ExcludeDates: ["2026-02-30"] }),
    "InvalidParameterValue",
    /^ExcludeDates\[0\] is no existing date/,
  ],
  [
    "an instant that does not exist",
    () => ({ StartTime: "2026-02-30T00:00:00Z" }),
    "InvalidParameterValue",
    /^StartTime is not an existing date/,
  ],
  [
    "an end before the start",
    () => ({ StartTime: "2026-02-02T00:00:00Z", EndTime: "2026-02-01T00:00:00Z" }),
    "InvalidParameterValue",
    /^EndTime is not after StartTime/,
  ],
  [
    "a window in the past",
    () => ({ Windows: [{ StartAt: "2025-01-01T00:00", DurationSeconds: 60 }] }),
    "InvalidParameterValue",
    /no start ahead of now/,
  ],
  [
    "bounds without a window",
    () => ({ EndTime: "2026-01-01T00:00:01Z" }),
    "InvalidParameterValue",
    /no start ahead of now/,
  ],
  [
    "a duration beyond the grant",
    () => ({ Windows: [{ ...WINDOW, DurationSeconds: 86_460 }] }),
    "InvalidParameterValue",
    /^Windows\[0\]\.DurationSeconds is more than the caller's longest ingest of 1440 minutes: send 86400 or less/,
  ],
  [
    "a room beyond the grant",
    () => ({ Ingest: app.ingest("Room_A") }),
    "UnauthorizedOperation",
    /may not enter this room/,
  ],
  [
    "another application",
    () => ({ Ingest: { ...app.ingest("a"), SdkAppId: 1600000000 } }),
    "UnauthorizedOperation.SdkAppId",
    /SdkAppId/,
  ],
  [
    "a user beyond the grant",
    () => ({ Ingest: app.ingest("a", { UserId: "host" }) }),
    "UnauthorizedOperation",
    /UserId/,
  ],
  [
    "a private host",
    () => ({ Ingest: app.ingest("a", { StreamUrl: "ftp://media.example/a" }) }),
    "InvalidParameter.StreamUrl",
    /^Ingest\.StreamUrl/,
  ],
  [
    "no source",
    () => ({ Ingest: { SdkAppId: 1400000000, RoomId: "a", RoomIdType: 0 } }),
    "MissingParameter",
    /^Ingest\.StreamUrl is missing/,
  ],
  [
    "a filler without its policy",
    () => ({ Ingest: app.ingest("a", { OnItemFailure: "Filler" }) }),
    "InvalidParameterValue",
    /^Ingest\.OnItemFailure/,
  ],
  [
    "times inside Ingest",
    () => ({ Ingest: app.ingest("a", { StopTime: "2027-01-01T00:00:00Z" }) }),
    "UnknownParameter",
    /Ingest\.StopTime: the window ends each occurrence/,
  ],
];

describe.each(REFUSALS)("%s", (_what, fields, code, message) => {
  const error = () => ({ Code: code, Message: expect.stringMatching(message) });

  test("is refused on create", async () => {
    expect(await app.refusal("CreateIngestSchedule", app.fields(fields()))).toEqual(error());
    expect(await app.right("ListIngestSchedules", {})).toMatchObject({ Schedules: [] });
  });

  test("is refused on preview", async () => {
    // A preview of rules without a start is an empty list.
    const isEmpty = message.source.includes("no start");
    const refused = await app.refusal("PreviewIngestSchedule", app.fields(fields()));
    expect(refused).toEqual(isEmpty ? undefined : error());
  });
});

test("an update is refused for the same, and changes nothing", async () => {
  const { ScheduleId, ...created } = await app.create();

  for (const fields of [
    { TimeZone: "Mars" },
    { Windows: [{ ...WINDOW, DurationSeconds: 86_460 }] },
    { Ingest: app.ingest("Room_A") },
  ]) {
    expect(await app.refusal("UpdateIngestSchedule", { ScheduleId, ...fields })).toBeDefined();
  }

  expect(await app.right("DescribeIngestSchedule", { ScheduleId })).toMatchObject({
    UpdateTime: created["UpdateTime"],
  });
});

test("a name is taken once for each caller", async () => {
  const { ScheduleId, body } = await app.create();
  const again = await app.refusal("CreateIngestSchedule", app.fields({ Name: body.Name }));
  expect(again).toMatchObject({ Code: "InvalidParameterValue", Message: /^Name is taken/ });
  const second = await app.create();
  const renamed = { ScheduleId: second.ScheduleId, Name: body.Name };
  expect(await app.refusal("UpdateIngestSchedule", renamed)).toMatchObject({
    Message: expect.stringMatching(/^Name is taken/),
  });

  await app.create({ Name: body.Name }, OTHER);
  await app.right("DeleteIngestSchedule", { ScheduleId });
  await app.create({ Name: body.Name });
});

test("another caller's schedule is unknown", async () => {
  const { ScheduleId } = await app.create();
  const named = { ScheduleId };
  const StartTime = "2026-01-02T09:00:00Z";

  for (const [action, body] of [
    ["DescribeIngestSchedule", named],
    ["UpdateIngestSchedule", { ...named, Comment: "mine" }],
    ["PreviewIngestSchedule", named],
    ["RunIngestSchedule", named],
    ["SkipIngestOccurrence", { ...named, StartTime }],
    ["ListIngestOccurrences", named],
    ["DeleteIngestSchedule", named],
  ] as const) {
    const unknown = "schedule-00000000000000000000000000";
    const foreign = await app.refusal(action, body, OTHER);
    expect(foreign).toMatchObject({ Code: "ResourceNotFound" });
    expect(await app.refusal(action, { ...body, ScheduleId: unknown })).toEqual(foreign);
  }
  expect(await app.right("ListIngestSchedules", {}, OTHER)).toMatchObject({ Schedules: [] });
  expect(await app.right("ListIngestOccurrences", {}, OTHER)).toMatchObject({ Occurrences: [] });
});

test.each([
  ["SQL", "'; drop table schedule; --"],
  ["markup", "<script>alert(1)</script>"],
  ["a template", "${jndi:ldap://a} {{7*7}} %s"],
  ["Chinese and emoji", "早课 🎓"],
  ["the name of a property", "__proto__"],
  ["direction marks", "a\u202eb"],
])("a name of %s comes back as it is", async (_what, Name) => {
  const { ScheduleId } = await app.create({ Name, Comment: Name });

  const { Schedules } = await app.right("ListIngestSchedules", { Name });

  expect(Schedules).toMatchObject([{ ScheduleId, Name, Comment: Name }]);
});

test("lists go on from page to page", async () => {
  for (let count = 0; count < 3; count += 1) await app.create();

  const first = await app.right("ListIngestSchedules", { Limit: 2 });
  const second = await app.right("ListIngestSchedules", { Limit: 2, Cursor: first["NextCursor"] });
  const early = await app.right("ListIngestOccurrences", { Limit: 2 });
  const late = await app.right("ListIngestOccurrences", { Limit: 2, Cursor: early["NextCursor"] });

  expect(
    [first["Schedules"], second["Schedules"]].map((page) => (page as object[]).length),
  ).toEqual([2, 1]);
  expect(second["NextCursor"]).toBeNull();
  expect([early, late].map(({ Occurrences }) => Occurrences.length)).toEqual([2, 1]);
  for (const action of ["ListIngestSchedules", "ListIngestOccurrences"] as const) {
    expect(await app.refusal(action, { Cursor: "bm8" })).toMatchObject({
      Message: expect.stringMatching(/^Cursor is wrong/),
    });
  }
});

test("a caller has a bounded number of schedules", async () => {
  await app.create({ State: "Paused" });
  await app.app.database.query(
    `insert into schedule
     select (jsonb_populate_record(schedule, jsonb_build_object(
       'schedule_id', 'schedule-' || lpad(n::text, 26, '0'), 'name', 'copy ' || n
     ))).* from schedule, generate_series(2, $1) as n`,
    [SCHEDULES_MAX],
  );

  expect(await app.refusal("CreateIngestSchedule", app.fields())).toMatchObject({
    Code: "LimitExceeded",
    Message: expect.stringMatching(/^The caller has 1000 schedules and may have 1000: delete one/),
  });
  await app.create({}, OTHER);
});
