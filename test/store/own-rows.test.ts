/**
 * Statements for one application, caller, account or room do not touch another's rows, even where
 * all other names are equal. On real PostgreSQL.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import type { Database, Row } from "../../shared/store/engine/database.js";
import type { Ingest } from "../../shared/store/ingests/ingest-row.js";
import { readReport } from "../../shared/store/report.js";
import { createStore, type Store } from "../../shared/store/store.js";
import { openTestPostgres } from "../support/database/databases.js";
import { newIngest, T0, type Wanted } from "../support/app/ingests.js";

const MINE = 1400000001;
const OTHER = 1400000002;
const TASK = "the same TaskId";
const ROOM = "the same room";
const ROBOT = "the-same-robot";
const VIEWER = "the-same-viewer";
const LATER = addMs(T0, 30 * MINUTE_MS);
const DAY_LATER = addMs(T0, 24 * 60 * MINUTE_MS);
const TABLES = ["ingest", "unclaimed_task", "room_audience", "outbox"];

let database: Database;
let store: Store;

beforeAll(async () => {
  database = await openTestPostgres();
  store = createStore(database, {
    clock: { now: () => T0, elapsedMs: () => T0.getTime() },
    isDatabaseOnClock: true,
  });
});
beforeEach(() => database.query(`truncate ${TABLES.join(", ")}, call_slot, dead_letter`));
afterAll(() => database.close());

/** All rows of an application; rows of the outbox belong to it through its ingests. */
async function rowsOf(sdkAppId: number): Promise<Row[][]> {
  const selectFrom = (table: string) =>
    table === "outbox"
      ? "select outbox.* from outbox join ingest using (task_id) where sdk_app_id = $1 order by outbox.*"
      : `select * from ${table} where sdk_app_id = $1 order by ${table}.*`;
  return Promise.all(TABLES.map((table) => database.query(selectFrom(table), [sdkAppId])));
}

const names = (sdkAppId: number): Partial<Wanted> => ({
  sdkAppId,
  roomId: ROOM,
  robotUserId: ROBOT,
  notify: true,
  emptySeconds: 60,
});

async function begin(fields: Partial<Wanted>): Promise<Ingest> {
  const begun = await store.ingests.beginStart(newIngest(fields));
  if (begun.outcome !== "begun") throw new Error(begun.outcome);
  return begun.ingest;
}

const answer = ({ taskId }: Ingest, trtcTaskId = TASK) =>
  store.ingests.markRunning({
    taskId,
    fence: 0,
    trtcTaskId,
    startedAt: T0,
    deadlineAt: LATER,
    latestAt: LATER,
  });

async function run(fields: Partial<Wanted>, trtcTaskId = TASK): Promise<Ingest> {
  const running = await answer(await begin(fields), trtcTaskId);
  if (!running) throw new Error("the row was not starting");
  return running;
}

const recordUnclaimed = (sdkAppId: number, trtcTaskId = TASK) =>
  store.unclaimedTasks.keep({ sdkAppId, trtcTaskId, media: "playing", eventAt: T0, at: T0 });

const recordViewer = (sdkAppId: number, roomId: string, isPresent: boolean, eventAt = T0) =>
  store.audience.recordViewerEvent({ sdkAppId, roomId, userId: VIEWER, isPresent, eventAt });

interface Act {
  /** Creates the rows that both applications have first. */
  have: (sdkAppId: number) => Promise<unknown>;
  act: () => Promise<unknown>;
}

const runs = (sdkAppId: number) => run(names(sdkAppId));
const seen = { sdkAppId: MINE, roomId: ROOM, userId: ROBOT };
const task = { sdkAppId: MINE, trtcTaskId: TASK };

const ACTS: Readonly<Record<string, Act>> = {
  recordTaskEvent: {
    have: runs,
    act: () =>
      store.roomEvents.recordTaskEvent({ ...task, media: "failed", eventAt: LATER, at: LATER }),
  },
  robotEntered: {
    have: runs,
    act: () =>
      store.roomEvents.robotEntered({ ...seen, at: LATER, answerBy: LATER, askedBefore: LATER }),
  },
  robotLeft: {
    have: runs,
    act: () => store.roomEvents.robotLeft({ ...seen, eventAt: LATER, cause: "robot-removed" }),
  },
  explainRemoval: {
    async have(sdkAppId) {
      const { taskId, fence } = await runs(sdkAppId);
      await store.ingests.markEnded({ taskId, fence, reason: "lost", at: LATER });
    },
    act: () => store.roomEvents.explainRemoval({ ...seen, eventAt: LATER, cause: "robot-removed" }),
  },
  explainDismissal: {
    async have(sdkAppId) {
      const { taskId, fence } = await runs(sdkAppId);
      await store.ingests.markEnded({ taskId, fence, reason: "lost", at: LATER });
    },
    act: () =>
      store.roomEvents.explainDismissal({
        sdkAppId: MINE,
        roomId: ROOM,
        roomIdType: 0,
        eventAt: LATER,
      }),
  },
  updateEmptyAt: {
    async have(sdkAppId) {
      await runs(sdkAppId);
      await recordViewer(sdkAppId, ROOM, true);
    },
    act: () => store.audience.updateEmptyAt(seen),
  },
  recordViewerEvent: {
    have: (sdkAppId) => recordViewer(sdkAppId, ROOM, true),
    act: () => recordViewer(MINE, ROOM, false, LATER),
  },
  keepUnclaimed: {
    have: recordUnclaimed,
    act: () => store.unclaimedTasks.keep({ ...task, media: "failed", eventAt: LATER, at: LATER }),
  },
  dropUnclaimed: { have: recordUnclaimed, act: () => store.unclaimedTasks.drop(task) },
  endUnclaimed: {
    have: recordUnclaimed,
    act: () => store.unclaimedTasks.end({ ...task, at: LATER }),
  },
};

describe("of an application", () => {
  test.each(Object.entries(ACTS))("%s changes nothing of another's", async (_, { have, act }) => {
    await have(MINE);
    await have(OTHER);
    const [mine, others] = [await rowsOf(MINE), await rowsOf(OTHER)];
    await act();
    expect(await rowsOf(OTHER)).toEqual(others);
    expect(await rowsOf(MINE)).not.toEqual(mine);
  });

  test("events from before the start's answer go to the ingest of the same application only", async () => {
    const mine = await begin(names(MINE));
    await recordUnclaimed(OTHER);
    const others = await rowsOf(OTHER);
    expect(await answer(mine)).toMatchObject({ mediaState: null });
    expect(await rowsOf(OTHER)).toEqual(others);
  });

  test("events from before the start's answer are deleted for their own task only", async () => {
    const mine = await begin(names(MINE));
    await recordUnclaimed(MINE);
    await recordUnclaimed(MINE, "another TaskId");
    await recordUnclaimed(OTHER);
    const others = await rowsOf(OTHER);
    expect(await answer(mine)).toMatchObject({ mediaState: "playing" });
    expect(await rowsOf(OTHER)).toEqual(others);
    const left = await database.query(
      "select trtc_task_id from unclaimed_task where sdk_app_id = $1",
      [MINE],
    );
    expect(left).toEqual([{ trtc_task_id: "another TaskId" }]);
  });

  test("an unclaimed task does not go to an ingest of another application", async () => {
    await run(names(MINE));
    await recordUnclaimed(OTHER);
    const before = [await rowsOf(MINE), await rowsOf(OTHER)];
    await store.unclaimedTasks.adopt();
    expect([await rowsOf(MINE), await rowsOf(OTHER)]).toEqual(before);
  });

  test("tasks with equal ids in two applications go to the ingest of their own application", async () => {
    await run(names(MINE));
    await run(names(OTHER));
    await recordUnclaimed(MINE);
    await store.unclaimedTasks.keep({
      ...task,
      sdkAppId: OTHER,
      media: "failed",
      eventAt: T0,
      at: T0,
    });
    await store.unclaimedTasks.adopt();
    const rows = await database.query("select sdk_app_id, media_state from ingest order by 1");
    expect(rows.map((row) => row["media_state"])).toEqual(["playing", "failed"]);
  });

  test("an unclaimed task is stopped although another application's ingest has an equal id", async () => {
    await run(names(OTHER));
    await recordUnclaimed(MINE);
    await recordUnclaimed(OTHER);
    const limits = { at: LATER, seenBefore: LATER, askedBefore: T0, limit: 9 };
    expect(await store.unclaimedTasks.take(limits)).toEqual([task]);
  });

  test("a robot's name is free although another application's live or late robot has it", async () => {
    const ended = await begin(names(OTHER));
    const failure = { code: "X", message: "m", retry: false, at: T0 };
    const claimed = await store.ingests.claimStart({ taskId: ended.taskId, at: LATER, leaseMs: 1 });
    await store.ingests.markFailed({
      taskId: ended.taskId,
      fence: claimed?.fence ?? -1,
      ...failure,
    });
    expect(await store.ingests.read(ended.taskId)).toMatchObject({
      lateStartUntil: expect.any(Date),
    });
    await run(names(3), "a third");
    expect(await store.ingests.beginStart(newIngest(names(MINE)))).toMatchObject({
      outcome: "begun",
    });
    expect(await store.ingests.beginStart(newIngest(names(OTHER)))).toMatchObject({
      outcome: "robot-busy",
      ingest: { taskId: ended.taskId },
    });
  });

  test("a robot's name of another application is no conflict", async () => {
    await runs(OTHER);
    expect(await store.ingests.findConflict(newIngest(names(MINE)))).toBeUndefined();
    expect(await store.ingests.findConflict(newIngest(names(OTHER)))).toMatchObject({
      outcome: "robot-busy",
    });
  });

  test("a robot that was seen in another room is a different robot", async () => {
    await runs(MINE);
    const before = await rowsOf(MINE);
    const elsewhere = { ...seen, roomId: "another room" };
    await store.roomEvents.robotEntered({
      ...elsewhere,
      at: LATER,
      answerBy: LATER,
      askedBefore: LATER,
    });
    await store.roomEvents.robotLeft({ ...elsewhere, eventAt: LATER });
    expect(await rowsOf(MINE)).toEqual(before);
  });

  test("an end is explained by its own room, of its own type, and by its own robot", async () => {
    const { taskId, fence } = await runs(MINE);
    await store.ingests.markEnded({ taskId, fence, reason: "lost", at: LATER });
    const before = await rowsOf(MINE);
    const room = { sdkAppId: MINE, roomId: ROOM, roomIdType: 0, eventAt: LATER } as const;
    await store.roomEvents.explainDismissal({ ...room, roomId: "another room" });
    await store.roomEvents.explainDismissal({ ...room, roomIdType: 1 });
    const robot = { ...seen, eventAt: LATER, cause: "robot-removed" } as const;
    await store.roomEvents.explainRemoval({ ...robot, roomId: "another room" });
    await store.roomEvents.explainRemoval({ ...robot, userId: "another robot" });
    expect(await rowsOf(MINE)).toEqual(before);
  });

  test.each(["expired", "failed", "empty"])(
    "an end as %s is not explained by a later removal, after a dismissed room either",
    async (reason) => {
      await runs(MINE);
      await database.query(
        `update ingest set state = 'ended', ended_at = $1, end_reason = $2,
                end_cause = 'room-dismissed'`,
        [LATER, reason],
      );
      const before = await rowsOf(MINE);

      await store.roomEvents.explainRemoval({ ...seen, eventAt: LATER, cause: "robot-removed" });

      expect(await rowsOf(MINE)).toEqual(before);
    },
  );

  test("rooms are counted one by one", async () => {
    const mine = await runs(MINE);
    await run({ sdkAppId: MINE, roomId: "another room", emptySeconds: 60 }, "another TaskId");
    const counted = await store.audience.updateEmptyAt(seen);
    expect(counted.map(({ taskId }) => taskId)).toEqual([mine.taskId]);
  });

  test("rooms with equal ids hold the ingests of their own application", async () => {
    const mine = await runs(MINE);
    await runs(OTHER);
    await run({ sdkAppId: MINE, roomId: "another room" }, "another TaskId");
    const room = { sdkAppId: MINE, roomId: ROOM, roomIdType: undefined, startedBefore: LATER };
    const ids = (await store.roomEvents.runningInRoom(room)).map(({ taskId }) => taskId);
    expect(ids).toEqual([mine.taskId]);
  });

  test("viewers matter only where an ingest of the same application waits for them", async () => {
    await runs(OTHER);
    expect(await recordViewer(MINE, ROOM, true)).toBe(false);
    expect(await recordViewer(OTHER, "another room", true)).toBe(false);
    expect(await recordViewer(OTHER, ROOM, true)).toBe(true);
  });
});

describe("an ingest that waits for viewers", () => {
  const emptyAt = async (): Promise<Date | null> =>
    (await store.audience.updateEmptyAt({ sdkAppId: MINE, roomId: ROOM }))[0]?.emptyAt ?? null;
  const EMPTY = addMs(T0, 60 * SECOND_MS);

  test.each([
    ["another application", OTHER, ROOM],
    ["another room", MINE, "another room"],
  ])("is not watched by a viewer of %s", async (_, sdkAppId, roomId) => {
    await runs(MINE);
    await recordViewer(sdkAppId, roomId, true);
    expect(await emptyAt()).toEqual(EMPTY);
    await recordViewer(MINE, ROOM, true);
    expect(await emptyAt()).toBeNull();
  });

  test.each([
    ["another application", OTHER, ROOM],
    ["another room", MINE, "another room"],
  ])("is still watched when %s is closed", async (_, sdkAppId, roomId) => {
    await runs(MINE);
    await recordViewer(MINE, ROOM, true);
    await store.audience.recordViewerEvent({ sdkAppId, roomId, isPresent: false, eventAt: LATER });
    expect(await emptyAt()).toBeNull();
    await store.audience.recordViewerEvent({
      sdkAppId: MINE,
      roomId: ROOM,
      isPresent: false,
      eventAt: LATER,
    });
    expect(await emptyAt()).toEqual(addMs(LATER, 60 * SECOND_MS));
  });

  test.each([
    ["another application", { sdkAppId: OTHER, roomId: ROOM }],
    ["another room", { sdkAppId: MINE, roomId: "another room" }],
  ])("is watched by a viewer whose name a robot of %s has", async (_, where) => {
    await runs(MINE);
    await run({ ...where, robotUserId: VIEWER }, "another TaskId");
    await recordViewer(MINE, ROOM, true);
    expect(await emptyAt()).toBeNull();
  });

  test("is not watched by a robot of its own room", async () => {
    await runs(MINE);
    await run({ sdkAppId: MINE, roomId: ROOM, robotUserId: VIEWER }, "another TaskId");
    await recordViewer(MINE, ROOM, true);
    expect(await emptyAt()).toEqual(EMPTY);
  });

  test.each([
    ["another application", OTHER, ROOM],
    ["another room", MINE, "another room"],
  ])("of %s does not keep users that have left this room", async (_, sdkAppId, roomId) => {
    await run({ ...names(sdkAppId), roomId });
    await recordViewer(MINE, ROOM, false);
    await recordViewer(sdkAppId, roomId, false);
    await store.audience.forget({ leftBefore: LATER, seenBefore: T0 });
    const left = await database.query("select sdk_app_id, room_id from room_audience");
    expect(left.map((row) => [Number(row["sdk_app_id"]), row["room_id"]])).toEqual([
      [sdkAppId, roomId],
    ]);
  });

  test.each([
    ["another application", OTHER, ROOM],
    ["another room", MINE, "another room"],
  ])(
    "a closing is forgotten although somebody from before is in %s",
    async (_, sdkAppId, roomId) => {
      await recordViewer(sdkAppId, roomId, true);
      const closed = { isPresent: false, eventAt: addMs(T0, 1) };
      await store.audience.recordViewerEvent({ sdkAppId: MINE, roomId: ROOM, ...closed });
      await store.audience.recordViewerEvent({ sdkAppId, roomId, ...closed });
      await store.audience.forget({ leftBefore: LATER, seenBefore: T0 });
      const left = await database.query(
        "select sdk_app_id, room_id from room_audience where user_id = ''",
      );
      expect(left.map((row) => [Number(row["sdk_app_id"]), row["room_id"]])).toEqual([
        [sdkAppId, roomId],
      ]);
    },
  );
});

describe("of a caller", () => {
  const ingestOf = (callerId: string, more: Partial<Wanted> = {}) => ({
    callerId,
    notify: true,
    ...more,
  });
  let mine: Ingest;
  let others: Ingest;

  beforeEach(async () => {
    mine = await run(ingestOf("mine", { clientToken: "token t" }), "one");
    others = await run(ingestOf("other", { clientToken: "token t" }), "two");
  });

  const outboxOf = (callerId: string) =>
    database.query("select * from outbox where caller_id = $1 order by task_id, position", [
      callerId,
    ]);

  test("an equal token is another token", async () => {
    const again = newIngest(ingestOf("mine", { clientToken: "token t" }));
    expect(await store.ingests.findConflict(again)).toMatchObject({
      outcome: "token-known",
      ingest: { taskId: mine.taskId },
    });
    const stranger = newIngest(ingestOf("stranger", { clientToken: "token t" }));
    expect(await store.ingests.findConflict(stranger)).toBeUndefined();
  });

  test("an equal token of another caller does not make a busy robot a known start", async () => {
    const { sdkAppId, robotUserId } = others;
    const fields = { clientToken: "token t", sdkAppId, robotUserId };
    expect(await store.ingests.findConflict(newIngest(ingestOf("stranger", fields)))).toMatchObject(
      {
        outcome: "robot-busy",
      },
    );
  });

  test("a token whose start has failed is spent for its own caller only", async () => {
    await database.query("update ingest set failure_code = 'X' where task_id = $1", [mine.taskId]);
    await database.query(
      "update ingest set state = 'ended', end_reason = 'failed', failure_code = 'X', ended_at = now() where task_id = $1",
      [others.taskId],
    );
    const spent = (callerId: string, clientToken = "token t") =>
      store.deadLetters.isTokenSpent({ callerId, clientToken });
    expect(await spent("mine")).toBe(false);
    expect(await spent("other")).toBe(true);
    expect(await spent("other", "token u")).toBe(false);
  });

  test("an ingest is found and listed by its own caller only, by our id or by TRTC's", async () => {
    for (const taskId of [mine.taskId, "one"]) {
      expect(await store.ingests.find({ callerId: "other", taskId })).toBeUndefined();
      expect(await store.ingests.find({ callerId: "mine", taskId })).toMatchObject({
        taskId: mine.taskId,
      });
    }
    const list = await store.ingests.list({ callerId: "mine", limit: 9 });
    expect(list.map(({ taskId }) => taskId)).toEqual([mine.taskId]);
  });

  const sent = { callerId: "mine", at: LATER, leaseMs: 1000, limit: 9 };
  const OUTBOX_ACTS: Readonly<Record<string, () => Promise<unknown>>> = {
    claim: () => store.outbox.claim(sent),
    postponeRest: () => store.outbox.postponeRest({ ...sent, pausesMs: [1000] }),
    dropOf: () => store.outbox.dropOf(sent),
  };
  test.each(Object.entries(OUTBOX_ACTS))(
    "%s does not change another caller's events",
    async (_, act) => {
      const [before, othersBefore] = [await outboxOf("mine"), await outboxOf("other")];
      await act();
      expect(await outboxOf("other")).toEqual(othersBefore);
      expect(await outboxOf("mine")).not.toEqual(before);
    },
  );

  const event = () => ({ taskId: mine.taskId, position: 1, attempts: 0 });
  const OF_INGEST: Readonly<Record<string, () => Promise<unknown>>> = {
    remove: () => store.outbox.remove(event()),
    postpone: () => store.outbox.postpone({ ...event(), tryAt: LATER }),
    addDeadLetter: () => store.outbox.addDeadLetter({ ...event(), reason: "r", at: LATER }),
  };
  test.each(Object.entries(OF_INGEST))("%s changes the event of one ingest", async (_, act) => {
    const third = await run(ingestOf("mine"), "three");
    const rest = () =>
      database.query("select * from outbox where task_id = any($1) order by task_id", [
        [others.taskId, third.taskId],
      ]);
    const before = await rest();
    expect(before).toHaveLength(2);
    await act();
    expect(await rest()).toEqual(before);
  });

  test("dead events are listed, and sent again, one by one", async () => {
    for (const { taskId } of [mine, others]) {
      await store.outbox.addDeadLetter({ taskId, position: 1, attempts: 0, reason: "r", at: T0 });
    }
    const dead = await store.outbox.listDead({ callerId: "mine", limit: 9 });
    expect(dead.map(({ taskId }) => taskId)).toEqual([mine.taskId]);
    expect(await store.outbox.revive({ taskId: mine.taskId, position: 1, at: T0 })).toBe(true);
    const rest = await store.outbox.listDead({ limit: 9 });
    expect(rest.map(({ taskId }) => taskId)).toEqual([others.taskId]);
  });

  test("the report counts the caller's ingests, or those of one application", async () => {
    await run(ingestOf("mine", { sdkAppId: MINE }), "three");
    const count = async (filter: object) => {
      const span = { since: T0, now: LATER, ...filter };
      const { starts, live } = await readReport(database.query, span);
      return [starts.started, live.running];
    };
    expect(await count({})).toEqual([3, 3]);
    expect(await count({ callerId: "mine" })).toEqual([2, 2]);
    expect(await count({ sdkAppId: MINE })).toEqual([1, 1]);
    expect(await count({ callerId: "other", sdkAppId: MINE })).toEqual([0, 0]);
  });
});

describe("of an account and an action", () => {
  const fill = async (account: string, action: string) => {
    for (let n = 0; n < 20; n += 1) await store.slots.take({ account, action, waitMaxMs: 60_000 });
  };
  const wait = async (account: string, action: string) =>
    (await store.slots.take({ account, action, waitMaxMs: 60_000 }))?.msUntil();

  test("slots are not taken from another account's, or another action's", async () => {
    await fill("one", "StartStreamIngest");
    expect(await wait("one", "StopStreamIngest")).toBe(0);
    expect(await wait("two", "StartStreamIngest")).toBe(0);
    expect(await wait("one", "StartStreamIngest")).toBe(1100);
  });

  test("a start waits for its own account's slots only", async () => {
    await fill("one", "StartStreamIngest");
    await fill("two", "StopStreamIngest");
    const start = (account: string) =>
      store.ingests.beginStart(newIngest({ account, waitMaxMs: 1000 }));
    expect(await start("two")).toMatchObject({ outcome: "begun" });
    expect(await start("one")).toEqual({ outcome: "no-slot" });
  });

  test("a stop takes the slot of its own account", async () => {
    await fill("one", "StopStreamIngest");
    const asked = { at: T0, leaseMs: 1000, waitMaxMs: 60_000 };
    const stop = async (account: string, trtcTaskId: string) => {
      const { taskId } = await run({ account, deadlineAt: T0 }, trtcTaskId);
      return (await store.ingests.beginStop({ taskId, ...asked }))?.slot?.msUntil();
    };
    expect(await stop("two", "one")).toBe(0);
    expect(await stop("one", "two")).toBe(1100);
  });

  test("the claims of one account do not limit another account", async () => {
    const due = async (account: string, n: number) =>
      (await run({ account, deadlineAt: DAY_LATER }, `${account}-${n}`)).taskId;
    await due("one", 1);
    const [second, others] = [await due("one", 2), await due("two", 1)];
    const limits = { at: LATER, horizonAt: LATER, leaseMs: 1000, accountMax: 1 };
    expect(await store.ingests.claimDue({ ...limits, limit: 1 })).toHaveLength(1);
    const rest = await store.ingests.claimDue({ ...limits, limit: 9 });
    expect(rest.map(({ taskId }) => taskId)).toEqual([others]);
    expect(rest.map(({ taskId }) => taskId)).not.toContain(second);
  });
});
