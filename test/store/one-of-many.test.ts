/**
 * A statement changes only the rows that it names: one ingest by its TaskId, or one name of an
 * update. The same holds for the places and lanes of a caller, and the slots of an account. On real
 * PostgreSQL.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, SECOND_MS } from "../../shared/clock.js";
import { beginAnew } from "../../shared/store/begin-anew.js";
import type { Database, Row } from "../../shared/store/engine/database.js";
import type { Ingest } from "../../shared/store/ingests/ingest-row.js";
import { createStore, type Store } from "../../shared/store/store.js";
import { openTestPostgres } from "../support/database/databases.js";
import { newIngest, runningIngest, T0, type Wanted } from "../support/app/ingests.js";

const TABLES = ["ingest", "outbox", "used_signature", "caller_place", "caller_lane", "call_slot"];
const LATER = addMs(T0, 30 * MINUTE_MS);
const TIMING = { at: LATER, leaseMs: 1000, waitMaxMs: 60_000 };

let database: Database;
let store: Store;

beforeAll(async () => {
  database = await openTestPostgres();
  store = createStore(database, {
    clock: { now: () => T0, elapsedMs: () => T0.getTime() },
    isDatabaseOnClock: true,
  });
});
beforeEach(() => database.query(`truncate ${TABLES.join(", ")}`));
afterAll(() => database.close());

async function starting(fields: Partial<Wanted> = {}): Promise<Ingest> {
  const begun = await store.ingests.beginStart(newIngest({ notify: true, ...fields }));
  if (begun.outcome !== "begun") throw new Error(begun.outcome);
  return begun.ingest;
}

const running = (fields: Partial<Wanted> = {}) =>
  runningIngest(store, { notify: true, emptySeconds: 60, ...fields });

const takenTurn = ({ taskId }: Ingest) =>
  store.ingests.takeUpdateTurn({ taskId, sequence: 1, at: T0, leaseUntil: LATER });

async function lost(fields: Partial<Wanted> = {}): Promise<Ingest> {
  const { taskId, fence } = await running(fields);
  const ended = await store.ingests.markEnded({ taskId, fence, reason: "lost", at: LATER });
  if (!ended) throw new Error("the row had ended");
  return ended;
}

/** A start that failed after an earlier attempt: its robot may still arrive. */
async function lateStarts(fields: Partial<Wanted> = {}): Promise<Ingest> {
  const { taskId } = await starting(fields);
  const claimed = await store.ingests.claimStart({ taskId, at: LATER, leaseMs: 1000 });
  const failure = { code: "X", message: "m", retry: false, at: LATER };
  await store.ingests.markFailed({ taskId, fence: claimed?.fence ?? -1, ...failure });
  return (await store.ingests.read(taskId)) as Ingest;
}

interface Named {
  /** Creates two such rows, with the same caller, application, room and state. */
  have: () => Promise<Ingest>;
  act: (claim: { taskId: string; fence: number }) => Promise<unknown>;
}

const BY_TASK_ID: Readonly<Record<string, Named>> = {
  markRunning: {
    have: starting,
    act: (claim) =>
      store.ingests.markRunning({
        ...claim,
        trtcTaskId: "trtc",
        startedAt: T0,
        deadlineAt: LATER,
        latestAt: LATER,
      }),
  },
  markFailed: {
    have: starting,
    act: (claim) =>
      store.ingests.markFailed({ ...claim, code: "X", message: "m", retry: true, at: LATER }),
  },
  claimStart: {
    have: starting,
    act: ({ taskId }) => store.ingests.claimStart({ taskId, at: LATER, leaseMs: 1000 }),
  },
  askStop: {
    have: starting,
    act: ({ taskId }) => store.ingests.askStop({ taskId, at: LATER, cause: "caller" }),
  },
  beginStop: { have: running, act: ({ taskId }) => store.ingests.beginStop({ taskId, ...TIMING }) },
  beginDueStop: {
    have: running,
    act: (claim) => store.ingests.beginDueStop({ ...claim, ...TIMING }),
  },
  markEnded: {
    have: running,
    act: (claim) => store.ingests.markEnded({ ...claim, reason: "finished", at: LATER }),
  },
  release: { have: running, act: (claim) => store.ingests.release({ ...claim, retryAt: LATER }) },
  claimGone: {
    have: running,
    act: (claim) => store.ingests.claimGone({ ...claim, at: LATER, leaseMs: 1000 }),
  },
  clearLateStart: { have: lateStarts, act: (claim) => store.ingests.clearLateStart(claim) },
  checkSoon: { have: running, act: ({ taskId }) => store.roomEvents.checkSoon(taskId) },
  markSeen: {
    have: running,
    act: ({ taskId }) => store.roomEvents.markSeen({ taskId, at: LATER }),
  },
  explainEnd: { have: lost, act: ({ taskId }) => store.roomEvents.explainEnd(taskId) },
  takeUpdateTurn: {
    have: running,
    act: async ({ taskId }) => takenTurn((await store.ingests.read(taskId)) as Ingest),
  },
  endUpdateTurn: {
    have: async () => (await takenTurn(await running())) as Ingest,
    act: ({ taskId }) => store.ingests.endUpdateTurn({ taskId, stepFence: 1 }),
  },
  markUpdated: {
    have: running,
    act: ({ taskId }) =>
      store.ingests.markUpdated({
        taskId,
        deadlineAt: LATER,
        play: { Volume: 1 },
        signature: undefined,
        at: LATER,
      }),
  },
};

const ingestRow = (taskId: string): Promise<Row[][]> =>
  Promise.all(
    ["ingest", "outbox"].map((table) =>
      database.query(`select * from ${table} where task_id = $1 order by ${table}.*`, [taskId]),
    ),
  );

describe("a statement that names a TaskId", () => {
  test.each(Object.entries(BY_TASK_ID))("%s changes its own ingest only", async (_, named) => {
    const [mine, other] = [await named.have(), await named.have()];
    const [before, others] = [await ingestRow(mine.taskId), await ingestRow(other.taskId)];
    await named.act(mine);
    expect(await ingestRow(other.taskId)).toEqual(others);
    expect(await ingestRow(mine.taskId)).not.toEqual(before);
  });

  test("the update of one name does not change the running update of another", async () => {
    const { taskId } = await running();
    const leaseUntil = addMs(T0, SECOND_MS);
    for (const signature of ["one", "two"])
      await store.signatures.claim({ signature, at: T0, leaseUntil });
    const use = { leaseUntil, arrivedAt: T0 };
    const update = { taskId, deadlineAt: undefined, play: { Volume: 1 }, at: T0 };
    await store.ingests.markUpdated({ ...update, signature: "one", use });
    expect(await namesOfUpdates()).toMatchObject([
      { signature: "one", lease_until: null },
      { signature: "two", lease_until: leaseUntil },
    ]);
  });
});

const namesOfUpdates = () => database.query("select * from used_signature order by signature");

describe("the name of an update", () => {
  const leaseUntil = addMs(T0, SECOND_MS);
  const claim = (signature: string) => store.signatures.claim({ signature, at: T0, leaseUntil });

  /** Both took effect once, which their traces record. */
  async function bothCarriedOut(): Promise<void> {
    const { taskId } = await running();
    for (const signature of ["one", "two"]) {
      await claim(signature);
      await store.ingests.markUpdated({
        taskId,
        deadlineAt: undefined,
        play: {},
        signature,
        at: T0,
        use: { leaseUntil, arrivedAt: T0, traceId: `trace ${signature}` },
      });
    }
  }

  test("is claimed again, and another that was used at the same time is not", async () => {
    await bothCarriedOut();
    const [, two] = await namesOfUpdates();
    const again = { signature: "one", usedAt: T0, leaseUntil };
    expect(await store.signatures.claimAgain(again)).toBe(true);
    expect(await namesOfUpdates()).toEqual([
      expect.objectContaining({ signature: "one", lease_until: leaseUntil }),
      two,
    ]);
  });

  test("is given back, and another whose claim ends at the same time is not", async () => {
    for (const signature of ["one", "two"]) await claim(signature);
    const [, two] = await namesOfUpdates();
    await store.signatures.release({ signature: "one", leaseUntil });
    expect(await namesOfUpdates()).toEqual([two]);
  });

  test("that took effect before is given back, and another such name is not", async () => {
    await bothCarriedOut();
    for (const signature of ["one", "two"]) {
      await store.signatures.claimAgain({ signature, usedAt: T0, leaseUntil });
    }
    const [, two] = await namesOfUpdates();
    await store.signatures.release({ signature: "one", leaseUntil });
    expect(await namesOfUpdates()).toEqual([
      expect.objectContaining({ signature: "one", lease_until: null }),
      two,
    ]);
  });
});

describe("the limits of a caller", () => {
  const quotas = { maxIngests: 1, startsPerMinute: 1 };
  const begin = (callerId: string, more: Partial<Wanted> = {}) =>
    store.ingests.beginStart(newIngest({ callerId, quotas, ...more }));
  const heldBy = (callerId: string): Promise<Row[][]> =>
    Promise.all(
      ["caller_place", "caller_lane"].map((table) =>
        database.query(`select * from ${table} where caller_id = $1`, [callerId]),
      ),
    );

  test("neither count nor use another caller's places and lanes", async () => {
    expect(await begin("other")).toMatchObject({ outcome: "begun" });
    const others = await heldBy("other");
    expect(others.map((rows) => rows.length)).toEqual([1, 1]);
    expect(await begin("mine")).toMatchObject({ outcome: "begun" });
    expect(await heldBy("other")).toEqual(others);
    expect(await begin("mine")).toMatchObject({ outcome: "over-quota", quota: "MaxIngests" });
    const perMinute = { quotas: { startsPerMinute: 1 } };
    expect(await begin("mine", perMinute)).toMatchObject({ quota: "StartsPerMinute", count: 1 });
    expect(await heldBy("other")).toEqual(others);
  });

  test("are free again after the end of its own ingest only", async () => {
    const mine = await begin("mine", { quotas: { maxIngests: 1 } });
    const other = await begin("other", { quotas: { maxIngests: 1 } });
    const end = async (begun: typeof mine) => {
      const { taskId = "", fence = -1 } = begun.outcome === "begun" ? begun.ingest : {};
      await store.ingests.markEnded({ taskId, fence, reason: "lost", at: LATER });
    };
    const again = () => begin("mine", { quotas: { maxIngests: 1 } });
    await end(other);
    expect(await again()).toMatchObject({ outcome: "over-quota" });
    await end(mine);
    expect(await again()).toMatchObject({ outcome: "begun" });
  });
});

describe("an account's slots and turns", () => {
  const take = (account: string, action: string, callerId: string) =>
    store.slots.take({ account, action, callerId, waitMaxMs: 60_000 });
  const slotsOf = (account: string, action: string) =>
    database.query("select * from call_slot where account = $1 and action = $2", [account, action]);

  test("stay the same when another account or another action takes a slot", async () => {
    for (let n = 0; n < 40; n += 1) await take("one", "StopStreamIngest", "crowd");
    const before = await slotsOf("one", "StopStreamIngest");
    expect(before).toHaveLength(1);
    const [elsewhere, another] = [
      await take("two", "StopStreamIngest", "crowd"),
      await take("one", "StartStreamIngest", "crowd"),
    ];
    expect([elsewhere?.msUntil(), another?.msUntil()]).toEqual([0, 0]);
    expect(await slotsOf("one", "StopStreamIngest")).toEqual(before);
  });

  test("do not depend on a caller's claims in another account", async () => {
    const runIn = (account: string) => running({ account, callerId: "same", deadlineAt: T0 });
    for (const account of ["one", "one", "two"]) await runIn(account);
    const claim = (limit: number) =>
      store.ingests.claimDue({ at: LATER, horizonAt: LATER, leaseMs: 1000, limit, accountMax: 1 });
    const claimed = [...(await claim(9)), ...(await claim(9))];
    expect(claimed.map(({ account }) => account).sort()).toEqual(["one", "two"]);
  });
});

describe("begin-anew", () => {
  const AT = T0;
  const untouched = async (table: string): Promise<Row[]> =>
    database.query(`select * from ${table} order by task_id`);

  test("checks running tasks soon, and does not change ended, starting or stopping ones", async () => {
    const playing = await running();
    const stopping = await running();
    await store.ingests.beginStop({ taskId: stopping.taskId, ...TIMING, at: AT });
    const rest = [stopping, await lost(), await starting()];
    const rows = () => Promise.all(rest.map(({ taskId }) => ingestRow(taskId)));
    const before = await rows();
    expect([playing.lastSeenAt, stopping.lastSeenAt]).not.toContain(null);
    await beginAnew(database.query, AT);
    expect(await rows()).toEqual(before);
    expect(await store.ingests.read(playing.taskId)).toMatchObject({ lastSeenAt: null });
  });

  test("ends only leases and late starts that the current clock cannot have written", async () => {
    const [near, far] = [await lateStarts(), await lateStarts()];
    const set = (taskId: string, minutes: number) =>
      database.query("update ingest set lease_until = $2, unsure_until = $2 where task_id = $1", [
        taskId,
        addMs(AT, minutes * MINUTE_MS),
      ]);
    await set(near.taskId, 59);
    await set(far.taskId, 61);
    const before = await ingestRow(near.taskId);
    await beginAnew(database.query, AT);
    expect(await ingestRow(near.taskId)).toEqual(before);
    expect(await store.ingests.read(far.taskId)).toMatchObject({
      leaseUntil: AT,
      lateStartUntil: AT,
    });
  });

  test("forgets who came and went in a time that the current clock has not reached", async () => {
    const room = { sdkAppId: 1400000000, roomId: "left" };
    const seen = (userId: string | undefined, minutes: number, isPresent = true) =>
      store.audience.recordViewerEvent({
        ...room,
        userId,
        isPresent,
        eventAt: addMs(AT, minutes * MINUTE_MS),
      });
    await seen("near", 59);
    await seen("far", 61);
    await seen(undefined, 7 * 24 * 60, false);
    const claimed = (trtcTaskId: string, minutes: number) =>
      store.unclaimedTasks.keep({
        sdkAppId: room.sdkAppId,
        trtcTaskId,
        eventAt: AT,
        at: addMs(AT, minutes * MINUTE_MS),
      });
    await claimed("near", 59);
    await claimed("far", 61);
    await beginAnew(database.query, AT);
    const users = await database.query("select user_id from room_audience where room_id = 'left'");
    expect(users).toEqual([{ user_id: "near" }]);
    const tasks = await database.query("select trtc_task_id from unclaimed_task");
    expect(tasks).toContainEqual({ trtc_task_id: "near" });
    expect(tasks).not.toContainEqual({ trtc_task_id: "far" });
  });

  test("sends only those events soon whose time was written by the old clock", async () => {
    const [dead, near, far] = [await running(), await running(), await running()];
    await store.outbox.addDeadLetter({
      taskId: dead.taskId,
      position: 1,
      attempts: 0,
      reason: "r",
      at: AT,
    });
    const giveUpAfter = (taskId: string, hours: number) =>
      database.query("update outbox set give_up_at = $2, try_at = $2 where task_id = $1", [
        ...[taskId, addMs(AT, hours * 60 * MINUTE_MS)],
      ]);
    await giveUpAfter(dead.taskId, 48);
    await giveUpAfter(near.taskId, 24);
    await giveUpAfter(far.taskId, 26);
    const before = await untouched("outbox");
    await beginAnew(database.query, AT);
    const after = await untouched("outbox");
    const rest = (rows: Row[]) => rows.filter((row) => row["task_id"] !== far.taskId);
    expect(rest(after)).toEqual(rest(before));
    expect(after.find((row) => row["task_id"] === far.taskId)).toMatchObject({ try_at: AT });
  });
});
