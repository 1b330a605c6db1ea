/** The history of an ingest: each change of its row is one event, in the statement that makes it. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS } from "../../../shared/clock.js";
import type { Database } from "../../../shared/store/engine/database.js";
import type { Actor } from "../../../shared/store/history/actor.js";
import { createStore, type Store } from "../../../shared/store/store.js";
import { newIngest, runningIngest, T0 } from "../../support/app/ingests.js";
import { newProgramme, onAirSince } from "../../support/app/programmes.js";
import { openTestPostgres } from "../../support/database/databases.js";
import { differingHistories } from "../../support/database/history.js";

const CALLER: Actor = {
  kind: "caller",
  id: "caller",
  function: "start-ingest",
  from: "192.0.2.7",
  requestId: "request-1",
};
const TIMER: Actor = { kind: "timer", id: "expire-ingests", function: "expire-ingests" };
const times = { leaseMs: 5000, waitMaxMs: 60_000 };

let database: Database;
let store: Store;
let caller: Store;
let timer: Store;
beforeAll(async () => {
  database = await openTestPostgres();
  store = createStore(database);
  caller = store.by(CALLER);
  timer = store.by(TIMER);
});
afterAll(() => database.close());

const eventsOf = (taskId: string) => store.history.list({ taskId, after: 0, limit: 100 });
const typesOf = async (taskId: string) => (await eventsOf(taskId)).map(({ type }) => type);
const lastOf = async (taskId: string) => (await eventsOf(taskId)).at(-1);
const at = T0.toISOString();

test("a start, an update, a stop and an end are events that name who, what, before and after", async () => {
  const { taskId, deadlineAt } = await runningIngest(caller);
  const later = addMs(deadlineAt, MINUTE_MS);
  const update = { taskId, play: { Volume: 40 }, signature: undefined, at: T0 };
  await caller.ingests.markUpdated({ ...update, deadlineAt: later });
  await timer.ingests.beginStop({ taskId, reason: "expired", at: T0, ...times });
  await timer.ingests.markEnded({ taskId, fence: 1, reason: "expired", at: T0 });
  expect(await eventsOf(taskId)).toMatchObject([
    { sequence: 1, type: "created", actor: CALLER, before: {}, after: { State: "starting" } },
    {
      sequence: 2,
      type: "started",
      actor: CALLER,
      before: { State: "starting", StartTime: null },
      after: { State: "running", StartTime: at, TrtcTaskId: `trtc-${taskId}` },
    },
    {
      sequence: 3,
      type: "updated",
      actor: CALLER,
      before: { Volume: null, Deadline: deadlineAt.toISOString() },
      after: { Volume: 40, Deadline: later.toISOString() },
    },
    {
      sequence: 4,
      type: "stopping",
      actor: TIMER,
      before: { State: "running", EndReason: null },
      after: { State: "stopping", EndReason: "expired", StopAskedTime: at },
    },
    { sequence: 5, type: "ended", actor: TIMER, after: { State: "ended", EndTime: at } },
  ]);
  expect(await differingHistories(database)).toEqual([]);
});

test("an event has the time of the database, and only what has changed", async () => {
  const { taskId } = await runningIngest(caller);
  await caller.ingests.askStop({ taskId, at: T0, cause: "caller" });
  await caller.overlap.extend({ taskId, until: addMs(T0, 20 * MINUTE_MS), rollAt: null });
  const moved = await lastOf(taskId);
  expect(moved).toMatchObject({
    type: "deadline-moved",
    before: { Deadline: addMs(T0, 10 * MINUTE_MS).toISOString() },
    after: { Deadline: addMs(T0, 20 * MINUTE_MS).toISOString() },
  });
  expect([moved?.before, moved?.after].map((facts = {}) => Object.keys(facts))).toEqual([
    ["Deadline"],
    ["Deadline"],
  ]);
  const [row] = await database.query("select clock_timestamp() as now");
  const ageMs = (row?.["now"] as Date).getTime() - (moved?.happenedAt.getTime() ?? 0);
  expect(ageMs).toBeGreaterThanOrEqual(0);
  expect(ageMs).toBeLessThan(MINUTE_MS);
});

test("a scheduled start has the events of its attempts", async () => {
  const start = newIngest();
  const { taskId } = start;
  const schedule = { startsAt: T0, startBy: addMs(T0, 1000), asked: {}, heldUntil: null };
  await caller.ingests.beginStart({ ...start, schedule });
  const refusal = { code: "FailedOperation", message: "refused" };
  const postponed = { taskId, advanceFence: 0, advanceAt: T0, ...refusal };
  await timer.scheduled.postpone(postponed);
  await timer.scheduled.postpone(postponed);
  await caller.scheduled.markUpdated({
    taskId,
    play: {},
    signature: undefined,
    at: T0,
    movedAt: T0,
    before: { ...start, startsAt: T0 },
    schedule: {
      ...schedule,
      startsAt: addMs(T0, 500),
      deadlineAt: start.deadlineAt,
      latestAt: start.latestAt,
      isMoved: true,
    },
  });
  await timer.scheduled.cancel({ taskId, at: T0 });
  // The second attempt failed as the first one did, so it changed nothing.
  expect(await typesOf(taskId)).toEqual(["scheduled", "start-failed", "scheduled", "ended"]);
});

test("a programme has events of its items, its sources and its restarts", async () => {
  const start = newIngest();
  const { taskId } = start;
  const items = ["a", "b"].map((name) => ({ StreamUrl: `https://example.com/${name}.mp4` }));
  const programme = newProgramme({ items, isList: true });
  const onAir = onAirSince(T0);
  await caller.ingests.beginStart({ ...start, programme });
  const running = await caller.ingests.markRunning({
    taskId,
    fence: 0,
    trtcTaskId: "trtc",
    startedAt: T0,
    deadlineAt: start.deadlineAt,
    latestAt: start.latestAt,
    began: { programme, onAir, stepAt: T0, streamUrl: "https://example.com/a.mp4" },
  });
  let stepFence = running?.stepFence ?? 0;
  const step = async (changes: object, streamUrl?: string) => {
    const stepped = { taskId, stepFence, at: T0, programme, stepAt: T0, streamUrl };
    await timer.programmes.markStepped({ ...stepped, onAir: { ...onAir, ...changes } }, "none");
    stepFence += 1;
  };
  await step({ index: 1 }, "https://example.com/b.mp4");
  await step({ index: 1, source: "backup" });
  await step({ index: 1, source: "backup", rollAt: at });
  const restart = { taskId, fence: 0, programme, advanceAt: T0, heldUntil: null };
  await timer.programmes.markRestarting({ ...restart, onAir: { ...onAir, restarts: 1 } });
  expect(await typesOf(taskId)).toEqual(["created", "started", "item", "source", "restarting"]);
  expect((await eventsOf(taskId))[2]).toMatchObject({
    before: { ItemIndex: 0, StreamUrl: "https://example.com/a.mp4" },
    after: { ItemIndex: 1, StreamUrl: "https://example.com/b.mp4" },
  });
  expect(await differingHistories(database)).toEqual([]);
});

test("a changed state of the source is an event, and the same one again is none", async () => {
  const { taskId, sdkAppId, trtcTaskId } = await runningIngest(caller);
  const event = { sdkAppId, trtcTaskId: trtcTaskId ?? "", media: "playing" as const };
  const callback = store.by({ kind: "callback", id: "room-callback", function: "room-callback" });
  for (const ms of [0, 1])
    await callback.roomEvents.recordTaskEvent({ ...event, eventAt: addMs(T0, ms), at: T0 });
  expect(await typesOf(taskId)).toEqual(["created", "started", "media"]);
});

test("claims, leases and fences are no changes", async () => {
  const { taskId, sdkAppId, roomId, robotUserId } = await runningIngest(caller, {
    callerId: "claims",
    roomId: "claims",
  });
  const claim = { at: T0, horizonAt: addMs(T0, 60 * MINUTE_MS), leaseMs: 1000, limit: 1000 };
  const claimed = await timer.ingests.claimDue(claim);
  expect(claimed.map((each) => each.taskId)).toContain(taskId);
  await timer.ingests.release({ taskId, fence: 1 });
  await timer.ingests.takeUpdateTurn({ taskId, sequence: undefined, at: T0, leaseUntil: T0 });
  await timer.ingests.claimStaleTasks({ at: T0, quietSince: addMs(T0, 1), limit: 1000 });
  await timer.roomEvents.markSeen({ taskId, at: addMs(T0, 5) });
  const robot = { sdkAppId, roomId, userId: robotUserId };
  await timer.roomEvents.robotLeft({ ...robot, eventAt: T0, cause: "robot-removed" });
  expect(await typesOf(taskId)).toEqual(["created", "started"]);
  expect(await database.query("select from ingest where changed_by is not null")).toEqual([]);
});

test("no user name, password, query or fragment of a URL gets into an event", async () => {
  const secret = "https://user:pass@example.com/live/a.m3u8?token=secret#secret";
  const { taskId } = await runningIngest(caller, { play: { StreamUrl: secret } });
  const play = { StreamUrl: secret.replaceAll("secret", "hidden") };
  await caller.ingests.markUpdated({
    taskId,
    play,
    deadlineAt: undefined,
    signature: undefined,
    at: T0,
  });
  const programme = newProgramme({
    items: [{ StreamUrl: secret, Title: 'What "next"?' }],
    backupUrl: secret,
    fillerUrl: secret,
  });
  const listed = newIngest({ programme });
  await caller.ingests.beginStart(listed);
  await caller.ingests.markFailed({
    taskId: listed.taskId,
    fence: 0,
    code: "FailedOperation",
    message: `cannot open ${secret}`,
    retry: false,
    at: T0,
  });
  const events = [...(await eventsOf(taskId)), ...(await eventsOf(listed.taskId))];
  expect(JSON.stringify(events)).not.toMatch(/user:|pass|secret|hidden|token/);
  const shown = "https://example.com/live/a.m3u8?...";
  expect(events[2]).toMatchObject({
    type: "updated",
    before: { StreamUrl: shown },
    after: { StreamUrl: shown },
  });
  expect(events[3]?.after).toMatchObject({
    Playlist: [{ StreamUrl: shown, Title: 'What "next"?' }],
    BackupStreamUrl: shown,
    FillerStreamUrl: shown,
  });
  expect(await differingHistories(database)).toEqual([]);
});

test("pages follow each other", async () => {
  const { taskId } = await runningIngest(caller);
  const page = async (after: number) =>
    (await store.history.list({ taskId, after, limit: 1 })).map(({ type }) => type);
  expect([await page(0), await page(1), await page(2)]).toEqual([["created"], ["started"], []]);
});

test("a successor has no history, and what it takes over is an event of its ingest", async () => {
  const { taskId } = await runningIngest(caller);
  const successor = await runningIngest(caller, { successorOf: taskId });
  expect(await eventsOf(successor.taskId)).toEqual([]);
  const parent = await store.ingests.read(taskId);
  const row = await store.ingests.read(successor.taskId);
  if (!parent || !row) throw new Error("the rows are not there");
  const onAir = { ...onAirSince(T0), rolledOver: 1 };
  await database.query(
    `update ingest set on_air = '${JSON.stringify({ ...onAir, rolledOver: 0 })}'`,
  );
  await timer.programmes.swapTasks({
    parent,
    successor: row,
    onAir,
    stepAt: null,
    at: T0,
    leaseMs: 1000,
  });
  expect(await lastOf(taskId)).toMatchObject({
    type: "rolled-over",
    actor: TIMER,
    after: { UserId: row.robotUserId, TrtcTaskId: row.trtcTaskId, RolledOver: 1 },
  });
  expect(await eventsOf(successor.taskId)).toEqual([]);
});
