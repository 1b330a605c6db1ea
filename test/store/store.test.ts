/** The behaviour of the store on both engines. Concurrency is in concurrent.test.ts. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS } from "../../shared/clock.js";
import type { Database } from "../../shared/store/engine/database.js";
import type { BegunStart } from "../../shared/store/ingests/starts.js";
import { createStore, type Store } from "../../shared/store/store.js";
import { ENGINES } from "../support/database/databases.js";
import { newIngest, runningIngest, T0 } from "../support/app/ingests.js";

const waitOf = (begun: BegunStart) =>
  begun.outcome === "begun" ? begun.slot?.msUntil() : undefined;

/** These tests set the database's time. */
const standing = (now: () => Date) => ({
  clock: { now, elapsedMs: () => now().getTime() },
  isDatabaseOnClock: true,
});

describe.each(ENGINES)("the store on %s", (_, open) => {
  let database: Database;
  let store: Store;

  beforeAll(async () => {
    database = await open();
    store = createStore(
      database,
      standing(() => T0),
    );
  });
  afterAll(() => database.close());

  test("a start writes its row and takes its slot in one statement", async () => {
    const begun = await store.ingests.beginStart(newIngest({ account: "a1" }));
    expect(begun).toMatchObject({ outcome: "begun", ingest: { state: "starting" } });
    const next = await store.ingests.beginStart(newIngest({ account: "a1" }));
    expect([begun, next].map(waitOf)).toEqual([0, 5]);
  });

  test("a start whose slot is too far away writes nothing", async () => {
    const account = "a2";
    for (let taken = 0; taken < 20; taken += 1)
      await store.ingests.beginStart(newIngest({ account }));
    const refused = newIngest({ account, waitMaxMs: 1000 });
    expect(await store.ingests.beginStart(refused)).toEqual({ outcome: "no-slot" });
    expect(await store.ingests.read(refused.taskId)).toBeUndefined();
  });

  test("the same token finds the row of the first start, and takes no slot", async () => {
    const first = newIngest({ clientToken: "token t", account: "a3" });
    await store.ingests.beginStart(first);
    const again = await store.ingests.beginStart(
      newIngest({ clientToken: "token t", account: "a3" }),
    );
    expect(again).toMatchObject({ outcome: "token-known", ingest: { taskId: first.taskId } });
    const other = await store.ingests.beginStart(newIngest({ account: "a3" }));
    expect(waitOf(other)).toBe(5);
  });

  test("another caller's equal token is another token", async () => {
    await store.ingests.beginStart(newIngest({ clientToken: "token shared", callerId: "one" }));
    const other = newIngest({ clientToken: "token shared", callerId: "two" });
    expect(await store.ingests.beginStart(other)).toMatchObject({ outcome: "begun" });
  });

  test("two live ingests of an application cannot have one robot", async () => {
    const first = newIngest({ robotUserId: "twin" });
    await store.ingests.beginStart(first);
    expect(await store.ingests.beginStart(newIngest({ robotUserId: "twin" }))).toMatchObject({
      outcome: "robot-busy",
      ingest: { taskId: first.taskId },
    });
    await store.ingests.markFailed({
      taskId: first.taskId,
      fence: 0,
      code: "X",
      message: "",
      retry: false,
      at: T0,
    });
    expect(await store.ingests.beginStart(newIngest({ robotUserId: "twin" }))).toMatchObject({
      outcome: "begun",
    });
  });

  test("a temporary refusal gives the token back; a final one keeps it", async () => {
    for (const retry of [true, false]) {
      const clientToken = `token refusal ${retry}`;
      const { taskId } = newIngest({ clientToken });
      await store.ingests.beginStart({ ...newIngest({ clientToken }), taskId });
      await store.ingests.markFailed({ taskId, fence: 0, code: "X", message: "m", retry, at: T0 });
      const again = await store.ingests.beginStart(newIngest({ clientToken }));
      expect(again.outcome).toBe(retry ? "begun" : "token-known");
    }
  });

  test("a start that another run has finished is not marked as running", async () => {
    const { taskId } = await runningIngest(store);
    const late = {
      taskId,
      fence: 0,
      trtcTaskId: "other",
      startedAt: T0,
      deadlineAt: T0,
      latestAt: T0,
    };
    expect(await store.ingests.markRunning(late)).toBeUndefined();
  });

  test("every time and number is read as it was written", async () => {
    const ingest = newIngest({
      play: { StreamUrl: "https://a.example/é.mp4", RepeatNum: -1, Tempo: 0.75 },
    });
    await store.ingests.beginStart(ingest);
    const row = await store.ingests.read(ingest.taskId);
    const { leaseMs, waitMaxMs, ...columns } = ingest;
    expect(row).toMatchObject(columns);
    expect([leaseMs, waitMaxMs]).toEqual([5000, 60_000]);
  });

  test("an ingest is found by our id and by TRTC's, and by its caller only", async () => {
    const { taskId, callerId, trtcTaskId } = await runningIngest(store, { callerId: "finder" });
    expect(await store.ingests.find({ callerId, taskId })).toMatchObject({ taskId });
    expect(await store.ingests.find({ callerId, taskId: trtcTaskId ?? "" })).toMatchObject({
      taskId,
    });
    expect(await store.ingests.find({ callerId: "stranger", taskId })).toBeUndefined();
  });

  test("lists are newest first, filtered, and continue after the last row of a page", async () => {
    const callerId = "lister";
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      const ingest = newIngest({
        callerId,
        roomId: n < 3 ? "one" : "two",
        createdAt: addMs(T0, n),
      });
      ids.unshift(ingest.taskId);
      await store.ingests.beginStart(ingest);
    }
    const page = async (filter: object) =>
      (await store.ingests.list({ callerId, limit: 10, ...filter })).map(({ taskId }) => taskId);
    expect(await page({})).toEqual(ids);
    expect(await page({ limit: 2 })).toEqual(ids.slice(0, 2));
    expect(await page({ before: ids[1] })).toEqual(ids.slice(2));
    expect(await page({ roomId: "two" })).toEqual(ids.slice(0, 2));
    expect(await page({ roomId: "two", roomIdType: 1 })).toEqual([]);
    expect(await page({ state: "ended" })).toEqual([]);
    expect(await page({ sdkAppId: 1 })).toEqual([]);
  });

  test("a stop begins once: the second one begins nothing", async () => {
    const { taskId } = await runningIngest(store);
    const asked = await store.ingests.beginStop({
      taskId,
      at: T0,
      leaseMs: 1000,
      waitMaxMs: 60_000,
    });
    expect(asked?.ingest).toMatchObject({
      state: "stopping",
      endReason: "stopped",
      stopAskedAt: T0,
    });
    expect(
      await store.ingests.beginStop({
        taskId,
        at: addMs(T0, 999),
        leaseMs: 1000,
        waitMaxMs: 60_000,
      }),
    ).toBeUndefined();
    const lapsed = await store.ingests.beginStop({
      taskId,
      at: addMs(T0, 1000),
      leaseMs: 1000,
      waitMaxMs: 60_000,
    });
    expect(lapsed?.ingest).toMatchObject({ fence: 2, stopAskedAt: T0 });
  });

  test("an outdated fence ends nothing", async () => {
    const { taskId } = await runningIngest(store);
    await store.ingests.beginStop({ taskId, at: T0, leaseMs: 1000, waitMaxMs: 60_000 });
    const stale = { taskId, fence: 0, reason: "expired" as const, at: T0 };
    expect(await store.ingests.markEnded(stale)).toBeUndefined();
    expect(await store.ingests.markEnded({ ...stale, fence: 1 })).toMatchObject({ state: "ended" });
    expect(await store.ingests.markEnded({ ...stale, fence: 1 })).toBeUndefined();
  });

  test("a claim for a deadline that has moved stops nothing", async () => {
    const { taskId, deadlineAt } = await runningIngest(store);
    const [claim] = await claimOnly(taskId, deadlineAt);
    const moved = addMs(deadlineAt, MINUTE_MS);
    await store.ingests.markUpdated({
      taskId,
      deadlineAt: moved,
      play: {},
      signature: undefined,
      at: T0,
    });
    const stop = { taskId, fence: claim?.fence ?? -1, leaseMs: 1000, waitMaxMs: 60_000 };
    expect(await store.ingests.beginDueStop({ ...stop, at: deadlineAt })).toBeUndefined();
    expect(await store.ingests.beginDueStop({ ...stop, at: moved })).toMatchObject({
      ingest: { endReason: "expired" },
    });
  });

  test("a claim that is given back is free again at the given time", async () => {
    const { taskId, deadlineAt } = await runningIngest(store);
    const [claim] = await claimOnly(taskId, deadlineAt);
    expect(await claimOnly(taskId, deadlineAt)).toEqual([]);
    const retryAt = addMs(deadlineAt, 1000);
    await store.ingests.release({ taskId, fence: claim?.fence ?? -1, retryAt });
    expect(await claimOnly(taskId, addMs(retryAt, -1))).toEqual([]);
    expect(await claimOnly(taskId, retryAt)).toMatchObject([{ fence: 2 }]);
  });

  test("the next run looks again when a deadline comes, or when a claim lapses", async () => {
    await database.query("delete from ingest");
    const horizonAt = addMs(T0, 60 * MINUTE_MS);
    const next = (before: Date) =>
      store.ingests.nextClaimAt({ at: T0, horizonAt: before, aheadMs: 1000 });
    expect(await next(horizonAt)).toBeUndefined();
    const { taskId, deadlineAt } = await runningIngest(store);
    expect(await next(horizonAt)).toEqual(addMs(deadlineAt, -1000));
    expect(await next(addMs(deadlineAt, -1))).toBeUndefined();
    await claimOnly(taskId, deadlineAt);
    expect(await next(horizonAt)).toEqual(addMs(deadlineAt, 10_000));
  });

  test("a start that waits for its slot counts as long as its lease holds", async () => {
    await database.query("delete from ingest");
    const { deadlineAt } = newIngest();
    await store.ingests.beginStart(newIngest({ leaseMs: 5000 }));
    const span = { horizonAt: deadlineAt, aheadMs: 1000 };
    expect(await store.ingests.nextClaimAt({ ...span, at: T0 })).toEqual(addMs(deadlineAt, -1000));
    expect(await store.ingests.nextClaimAt({ ...span, at: addMs(T0, 5000) })).toBeUndefined();
  });

  test("a holder that read the row before a stop cannot set the reason of its end", async () => {
    const { taskId, deadlineAt } = await runningIngest(store);
    const [claim] = await claimOnly(taskId, deadlineAt);
    const fence = claim?.fence ?? -1;
    const asked = { at: deadlineAt, leaseMs: 1000, waitMaxMs: 60_000 };
    await store.ingests.beginDueStop({ taskId, fence, ...asked });
    const stale = { taskId, fence, reason: "finished" as const, at: deadlineAt };
    expect(await store.ingests.markEnded(stale)).toBeUndefined();
  });

  test("the longest overdue are claimed first", async () => {
    await database.query("delete from ingest");
    const late = await runningIngest(store, { deadlineAt: addMs(T0, 2000) });
    const later = await runningIngest(store, { deadlineAt: addMs(T0, 1000) });
    const at = addMs(T0, 5000);
    const claimed = await store.ingests.claimDue({ at, horizonAt: at, leaseMs: 1000, limit: 1 });
    expect(claimed.map(({ taskId }) => taskId)).toEqual([later.taskId]);
    const rest = await store.ingests.claimDue({ at, horizonAt: at, leaseMs: 1000, limit: 9 });
    expect(rest.map(({ taskId }) => taskId)).toEqual([late.taskId]);
  });

  test("an account has a maximum of claims, and other accounts' ingests come before its further ones", async () => {
    await database.query("delete from ingest");
    const crowd = [];
    for (let n = 0; n < 6; n += 1) {
      crowd.push(await runningIngest(store, { account: "crowd", deadlineAt: addMs(T0, n) }));
    }
    const other = await runningIngest(store, { account: "other", deadlineAt: addMs(T0, 100) });
    const at = addMs(T0, 1000);
    const claim = async (limit: number) => {
      const claim = { at, horizonAt: at, leaseMs: 5000, limit, accountMax: 3 };
      return (await store.ingests.claimDue(claim)).map(({ taskId }) => taskId);
    };
    const ids = crowd.map(({ taskId }) => taskId);
    expect(await claim(2)).toEqual(ids.slice(0, 2));
    expect(await claim(9)).toEqual([ids[2], other.taskId]);
    expect(await claim(9)).toEqual([]);
    // Another run ends one of them, which makes room for one.
    await store.ingests.markEnded({ taskId: ids[0] ?? "", fence: 1, reason: "finished", at });
    expect(await claim(9)).toEqual([ids[3]]);
    // An end that a caller asked for does not count while it is carried out.
    await store.ingests.beginStop({ taskId: ids[1] ?? "", at, leaseMs: 5000, waitMaxMs: 60_000 });
    expect(await claim(9)).toEqual([ids[4]]);
  });

  test("an account with the maximum of claims is checked again in a second", async () => {
    await database.query("delete from ingest");
    for (let n = 0; n < 3; n += 1) await runningIngest(store, { deadlineAt: T0 });
    const at = addMs(T0, 1000);
    const look = () =>
      store.ingests.nextClaimAt({ at, horizonAt: at, aheadMs: 1000, accountMax: 2 });
    const claim = { at, horizonAt: at, leaseMs: 5000, limit: 1, accountMax: 2 };
    await store.ingests.claimDue(claim);
    expect(await look()).toEqual(addMs(T0, -1000));
    await store.ingests.claimDue(claim);
    expect(await look()).toEqual(addMs(at, 1000));
  });

  test("a signature is known after its update took effect, and deleted when it is old", async () => {
    const { taskId } = await runningIngest(store);
    const isKnown = async () => (await database.query("select from used_signature")).length > 0;
    expect(await isKnown()).toBe(false);
    const update = { taskId, deadlineAt: undefined, play: { Volume: 7 }, signature: "s1", at: T0 };
    expect(await store.ingests.markUpdated(update)).toMatchObject({ play: { Volume: 7 } });
    expect(await isKnown()).toBe(true);
    const again = { ...update, play: { Volume: 8 } };
    expect(await store.ingests.markUpdated(again)).toBeUndefined();
    expect(await store.ingests.read(taskId)).toMatchObject({ play: { Volume: 7 } });
    await store.signatures.forget(T0);
    expect(await isKnown()).toBe(true);
    await store.signatures.forget(addMs(T0, 1));
    expect(await isKnown()).toBe(false);
  });

  test("the database itself refuses a row that violates the rules of its state", async () => {
    const { taskId } = await runningIngest(store);
    for (const set of ["end_reason = 'stopped'", "state = 'ended'", "trtc_task_id = null"]) {
      await expect(
        database.query(`update ingest set ${set} where task_id = $1`, [taskId]),
      ).rejects.toThrow(/check constraint/);
    }
  });

  async function claimOnly(taskId: string, at: Date) {
    const claims = await store.ingests.claimDue({ at, horizonAt: at, leaseMs: 10_000, limit: 100 });
    return claims.filter((claim) => claim.taskId === taskId);
  }
});
