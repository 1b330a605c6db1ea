/** Which ended ingests retention deletes, and which stay. */
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS } from "../../../shared/clock.js";
import type { Database } from "../../../shared/store/engine/database.js";
import { createStore, type Store } from "../../../shared/store/store.js";
import { newIngest, runningIngest, T0 } from "../../support/app/ingests.js";
import { openTestPostgres } from "../../support/database/databases.js";

let database: Database;
let store: Store;
beforeAll(async () => {
  database = await openTestPostgres();
  store = createStore(database);
});
beforeEach(() => database.query("truncate ingest, ingest_event, schedule, occurrence"));
afterAll(() => database.close());

const LATER = addMs(T0, MINUTE_MS);

async function endedAt(at: Date, fields: Parameters<typeof runningIngest>[1] = {}) {
  const { taskId } = await runningIngest(store, fields);
  await store.ingests.markEnded({ taskId, fence: 0, reason: "finished", at });
  return taskId;
}

const forget = (limit = 100) => store.ingests.forgetEnded({ endedBefore: LATER, limit });
const left = async () => {
  const rows = await database.query("select task_id from ingest order by ended_at, task_id");
  return rows.map(({ task_id }) => task_id);
};

test("an ingest goes with its history when it ended before, and one of that instant stays", async () => {
  const old = await endedAt(addMs(LATER, -1));
  const young = await endedAt(LATER);
  expect(await forget()).toBe(1);
  expect(await left()).toEqual([young]);
  expect(await store.history.list({ taskId: old, after: 0, limit: 10 })).toEqual([]);
  expect(await store.history.list({ taskId: young, after: 0, limit: 10 })).toHaveLength(3);
});

test("one that has not ended stays, however old it is", async () => {
  const { taskId } = await runningIngest(store);
  expect(await forget()).toBe(0);
  expect(await left()).toEqual([taskId]);
});

test("one whose robot may still enter its room stays until it is cleared", async () => {
  const start = newIngest();
  await store.ingests.beginStart(start);
  const claim = { at: addMs(T0, MINUTE_MS), leaseMs: 1000, taskId: start.taskId };
  const claimed = await store.ingests.claimStart(claim);
  const failure = { code: "FailedOperation", message: "refused", retry: false, at: T0 };
  const failed = { taskId: start.taskId, fence: claimed?.fence ?? 0, ...failure };
  await store.ingests.markFailed(failed);
  expect(await forget()).toBe(0);
  await store.ingests.clearLateStart(failed);
  expect(await forget()).toBe(1);
});

test("one whose occurrence is not counted yet stays", async () => {
  const taskId = await endedAt(T0);
  await database.query(
    `insert into schedule (schedule_id, caller_id, sdk_app_id, room_id, room_id_type, name, comment, state, definition, request_hash, revision, tzdata, planned_until, failures, created_at, updated_at)
     values ('s', 'caller', 1, 'room', 1, 'n', '', 'Enabled', '{}', 'h', 1, 't', now(), 0, now(), now())`,
  );
  await database.query(
    `insert into occurrence (schedule_id, nominal_at, starts_at, ends_at, revision, state, task_id)
     values ('s', $1, $1, $1, 1, 'Planned', $2)`,
    [T0, taskId],
  );
  expect(await forget()).toBe(0);
  await database.query("update occurrence set settled_at = now()");
  expect(await forget()).toBe(1);
});

test("the longest ended go first, no more than the limit", async () => {
  const ids = [3, 1, 2].map(async (ms) => endedAt(addMs(T0, ms)));
  const [third, first, second] = await Promise.all(ids);
  expect(await forget(2)).toBe(2);
  expect([first, second]).not.toContain((await left())[0]);
  expect(await left()).toEqual([third]);
});

test("a row that another run deletes is left out, and nothing waits for it", async () => {
  const [one, two] = [await endedAt(T0), await endedAt(addMs(T0, 1))];
  await database.transaction(async (query) => {
    await query("select from ingest where task_id = $1 for update", [one]);
    expect(await forget()).toBe(1);
  });
  expect(await left()).toEqual([one]);
  expect(two).not.toBe(one);
});
