/**
 * An ingest and its successor swap their tasks: all of it or nothing. A successor is hidden from
 * callers. On real PostgreSQL.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS } from "../../../shared/clock.js";
import type { Database } from "../../../shared/store/engine/database.js";
import { readReport } from "../../../shared/store/report.js";
import { createStore, type Store } from "../../../shared/store/store.js";
import { openTestPostgres } from "../../support/database/databases.js";
import { newIngest, runningIngest, T0, type Wanted } from "../../support/app/ingests.js";
import { newProgramme, onAirSince } from "../../support/app/programmes.js";

let database: Database;
let store: Store;

beforeAll(async () => {
  database = await openTestPostgres();
  store = createStore(database);
});
beforeEach(() => database.query("truncate ingest, outbox, call_slot, caller_place, caller_lane"));
afterAll(() => database.close());

const APP = 1600000000;
const SOON = addMs(T0, MINUTE_MS);
const programme = newProgramme();
const onAir = onAirSince(T0, { rolledOver: 1 });

/** An ingest that plays, and its successor that plays as well. */
async function both(fields: Partial<Wanted> = {}) {
  const parent = await runningIngest(store, { programme, onAir: onAirSince(T0), ...fields });
  const successor = await runningIngest(store, {
    programme,
    onAir: onAirSince(SOON),
    createdAt: SOON,
    successorOf: parent.taskId,
  });
  return { parent, successor };
}

const swap = (rows: Awaited<ReturnType<typeof both>>) =>
  store.programmes.swapTasks({ ...rows, onAir, stepAt: SOON, at: SOON, leaseMs: 5000 });

describe("a swap", () => {
  test("gives the ingest the fresh task and its robot, and the successor the old ones", async () => {
    const { parent, successor } = await both();

    const swapped = await swap({ parent, successor });

    expect(swapped?.ingest).toMatchObject({
      taskId: parent.taskId,
      trtcTaskId: successor.trtcTaskId,
      robotUserId: successor.robotUserId,
      state: "running",
      startedAt: parent.startedAt,
      deadlineAt: parent.deadlineAt,
      leaseUntil: null,
      stepAt: SOON,
      onAir,
    });
    expect(swapped?.old).toMatchObject({
      taskId: successor.taskId,
      trtcTaskId: parent.trtcTaskId,
      robotUserId: parent.robotUserId,
      state: "stopping",
      endReason: "stopped",
      stopAskedAt: SOON,
      leaseUntil: addMs(SOON, 5000),
      onAir: onAirSince(T0),
    });
    expect(await store.ingests.read(parent.taskId)).toEqual(swapped?.ingest);
    expect(await store.ingests.read(successor.taskId)).toEqual(swapped?.old);
  });

  test("happens once, however many instances try it", async () => {
    const rows = await both();

    const swaps = await Promise.all([swap(rows), swap(rows), swap(rows)]);

    expect(swaps.filter((each) => each !== undefined)).toHaveLength(1);
    expect(await swap(rows)).toBeUndefined();
  });

  test("takes what TRTC has reported about each task along", async () => {
    const { parent, successor } = await both();
    const report = (trtcTaskId: string | null, media: "playing" | "failed") =>
      store.roomEvents.recordTaskEvent({
        sdkAppId: APP,
        trtcTaskId: trtcTaskId ?? "",
        media,
        eventAt: SOON,
        at: SOON,
      });
    await report(parent.trtcTaskId, "failed");
    await report(successor.trtcTaskId, "playing");
    const read = async (taskId: string) => (await store.ingests.read(taskId)) ?? parent;
    const rows = { parent: await read(parent.taskId), successor: await read(successor.taskId) };

    const swapped = await swap(rows);

    expect(swapped?.ingest).toMatchObject({ mediaState: "playing", mediaFailures: [] });
    expect(swapped?.old).toMatchObject({ mediaState: "failed", mediaFailures: [SOON] });
  });

  test("leads later events of each task to the row that has it", async () => {
    const { parent, successor } = await both();
    await swap({ parent, successor });
    const event = { sdkAppId: APP, eventAt: SOON, at: SOON, media: "playing" as const };

    const fresh = await store.roomEvents.recordTaskEvent({
      ...event,
      trtcTaskId: successor.trtcTaskId ?? "",
    });
    const old = await store.roomEvents.recordTaskEvent({
      ...event,
      trtcTaskId: parent.trtcTaskId ?? "",
    });

    expect(fresh?.ingest.taskId).toBe(parent.taskId);
    expect(old?.ingest.taskId).toBe(successor.taskId);
    const left = { sdkAppId: APP, roomId: "room", eventAt: SOON };
    const robots = [successor.robotUserId, parent.robotUserId];
    const [of, by] = await Promise.all(
      robots.map((userId) => store.roomEvents.robotLeft({ ...left, userId })),
    );
    expect(of?.taskId).toBe(parent.taskId);
    expect(by).toBeUndefined();
  });

  test("lets an instance that knows the old task change nothing", async () => {
    const { parent, successor } = await both();
    await swap({ parent, successor });
    const { taskId, fence } = parent;

    const ended = await store.ingests.markEnded({ taskId, fence, reason: "lost", at: SOON });

    expect(ended).toBeUndefined();
    expect(await store.ingests.read(taskId)).toMatchObject({ state: "running" });
  });
});

describe("no swap happens", () => {
  const STOP = { at: SOON, leaseMs: 5000, waitMaxMs: 60_000 };
  const task = (row: { taskId: string }) => row.taskId;
  const update = (taskId: string, change: { play?: { Volume: number }; pausedAt?: Date }) =>
    store.ingests.markUpdated({
      ...{ taskId, play: {}, deadlineAt: undefined, signature: undefined, at: SOON },
      ...change,
    });

  test.each<[string, (rows: Awaited<ReturnType<typeof both>>) => Promise<unknown>]>([
    [
      "a stop of the ingest",
      ({ parent }) => store.ingests.beginStop({ taskId: task(parent), ...STOP }),
    ],
    [
      "a claim for its deadline",
      ({ parent: { deadlineAt: at } }) =>
        store.ingests.claimDue({ at, horizonAt: at, leaseMs: MINUTE_MS * 60, limit: 2 }),
    ],
    [
      "a step of the programme",
      ({ parent }) => store.programmes.claimStep({ taskId: task(parent), at: SOON, leaseMs: 1000 }),
    ],
    ["an update of what plays", ({ parent }) => update(task(parent), { play: { Volume: 7 } })],
    ["a pause", ({ parent }) => update(task(parent), { pausedAt: SOON })],
    [
      "a removal of the robot",
      ({ parent: { robotUserId: userId } }) =>
        store.roomEvents.robotLeft({
          sdkAppId: APP,
          roomId: "room",
          userId,
          eventAt: SOON,
          cause: "robot-removed",
        }),
    ],
    [
      "a stop of the successor",
      ({ successor }) => store.ingests.beginStop({ taskId: task(successor), ...STOP }),
    ],
  ])("after %s", async (_, change) => {
    const rows = await both();
    await change(rows);
    const before = await database.query("select * from ingest order by task_id");

    expect(await swap(rows)).toBeUndefined();

    expect(await database.query("select * from ingest order by task_id")).toEqual(before);
  });
});

test("no swap happens while an instance holds a step, although it knows the row as it is", async () => {
  const { parent, successor } = await both();
  const { taskId } = parent;
  const held = await store.programmes.claimStep({ taskId, at: SOON, leaseMs: 1000 });
  if (!held) throw new Error("the ingest does not run");

  expect(await swap({ parent: held, successor })).toBeUndefined();
});

describe("a successor", () => {
  test("is found by its ingest while it may take over", async () => {
    const { parent, successor } = await both();
    expect(await store.programmes.findSuccessor(parent.taskId)).toMatchObject({
      taskId: successor.taskId,
    });
    await swap({ parent, successor });
    expect(await store.programmes.findSuccessor(parent.taskId)).toBeUndefined();
  });

  test("is not in what its caller reads: find, list and report", async () => {
    const { parent, successor } = await both();
    for (const taskId of [successor.taskId, successor.trtcTaskId ?? ""]) {
      expect(await store.ingests.find({ callerId: "caller", taskId })).toBeUndefined();
    }
    const list = await store.ingests.list({ callerId: "caller", limit: 10 });
    expect(list.map(({ taskId }) => taskId)).toEqual([parent.taskId]);
    const report = await readReport(database.query, { since: T0, now: SOON });
    expect(report).toMatchObject({ starts: { started: 1 }, live: { running: 1 } });
  });

  test("takes no place of MaxIngests, and sends no notification", async () => {
    await both({ notify: true, quotas: { maxIngests: 2 } });
    const next = await store.ingests.beginStart(
      newIngest({ createdAt: SOON, quotas: { maxIngests: 2 } }),
    );
    expect(next.outcome).toBe("begun");
    const types = await database.query("select type from outbox");
    expect(types).toEqual([{ type: "ingest.started" }]);
  });

  test("has no steps of its own, whatever happens to its source", async () => {
    const { successor } = await both();
    const { taskId, trtcTaskId } = successor;
    for (let times = 1; times <= 4; times += 1) {
      const eventAt = addMs(SOON, times);
      const event = { sdkAppId: APP, trtcTaskId: trtcTaskId ?? "", media: "failed" as const };
      await store.roomEvents.recordTaskEvent({ ...event, eventAt, at: eventAt });
    }
    expect(await store.ingests.read(taskId)).toMatchObject({ stepAt: null });
    const claim = { taskId, at: SOON, leaseMs: 1000 };
    expect(await store.programmes.claimStep(claim)).toBeUndefined();
  });
});
