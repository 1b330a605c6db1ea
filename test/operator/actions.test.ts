/** What an operator asks of all callers in the console, over HTTP. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, DAY_MS, MINUTE_MS, systemClock as clock } from "../../shared/clock.js";
import { expireIngests } from "../../shared/ingest/stop/expire.js";
import type { HttpAnswer } from "../../shared/runtime/envelope.js";
import type { Database } from "../../shared/store/engine/database.js";
import { listEvents } from "../../shared/store/history/list-events.js";
import { runningIngest } from "../support/app/ingests.js";
import { CN_APP, INTL_APP, KEY, startTestApp, type TestApp } from "../support/app/test-app.js";
import { REQUIRED_OF_SCHEDULES } from "../support/contract/schedules.js";
import { openTestPostgres } from "../support/database/databases.js";

const OPERATOR_KEY = "a-key-of-an-operator";
const OTHER_KEY = "other-callers-secret-key";
const CALLERS = JSON.stringify([
  { Id: "AKIDlocal", SecretKeys: [KEY], SdkAppIds: [CN_APP, INTL_APP] },
  { Id: "AKIDother", SecretKeys: [OTHER_KEY], SdkAppIds: [CN_APP, INTL_APP] },
]);
const OPERATOR_KEYS = JSON.stringify([
  { Name: "anna", SecretKeys: [OPERATOR_KEY, "the-next-key-of-anna"] },
  { Name: "ben", SecretKeys: ["a-key-of-another-operator"] },
]);

let app: TestApp;
const sent: string[] = [];
beforeAll(async () => {
  const database = recording(await openTestPostgres());
  app = await startTestApp({ database, env: { CALLERS, OPERATOR_KEYS } });
});
afterAll(() => app.close());
beforeEach(() => app.database.query("truncate ingest, outbox, call_slot"));

const recording = (database: Database): Database => ({
  ...database,
  query: (text, ...parameters) => {
    sent.push(text);
    return database.query(text, ...parameters);
  },
});

const ask = (action: string, body: unknown, headers: Record<string, string> = {}) =>
  app.post("console/operator", body, {
    authorization: `Bearer ${OPERATOR_KEY}`,
    "x-tc-action": action,
    ...headers,
  });

async function right<Answer>(action: string, body: object): Promise<Answer> {
  const { status, response } = await ask(action, body);
  expect([status, response.Error]).toEqual([200, undefined]);
  return response as unknown as Answer;
}

interface Listed {
  Ingests: (Record<string, unknown> & { TaskId: string; Trouble: string | null })[];
  NextCursor: string | null;
  Counts: { Live: number; Troubled: number };
}
const list = (body: object = {}): Promise<Listed> => right("ListIngests", body);
const idsIn = ({ Ingests }: Listed) => Ingests.map(({ TaskId }) => TaskId);

interface Changed {
  Results: { TaskId: string; Outcome: string; Message?: string; Deadline?: string }[];
}

async function start(room: string, { key = KEY, fields = {} } = {}): Promise<string> {
  const body = {
    ...{ SdkAppId: CN_APP, RoomId: room, RoomIdType: 0, StreamUrl: app.clip, RepeatNum: -1 },
    ...{ MaxDuration: 90, ExtendableUntil: addMs(clock.now(), 300 * MINUTE_MS).toISOString() },
    ...fields,
  };
  const { response } = await app.post("start-ingest", body, { authorization: `Bearer ${key}` });
  expect(response.Error).toBeUndefined();
  return String(response["TaskId"]);
}

const rowOf = (taskId: string) => app.services.store.ingests.read(taskId);

const put = (taskId: string, change: string) =>
  app.database.query(`update ingest set ${change} where task_id = $1`, [taskId]);

const scheduled = { StartTime: addMs(clock.now(), 60 * MINUTE_MS).toISOString() };

describe("ListIngests", () => {
  test("has the live ingests of all callers, newest first, with their caller and their trouble", async () => {
    const mine = await start("lobby");
    const theirs = await start("stage", { key: OTHER_KEY });
    const ended = await start("over");
    await app.post("stop-ingest", { TaskId: ended });
    await put(theirs, "media_state = 'failed', media_at = now() - interval '2 minutes'");

    const { RequestId: _, ...answer } = await right<Listed & { RequestId: string }>(
      "ListIngests",
      {},
    );

    expect(answer).toMatchObject({
      Ingests: [
        {
          ...{ TaskId: theirs, CallerId: "AKIDother", RoomId: "stage", State: "running" },
          Trouble: "TRTC cannot open its source since 2 min",
        },
        { TaskId: mine, CallerId: "AKIDlocal", RoomId: "lobby", Trouble: null },
      ],
      NextCursor: null,
      Counts: { Live: 2, Troubled: 1 },
    });
    const own = await app.post("list-ingests", { RoomId: "lobby" });
    const [entry] = own.response["Ingests"] as object[];
    expect(Object.keys(answer.Ingests[1] ?? {})).toEqual([
      ...Object.keys(entry ?? {}),
      "CallerId",
      "Trouble",
    ]);
  });

  test("filters by caller, application and room, and its counts too", async () => {
    const mine = await start("lobby");
    const theirs = await start("lobby", { key: OTHER_KEY });
    const elsewhere = await start("stage", { fields: { SdkAppId: INTL_APP } });

    const lobby = await list({ RoomId: "lobby" });
    expect([idsIn(lobby), lobby.Counts.Live]).toEqual([[theirs, mine], 2]);
    const caller = await list({ CallerId: "AKIDlocal" });
    expect([idsIn(caller), caller.Counts.Live]).toEqual([[elsewhere, mine], 2]);
    const application = await list({ SdkAppId: INTL_APP });
    expect([idsIn(application), application.Counts.Live]).toEqual([[elsewhere], 1]);
    expect(idsIn(await list({ CallerId: "nobody" }))).toEqual([]);
  });

  test("of ended ones shows those, and with IsTroubled those that failed", async () => {
    const stopped = await start("lobby");
    const lost = await start("stage", { key: OTHER_KEY });
    const live = await start("live");
    await app.post("stop-ingest", { TaskId: stopped });
    await put(lost, "state = 'ended', ended_at = now(), end_reason = 'lost'");

    expect(idsIn(await list({ State: "ended" }))).toEqual([lost, stopped]);
    const troubled = await list({ State: "ended", IsTroubled: true });
    expect(troubled.Ingests).toMatchObject([
      { TaskId: lost, Trouble: "TRTC no longer knew its task" },
    ]);
    expect(idsIn(await list({ State: "ended", RoomId: "lobby" }))).toEqual([stopped]);
    expect(idsIn(await list({ State: "live" }))).toEqual([live]);
  });

  test("with IsTroubled leaves out what is well, however much there is of it", async () => {
    const bad = await start("bad");
    await put(bad, "media_state = 'retrying'");
    for (const room of ["a", "b", "c"]) await start(room);

    const answer = await list({ IsTroubled: true, Limit: 1 });

    expect(idsIn(answer)).toEqual([bad]);
    expect(answer).toMatchObject({ NextCursor: null, Counts: { Live: 4, Troubled: 1 } });
    expect(idsIn(await list({ IsTroubled: false }))).toHaveLength(4);
  });

  test("has pages that follow each other", async () => {
    const ids: string[] = [];
    for (const room of ["a", "b", "c", "d", "e"]) ids.push(await start(room));

    const seen: string[] = [];
    let Cursor: string | undefined;
    do {
      const page = await list({ Limit: 2, Cursor });
      expect(page.Ingests.length).toBeLessThanOrEqual(2);
      seen.push(...idsIn(page));
      Cursor = page.NextCursor ?? undefined;
    } while (Cursor !== undefined);

    expect(seen).toEqual(ids.reverse());
  });

  test("does not show the rows that stand behind a roll-over", async () => {
    const first = await start("lobby");
    const successor = await start("lobby2");
    await app.database.query("update ingest set successor_of = $1 where task_id = $2", [
      first,
      successor,
    ]);

    const answer = await list();
    expect([idsIn(answer), answer.Counts.Live]).toEqual([[first], 1]);
    const { status } = await ask("DescribeIngest", { TaskId: successor });
    expect(status).toBe(404);
  });

  test("500 live ingests are one request of two statements, and are compressed", async () => {
    const { store } = app.services;
    const createdAt = clock.now();
    for (let count = 0; count < 500; count += 1) {
      await runningIngest(store, { createdAt, roomId: `room-${count}` });
    }
    sent.length = 0;

    const answer = await list({ Limit: 500 });

    expect([answer.Ingests.length, answer.NextCursor]).toEqual([500, null]);
    expect(answer.Counts).toEqual({ Live: 500, Troubled: 0 });
    expect(sent).toHaveLength(2);
    const { handler } = app.functionNamed("console");
    const zipped = (await handler({
      httpMethod: "POST",
      path: "/operator",
      headers: {
        authorization: `Bearer ${OPERATOR_KEY}`,
        "x-tc-action": "ListIngests",
        "content-type": "application/json",
        "accept-encoding": "gzip",
      },
      body: JSON.stringify({ Limit: 500 }),
    })) as HttpAnswer;
    expect(zipped.headers["content-encoding"]).toBe("gzip");
    expect(zipped.body.length).toBeLessThan(150_000);
  });
});

describe("DescribeIngest and DescribeTimeline", () => {
  test("have one ingest of any caller, and ask nothing of TRTC", async () => {
    const taskId = await start("stage", { key: OTHER_KEY });
    const before = app.trtc.calls("DescribeStreamIngest");

    const { Ingest } = await right<{ Ingest: object }>("DescribeIngest", { TaskId: taskId });
    const { Events } = await right<{ Events: object[] }>("DescribeTimeline", { TaskId: taskId });

    expect(Ingest).toMatchObject({ TaskId: taskId, CallerId: "AKIDother", Trouble: null });
    expect(Events).toMatchObject([
      { Type: "created", Actor: { Kind: "caller", Id: "AKIDother" } },
      { Type: "started" },
    ]);
    expect(app.trtc.calls("DescribeStreamIngest")).toBe(before);
  });

  test("the timeline has pages", async () => {
    const taskId = await start("stage");
    const first = await right<{ Events: object[]; NextCursor: string }>("DescribeTimeline", {
      TaskId: taskId,
      Limit: 1,
    });
    expect(first.Events).toMatchObject([{ Type: "created" }]);

    const { NextCursor: Cursor } = first;
    const second = await right("DescribeTimeline", { TaskId: taskId, Limit: 1, Cursor });
    expect(second).toMatchObject({ Events: [{ Type: "started" }], NextCursor: null });
  });

  test.each(["DescribeIngest", "DescribeTimeline"])("%s says where TaskIds are", async (action) => {
    const { status, response } = await ask(action, { TaskId: "ing-none" });
    expect([status, response.Error]).toEqual([
      404,
      {
        Code: "FailedOperation.TaskNotExist",
        Message: expect.stringContaining("send a TaskId that ListIngests gave"),
      },
    ]);
  });
});

describe("StopIngests", () => {
  const stop = (TaskIds: string[]) => right<Changed>("StopIngests", { TaskIds });

  test("ends ingests of any callers at once, in the order of the request", async () => {
    const mine = await start("lobby");
    const theirs = await start("stage", { key: OTHER_KEY });
    const waiting = await start("later", { fields: scheduled });

    const { Results } = await stop([theirs, waiting, mine]);

    expect(Results).toEqual(
      [theirs, waiting, mine].map((TaskId) => ({ TaskId, Outcome: "stopped" })),
    );
    for (const taskId of [mine, theirs, waiting]) {
      expect(await rowOf(taskId)).toMatchObject({ state: "ended", endReason: "stopped" });
    }
    const tasks = await app.truth.tasks();
    const { trtcTaskId } = (await rowOf(theirs)) ?? {};
    expect(tasks.find(({ taskId }) => taskId === trtcTaskId)).toMatchObject({
      endedAt: expect.any(String),
    });
  });

  test("a second time is a success, and an unknown one does not keep the others", async () => {
    const taskId = await start("lobby");
    await stop([taskId]);

    expect((await stop(["ing-none", taskId])).Results).toEqual([
      {
        TaskId: "ing-none",
        Outcome: "failed",
        Message: expect.stringContaining("send a TaskId that ListIngests gave"),
      },
      { TaskId: taskId, Outcome: "stopped" },
    ]);
  });

  test("is written where TRTC does not carry it out, and a timer does", async () => {
    const taskId = await start("lobby");
    app.trtc.next("StopStreamIngest", "http-502");

    const { Results } = await stop([taskId]);

    expect(Results).toEqual([
      {
        TaskId: taskId,
        Outcome: "stopping",
        Message: "The stop is written: expire-ingests carries it out at its next run.",
      },
    ]);
    await app.database.query("update ingest set lease_until = null");
    await expireIngests(app.services, { timeLeftMs: () => 20_000 });
    expect(await rowOf(taskId)).toMatchObject({ state: "ended", endReason: "stopped" });
  });

  test("is written, and calls no TRTC, where the function's time is nearly over", async () => {
    const taskId = await start("lobby");
    const calls = app.trtc.calls("StopStreamIngest");
    const { handler } = app.functionNamed("console");
    const event = {
      httpMethod: "POST",
      path: "/operator",
      headers: {
        authorization: `Bearer ${OPERATOR_KEY}`,
        "x-tc-action": "StopIngests",
        "content-type": "application/json",
      },
      body: JSON.stringify({ TaskIds: [taskId] }),
    };

    const answer = await handler(event, { getRemainingTimeInMillis: () => 4000 });

    expect((answer as HttpAnswer).body).toContain('"Outcome":"stopping"');
    expect(app.trtc.calls("StopStreamIngest")).toBe(calls);
    expect(await rowOf(taskId)).toMatchObject({ state: "stopping" });
  });

  test("a start without an answer is asked to stop", async () => {
    app.trtc.next("StartStreamIngest", "lose-answer");
    const body = { SdkAppId: CN_APP, RoomId: "lost", RoomIdType: 0, StreamUrl: app.clip };
    await app.post("start-ingest", { ...body, ClientToken: "a-lost-start" });
    const [TaskId = ""] = idsIn(await list());

    expect((await stop([TaskId])).Results).toEqual([
      {
        ...{ TaskId, Outcome: "stopping" },
        Message: "The stop is written: reconcile-ingests carries it out at its next run.",
      },
    ]);
    expect(await rowOf(TaskId)).toMatchObject({ state: "starting", stopAskedAt: expect.any(Date) });
  });
});

describe("MoveIngests", () => {
  const move = (TaskIds: string[], BySeconds: number) =>
    right<Changed>("MoveIngests", { TaskIds, BySeconds });

  test("moves deadlines, and the starts of scheduled ones", async () => {
    const playing = await start("lobby", { key: OTHER_KEY });
    const waiting = await start("later", { fields: scheduled });
    const before = await rowOf(playing);

    const { Results } = await move([playing, waiting], 900);

    const moved = addMs(before?.deadlineAt ?? new Date(0), 15 * MINUTE_MS);
    expect(Results).toEqual([
      { TaskId: playing, Outcome: "moved", Deadline: moved.toISOString() },
      { TaskId: waiting, Outcome: "moved", Deadline: expect.stringMatching(/Z$/) },
    ]);
    expect((await rowOf(playing))?.deadlineAt).toEqual(moved);
    expect((await rowOf(waiting))?.startsAt).toEqual(
      addMs(new Date(scheduled.StartTime), 15 * MINUTE_MS),
    );
    await move([playing], -900);
    expect((await rowOf(playing))?.deadlineAt).toEqual(before?.deadlineAt);
  });

  test("with KeepStart moves only the end of a scheduled one", async () => {
    const waiting = await start("later", { fields: scheduled });
    const before = await rowOf(waiting);
    const moved = addMs(before?.deadlineAt ?? new Date(0), 15 * MINUTE_MS);

    const body = { TaskIds: [waiting], BySeconds: 900, KeepStart: true };
    const { Results } = await right<Changed>("MoveIngests", body);

    expect(Results).toEqual([{ TaskId: waiting, Outcome: "moved", Deadline: moved.toISOString() }]);
    const { startsAt, deadlineAt } = (await rowOf(waiting)) ?? {};
    expect([startsAt, deadlineAt]).toEqual([new Date(scheduled.StartTime), moved]);
  });

  test("says why one does not move, and moves the others", async () => {
    const fixed = await start("fixed", { fields: { ExtendableUntil: undefined } });
    const movable = await start("movable");
    const ended = await start("over");
    await app.post("stop-ingest", { TaskId: ended });

    const { Results } = await move([fixed, movable, ended, "ing-none"], 3600);

    expect(Results).toMatchObject([
      {
        ...{ TaskId: fixed, Outcome: "failed" },
        Message: expect.stringContaining("The deadline cannot be moved past"),
      },
      { TaskId: movable, Outcome: "moved" },
      { TaskId: ended, Outcome: "failed", Message: expect.stringContaining("ended") },
      { TaskId: "ing-none", Outcome: "failed" },
    ]);
  });
});

describe("an unexpected error for one ingest", () => {
  /** The database refuses each change of this row. */
  const breakRow = async (taskId: string) => {
    await app.database.query(
      `create or replace function refuse_change() returns trigger language plpgsql as $$
       begin raise exception 'a planted fault'; end $$`,
    );
    await app.database.query(
      `create trigger planted before update on ingest for each row
       when (new.task_id = '${taskId}') execute function refuse_change()`,
    );
  };
  afterEach(() => app.database.query("drop trigger if exists planted on ingest"));

  test.each(["StopIngests", "MoveIngests"])("%s answers for the others", async (action) => {
    const ids = [await start("first"), await start("broken"), await start("last")];
    const [first, broken = "", last] = ids;
    await breakRow(broken);
    const logged = app.logLines.length;

    const more = action === "MoveIngests" ? { BySeconds: 60 } : {};
    const { Results } = await right<Changed>(action, { TaskIds: ids, ...more });

    const done = action === "MoveIngests" ? "moved" : "stopped";
    expect(Results).toMatchObject([
      { TaskId: first, Outcome: done },
      { TaskId: broken, Outcome: "failed", Message: expect.stringMatching(/\w/) },
      { TaskId: last, Outcome: done },
    ]);
    const lines = app.logLines.slice(logged).filter((line) => line.includes("a planted fault"));
    expect(lines).toEqual([expect.stringContaining(broken)]);
    expect(JSON.stringify(Results)).not.toContain("a planted fault");
  });
});

test("history names the operator of a stop and of a move, and its address", async () => {
  const taskId = await start("history");

  await right("MoveIngests", { TaskIds: [taskId], BySeconds: 60 });
  await ask(
    "StopIngests",
    { TaskIds: [taskId] },
    { authorization: "Bearer a-key-of-another-operator" },
  );

  const events = await listEvents(app.database.query, { taskId, after: 0, limit: 100 });
  expect(events.map(({ type, actor }) => [type, actor?.kind, actor?.id, actor?.function])).toEqual([
    ["created", "caller", "AKIDlocal", "start-ingest"],
    ["started", "caller", "AKIDlocal", "start-ingest"],
    ["deadline-moved", "operator", "anna", "console"],
    ["stopping", "operator", "ben", "console"],
    ["ended", "operator", "ben", "console"],
  ]);
  expect(events[2]?.actor).toMatchObject({ from: "127.0.0.1", requestId: expect.any(String) });
});

test("ListSchedules has the schedules of all callers, with their caller", async () => {
  const create = async (Name: string, key: string) => {
    const body = { ...REQUIRED_OF_SCHEDULES.CreateIngestSchedule, Name };
    const headers = {
      "x-tc-action": "CreateIngestSchedule",
      authorization: `Bearer ${key}`,
    };
    const { response } = await app.post("schedules", body, headers);
    return String(response["ScheduleId"]);
  };
  const mine = await create("mine", KEY);
  const theirs = await create("theirs", OTHER_KEY);
  const schedulesOf = async (body: object) =>
    (await right<{ Schedules: { ScheduleId: string }[] }>("ListSchedules", body)).Schedules;

  expect(await schedulesOf({})).toMatchObject([
    { ScheduleId: theirs, Name: "theirs", CallerId: "AKIDother", TimeZone: "Europe/Berlin" },
    { ScheduleId: mine, Name: "mine", CallerId: "AKIDlocal" },
  ]);
  expect(await schedulesOf({ CallerId: "AKIDlocal" })).toMatchObject([{ ScheduleId: mine }]);
  expect(await schedulesOf({ State: "Paused" })).toEqual([]);
  expect(await schedulesOf({ RoomId: "8489", SdkAppId: CN_APP })).toHaveLength(2);
  const page = await right<{ NextCursor: string }>("ListSchedules", { Limit: 1 });
  expect(await schedulesOf({ Limit: 1, Cursor: page.NextCursor })).toMatchObject([
    { ScheduleId: mine },
  ]);
});

describe("the calendar of any caller", () => {
  interface Calendar {
    Occurrences: { StartTime: string; Note?: string; State?: string; Name?: string }[];
    Conflicts: { Name: string }[];
  }
  let names = 0;
  const create = async (fields: object) => {
    const own = { Name: `calendar ${(names += 1)}`, TimeZone: "Europe/Berlin" };
    const body = { ...REQUIRED_OF_SCHEDULES.CreateIngestSchedule, ...own, ...fields };
    const headers = {
      "x-tc-action": "CreateIngestSchedule",
      authorization: `Bearer ${OTHER_KEY}`,
    };
    const { response } = await app.post("schedules", body, headers);
    expect(response.Error).toBeUndefined();
    return String(response["ScheduleId"]);
  };
  const CallerId = "AKIDother";

  test("PreviewSchedule answers its times, changes of clocks and conflicts", async () => {
    const Windows = [{ Recurrence: "30 2 * * *", DurationSeconds: 3600 }];
    const ScheduleId = await create({ Windows });
    const other = [{ Recurrence: "0 3 * * *", DurationSeconds: 3600 }];
    await create({ Name: "another", Windows: other });
    const asked = { CallerId, ScheduleId, From: "2027-03-27T12:00:00Z", Count: 2 };
    const preview = await right<Calendar>("PreviewSchedule", asked);

    expect(preview.Occurrences).toHaveLength(2);
    expect(preview.Occurrences[0]?.Note).toMatch(/\w/);
    expect(preview.Conflicts[0]?.Name).toBe("another");
  });

  test("PreviewSchedule knows no schedule under another caller's name", async () => {
    const ScheduleId = await create({});
    const answer = await ask("PreviewSchedule", { CallerId: "AKIDlocal", ScheduleId });

    expect(answer.response.Error).toMatchObject({
      Code: "ResourceNotFound",
      Message: expect.stringContaining("send a ScheduleId and its CallerId"),
    });
  });

  test("ListOccurrences has what is planned and over, of that caller only", async () => {
    const StartAt = addMs(clock.now(), 3_600_000).toISOString().slice(0, 16);
    const once = { Name: "soon", TimeZone: "UTC", Windows: [{ StartAt, DurationSeconds: 600 }] };
    await create(once);
    const soonOf = async (caller: string) => {
      const { Occurrences } = await right<Calendar>("ListOccurrences", { CallerId: caller });
      return Occurrences.filter(({ Name }) => Name === "soon");
    };

    expect(await soonOf(CallerId)).toMatchObject([{ State: "Planned" }]);
    expect(await soonOf("AKIDlocal")).toEqual([]);
  });
});

describe("DescribeCosts", () => {
  interface Costs {
    Days: { Day: string; Usd: number; Minutes: number; Ingests: number }[];
  }
  const day = (ago: number) =>
    addMs(clock.now(), -ago * DAY_MS)
      .toISOString()
      .slice(0, 10);
  const spend = (ago: number, caller: string, application: number, microUsd: number) =>
    app.database.query(
      `insert into spend_day (caller_id, day, sdk_app_id, shard, ingests, played_ms, micro_usd)
       values ($1, $2, $3, 0, 2, 90000, $4)`,
      [caller, day(ago), application, microUsd],
    );
  beforeEach(() => app.database.query("truncate spend_day"));

  test("has each day up to the present one, with what all callers spent", async () => {
    await spend(0, "AKIDlocal", CN_APP, 250_000);
    await spend(0, "AKIDother", INTL_APP, 1);
    await spend(2, "AKIDother", CN_APP, 1_000_000);
    await spend(3, "AKIDother", CN_APP, 5_000_000);

    expect((await right<Costs>("DescribeCosts", { Days: 3 })).Days).toEqual([
      { Day: day(2), Usd: 1, Minutes: 1.5, Ingests: 2 },
      { Day: day(1), Usd: 0, Minutes: 0, Ingests: 0 },
      { Day: day(0), Usd: 0.250001, Minutes: 3, Ingests: 4 },
    ]);
    const own = await right<Costs>("DescribeCosts", { Days: 1, CallerId: "AKIDother" });
    expect(own.Days).toEqual([{ Day: day(0), Usd: 0.000001, Minutes: 1.5, Ingests: 2 }]);
    const application = await right<Costs>("DescribeCosts", { Days: 1, SdkAppId: CN_APP });
    expect(application.Days).toMatchObject([{ Usd: 0.25 }]);
  });

  test("has the minutes as the Cost of an ingest has them", async () => {
    await app.database.query(
      `insert into spend_day (caller_id, day, sdk_app_id, shard, ingests, played_ms, micro_usd)
       values ('AKIDlocal', $1, $2, 0, 1, 60_001, 1)`,
      [day(0), CN_APP],
    );

    const { Days } = await right<Costs>("DescribeCosts", { Days: 1 });
    expect(Days).toMatchObject([{ Minutes: 1.01 }]);
  });

  test("counts an ingest when it ends", async () => {
    const taskId = await start("lobby");
    await put(taskId, "started_at = now() - interval '30 minutes'");
    expect((await right<Costs>("DescribeCosts", { Days: 2 })).Days).toMatchObject([
      {},
      { Ingests: 0 },
    ]);

    await right("StopIngests", { TaskIds: [taskId] });

    const { Days } = await right<Costs>("DescribeCosts", { Days: 2 });
    expect(Days.reduce((sum, { Minutes }) => sum + Minutes, 0)).toBeCloseTo(30, 0);
    expect(Days[1]).toMatchObject({ Day: day(0), Ingests: 1 });
  });
});

describe("refuses", () => {
  test.each([
    ["no key", {}],
    ["a caller's key", { authorization: `Bearer ${KEY}` }],
    ["an unknown key", { authorization: `Bearer ${OPERATOR_KEY}x` }],
    ["the key in another scheme", { authorization: `Basic ${OPERATOR_KEY}` }],
    ["an empty key", { authorization: "Bearer " }],
    [
      "a signature",
      { authorization: "TC3-HMAC-SHA256 Credential=anna/2026-01-01/trtc/tc3_request" },
    ],
  ])("%s, before it reads the request and without a statement", async (_, headers) => {
    sent.length = 0;
    for (const action of ["ListIngests", "StopIngests", "Nothing"]) {
      const answer = await fetch(`${app.url}/console/operator`, {
        method: "POST",
        headers: { ...headers, "x-tc-action": action },
        body: "{",
      });
      expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
      expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
      expect(await answer.json()).toMatchObject({
        Response: { Error: { Code: "AuthFailure.InvalidAuthorization" } },
      });
    }
    expect(sent).toEqual([]);
  });

  test.each([
    ["no action", "", {}, "InvalidAction", "Send one of ListIngests, DescribeIngest"],
    ["an action of callers", "ListStreamIngests", {}, "InvalidAction", "Send one of ListIngests"],
    ["a name of every object", "constructor", {}, "InvalidAction", "Send one of ListIngests"],
    ["an unknown field", "ListIngests", { Colour: 1 }, "UnknownParameter", "no field Colour"],
    ["a state", "ListIngests", { State: "running" }, "InvalidParameterValue", '"live", "ended"'],
    ["a limit", "ListIngests", { Limit: 501 }, "InvalidParameter.OutOfRange", "from 1 to 500"],
    ["a cursor", "ListIngests", { Cursor: "x" }, "InvalidParameterValue", "Cursor is wrong"],
    ["a schedule's cursor", "ListSchedules", { Cursor: "x" }, "InvalidParameterValue", "Cursor"],
    [
      "a timeline's",
      "DescribeTimeline",
      { TaskId: "a", Cursor: "x" },
      "InvalidParameterValue",
      "C",
    ],
    ["no TaskId", "DescribeIngest", {}, "MissingParameter.TaskId", "TaskId is missing"],
    ["no TaskIds", "StopIngests", {}, "MissingParameter", "TaskIds is missing"],
    ["an empty list", "StopIngests", { TaskIds: [] }, "InvalidParameterValue", "TaskIds is empty"],
    ["one twice", "StopIngests", { TaskIds: ["a", "a"] }, "InvalidParameterValue", "twice"],
    ["a number", "StopIngests", { TaskIds: [1] }, "InvalidParameter", "TaskIds[0]"],
    ["no time", "MoveIngests", { TaskIds: ["a"] }, "MissingParameter", "BySeconds is missing"],
    [
      ...(["nothing to move", "MoveIngests", { TaskIds: ["a"], BySeconds: 0 }] as const),
      ...(["InvalidParameter.OutOfRange", "not 0"] as const),
    ],
    ["too many days", "DescribeCosts", { Days: 93 }, "InvalidParameter.OutOfRange", "from 1 to 92"],
    ["a list as body", "ListIngests", [], "InvalidParameter.BodyParamsError", "JSON"],
    ["no JSON", "ListIngests", "{", "InvalidParameter.BodyParamsError", "JSON"],
  ] as const)("%s, and says what to send", async (_, action, body, code, words) => {
    const { status, response } = await ask(action, body);
    expect([status, response.Error?.Code]).toEqual([400, code]);
    expect(response.Error?.Message).toContain(words);
  });

  test("over 100 TaskIds", async () => {
    const TaskIds = Array.from({ length: 101 }, (_, at) => `ing-${at}`);
    const { response } = await ask("StopIngests", { TaskIds });
    expect(response.Error?.Message).toContain("a list of 1 to 100 items");
  });

  test("a body that is no JSON by its type, and one over 1 MB", async () => {
    const typed = await ask("ListIngests", {}, { "content-type": "text/plain" });
    expect(typed.response.Error?.Message).toContain("application/json");
    const long = await ask("ListIngests", { RoomId: "x".repeat(1024 * 1024) });
    expect(long.status).toBe(413);
  });

  test.each(["GET", "PUT", "OPTIONS"])("%s", async (method) => {
    const headers = { authorization: `Bearer ${OPERATOR_KEY}`, "x-tc-action": "ListIngests" };
    const answer = await fetch(`${app.url}/console/operator`, { method, headers });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST"]);
  });
});

test("either key of an operator counts, and the log names the operator and never a key", async () => {
  const key = "the-next-key-of-anna";
  const { status } = await ask("ListIngests", {}, { authorization: `Bearer ${key}` });

  expect(status).toBe(200);
  expect(JSON.parse(app.logLines.at(-1) ?? "")).toMatchObject({
    function: "console",
    action: "ListIngests",
    caller: "anna",
    outcome: "ok",
  });
  const log = app.logLines.join("\n");
  for (const secret of [key, OPERATOR_KEY, KEY, OTHER_KEY]) expect(log).not.toContain(secret);
});
