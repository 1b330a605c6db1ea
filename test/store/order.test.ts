/**
 * The order of rows, and the comparison of equal times: every `order by`, and every comparison where
 * one millisecond or one null decides. On real PostgreSQL.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import type { Database } from "../../shared/store/engine/database.js";
import type { Ingest } from "../../shared/store/ingests/ingest-row.js";
import { LATE_START_MS } from "../../shared/store/ingests/starts.js";
import { createStore, type Store } from "../../shared/store/store.js";
import { openTestPostgres } from "../support/database/databases.js";
import { newIngest, runningIngest, T0, type Wanted } from "../support/app/ingests.js";

let database: Database;
let store: Store;

beforeAll(async () => {
  database = await openTestPostgres();
  store = createStore(database);
});
beforeEach(() =>
  database.query("truncate ingest, outbox, unclaimed_task, room_audience, dead_letter, call_slot"),
);
afterAll(() => database.close());

const after = (ms: number) => addMs(T0, ms);
const idsOf = (rows: readonly Pick<Ingest, "taskId">[]) => rows.map(({ taskId }) => taskId);
const APP = 1600000000;
const WEEK = after(7 * 24 * 60 * MINUTE_MS);
const LEASE = { leaseMs: 1000 };

async function begin(fields: Partial<Wanted> = {}): Promise<string> {
  const row = newIngest(fields);
  await store.ingests.beginStart(row);
  return row.taskId;
}

/** Three ingests whose order by id differs from the order of the given column. */
async function threeWith(column: string, values: readonly (Date | null)[]): Promise<string[]> {
  const ids: string[] = [];
  for (const value of values) {
    const { taskId } = await runningIngest(store, { createdAt: after(ids.length) });
    await database.query(`update ingest set ${column} = $2 where task_id = $1`, [taskId, value]);
    ids.push(taskId);
  }
  return ids;
}

/** Takes one at a time, which shows the order. */
async function oneByOne(take: () => Promise<readonly string[]>): Promise<string[]> {
  const taken: string[] = [];
  for (let next = await take(); next.length > 0; next = await take()) taken.push(...next);
  return taken;
}

describe("the order", () => {
  test("of stale tasks: those that have to be checked first, then the longest silent", async () => {
    const [late, unknown, early] = await threeWith("heard_at", [after(2), null, after(1)]);
    const ask = async () =>
      idsOf(await store.ingests.claimStaleTasks({ at: after(9), quietSince: after(8), limit: 1 }));
    expect(await oneByOne(ask)).toEqual([unknown, early, late]);
  });

  test("of abandoned starts: the earliest lapsed first", async () => {
    const late = await begin({ leaseMs: 2000 });
    const early = await begin({ leaseMs: 1000 });
    const claim = async () =>
      idsOf(await store.ingests.claimUnfinished({ at: after(5000), limit: 1, ...LEASE }));
    expect(await oneByOne(claim)).toEqual([early, late]);
  });

  test("of late robots: the earliest that cannot arrive any more first", async () => {
    const [late, early] = await threeWith("unsure_until", [after(2), after(1)]);
    for (const taskId of [late, early]) {
      await store.ingests.markEnded({ taskId: taskId ?? "", fence: 0, reason: "lost", at: T0 });
    }
    const claim = async () =>
      idsOf(await store.ingests.claimLateStarts({ at: after(9), limit: 1, ...LEASE }));
    expect(await oneByOne(claim)).toEqual([early, late]);
  });

  test("of failed sources: the longest silent first", async () => {
    const [late, early] = await threeWith("heard_at", [after(2), after(1)]);
    await database.query("update ingest set media_state = 'failed', media_failures = $1", [
      [after(0), after(1), after(2)],
    ]);
    const claimed = { at: after(9), lastSeenBefore: after(8), limit: 1, ...LEASE };
    const claim = async () => idsOf(await store.ingests.beginFailedSourceStops(claimed));
    expect(await oneByOne(claim)).toEqual([early, late]);
  });

  test("of due ingests: the longest overdue first, also within one claim", async () => {
    const due = [after(3000), after(1000), after(2000)];
    const [third, first, second] = await threeWith("deadline_at", due);
    const claim = (limit: number) =>
      store.ingests.claimDue({ at: after(9000), horizonAt: after(9000), limit, ...LEASE });
    expect(idsOf(await claim(2))).toEqual([first, second]);
    expect(idsOf(await claim(2))).toEqual([third]);
  });

  test("of unclaimed tasks: the first seen first, and none twice before the others", async () => {
    for (const [index, trtcTaskId] of ["late", "asked", "early"].entries()) {
      const at = after([3, 1, 2][index] ?? 0);
      await store.unclaimedTasks.keep({
        sdkAppId: APP,
        trtcTaskId,
        media: "playing",
        eventAt: at,
        at,
      });
    }
    await database.query(
      "update unclaimed_task set stop_asked_at = $1 where trtc_task_id = 'asked'",
      [after(5)],
    );
    const take = async (limit: number) =>
      (
        await store.unclaimedTasks.take({
          at: after(9),
          seenBefore: after(8),
          askedBefore: after(5),
          limit,
        })
      ).map(({ trtcTaskId }) => trtcTaskId);
    expect(await oneByOne(() => take(1))).toEqual(["early", "late", "asked"]);
  });

  test("of ingests in a room: the oldest first", async () => {
    const second = await runningIngest(store, { createdAt: after(1) });
    const first = await runningIngest(store, { createdAt: after(0) });
    const room = { sdkAppId: APP, roomId: "room", roomIdType: 0 as const, startedBefore: after(9) };
    expect(idsOf(await store.roomEvents.runningInRoom(room))).toEqual([
      first.taskId,
      second.taskId,
    ]);
  });

  test("of conflicts with a start: the same token before the busy robot", async () => {
    await runningIngest(store, { robotUserId: "busy" });
    const same = await runningIngest(store, { clientToken: "token t" });
    const again = newIngest({ clientToken: "token t", robotUserId: "busy" });
    expect(await store.ingests.findConflict(again)).toMatchObject({
      outcome: "token-known",
      ingest: { taskId: same.taskId },
    });
    const tokenless = newIngest({ robotUserId: "busy" });
    expect(await store.ingests.findConflict(tokenless)).toMatchObject({ outcome: "robot-busy" });
  });

  test("of dead letters: by arrival, page by page", async () => {
    const deadLetter = { source: "s", messageId: "m", code: "X", message: "m", payload: {} };
    for (const [id, ms] of [
      ["b", 1],
      ["c", 0],
      ["a", 1],
    ] as const) {
      await store.deadLetters.add({ ...deadLetter, id, receivedAt: after(ms) });
    }
    const page = async (last?: { receivedAt: Date; id: string }) =>
      store.deadLetters.list({ all: true, limit: 2, after: last });
    const first = await page();
    expect(first.map(({ id }) => id)).toEqual(["c", "a"]);
    expect((await page(first.at(-1))).map(({ id }) => id)).toEqual(["b"]);
  });

  test("of callers: those that accepted everything first, then the longest waiting", async () => {
    await runningIngest(store, { callerId: "later", notify: true, createdAt: after(2) });
    await runningIngest(store, { callerId: "earlier", notify: true, createdAt: after(1) });
    await runningIngest(store, { callerId: "refuses", notify: true, createdAt: after(0) });
    await store.outbox.claim({ callerId: "refuses", at: after(0), leaseMs: 0, limit: 1 });
    expect(await store.outbox.callersWaiting(after(9))).toEqual(["earlier", "later", "refuses"]);
  });

  test("of a caller's events: the longest waiting first", async () => {
    const late = await runningIngest(store, { notify: true, createdAt: after(2) });
    const early = await runningIngest(store, { notify: true, createdAt: after(1) });
    const due = { callerId: "caller", at: after(9), leaseMs: 1000, limit: 1 };
    const claim = async () => idsOf(await store.outbox.claim(due));
    expect(await oneByOne(claim)).toEqual([early.taskId, late.taskId]);
  });

  test("of a caller's events to drop: the longest waiting first", async () => {
    const late = await runningIngest(store, { notify: true, createdAt: after(2) });
    const early = await runningIngest(store, { notify: true, createdAt: after(1) });
    const drop = async () =>
      idsOf(await store.outbox.dropOf({ callerId: "caller", at: after(9), limit: 1 }));
    expect(await oneByOne(drop)).toEqual([early.taskId, late.taskId]);
  });

  test("of dead events: the latest first", async () => {
    const ids: string[] = [];
    for (const ms of [1, 3, 2]) {
      const { taskId } = await runningIngest(store, { notify: true });
      await store.outbox.addDeadLetter({
        taskId,
        position: 1,
        attempts: 0,
        reason: "r",
        at: after(ms),
      });
      ids.push(taskId);
    }
    const [third, first, second] = ids;
    expect(idsOf(await store.outbox.listDead({ limit: 9 }))).toEqual([first, second, third]);
  });
});

describe("at the exact instant", () => {
  /** The results a millisecond before the instant, at it, and a millisecond after it. */
  const around = async <T>(at: Date, look: (at: Date) => Promise<T>): Promise<T[]> => [
    await look(addMs(at, -1)),
    await look(at),
  ];

  test("a start's lease lapses, for a run and for a caller's retry", async () => {
    const lapsesAt = after(5000);
    await begin();
    const unsettled = async (at: Date) =>
      (await store.ingests.claimUnfinished({ at, limit: 9, ...LEASE })).length;
    expect(await around(lapsesAt, unsettled)).toEqual([0, 1]);
    const taskId = await begin();
    const one = async (at: Date) =>
      (await store.ingests.claimStart({ taskId, at, ...LEASE })) !== undefined;
    expect(await around(lapsesAt, one)).toEqual([false, true]);
  });

  test("a stop's lease lapses, for a caller's stop and for a due one", async () => {
    const lapsesAt = after(1000);
    const slot = { waitMaxMs: 60_000, ...LEASE };
    const { taskId } = await runningIngest(store);
    const ask = async (at: Date) =>
      (await store.ingests.beginStop({ taskId, at, ...slot })) !== undefined;
    expect(await ask(T0)).toBe(true);
    expect(await around(lapsesAt, ask)).toEqual([false, true]);
    const due = async (at: Date) =>
      (await store.ingests.claimDue({ at, horizonAt: WEEK, limit: 9, ...LEASE })).length;
    expect(await around(addMs(lapsesAt, 1000), due)).toEqual([0, 1]);
  });

  test("a deadline is due, for a claim and for the stop", async () => {
    const { taskId, deadlineAt } = await runningIngest(store);
    const claim = (horizonAt: Date) =>
      store.ingests.claimDue({ at: T0, horizonAt, limit: 9, ...LEASE });
    expect(await claim(addMs(deadlineAt, -1))).toEqual([]);
    const [claimed] = await claim(deadlineAt);
    const fence = claimed?.fence ?? -1;
    const stop = async (at: Date) =>
      (await store.ingests.beginDueStop({ taskId, fence, at, waitMaxMs: 60_000, ...LEASE }))?.ingest
        .endReason;
    expect(await around(deadlineAt, stop)).toEqual([undefined, "expired"]);
  });

  test("a late robot cannot arrive any more, and a claim on it lapses", async () => {
    const taskId = await begin();
    const claimed = await store.ingests.claimStart({ taskId, at: after(5000), ...LEASE });
    const failure = { code: "X", message: "m", retry: false, at: T0 };
    await store.ingests.markFailed({ taskId, fence: claimed?.fence ?? -1, ...failure });
    const gone = after(6000 + LATE_START_MS);
    const claim = async (at: Date) =>
      (await store.ingests.claimLateStarts({ at, limit: 9, ...LEASE })).length;
    expect(await around(gone, claim)).toEqual([0, 1]);
    expect(await around(addMs(gone, 1000), claim)).toEqual([0, 1]);
  });

  test("a task is stale, and a last try is over", async () => {
    await runningIngest(store);
    const quiet = async (quietSince: Date) =>
      (await store.ingests.claimStaleTasks({ at: T0, quietSince, limit: 9 })).length;
    expect(await around(T0, quiet)).toEqual([0, 1]);
    await database.query("update ingest set media_state = 'failed', media_failures = $1", [
      [T0, after(1), after(2)],
    ]);
    const failed = async (lastSeenBefore: Date) =>
      (await store.ingests.beginFailedSourceStops({ at: T0, lastSeenBefore, limit: 9, ...LEASE }))
        .length;
    expect(await around(T0, failed)).toEqual([0, 1]);
  });

  test("an event is due, and its last day is not over", async () => {
    const { taskId } = await runningIngest(store, { notify: true });
    const claim = async (at: Date) =>
      (await store.outbox.claim({ callerId: "caller", at, limit: 9, ...LEASE })).length;
    expect(await around(T0, store.outbox.callersWaiting)).toEqual([[], ["caller"]]);
    expect(await around(T0, claim)).toEqual([0, 1]);
    const day = after(24 * 60 * MINUTE_MS);
    const postponed = async (at: Date) => {
      await database.query("update outbox set attempts = 0, try_at = $1", [T0]);
      await store.outbox.postponeRest({ callerId: "caller", at, pausesMs: [1] });
      const [row] = await database.query("select attempts from outbox where task_id = $1", [
        taskId,
      ]);
      return row?.["attempts"];
    };
    expect(await around(day, postponed)).toEqual([1, 0]);
  });

  test("a row of that instant is not deleted with the rows before it", async () => {
    const { taskId } = await runningIngest(store, { notify: true });
    await store.outbox.addDeadLetter({ taskId, position: 1, attempts: 0, reason: "r", at: T0 });
    await store.ingests.markUpdated({
      taskId,
      deadlineAt: undefined,
      play: {},
      signature: "s",
      at: T0,
    });
    const deadLetter = { source: "s", messageId: "m", code: "X", message: "m", payload: {} };
    await store.deadLetters.add({ ...deadLetter, id: "a", receivedAt: T0 });
    await store.deadLetters.resolve({ ids: ["a"], at: T0 });
    const event = { sdkAppId: APP, eventAt: T0, at: T0 };
    await store.unclaimedTasks.keep({ ...event, trtcTaskId: "ended" });
    await store.unclaimedTasks.keep({ ...event, trtcTaskId: "seen", media: "playing" });
    const user = { sdkAppId: APP, roomId: "r", eventAt: T0 };
    await store.audience.recordViewerEvent({ ...user, userId: "left", isPresent: false });
    await store.audience.recordViewerEvent({ ...user, userId: "here", isPresent: true });
    const tables = ["outbox", "used_signature", "dead_letter", "unclaimed_task", "room_audience"];
    const kept = async (before: Date) => {
      await store.outbox.forgetDead(before);
      await store.signatures.forget(before);
      await store.deadLetters.forgetResolved(before);
      await store.unclaimedTasks.forget({ endedBefore: before, seenBefore: before });
      await store.audience.forget({ leftBefore: before, seenBefore: before });
      return Promise.all(
        tables.map(async (table) => (await database.query(`select from ${table}`)).length),
      );
    };
    expect(await kept(T0)).toEqual([1, 1, 1, 2, 2]);
    expect(await kept(after(1))).toEqual([0, 0, 0, 0, 0]);
  });

  test("a viewer that leaves and enters in one millisecond is present, in either order", async () => {
    for (const first of [true, false]) {
      await database.query("truncate room_audience");
      const user = { sdkAppId: APP, roomId: "r", userId: "u", eventAt: T0 };
      await store.audience.recordViewerEvent({ ...user, isPresent: first });
      await store.audience.recordViewerEvent({ ...user, isPresent: !first });
      const rows = await database.query("select is_present from room_audience");
      expect(rows).toEqual([{ is_present: true }]);
    }
  });

  test("a viewer that enters in the millisecond of the room's closing is present", async () => {
    const { sdkAppId, roomId } = await runningIngest(store, { emptySeconds: 60 });
    const closedAt = after(SECOND_MS);
    await store.audience.recordViewerEvent({
      sdkAppId,
      roomId,
      isPresent: false,
      eventAt: closedAt,
    });
    const viewer = { sdkAppId, roomId, userId: "u", isPresent: true };
    const emptyAt = async (eventAt: Date) => {
      await store.audience.recordViewerEvent({ ...viewer, eventAt });
      return (await store.audience.updateEmptyAt({ sdkAppId, roomId }))[0]?.emptyAt;
    };
    expect(await around(closedAt, emptyAt)).toEqual([addMs(closedAt, 60_000), null]);
  });

  test("a robot's name counts as the robot for one more minute, and then as a viewer", async () => {
    const { sdkAppId, roomId } = await runningIngest(store, { emptySeconds: 60 });
    const robot = await runningIngest(store, { robotUserId: "u" });
    await store.ingests.markEnded({ taskId: robot.taskId, fence: 0, reason: "finished", at: T0 });
    const isWatched = async (eventAt: Date) => {
      await store.audience.recordViewerEvent({
        sdkAppId,
        roomId,
        userId: "u",
        isPresent: true,
        eventAt,
      });
      return (await store.audience.updateEmptyAt({ sdkAppId, roomId }))[0]?.emptyAt === null;
    };
    expect(await around(after(MINUTE_MS + 1), isWatched)).toEqual([false, true]);
  });

  test("a source's success counts before a new try, and a new try before a failure", async () => {
    const states = ["failed", "retrying", "playing"] as const;
    for (const order of [states, [...states].reverse()]) {
      const { taskId, sdkAppId, trtcTaskId } = await runningIngest(store);
      for (const media of order) {
        await store.roomEvents.recordTaskEvent({
          sdkAppId,
          trtcTaskId: trtcTaskId ?? "",
          media,
          eventAt: T0,
          at: T0,
        });
        await store.unclaimedTasks.keep({ sdkAppId, trtcTaskId: "x", media, eventAt: T0, at: T0 });
      }
      expect(await store.ingests.read(taskId)).toMatchObject({ mediaState: "playing" });
      const [row] = await database.query("select media_state, media_failures from unclaimed_task");
      expect(row).toEqual({ media_state: "playing", media_failures: [] });
      await database.query("truncate unclaimed_task");
    }
  });

  test("a robot that enters belongs to the ingest that was created at that instant", async () => {
    await runningIngest(store, { robotUserId: "u" });
    const robot = { sdkAppId: APP, roomId: "room", userId: "u", at: T0, answerBy: T0 };
    const seen = async (askedBefore: Date) =>
      (await store.roomEvents.robotEntered({ ...robot, askedBefore })) !== undefined;
    expect(await around(T0, seen)).toEqual([false, true]);
    const room = { sdkAppId: APP, roomId: "room", roomIdType: undefined };
    const inRoom = async (startedBefore: Date) =>
      (await store.roomEvents.runningInRoom({ ...room, startedBefore })).length;
    expect(await around(T0, inRoom)).toEqual([0, 1]);
  });
});

test("a dead letter that fails again after its replay is listed again", async () => {
  const deadLetter = { id: "a", source: "s", messageId: "m", receivedAt: T0, payload: {} };
  await store.deadLetters.add({ ...deadLetter, code: "First", message: "m" });
  await store.deadLetters.resolve({ ids: ["a"], at: T0 });
  expect(await store.deadLetters.list({ all: false, limit: 9 })).toEqual([]);
  await store.deadLetters.add({ ...deadLetter, code: "Second", message: "m" });
  expect(await store.deadLetters.list({ all: false, limit: 9 })).toMatchObject([
    { id: "a", code: "Second", attempts: 2, replayedAt: null },
  ]);
  await store.deadLetters.forgetResolved(WEEK);
  expect(await store.deadLetters.read("a")).toBeDefined();
});

test("a dead event that is sent again can be given up again, after another day", async () => {
  const { taskId } = await runningIngest(store, { notify: true });
  const dead = { taskId, position: 1, reason: "r" };
  await store.outbox.addDeadLetter({ ...dead, attempts: 0, at: T0 });
  const at = after(30 * MINUTE_MS);
  expect(await store.outbox.revive({ taskId, position: 1, at })).toBe(true);
  const claim = { callerId: "caller", at, leaseMs: 1000, limit: 9 };
  expect(await store.outbox.claim(claim)).toMatchObject([
    { attempts: 1, giveUpAt: addMs(at, 24 * 60 * MINUTE_MS) },
  ]);
  await store.outbox.addDeadLetter({ ...dead, attempts: 1, at });
  expect(await store.outbox.listDead({ limit: 9 })).toMatchObject([{ taskId, deadAt: at }]);
});
