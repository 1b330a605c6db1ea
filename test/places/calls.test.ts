/** Calls where accounts are in two databases: each finds its rows, and a list has those of both. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { CN_APP, INTL_APP } from "../support/app/test-app.js";
import { answerTo, callbackEvent, eventBody, OK } from "../support/http/callbacks.js";
import { type SplitApp, startSplitApp, tasksIn } from "../support/split-app.js";

let app: SplitApp;
beforeAll(async () => {
  app = await startSplitApp();
});
afterAll(() => app.close());

let rooms = 0;
const start = async (sdkAppId: number, fields: object = {}) => {
  rooms += 1;
  const { response } = await app.post("start-ingest", {
    SdkAppId: sdkAppId,
    RoomId: String(rooms),
    RepeatNum: -1,
    StreamUrl: app.clip,
    ...fields,
  });
  expect(response.Error).toBeUndefined();
  return String(response["TaskId"]);
};

describe("an ingest", () => {
  test("is in the database of its application's account, and in no other", async () => {
    const cn = await start(CN_APP);
    const intl = await start(INTL_APP);

    expect(await tasksIn(app.other)).toContain(cn);
    expect(await tasksIn(app.other)).not.toContain(intl);
    expect(await tasksIn(app.main)).toContain(intl);
    expect(await tasksIn(app.main)).not.toContain(cn);
  });

  test.each([CN_APP, INTL_APP])("of %i is found by its TaskId alone", async (sdkAppId) => {
    const TaskId = await start(sdkAppId);

    const described = await app.post("describe-ingest", { TaskId });
    const updated = await app.post("update-ingest", { TaskId, MaxDuration: 30 });
    const timeline = await app.post(
      "describe-ingest",
      { TaskId },
      { "x-tc-action": "DescribeIngestTimeline" },
    );
    const stopped = await app.post("stop-ingest", { TaskId });

    expect(described.response["State"]).toBe("running");
    expect(updated.response.Error).toBeUndefined();
    expect(timeline.response["Events"]).toContainEqual(
      expect.objectContaining({ Type: "deadline-moved" }),
    );
    expect(stopped.response.Error).toBeUndefined();
    expect((await app.post("describe-ingest", { TaskId })).response["State"]).toBe("ended");
  });

  test("that no database has is not there", async () => {
    const { response } = await app.post("stop-ingest", { TaskId: `ing-${"0".repeat(26)}` });
    expect(response.Error?.Code).toBe("FailedOperation.TaskNotExist");
  });

  test("started again with its ClientToken is the same one", async () => {
    const fields = { ClientToken: "once", RoomId: "77" };
    expect(await start(CN_APP, fields)).toBe(await start(CN_APP, fields));
  });

  test("is known to TRTC's callbacks, which name its application", async () => {
    const TaskId = await start(CN_APP);
    const { response } = await app.post("describe-ingest", { TaskId });
    const info = { TaskId: response["TrtcTaskId"], Status: 1, EventMsTs: Date.now() };
    const body = eventBody(701, info, new Date());

    expect(await answerTo(app.services, callbackEvent(body))).toEqual(OK);

    const { response: after } = await app.post("describe-ingest", { TaskId });
    expect(after["MediaState"]).toBe("failed");
    expect(await app.main.query("select from unclaimed_task")).toEqual([]);
  });
});

describe("a list", () => {
  test("has the ingests of both databases, newest first, page by page", async () => {
    const made = [];
    for (const sdkAppId of [CN_APP, INTL_APP, INTL_APP, CN_APP, INTL_APP]) {
      made.push(await start(sdkAppId));
    }
    const all = [...(await tasksIn(app.main)), ...(await tasksIn(app.other))].sort().reverse();

    const listed: string[] = [];
    let Cursor: unknown;
    for (;;) {
      const { response } = await app.post("list-ingests", cursor(Cursor, 2));
      expect(response.Error).toBeUndefined();
      listed.push(...(response["Ingests"] as { TaskId: string }[]).map(({ TaskId }) => TaskId));
      Cursor = response["NextCursor"];
      if (Cursor === null) break;
    }

    expect(listed).toEqual(all);
    expect(listed.slice(0, 5)).toEqual(made.reverse());
  });

  test("of one application has those of its database alone", async () => {
    const { response } = await app.post("list-ingests", { SdkAppId: CN_APP, Limit: 100 });
    const listed = (response["Ingests"] as { TaskId: string }[]).map(({ TaskId }) => TaskId);
    expect(listed).toEqual(await tasksIn(app.other));
  });
});

const cursor = (Cursor: unknown, Limit: number) =>
  Cursor === undefined ? { Limit } : { Limit, Cursor };

describe("a schedule", () => {
  const act = (action: string, body: object) =>
    app.post("schedules", body, { "x-tc-action": action });
  const create = async (Name: string, SdkAppId: number) => {
    const { response } = await act("CreateIngestSchedule", {
      Name,
      TimeZone: "UTC",
      Windows: [{ Recurrence: "0 * * * *", DurationSeconds: 600 }],
      Ingest: { SdkAppId, RoomId: "9", StreamUrl: app.clip, RepeatNum: -1 },
    });
    expect(response.Error).toBeUndefined();
    return String(response["ScheduleId"]);
  };

  test("is planned in the database of its account, and both are in the list", async () => {
    const cn = await create("of cn", CN_APP);
    const intl = await create("of intl", INTL_APP);
    await app.functionNamed("plan-schedules").handler({});

    const { response } = await act("ListIngestSchedules", {});
    const { response: page } = await act("ListIngestSchedules", { Limit: 1 });
    const { response: rest } = await act("ListIngestSchedules", { Cursor: page["NextCursor"] });
    const { response: occurrences } = await act("ListIngestOccurrences", {});

    const idsOf = (rows: unknown) =>
      (rows as { ScheduleId: string }[]).map(({ ScheduleId }) => ScheduleId);
    expect(idsOf(response["Schedules"])).toEqual([intl, cn]);
    expect([...idsOf(page["Schedules"]), ...idsOf(rest["Schedules"])]).toEqual([intl, cn]);
    expect(new Set(idsOf(occurrences["Occurrences"]))).toEqual(new Set([cn, intl]));
    expect((await act("DescribeIngestSchedule", { ScheduleId: cn })).response["Name"]).toBe(
      "of cn",
    );
    expect((await app.other.query("select from occurrence")).length).toBeGreaterThan(0);
  });
});
