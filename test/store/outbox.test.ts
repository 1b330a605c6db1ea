/** The outbox has an event exactly when its change was made. Claims decide who sends it, and when. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS } from "../../shared/clock.js";
import type { Database } from "../../shared/store/engine/database.js";
import { run, sql } from "../../shared/store/engine/sql.js";
import { actingFor } from "../../shared/store/history/actor.js";
import type { Notification } from "../../shared/store/outbox/deliveries.js";
import { withOutboxEvent } from "../../shared/store/outbox/with-outbox-event.js";
import { createStore, type Store } from "../../shared/store/store.js";
import { ENGINES } from "../support/database/databases.js";
import { newIngest, runningIngest, T0 } from "../support/app/ingests.js";
import { type Instances, startInstances } from "../support/database/instances.js";

const DAY_MS = 24 * 60 * MINUTE_MS;
const notify = { notify: true };

describe.each(ENGINES)("the outbox on %s", (_, open) => {
  let database: Database;
  let store: Store;

  beforeAll(async () => {
    database = await open();
    store = createStore(database, { isDatabaseOnClock: true, clock: standing });
  });
  beforeEach(() => database.query("delete from outbox"));
  afterAll(() => database.close());

  const rows = () => database.query("select * from outbox order by task_id, position");
  const claim = (options: { at?: Date; limit?: number; callerId?: string } = {}) =>
    store.outbox.claim({ callerId: "caller", at: T0, leaseMs: 1000, limit: 10, ...options });
  const named = (all: readonly Notification[]) =>
    all.map(({ taskId, position }) => `${taskId} ${position}`);
  const end = ({
    taskId,
    fence = 0,
    atMs = 0,
  }: {
    taskId: string;
    fence?: number;
    atMs?: number;
  }) => store.ingests.markEnded({ taskId, fence, reason: "stopped", at: addMs(T0, atMs) });

  test("holds the start and the end of an ingest whose caller wants notifications", async () => {
    const { taskId, robotUserId } = await runningIngest(store, notify);
    await store.ingests.markUpdated({
      taskId,
      play: {},
      signature: undefined,
      at: T0,
      deadlineAt: addMs(T0, 5 * MINUTE_MS),
    });
    await end({ taskId, atMs: 5000 });
    const [started, ended] = await rows();
    expect(started).toMatchObject({
      task_id: taskId,
      position: 1,
      caller_id: "caller",
      type: "ingest.started",
      happened_at: T0,
      try_at: T0,
      give_up_at: addMs(T0, DAY_MS),
      attempts: 0,
      facts: {
        state: "running",
        trtc_task_id: `trtc-${taskId}`,
        robot_user_id: robotUserId,
        sdk_app_id: 1600000000,
        room_id: "room",
        room_id_type: 0,
        ended_at: null,
      },
    });
    expect(ended).toMatchObject({
      position: 2,
      type: "ingest.ended",
      happened_at: addMs(T0, 5000),
      facts: { state: "ended", end_reason: "stopped" },
    });
    const deadlines = [started, ended].map(
      (row) => new Date((row?.["facts"] as { deadline_at: string }).deadline_at),
    );
    expect(deadlines).toEqual([addMs(T0, 10 * MINUTE_MS), addMs(T0, 5 * MINUTE_MS)]);
  });

  test("holds nothing about the played media", async () => {
    const StreamUrl = "https://media.example/clip.mp4?sign=secret-signature";
    const { taskId } = await runningIngest(store, { ...notify, play: { StreamUrl } });
    await end({ taskId });
    expect(JSON.stringify(await rows())).not.toContain("media.example");
  });

  test("holds nothing for a caller without notifications", async () => {
    const { taskId } = await runningIngest(store);
    expect(await end({ taskId })).toMatchObject({ state: "ended" });
    const failed = newIngest();
    await store.ingests.beginStart(failed);
    await store.ingests.markFailed({ ...failed, fence: 0, ...FAILURE });
    expect(await rows()).toEqual([]);
  });

  test("holds a refused start as an end, with its code", async () => {
    const ingest = newIngest(notify);
    await store.ingests.beginStart(ingest);
    expect(await rows()).toEqual([]);
    await store.ingests.markFailed({ taskId: ingest.taskId, fence: 0, ...FAILURE });
    expect(await rows()).toMatchObject([
      {
        type: "ingest.ended",
        position: 1,
        facts: { end_reason: "failed", failure_code: "Refused", started_at: null },
      },
    ]);
  });

  test("holds nothing for a change that was not made: of another holder's row, or made before", async () => {
    const { taskId } = await runningIngest(store, notify);
    const before = await rows();
    expect(await end({ taskId, fence: 7 })).toBeUndefined();
    const again = { taskId, fence: 0, trtcTaskId: "another" };
    const times = { startedAt: T0, deadlineAt: T0, latestAt: T0 };
    expect(await store.ingests.markRunning({ ...again, ...times })).toBeUndefined();
    await store.ingests.markFailed({ taskId, fence: 0, ...FAILURE });
    expect(await rows()).toEqual(before);
    await end({ taskId });
    expect(await end({ taskId })).toBeUndefined();
    expect(await rows()).toHaveLength(2);
  });

  test("accepts further types of event, with columns of their own", async () => {
    const { taskId } = await runningIngest(store, notify);
    const statement = withOutboxEvent("ingest.media", {
      set: sql`heard_at = ${addMs(T0, 1)}`,
      where: sql`task_id = ${taskId} and state = 'running'`,
      happenedAt: "heard_at",
      besides: ["heard_at", "region"],
    });
    const changed = await run(actingFor(database, {}).query, statement);
    expect(changed).toMatchObject([{ task_id: taskId, heard_at: addMs(T0, 1) }]);
    expect((await rows())[1]).toMatchObject({
      type: "ingest.media",
      position: 2,
      happened_at: addMs(T0, 1),
      facts: { region: "ap-singapore", state: "running" },
    });
  });

  test("gives out the first event of each ingest, and the next one when that is removed", async () => {
    const [one, two] = [await runningIngest(store, notify), await runningIngest(store, notify)];
    await end({ taskId: one.taskId });
    const first = await claim();
    expect(named(first).sort()).toEqual([`${one.taskId} 1`, `${two.taskId} 1`].sort());
    expect(await claim()).toEqual([]);
    await store.outbox.remove({ taskId: one.taskId, position: 1 });
    expect(named(await claim())).toEqual([`${one.taskId} 2`]);
  });

  test("gives an event out again when its claim has lapsed, not before", async () => {
    const { taskId } = await runningIngest(store, notify);
    expect(await claim()).toMatchObject([{ taskId, attempts: 1, tryAt: addMs(T0, 1000) }]);
    expect(await claim({ at: addMs(T0, 999) })).toEqual([]);
    expect(await claim({ at: addMs(T0, 1000) })).toMatchObject([{ taskId, attempts: 2 }]);
  });

  test("postpones the later events of the ingest as well, for the holder of the claim only", async () => {
    const { taskId } = await runningIngest(store, notify);
    await end({ taskId });
    const [claimed] = await claim();
    const tryAt = addMs(T0, MINUTE_MS);
    const key = { taskId, position: 1 };
    await store.outbox.postpone({ ...key, attempts: 7, tryAt: T0 });
    expect(await claim()).toEqual([]);
    await store.outbox.postpone({ ...key, attempts: claimed?.attempts ?? 0, tryAt });
    expect((await rows()).map((row) => row["try_at"])).toEqual([tryAt, tryAt]);
    expect(await store.outbox.callersWaiting(T0)).toEqual([]);
    expect(named(await claim({ at: tryAt }))).toEqual([`${taskId} 1`]);
  });

  test("postpones all due events of a caller that accepts nothing, as if they had been tried", async () => {
    const pausesMs = [1000, 2000];
    const rest = (at: Date) => store.outbox.postponeRest({ callerId: "caller", at, pausesMs });
    const due = await runningIngest(store, notify);
    const claimed = await runningIngest(store, notify);
    const other = await runningIngest(store, { ...notify, callerId: "other" });
    const later = await runningIngest(store, { ...notify, createdAt: addMs(T0, 1) });
    await database.query("update outbox set attempts = 1, try_at = $2 where task_id = $1", [
      ...[claimed.taskId, addMs(T0, MINUTE_MS)],
    ]);
    const untouched = async () => (await rows()).filter((row) => row["task_id"] !== due.taskId);
    const before = await untouched();
    const find = async () => (await rows()).find((row) => row["task_id"] === due.taskId);
    await rest(T0);
    expect(await find()).toMatchObject({ attempts: 1, try_at: addMs(T0, 1000) });
    expect(await untouched()).toEqual(before);
    expect(before.map((row) => row["task_id"])).toContain(other.taskId);
    expect(before.map((row) => row["task_id"])).toContain(later.taskId);
    for (let n = 1; n < 4; n += 1) {
      const at = addMs(T0, n * 10_000);
      await rest(at);
      // The last pause counts for all further attempts.
      expect(await find()).toMatchObject({ attempts: n + 1, try_at: addMs(at, 2000) });
    }
    const isOver = addMs(T0, DAY_MS);
    await rest(isOver);
    expect(await find()).toMatchObject({ attempts: 4, try_at: addMs(T0, 32_000) });
  });

  test("makes an event wait for the earlier ones from the beginning", async () => {
    const { taskId } = await runningIngest(store, notify);
    const [claimed] = await claim();
    const tryAt = addMs(T0, MINUTE_MS);
    const attempts = claimed?.attempts ?? 0;
    await store.outbox.postpone({ taskId, position: 1, attempts, tryAt });
    await end({ taskId, atMs: 5000 });
    expect((await rows())[1]).toMatchObject({
      position: 2,
      try_at: tryAt,
      happened_at: addMs(T0, 5000),
      give_up_at: addMs(T0, 5000 + DAY_MS),
    });
  });

  test("gives an event up, continues with the next, and sends the first again on request", async () => {
    const { taskId } = await runningIngest(store, notify);
    await end({ taskId });
    const [claimed] = await claim();
    const grave = { taskId, position: 1, reason: "HTTP500", at: T0 };
    await store.outbox.addDeadLetter({ ...grave, attempts: 7 });
    expect(await store.outbox.listDead({ limit: 10 })).toEqual([]);
    await store.outbox.addDeadLetter({ ...grave, attempts: claimed?.attempts ?? 0 });
    expect(named(await claim())).toEqual([`${taskId} 2`]);
    expect(await store.outbox.listDead({ limit: 10 })).toMatchObject([
      { taskId, position: 1, type: "ingest.started", deadReason: "HTTP500", deadAt: T0 },
    ]);
    expect(await store.outbox.listDead({ limit: 10, callerId: "another" })).toEqual([]);
    const at = addMs(T0, 3 * DAY_MS);
    expect(await store.outbox.revive({ taskId, position: 1, at })).toBe(true);
    expect(await store.outbox.revive({ taskId, position: 1, at })).toBe(false);
    expect(await claim({ at, limit: 1 })).toMatchObject([
      { position: 1, attempts: 1, giveUpAt: addMs(at, DAY_MS) },
    ]);
  });

  test("separates callers, the longest waiting first", async () => {
    const late = { ...notify, callerId: "late", createdAt: addMs(T0, 1000) };
    const [{ taskId }] = [await runningIngest(store, late), await runningIngest(store, notify)];
    const at = addMs(T0, 1000);
    expect(await store.outbox.callersWaiting(T0)).toEqual(["caller"]);
    expect(await store.outbox.callersWaiting(at)).toEqual(["caller", "late"]);
    expect(named(await claim({ at, callerId: "late" }))).toEqual([`${taskId} 1`]);
    expect(await store.outbox.dropOf({ callerId: "caller", at, limit: 10 })).toHaveLength(1);
    expect(await rows()).toHaveLength(1);
  });

  test("puts callers first that accepted all their events", async () => {
    for (const callerId of ["failing", "caller", "hanging"]) {
      for (let n = 0; n < 3; n += 1) await runningIngest(store, { ...notify, callerId });
    }
    await runningIngest(store, { ...notify, callerId: "new", createdAt: addMs(T0, 1000) });
    await claim({ callerId: "hanging", limit: 3 });
    await claim({ callerId: "failing", limit: 1 });
    const at = addMs(T0, 1000);
    const order = ["caller", "new", "failing", "hanging"];
    expect(await store.outbox.callersWaiting(at)).toEqual(order);
    // All events of "hanging" are claimed until then.
    expect(await store.outbox.callersWaiting(addMs(T0, 999))).toEqual(["caller", "failing"]);
  });
});

const FAILURE = { code: "Refused", message: "no", retry: false, at: T0 };
const standing = { now: () => T0, elapsedMs: () => T0.getTime() };

describe("instances that share a PostgreSQL", () => {
  let databases: Database[];
  let stores: Store[];
  let everywhere: Instances["everywhere"];
  let close: Instances["close"];

  beforeAll(async () => {
    ({ databases, stores, everywhere, close } = await startInstances());
  });
  afterAll(() => close());

  const count = async () =>
    Number((await databases[0]?.query("select count(*) as n from outbox"))?.[0]?.["n"]);

  test("one of many concurrent statements makes a change and writes its event", async () => {
    const { taskId } = await runningIngest(stores[0] as Store, notify);
    const before = await count();
    const ended = await everywhere(40, (store) =>
      store.ingests.markEnded({ taskId, fence: 0, reason: "stopped", at: T0 }),
    );
    expect(ended.filter((row) => row !== undefined)).toHaveLength(1);
    expect(await count()).toBe(before + 1);
  });

  test("of two runs that mark a start as running and as failed, one writes its event", async () => {
    for (let n = 0; n < 10; n += 1) {
      const ingest = newIngest({ ...notify, account: `race-${n}` });
      await (stores[0] as Store).ingests.beginStart(ingest);
      const before = await count();
      const times = { startedAt: T0, deadlineAt: T0, latestAt: T0 };
      await everywhere(8, (store, nth): Promise<unknown> =>
        nth % 2 === 0
          ? store.ingests.markRunning({
              taskId: ingest.taskId,
              fence: 0,
              trtcTaskId: "t",
              ...times,
            })
          : store.ingests.markFailed({ taskId: ingest.taskId, fence: 0, ...FAILURE }),
      );
      expect(await count()).toBe(before + 1);
    }
  });

  test("an event is claimed once, and not before the earlier one", async () => {
    const own = { ...notify, callerId: "claims" };
    for (let n = 0; n < 40; n += 1) {
      const { taskId } = await runningIngest(stores[0] as Store, own);
      await (stores[0] as Store).ingests.markEnded({ taskId, fence: 0, reason: "stopped", at: T0 });
    }
    const claim = { callerId: "claims", at: T0, leaseMs: 60_000, limit: 5 };
    const claimed = (await everywhere(20, (store) => store.outbox.claim(claim))).flat();
    expect(new Set(claimed.map(({ taskId }) => taskId)).size).toBe(claimed.length);
    expect(claimed.filter(({ position }) => position !== 1)).toEqual([]);
    expect(claimed.length).toBeGreaterThanOrEqual(5);
  });
});
