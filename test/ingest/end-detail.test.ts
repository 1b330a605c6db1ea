/**
 * Why an ingest ended: one sentence for each reason and cause, and the values that callers filter
 * by.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import { endDetail, type EndFacts, failureCodeOf } from "../../shared/ingest/end-detail.js";
import type { Services } from "../../shared/ingest/services.js";
import { END_CAUSES } from "../../shared/store/ingests/ingest-row.js";
import type { CutReason } from "../../shared/store/schedules/schedule-row.js";
import { readReport } from "../../shared/store/report.js";
import { END_REASONS } from "../../shared/contract/answers.js";
import { answerTo, callbackEvent, OK, source, eventBody } from "../support/http/callbacks.js";
import { CN_APP, type TestApp } from "../support/app/test-app.js";
import type { ManualClock } from "../support/app/manual-clock.js";
import type { RtmpServer } from "../support/media/rtmp-server.js";
import { startLiveApp } from "../support/app/timed-app.js";
import { nextRoom } from "../support/app/rooms.js";

const T = (time: string) => new Date(`2026-01-01T${time}Z`);

const STOPPED: EndFacts = {
  endReason: "stopped",
  endCause: null,
  failureCode: null,
  failureMessage: null,
  startsAt: null,
  startedAt: T("12:00:00"),
  deadlineAt: T("13:00:00"),
  stopAskedAt: T("12:30:00"),
  endedAt: T("12:30:01"),
  pausedAt: null,
  emptySeconds: null,
  occurrence: null,
  failures: 0,
};

const cut = (reason: CutReason, until?: string): Partial<EndFacts> => ({
  endCause: "cut",
  occurrence: {
    scheduleId: "schedule",
    nominalAt: "2026-01-01T12:00:00Z",
    priority: 0,
    overlapPolicy: "Skip",
    cut: { reason, by: "the-other", ...(until !== undefined && { until }) },
  },
});

/** Each reason with each of its causes. `isStart` means that the start failed. */
const ENDS: readonly [name: string, facts: EndFacts, says: RegExp, isStart?: boolean][] = [
  ["a stop", STOPPED, /^A stop was asked for at 2026-01-01T12:30:00\.000Z\.$/],
  [
    "the caller's request",
    { ...STOPPED, endCause: "caller" },
    /^A request of the caller asked for a stop at 2026-01-01T12:30:00\.000Z\.$/,
  ],
  [
    "the caller's request before the start",
    { ...STOPPED, endCause: "caller", startedAt: null },
    /^A request of the caller asked for a stop before the start was known/,
  ],
  [
    "a message",
    { ...STOPPED, endCause: "event" },
    /^A queue message or cloud event asked for a stop at 2026-01-01T12:30:00\.000Z\.$/,
  ],
  [
    "a removal of the robot",
    { ...STOPPED, endCause: "robot-removed", stopAskedAt: null },
    /^The robot was removed from the room/,
  ],
  [
    "a start that was given up",
    {
      ...STOPPED,
      endReason: "failed",
      endCause: "start-given-up",
      startedAt: null,
      failureCode: "FailedOperation",
      failureMessage: "no answer",
      stopAskedAt: null,
    },
    /^The start was given up: TRTC did not answer in time/,
    true,
  ],
  [
    "a stop before its StartTime",
    { ...STOPPED, endCause: "caller", startedAt: null, startsAt: T("12:45:00") },
    /^A request of the caller asked for a stop before its StartTime\.$/,
  ],
  [
    "a stop after its StartTime, while a start is tried",
    { ...STOPPED, endCause: "event", startedAt: null, startsAt: T("12:15:00") },
    /^A queue message or cloud event asked for a stop before the start was known/,
  ],
  ["a stop before the start", { ...STOPPED, startedAt: null }, /before the start was known/],
  [
    "a change of the schedule",
    { ...STOPPED, endCause: "schedule" },
    /^A change of its schedule asked for a stop at 2026-01-01T12:30:00\.000Z\.$/,
  ],
  [
    "a budget",
    { ...STOPPED, endCause: "budget" },
    /^A spent budget with Enforce asked for a stop at 2026-01-01T12:30:00\.000Z\.$/,
  ],
  [
    "another occurrence",
    { ...STOPPED, ...cut("Overlap") },
    /^The occurrence the-other took its place in the room at 2026-01-01T12:30:00\.000Z\.$/,
  ],
  [
    "another occurrence of a higher priority",
    { ...STOPPED, ...cut("LowerPriority") },
    /^The occurrence the-other took its place in the room at 2026-.*Z, because its Priority is higher\.$/,
  ],
  [
    "another occurrence that has the room",
    { ...STOPPED, ...cut("Overlap"), startedAt: null },
    /^The occurrence the-other has the room at this time\.$/,
  ],
  [
    "another occurrence that has the room and a higher priority",
    { ...STOPPED, ...cut("LowerPriority"), startedAt: null },
    /^The occurrence the-other has the room at this time, because its Priority is higher\.$/,
  ],
  [
    "another occurrence that plays on",
    { ...STOPPED, ...cut("Extended"), startedAt: null },
    /^The occurrence the-other plays on in its room until the end of this one \(OverlapPolicy Extend\)\.$/,
  ],
  [
    "another occurrence that plays on and may not last until the end",
    { ...STOPPED, ...cut("Extended", "2026-01-01T12:45:00.000Z"), startedAt: null },
    /plays on in its room \(OverlapPolicy Extend\), but only until 2026-01-01T12:45:00\.000Z, because it may not last longer\.$/,
  ],
  ["the room", { ...STOPPED, endCause: "room-dismissed" }, /^The room was dismissed\.$/],
  [
    "a pause",
    { ...STOPPED, stopAskedAt: null, pausedAt: T("00:10:00") },
    /paused for over 12 hours, since 2026-01-01T00:10:00\.000Z/,
  ],
  [
    "the deadline",
    { ...STOPPED, endReason: "expired", stopAskedAt: T("13:00:00"), endedAt: T("13:00:00.021") },
    /^The deadline 2026-01-01T13:00:00\.000Z came; the stop was done 21 ms after it\.$/,
  ],
  [
    "TRTC's cap",
    { ...STOPPED, endReason: "expired", stopAskedAt: null },
    /^TRTC ended the task at its MaxDuration/,
  ],
  ["the source's end", { ...STOPPED, endReason: "finished" }, /source came to its end/],
  [
    "a refusal",
    {
      ...STOPPED,
      endReason: "failed",
      startedAt: null,
      failureCode: "InvalidParameter.StreamUrl",
      failureMessage: "no such address: https://media.example/a.mp4?Signature=secret",
    },
    /^The start failed with InvalidParameter\.StreamUrl: no such address: (?!.*secret)/,
    true,
  ],
  [
    "a start that nothing tried",
    {
      ...STOPPED,
      endReason: "failed",
      endCause: "missed",
      startedAt: null,
      failureCode: "FailedOperation",
      failureMessage: "Nothing tried the start.",
      stopAskedAt: null,
    },
    /^The start failed with FailedOperation: Nothing tried the start\.$/,
    true,
  ],
  [
    "a dead source",
    { ...STOPPED, endReason: "failed", failures: 4 },
    /^TRTC could not open the source 4 times within 60 s/,
  ],
  ["no known reason", { ...STOPPED, endReason: "lost" }, /gave no reason/],
  [
    "want of viewers",
    { ...STOPPED, endReason: "empty", emptySeconds: 30 },
    /No viewer .* for 30 s/,
  ],
];

describe("EndDetail", () => {
  test.each(ENDS)("of %s", (_, facts, says) => {
    expect(endDetail(facts)).toMatch(says);
    expect(endDetail({ ...facts, endedAt: null })).toBeNull();
  });

  test("has a text for every reason and every cause", () => {
    expect(new Set(ENDS.map(([, { endReason }]) => endReason))).toEqual(new Set(END_REASONS));
    expect(new Set(ENDS.map(([, { endCause }]) => endCause))).toEqual(
      new Set([null, ...END_CAUSES]),
    );
    expect(new Set(ENDS.map(([, facts]) => endDetail(facts))).size).toBe(ENDS.length);
  });

  test("has a code for failures only", () => {
    const codes = ENDS.map(([, facts]) => failureCodeOf(facts)).filter((code) => code !== null);
    expect(codes).toEqual([
      ...["FailedOperation", "InvalidParameter.StreamUrl", "FailedOperation"],
      "FailedOperation.SourceNotOpened",
    ]);
  });
});

let clock: ManualClock;
let app: TestApp;
let services: Services;
let live: RtmpServer;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ clock, app, services, live, close } = await startLiveApp());
});
afterAll(() => close());

const send = async (functionName: string, request: object) =>
  (await clock.advanceUntilDone(app.post(functionName, request))).response;

async function playing(fields: object = {}) {
  const RoomId = nextRoom();
  const named = { SdkAppId: CN_APP, RoomId, RoomIdType: 0 };
  const request = { ...named, StreamUrl: live.url, RepeatNum: -1, ...fields };
  const { TaskId, TrtcTaskId, UserId } = await send("start-ingest", request);
  await clock.advance(20 * SECOND_MS);
  const task = { SdkAppId: CN_APP, TaskId };
  return {
    RoomId,
    UserId,
    TrtcTaskId: String(TrtcTaskId),
    task,
    describe: () => send("describe-ingest", task),
  };
}

async function tell(body: Buffer): Promise<void> {
  const answering = answerTo(services, callbackEvent(body));
  expect(await clock.advanceUntilDone(answering)).toEqual(OK);
}

/** The robot is out for good, and TRTC reports it in some order. */
async function thrownOut({ Reason, IsPause, ...fields }: Partial<Thrown> = {}) {
  const ingest = await playing(fields);
  const { RoomId, UserId, TrtcTaskId: TaskId, task } = ingest;
  if (IsPause === true) await send("update-ingest", { ...task, IsPause });
  await app.services.trtc.call("RemoveUserByStrRoomId", {
    target: { account: "cn", host: "emulator", region: "ap-guangzhou" },
    request: { SdkAppId: CN_APP, RoomId, UserIds: [String(UserId)] },
    timeLeftMs: 5000,
  });
  const callbacks = {
    701: () => source(TaskId, 0, clock.now()),
    702: () => eventBody(702, { TaskId, Status: 0 }, clock.now()),
    104: () => eventBody(104, { RoomId, UserId, Role: 21, Reason: Reason ?? 5 }, clock.now()),
    102: () => eventBody(102, { RoomId }, clock.now()),
  };
  return { ingest, callbacks };
}

interface Thrown {
  Reason: number;
  IsPause: boolean;
  IdleTimeout: number;
  RepeatNum: number;
}

describe("a robot that is removed from outside", () => {
  const removed = { EndDetail: expect.stringMatching(/^The robot was removed from the room/) };

  test.each([
    [[104], {}],
    [[104, 702], {}],
    [[702, 104], {}],
    [[702, 104, 104], {}],
    [[702, 104], { RepeatNum: 100 }],
    [[104, 702], { RepeatNum: 100 }],
    [[702, 104], { IsPause: true }],
    [[702, 104], { IdleTimeout: 60 }],
    [[702, 104, 102], {}],
  ] as const)("in a callback %j of %j", async (order, fields) => {
    const { ingest, callbacks } = await thrownOut({ Reason: 3, ...fields });
    for (const type of order) await tell(callbacks[type]());
    expect(await ingest.describe()).toMatchObject({ EndReason: "stopped", ...removed });
  });

  test("explains the end when TRTC answers later", async () => {
    const { ingest, callbacks } = await thrownOut({ Reason: 3 });
    const taken = await services.store.roomEvents.robotLeft({
      sdkAppId: CN_APP,
      roomId: ingest.RoomId,
      userId: String(ingest.UserId),
      eventAt: clock.now(),
      cause: "robot-removed",
    });
    expect(taken).toMatchObject({ endCause: "robot-removed" });
    await clock.advance(10 * MINUTE_MS);
    await tell(callbacks[702]());
    expect(await ingest.describe()).toMatchObject({ EndReason: "stopped", ...removed });
  });

  test.each([
    ["left by itself", 1],
    ["lost its connection", 2],
  ])("a robot that %s was not removed", async (_, Reason) => {
    const { ingest, callbacks } = await thrownOut({ Reason });
    await tell(callbacks[702]());
    await tell(callbacks[104]());
    expect(await ingest.describe()).toMatchObject({ EndReason: "lost" });
  });

  test("does not explain an end after the robot returned", async () => {
    const ingest = await playing();
    const { RoomId, UserId } = ingest;
    await tell(eventBody(104, { RoomId, UserId, Role: 21, Reason: 3 }, clock.now()));
    const read = await services.store.ingests.read(String(ingest.task.TaskId));
    expect(read).toMatchObject({ state: "running", endCause: null });
    await send("stop-ingest", ingest.task);
    expect(await ingest.describe()).toMatchObject({
      EndDetail: expect.stringMatching(/^A request of the caller asked for a stop at /),
    });
  });
});

describe("a room that is dismissed", () => {
  test.each([
    [[702, 104]],
    [[702, 102]],
    [[104]],
    [[102]],
    [[102, 702]],
    [[702, 104, 102]],
  ] as const)("in a callback %j", async (order) => {
    const { ingest, callbacks } = await thrownOut();
    for (const type of order) await tell(callbacks[type]());
    expect(await ingest.describe()).toMatchObject({
      State: "ended",
      EndReason: "stopped",
      EndDetail: "The room was dismissed.",
    });
  });

  test.each([
    [[702, 104], { IsPause: true }],
    [[702, 102], { IsPause: true }],
    [[702, 104], { IdleTimeout: 60 }],
    [[701, 702, 102], { IdleTimeout: 60 }],
    [[702, 104], { RepeatNum: 100 }],
  ] as const)("in a callback %j of %j", async (order, fields) => {
    const { ingest, callbacks } = await thrownOut(fields);
    for (const type of order) await tell(callbacks[type]());
    expect(await ingest.describe()).toMatchObject({
      EndReason: "stopped",
      EndDetail: "The room was dismissed.",
    });
  });

  test("does not explain an end long before it, or in another room", async () => {
    const { ingest, callbacks } = await thrownOut();
    await tell(callbacks[702]());
    await tell(eventBody(102, { RoomId: "elsewhere" }, clock.now()));
    await clock.advance(6 * MINUTE_MS);
    await tell(callbacks[102]());
    expect(await ingest.describe()).toMatchObject({ EndReason: "lost" });
  });
});

test("a pause of over twelve hours explains TRTC's end of the task", async () => {
  const ingest = await playing({ MaxDuration: 1440 });
  await send("update-ingest", { ...ingest.task, IsPause: true });
  expect(await ingest.describe()).toMatchObject({ IsPaused: true });
  await clock.advance(12 * 60 * MINUTE_MS + SECOND_MS);
  expect(await ingest.describe()).toMatchObject({
    State: "ended",
    EndReason: "stopped",
    EndDetail: expect.stringContaining("paused for over 12 hours"),
  });
});

test("a pause that was ended does not explain an end", async () => {
  const ingest = await playing();
  await send("update-ingest", { ...ingest.task, IsPause: true });
  await send("update-ingest", { ...ingest.task, IsPause: false });
  expect(await ingest.describe()).toMatchObject({ IsPaused: false });
  await send("stop-ingest", ingest.task);
});

test("a dead source has a code, and does not count as a failed start", async () => {
  const since = clock.now();
  const ingest = await playing();
  const at = clock.now();
  for (const ms of [0, 1000, 2000, 5000]) await tell(source(ingest.TrtcTaskId, 1, addMs(at, ms)));
  expect(await ingest.describe()).toMatchObject({
    EndReason: "failed",
    FailureCode: "FailedOperation.SourceNotOpened",
    EndDetail: expect.stringContaining("could not open the source 4 times"),
  });
  const { starts } = await readReport(app.database.query, { since, now: clock.now() });
  expect(starts).toMatchObject({ started: 1, failed: 0 });
});

test.each(ENDS)("npm run report counts a failed start by its facts: %s", async (...end) => {
  const [, facts, , isStart = false] = end;
  const ingest = await playing();
  await send("stop-ingest", ingest.task);
  await app.database.query("delete from ingest where task_id <> $1", [ingest.task.TaskId]);
  await app.database.query("update ingest set end_reason = $1, started_at = $2", [
    facts.endReason,
    facts.startedAt,
  ]);
  const report = await readReport(app.database.query, { since: new Date(0), now: clock.now() });
  expect(report.starts.failed).toBe(isStart ? 1 : 0);
  expect(report.ends).toMatchObject([{ reason: facts.endReason, count: 1 }]);
});

describe("a list of ingests", () => {
  const listed = async (filter: object) => {
    const { Ingests } = await send("list-ingests", filter);
    return (Ingests as { TaskId: string }[]).map(({ TaskId }) => TaskId);
  };

  test("is filtered by EndReason, MediaState and ClientToken on all its pages", async () => {
    await app.database.query("delete from ingest");
    const ClientToken = "lobby music";
    const [one, two, three] = [await playing({ ClientToken }), await playing(), await playing()];
    const ids = [one, two, three].map(({ task }) => task.TaskId);
    await send("stop-ingest", one.task);
    await send("stop-ingest", two.task);
    await tell(source(three.TrtcTaskId, 0, clock.now()));
    expect(await listed({ EndReason: "stopped" })).toEqual([ids[1], ids[0]]);
    expect(await listed({ EndReason: "lost" })).toEqual([]);
    expect(await listed({ MediaState: "playing" })).toEqual([ids[2]]);
    expect(await listed({ ClientToken })).toEqual([ids[0]]);
    expect(await listed({ ClientToken: "another" })).toEqual([]);
    const { NextCursor } = await send("list-ingests", { EndReason: "stopped", Limit: 1 });
    expect(await listed({ EndReason: "stopped", Limit: 1, Cursor: NextCursor })).toEqual([ids[0]]);
    expect(await one.describe()).toMatchObject({ ClientToken, Caller: "AKIDlocal" });
    expect(await two.describe()).toMatchObject({ ClientToken: null });
  });

  test.each([{ EndReason: "over" }, { MediaState: "well" }, { ClientToken: "é" }])(
    "with the filter %j is refused",
    async (filter) => {
      const [field = ""] = Object.keys(filter);
      const { Error } = await send("list-ingests", filter);
      expect(Error).toMatchObject({ Message: expect.stringContaining(field) });
    },
  );
});
