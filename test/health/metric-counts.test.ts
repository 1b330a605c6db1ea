/** Each start has one outcome, and each ingest that played has one end. Triggers count them. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, SECOND_MS } from "../../shared/clock.js";
import type { Database } from "../../shared/store/engine/database.js";
import { readCounts } from "../../shared/store/health/counts.js";
import { readSpending } from "../../shared/store/health/spending.js";
import type { EndReason } from "../../shared/store/ingests/ingest-row.js";
import { createStore, type Store } from "../../shared/store/store.js";
import { newIngest, runningIngest, T0, type Wanted } from "../support/app/ingests.js";
import { newProgramme, onAirSince } from "../support/app/programmes.js";
import { ENGINES, openTestPostgres } from "../support/database/databases.js";

type Counts = Readonly<Record<string, number>>;

const countsOf = async ({ query }: Database): Promise<Counts> =>
  Object.fromEntries(
    (await readCounts(query)).map(({ name, label, value }) => [`${name} ${label}`.trim(), value]),
  );

describe.each(ENGINES)("%s", (_name, open) => {
  let database: Database;
  let store: Store;
  beforeAll(async () => {
    database = await open();
    store = createStore(database);
  });
  beforeEach(() => database.query("truncate metric_count, ingest, ingest_event, schedule cascade"));
  afterAll(() => database.close());

  const counts = () => countsOf(database);
  const end = async (reason: EndReason, fields: Partial<Wanted> = {}) => {
    const { taskId, fence } = await runningIngest(store, fields);
    return store.ingests.markEnded({ taskId, fence, reason, at: addMs(T0, SECOND_MS) });
  };

  test("a start counts once it runs, and its end by its reason", async () => {
    await store.ingests.beginStart(newIngest());
    expect(await counts()).toEqual({});
    await runningIngest(store);
    expect(await counts()).toEqual({ "starts started": 1 });
    for (const reason of ["finished", "finished", "lost"] as const) await end(reason);
    expect(await counts()).toEqual({
      "starts started": 4,
      "ends finished": 2,
      "ends lost": 1,
    });
  });

  test("a start that fails counts as failed and by its code, and as no end", async () => {
    const { taskId } = newIngest();
    await store.ingests.beginStart(newIngest({ taskId }));
    const failure = { code: "InvalidParameter.RoomId", message: "m", retry: false, at: T0 };
    await store.ingests.markFailed({ taskId, fence: 0, ...failure });
    expect(await counts()).toEqual({
      "starts failed": 1,
      "start_failures InvalidParameter.RoomId": 1,
    });
  });

  test.each([
    ["missed", "failed", "missed"],
    ["cancelled", "stopped", "caller"],
    ["cancelled", "expired", null],
  ])("a start that did not come to pass counts as %s (%s, %s)", async (outcome, reason, cause) => {
    const row = newIngest();
    await store.ingests.beginStart(row);
    await database.query(
      "update ingest set state = 'ended', ended_at = now(), end_reason = $2, end_cause = $3 where task_id = $1",
      [row.taskId, reason, cause],
    );
    expect(await counts()).toEqual({ [`starts ${outcome}`]: 1 });
  });

  test("the lateness of a stop counts in its bucket, from the instant at which it was due", async () => {
    const stop = async (lateMs: number) => {
      const { taskId, fence, deadlineAt } = await runningIngest(store);
      const at = addMs(deadlineAt, lateMs);
      const begun = await store.ingests.beginDueStop({
        ...{ taskId, fence, leaseMs: 1000, waitMaxMs: 60_000 },
        at: addMs(deadlineAt, 10),
      });
      const ended = { taskId, fence: begun?.ingest.fence ?? -1, reason: "expired" as const, at };
      expect(await store.ingests.markEnded(ended)).toMatchObject({ endReason: "expired" });
    };
    for (const lateMs of [500, 501, 4000, 4_000_000]) await stop(lateMs);
    const lateness = (await readCounts(database.query)).filter(
      ({ name }) => name === "stop_lateness",
    );
    expect(lateness.map(({ label, value, totalMs }) => [label, value, totalMs])).toEqual([
      ["+Inf", 1, 4_000_000],
      ["0.5", 1, 500],
      ["1", 1, 501],
      ["5", 1, 4000],
    ]);
  });

  test("a restart counts as one, and not as another start", async () => {
    const { taskId, fence } = await runningIngest(store);
    const at = { advanceAt: T0, heldUntil: null };
    const programme = newProgramme();
    const restart = { taskId, fence, programme, onAir: onAirSince(T0), ...at };
    const restarting = await store.programmes.markRestarting(restart);
    const { deadlineAt, latestAt } = newIngest();
    await store.ingests.markRunning({
      ...{ taskId, fence: restarting?.fence ?? -1, trtcTaskId: "again", startedAt: T0 },
      ...{ deadlineAt, latestAt, isRestart: true },
    });
    expect(await counts()).toEqual({ "starts started": 1, restarts: 1 });
  });

  test("a change of the source counts by the new source, and a change of the item does not", async () => {
    const { taskId } = await runningIngest(store);
    const play = (change: object) =>
      database.query("update ingest set on_air = $2 where task_id = $1", [
        taskId,
        JSON.stringify(onAirSince(T0, change)),
      ]);
    await play({});
    await play({ index: 1 });
    await play({ index: 1, source: "backup" });
    await play({ index: 2, source: "primary" });
    expect(await counts()).toEqual({
      "starts started": 1,
      "source_switches backup": 1,
      "source_switches primary": 1,
    });
  });

  test("the hidden row of a roll-over counts nothing", async () => {
    const { taskId } = await runningIngest(store);
    await database.query(
      "update ingest set state = 'starting', started_at = null, successor_of = 'another' where task_id = $1",
      [taskId],
    );
    await database.query("update ingest set state = 'running', started_at = now()");
    await database.query(
      "update ingest set state = 'ended', ended_at = now(), end_reason = 'lost'",
    );
    expect(await counts()).toEqual({ "starts started": 1 });
  });

  test("an occurrence that is settled as missed counts once", async () => {
    await database.query(
      `insert into schedule (schedule_id, caller_id, sdk_app_id, room_id, room_id_type, name, comment,
         state, definition, request_hash, revision, tzdata, planned_until, created_at, updated_at)
       values ('s', 'caller', 1, 'room', 0, 'name', '', 'Enabled', '{}', '', 1, '', now(), now(), now())`,
    );
    await database.query(
      `insert into occurrence (schedule_id, nominal_at, starts_at, ends_at, revision, state)
       select 's', at, at, at, 1, state
       from unnest(array['Planned', 'Missed', 'Done']) with ordinality as o (state, n)
       cross join lateral (select now() + n * interval '1 hour' as at) as t`,
    );
    await database.query("update occurrence set state = 'Missed' where state = 'Planned'");
    expect(await counts()).toEqual({});
    await database.query("update occurrence set settled_at = now()");
    await database.query("update occurrence set detail = 'seen again', settled_at = now()");
    expect(await counts()).toEqual({ missed_occurrences: 2 });
  });

  test("a notification counts each time that it is given up, and stays counted when it goes", async () => {
    await database.query(
      `insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
       select 'ing-' || n, 1, 'caller', 'ingest.started', $1, '{}', $1, $1 from generate_series(1, 2) n`,
      [T0],
    );
    const giveUp = (taskId: string, attempts: number) =>
      store.outbox.addDeadLetter({ taskId, position: 1, attempts, reason: "HTTP 500", at: T0 });
    await giveUp("ing-1", 7);
    expect(await counts()).toEqual({});
    await giveUp("ing-1", 0);
    await giveUp("ing-1", 0);
    await giveUp("ing-2", 0);
    expect(await counts()).toEqual({ notifications_given_up: 2 });
    await store.outbox.revive({ taskId: "ing-1", position: 1, at: T0 });
    await giveUp("ing-1", 0);
    await store.outbox.forgetDead(addMs(T0, SECOND_MS));
    expect(await counts()).toEqual({ notifications_given_up: 3 });
  });

  test("what ended ingests played and cost stays when old days are deleted", async () => {
    await database.query("truncate spend_day, spend_count");
    const spend = (ms: number, usd: number) =>
      database.query(
        `insert into spend_day as known (caller_id, day, sdk_app_id, shard, ingests, played_ms, micro_usd)
         values ('caller', '2026-01-01', 1, 1, 1, $1, $2)
         on conflict (caller_id, day, sdk_app_id, shard) do update
         set played_ms = known.played_ms + $1, micro_usd = known.micro_usd + $2`,
        [ms, usd],
      );
    await spend(60_000, 14_980);
    await spend(30_000, 7490);
    await database.query("delete from spend_day");
    await spend(1000, 250);
    expect(await readSpending(database.query)).toEqual({ playedMs: 91_000, microUsd: 22_720 });
  });

  test("counts stay when the rows go", async () => {
    await end("finished");
    const before = await counts();
    const endedBefore = addMs(T0, 60 * SECOND_MS);
    expect(await store.ingests.forgetEnded({ endedBefore, limit: 10 })).toBe(1);
    expect(await counts()).toEqual(before);
  });
});

describe("statements at the same time", () => {
  let database: Database;
  beforeAll(async () => {
    database = await openTestPostgres();
  });
  afterAll(() => database.close());

  test("wait for no other one's count, in any order", async () => {
    const count = (name: string) => `select count_metric('${name}', '', 0)`;
    await database.query(count("a"));
    await database.query(count("b"));
    let finished = 0;
    await database.transaction(async (one) => {
      await one(count("a"));
      await database.transaction(async (other) => {
        await other(count("b"));
        await other(count("a"));
        // Each would wait for the other one, if rows were shared.
        await one(count("b"));
        finished += 1;
      });
      finished += 1;
    });
    expect(finished).toBe(2);
    expect(await countsOf(database)).toEqual({ a: 3, b: 3 });
  });

  test("share the rows of a count afterwards, and lose none", async () => {
    await database.query("truncate metric_count");
    const one = () => database.query("select count_metric('c', 'label', 7)");
    await Promise.all(Array.from({ length: 200 }, one));
    expect(await readCounts(database.query)).toMatchObject([
      { name: "c", label: "label", value: 200, totalMs: 1400 },
    ]);
    const [rows] = await database.query("select count(*)::int as count from metric_count");
    expect(rows?.["count"]).toBeLessThan(20);
  });
});
