/** What always holds of the history: no change without its event, and no event without its change. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Database } from "../../../shared/store/engine/database.js";
import type { Actor } from "../../../shared/store/history/actor.js";
import { EVENT_TYPES } from "../../../shared/contract/timeline.js";
import { createStore, type Store } from "../../../shared/store/store.js";
import { newIngest, runningIngest, T0 } from "../../support/app/ingests.js";
import { openTestPostgres } from "../../support/database/databases.js";

const CALLER: Actor = {
  kind: "caller",
  id: "caller",
  function: "start-ingest",
  from: "192.0.2.7",
  requestId: "request-1",
};

let database: Database;
let store: Store;
let caller: Store;
beforeAll(async () => {
  database = await openTestPostgres();
  store = createStore(database);
  caller = store.by(CALLER);
});
afterAll(() => database.close());

const eventsOf = (taskId: string) => store.history.list({ taskId, after: 0, limit: 100 });
const typesOf = async (taskId: string) => (await eventsOf(taskId)).map(({ type }) => type);

test("a start that meets another one writes no event", async () => {
  const { taskId, sdkAppId, robotUserId } = await runningIngest(caller);
  const other = newIngest({ sdkAppId, robotUserId });
  expect(await caller.ingests.beginStart(other)).toMatchObject({ outcome: "robot-busy" });
  expect(await eventsOf(other.taskId)).toEqual([]);
  expect(await typesOf(taskId)).toEqual(["created", "started"]);
});

test("changes at once have numbers without a gap", async () => {
  const { taskId } = await runningIngest(caller);
  const volumes = Array.from({ length: 20 }, (_, index) => index + 1);
  await Promise.all(
    volumes.map((Volume) => {
      const update = { taskId, deadlineAt: undefined, signature: undefined, at: T0 };
      return caller.ingests.markUpdated({ ...update, play: { Volume } });
    }),
  );
  const sequences = (await eventsOf(taskId)).map(({ sequence }) => sequence);
  expect(sequences).toEqual(Array.from({ length: 22 }, (_, index) => index + 1));
});

test("code from before the history works, and its events have no actor", async () => {
  const { taskId } = newIngest();
  await database.query(`insert into ingest (
      task_id, caller_id, account, site, region, sdk_app_id, room_id, room_id_type, robot_user_id,
      play, request_hash, state, created_at, latest_at, deadline_at
    ) values (
      '${taskId}', 'caller', 'intl', 'intl', 'ap-singapore', 1, 'room', 0, '${taskId}', '{}', 'hash',
      'starting', now(), now(), now()
    )`);
  await database.query(
    `update ingest set state = 'running', trtc_task_id = 'trtc-old', started_at = now()
     where task_id = '${taskId}'`,
  );
  expect(await eventsOf(taskId)).toMatchObject([
    { type: "created", actor: null },
    { type: "started", actor: null },
  ]);
});

test("an event never changes", async () => {
  await runningIngest(caller);
  await expect(database.query("update ingest_event set type = 'ended'")).rejects.toThrow(
    "ingest_event is append-only: add an event, and change none",
  );
});

test("the database and the code have the same types of events", async () => {
  const [row] = await database.query(
    "select pg_get_constraintdef(oid) as types from pg_constraint where conname = 'ingest_event_type_check'",
  );
  const known = [...String(row?.["types"]).matchAll(/'([\w-]+)'/g)].map(([, type]) => type);
  expect(known).toEqual([...EVENT_TYPES]);
});
