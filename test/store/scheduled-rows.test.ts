/**
 * The row of a scheduled start under two hands: a move, a stop or a quota between the statements of
 * an attempt. On real PostgreSQL.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS, SECOND_MS, systemClock } from "../../shared/clock.js";
import { askStop } from "../../shared/ingest/stop/ask-stop.js";
import type { Database } from "../../shared/store/engine/database.js";
import type { Ingest } from "../../shared/store/ingests/ingest-row.js";
import { createStore, type Store } from "../../shared/store/store.js";
import { newIngest, runningIngest, T0, type Wanted } from "../support/app/ingests.js";
import { openTestPostgres } from "../support/database/databases.js";

let database: Database;
let store: Store;

beforeAll(async () => {
  database = await openTestPostgres();
  store = createStore(database);
});
beforeEach(() =>
  database.query("truncate ingest, call_slot, caller_place, caller_lane, used_signature"),
);
afterAll(() => database.close());

const STARTS_AT = addMs(T0, MINUTE_MS);
const SCHEDULE = {
  startsAt: STARTS_AT,
  startBy: addMs(STARTS_AT, MINUTE_MS),
  asked: {},
  heldUntil: null,
};
const REFUSAL = { code: "LimitExceeded", message: "m" };
const SOON = addMs(STARTS_AT, 2 * SECOND_MS);

async function scheduledIngest(wanted: Partial<Wanted> = {}): Promise<Ingest> {
  const begun = await store.ingests.beginStart(newIngest({ schedule: SCHEDULE, ...wanted }));
  if (begun.outcome !== "scheduled") throw new Error(begun.outcome);
  return begun.ingest;
}

const begin = (claimed: Ingest) =>
  store.scheduled.begin({
    claimed,
    at: STARTS_AT,
    leaseMs: 30_000,
    waitMaxMs: 60_000,
    quotas: {},
  });

async function move(before: Ingest, startsAt: Date): Promise<void> {
  const { taskId, deadlineAt, latestAt } = before;
  await store.scheduled.markUpdated({
    taskId,
    play: {},
    schedule: { ...SCHEDULE, startsAt, deadlineAt, latestAt, isMoved: true },
    before,
    movedAt: T0,
    signature: undefined,
    at: T0,
  });
}

test.each([
  ["StartTime", { startsAt: addMs(STARTS_AT, 5000) }],
  ["deadline", { deadlineAt: addMs(STARTS_AT, MINUTE_MS) }],
  ["longest end", { latestAt: addMs(STARTS_AT, 2 * MINUTE_MS) }],
])("an update that read an older %s changes nothing", async (_, other) => {
  const row = await scheduledIngest();
  const { taskId, startsAt, deadlineAt, latestAt } = row;
  const schedule = { ...SCHEDULE, startsAt, deadlineAt, latestAt, isMoved: false };

  const changed = await store.scheduled.markUpdated({
    taskId,
    play: { Volume: 50 },
    schedule,
    before: { ...row, ...other },
    movedAt: T0,
    signature: undefined,
    at: T0,
  });

  expect(changed).toBeUndefined();
  expect(await store.ingests.read(taskId)).toEqual(row);
});

test("a start that has moved is not postponed by the run that held its old StartTime", async () => {
  const held = await scheduledIngest();
  const movedTo = addMs(STARTS_AT, MINUTE_MS / 2);
  await move(held, movedTo);

  await store.scheduled.postpone({ ...held, ...REFUSAL, advanceAt: SOON });

  expect(await store.ingests.read(held.taskId)).toMatchObject({ advanceAt: movedTo });
});

test("a start that moves to an earlier time is free to claim at that time", async () => {
  const heldUntil = addMs(STARTS_AT, 10 * SECOND_MS);
  const held = await scheduledIngest({ schedule: { ...SCHEDULE, heldUntil } });
  await move(held, SOON);

  const claimed = await store.scheduled.claimDue({
    at: SOON,
    horizonAt: SOON,
    leaseMs: 1000,
    limit: 1,
  });

  expect(claimed).toHaveLength(1);
});

test("no attempt follows a stop that came while TRTC refused the start", async () => {
  const { taskId, fence } = await scheduledIngest();
  const row = await store.ingests.read(taskId);
  if (row) await begin(row);
  await store.ingests.askStop({ taskId, at: STARTS_AT, cause: "caller" });

  const again = await store.scheduled.reschedule({ taskId, fence, ...REFUSAL, advanceAt: SOON });

  expect(again).toBeUndefined();
  expect(await store.ingests.read(taskId)).toMatchObject({ advanceAt: null });
});

describe("a stop by a row that has changed since it was read", () => {
  const services = () => ({ store, clock: { ...systemClock, now: () => STARTS_AT } });
  const begunRow = async (): Promise<Ingest> => {
    const waiting = await scheduledIngest();
    const begun = await begin(waiting);
    if (begun.outcome !== "begun") throw new Error("not begun");
    return begun.ingest;
  };

  test("ends a start whose attempt was refused meanwhile", async () => {
    const underWay = await begunRow();
    const { taskId, fence } = underWay;
    await store.scheduled.reschedule({ taskId, fence, ...REFUSAL, advanceAt: SOON });

    const { state, endReason } = await askStop(services(), underWay, { cause: "caller" });

    expect([state, endReason]).toEqual(["ended", "stopped"]);
  });

  test("is remembered by a start whose attempt began meanwhile", async () => {
    const waiting = await scheduledIngest();
    await begin(waiting);

    const row = await askStop(services(), waiting, { cause: "caller" });

    expect(row).toMatchObject({ state: "starting", stopAskedAt: STARTS_AT, endCause: "caller" });
  });

  test("changes nothing once the ingest has ended", async () => {
    const underWay = await begunRow();
    const { taskId, fence } = underWay;
    await store.ingests.markEnded({ taskId, fence, reason: "finished", at: SOON });

    expect(await askStop(services(), underWay)).toMatchObject({ endReason: "finished" });
  });
});

test("a run that ends ingests knows a scheduled one that starts and ends before the next run", async () => {
  const deadlineAt = addMs(STARTS_AT, 20 * SECOND_MS);
  const startBy = addMs(STARTS_AT, 10 * SECOND_MS);
  await scheduledIngest({ deadlineAt, schedule: { ...SCHEDULE, startBy } });
  const nextAt = (at: Date) =>
    store.ingests.nextClaimAt({ at, horizonAt: deadlineAt, aheadMs: 1000 });

  expect(await nextAt(T0)).toEqual(addMs(deadlineAt, -1000));
  // Another machine's clock may be 2 s behind, and still start it.
  expect(await nextAt(addMs(startBy, 2 * SECOND_MS - 1))).toEqual(addMs(deadlineAt, -1000));
  expect(await nextAt(addMs(startBy, 2 * SECOND_MS))).toBeUndefined();
});

test("a scheduled start is refused for StartsPerMinute only, however many ingests are live", async () => {
  const quotas = { maxIngests: 1, startsPerMinute: 1 };
  await runningIngest(store, { quotas });

  const second = await store.ingests.beginStart(newIngest({ schedule: SCHEDULE, quotas }));

  expect(second).toMatchObject({ outcome: "over-quota", quota: "StartsPerMinute" });
});

test("the token of a start that is tried again is not spent", async () => {
  const clientToken = "token event-1";
  const { taskId, callerId, advanceFence } = await scheduledIngest({ clientToken });
  const isSpent = () => store.deadLetters.isTokenSpent({ callerId, clientToken });
  await store.scheduled.postpone({ taskId, advanceFence, ...REFUSAL, advanceAt: SOON });
  expect(await isSpent()).toBe(false);

  await store.scheduled.markMissed({ taskId, at: SCHEDULE.startBy, ...REFUSAL });

  expect(await isSpent()).toBe(true);
});

const claimOne = (at: Date, accountMax: number) =>
  store.scheduled.claimDue({ at, horizonAt: at, leaseMs: 10_000, limit: 1, accountMax });

test("an attempt that waits for its slot counts among its account's claims until its claim ends", async () => {
  await scheduledIngest();
  await scheduledIngest();
  const [first] = await claimOne(STARTS_AT, 1);
  if (!first) throw new Error("Nothing was claimed");
  expect(await begin(first)).toMatchObject({ outcome: "begun" });

  expect(await claimOne(SOON, 1)).toEqual([]);
  expect(await claimOne(SOON, 2)).toHaveLength(1);
  const lapsed = addMs(STARTS_AT, 20 * SECOND_MS);
  expect(await claimOne(lapsed, 1)).toHaveLength(1);
});

test("a refused attempt is free to claim at its next time", async () => {
  await scheduledIngest();
  const [claimed] = await claimOne(STARTS_AT, 1);
  if (!claimed) throw new Error("Nothing was claimed");
  await begin(claimed);
  const { taskId, fence } = claimed;
  await store.scheduled.reschedule({ taskId, fence, ...REFUSAL, advanceAt: SOON });

  expect(await claimOne(SOON, 1)).toMatchObject([{ taskId }]);
});

test("a refusal that is written a second time, late, changes nothing", async () => {
  await scheduledIngest();
  const [claimed] = await claimOne(STARTS_AT, 1);
  if (!claimed) throw new Error("Nothing was claimed");
  await begin(claimed);
  const { taskId, fence } = claimed;
  const moved = addMs(SOON, MINUTE_MS);
  await store.scheduled.reschedule({ taskId, fence, ...REFUSAL, advanceAt: moved });

  const late = await store.scheduled.reschedule({ taskId, fence, ...REFUSAL, advanceAt: SOON });

  expect(late).toBeUndefined();
  expect(await store.ingests.read(taskId)).toMatchObject({ advanceAt: moved });
});

test("an update that came too late is not recorded, so its repeat takes effect", async () => {
  const row = await scheduledIngest();
  const leaseUntil = addMs(STARTS_AT, MINUTE_MS);
  await store.signatures.claim({ signature: "late", at: T0, leaseUntil });
  await begin(row);
  const late = {
    taskId: row.taskId,
    play: { Volume: 50 },
    signature: "late",
    use: { leaseUntil, arrivedAt: T0 },
    at: T0,
  };
  const { deadlineAt, latestAt } = row;

  const changed = await store.scheduled.markUpdated({
    ...late,
    schedule: { ...SCHEDULE, deadlineAt, latestAt, isMoved: false },
    before: row,
    movedAt: T0,
  });

  expect(changed).toBeUndefined();
  const names = await database.query("select lease_until from used_signature");
  expect(names).toEqual([{ lease_until: leaseUntil }]);
});

test("an update to another source forgets what was read of the first one", async () => {
  const media = { Container: "mp4", DurationSeconds: 10, Video: null, Audio: null } as const;
  const before = await scheduledIngest({ media });
  const { taskId, deadlineAt, latestAt } = before;
  const update = (play: object) =>
    store.scheduled.markUpdated({
      taskId,
      play,
      schedule: { ...SCHEDULE, deadlineAt, latestAt, isMoved: false },
      before,
      movedAt: T0,
      signature: undefined,
      at: T0,
    });

  expect(await update({ Volume: 50 })).toMatchObject({ media });
  expect(await update({ StreamUrl: "https://media.example/other.mp4" })).toMatchObject({
    media: null,
  });
});
