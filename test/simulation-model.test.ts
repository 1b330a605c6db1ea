/**
 * The model of the store is the store: whatever is asked of both, in whatever order, they answer the
 * same and hold the same rows. That is what makes a seed on the model say something of the SQL.
 */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { addMs } from "../shared/clock.js";
import type { Database } from "../shared/store/database.js";
import type { EndReason, Ingest } from "../shared/store/ingest-row.js";
import { createStore, type Store } from "../shared/store/store.js";
import { createModelStore } from "./simulation/model/model-store.js";
import { makeTables } from "./simulation/model/tables.js";
import { openTestPostgres } from "./support/databases.js";
import { T0 } from "./support/ingests.js";

let database: Database;
beforeAll(async () => {
  database = await openTestPostgres();
});
afterAll(() => database.close());

type Operation = (store: Store, at: Date) => Promise<unknown>;

const CALLERS = ["one", "two"];
const IDS = ["ing-a", "ing-b", "ing-c", "ing-d"];

/** Few of each, so that operations meet. */
const taskId = fc.constantFrom(...IDS);
const callerId = fc.constantFrom(...CALLERS);
const fence = fc.integer({ min: 0, max: 3 });
const leaseMs = fc.constantFrom(500, 5000, 60_000);
const waitMaxMs = fc.constantFrom(-1, 0, 5, 60, 2000, 60_000);
const soonMs = fc.integer({ min: -3000, max: 8000 });
const reason = fc.constantFrom<EndReason>("stopped", "expired", "finished", "failed", "lost");

const letter = fc.constantFrom("l1", "l2", "l3");

const LETTER = { source: "ckafka:ingests", messageId: "m", message: "why", payload: { a: 1 } };

/** Deadlines differ from row to row: which of two at one instant comes first is nobody's promise. */
const deadlineOf = (id: string, at: Date, ms: number) => addMs(at, ms * 10 + IDS.indexOf(id));

const newRow = fc
  .record({
    taskId,
    callerId,
    robotUserId: fc.constantFrom("dj", "host", "third"),
    token: fc.constantFrom(null, "t1", "t2"),
    roomIdType: fc.constantFrom<0 | 1>(0, 1),
    account: fc.constantFrom("intl", "cn"),
    soonMs,
  })
  .map(({ token, ...row }) => ({ ...row, clientToken: token && `${row.callerId} ${token}` }));

const wanted = (row: typeof newRow extends fc.Arbitrary<infer R> ? R : never, at: Date) => {
  const { soonMs: ms, ...columns } = row;
  return {
    ...columns,
    ...{ site: "intl" as const, region: "ap-singapore", sdkAppId: 1_600_000_000, roomId: "1" },
    play: { StreamUrl: "https://media.example/clip.mp4", RepeatNum: -1 },
    requestHash: "hash",
    createdAt: at,
    latestAt: addMs(at, 600_000),
    deadlineAt: deadlineOf(row.taskId, at, ms),
  };
};

const operation = <T extends Record<string, unknown>>(
  of: { [K in keyof T]: fc.Arbitrary<T[K]> },
  run: (store: Store, drawn: T, at: Date) => Promise<unknown>,
): fc.Arbitrary<Operation> =>
  fc.record(of).map((drawn): Operation =>
    Object.assign((store: Store, at: Date) => run(store, drawn as T, at), {
      [fc.toStringMethod]: () => `${run.toString()} of ${JSON.stringify(drawn)}`,
    }),
  );

const accountMax = fc.constantFrom(undefined, 1, 2);

/** All claims of one run take one row, or all of them take all: of two that tie, either may be first. */
const operations = (limit: number): fc.Arbitrary<Operation>[] => [
  operation({ newRow, leaseMs, waitMaxMs }, (store, { newRow: row, ...times }, at) =>
    store.beginStart({ ...wanted(row, at), ...times }),
  ),
  operation({ newRow, leaseMs }, (store, { newRow: row, ...times }, at) =>
    store.beginStart({ ...wanted(row, at), ...times, waitMaxMs: 60_000 }),
  ),
  operation({ newRow }, (store, { newRow: row }, at) => store.findStart(wanted(row, at))),
  operation({ taskId, fence, soonMs }, (store, { soonMs: ms, ...of }, at) => {
    const deadlineAt = deadlineOf(of.taskId, at, ms);
    const trtcTaskId = `trtc-${of.taskId}`;
    return store.markRunning({ ...of, trtcTaskId, startedAt: at, deadlineAt, latestAt: at });
  }),
  operation({ taskId, fence, retry: fc.boolean() }, (store, of, at) =>
    store.markFailed({ ...of, code: "FailedOperation", message: "m", at }),
  ),
  operation({ taskId, leaseMs, waitMaxMs }, (store, of, at) => store.beginStop({ ...of, at })),
  operation({ taskId, fence, leaseMs, waitMaxMs }, (store, of, at) =>
    store.beginDueStop({ ...of, at }),
  ),
  operation({ taskId }, (store, of, at) => store.askStop({ ...of, at })),
  operation({ taskId, fence, reason }, (store, of, at) => store.markEnded({ ...of, at })),
  operation({ taskId, fence, soonMs, now: fc.boolean() }, (store, { soonMs: ms, now, ...of }, at) =>
    store.release({ ...of, retryAt: now ? undefined : addMs(at, ms) }),
  ),
  operation({ soonMs, leaseMs, accountMax }, (store, { soonMs: ms, ...of }, at) =>
    store.claimDue({ ...of, at, horizonAt: addMs(at, ms * 10), limit }),
  ),
  operation({ soonMs, accountMax }, (store, { soonMs: ms, ...of }, at) =>
    store.nextClaimAt({ ...of, at, horizonAt: addMs(at, ms * 10), aheadMs: 1000 }),
  ),
  operation({ leaseMs }, (store, of, at) => store.claimUnsettled({ ...of, at, limit })),
  operation({ taskId, leaseMs }, (store, of, at) => store.claimStart({ ...of, at })),
  operation({ leaseMs, later: fc.constantFrom(0, 600_000) }, (store, { later, ...of }, at) =>
    store.claimUnsure({ ...of, at: addMs(at, later), limit }),
  ),
  operation({ taskId, fence }, (store, of) => store.clearUnsure(of)),
  operation({ soonMs }, (store, { soonMs: ms }, at) =>
    store.askQuiet({ at, quietSince: addMs(at, -Math.abs(ms)), limit }),
  ),
  operation({ callerId, taskId, trtc: fc.boolean() }, (store, { callerId: caller, ...of }) =>
    store.findIngest({ callerId: caller, taskId: of.trtc ? `trtc-${of.taskId}` : of.taskId }),
  ),
  operation({ taskId }, (store, of) => store.readIngest(of.taskId)),
  operation(
    {
      callerId,
      roomIdType: fc.constantFrom(undefined, 0, 1),
      state: fc.constantFrom(undefined, "starting" as const, "ended" as const),
      before: fc.constantFrom(undefined, "ing-c"),
      count: fc.integer({ min: 1, max: 3 }),
    },
    (store, { count, ...filter }) => store.listIngests({ ...filter, limit: count }),
  ),
  operation(
    {
      taskId,
      soonMs: fc.option(soonMs, { nil: undefined }),
      play: fc.constantFrom({}, { Volume: 7 }),
      signature: fc.constantFrom(undefined, "s1", "s2"),
    },
    (store, { soonMs: ms, ...to }, at) => {
      const deadlineAt = ms === undefined ? undefined : deadlineOf(to.taskId, at, ms);
      return store.markUpdated({ ...to, deadlineAt, at });
    },
  ),
  operation({ signature: fc.constantFrom("s1", "s2") }, (store, of) =>
    store.isSignatureUsed(of.signature),
  ),
  operation({ soonMs }, (store, { soonMs: ms }, at) => store.forgetSignatures(addMs(at, ms))),
  operation({ account: fc.constantFrom("intl", "cn"), waitMaxMs }, (store, of) =>
    store.takeSlot({ ...of, action: "StopStreamIngest" }),
  ),
  operation(
    { id: letter, code: fc.constantFrom("InvalidRequest", "InternalError") },
    (store, of, at) => store.buryMessage({ ...of, receivedAt: at, ...LETTER }),
  ),
  operation({ id: letter }, (store, of, at) => store.resolveDeadLetter({ ...of, at })),
  operation({ all: fc.boolean(), count: fc.integer({ min: 1, max: 3 }) }, (store, of, at) =>
    store.listDeadLetters({
      ...{ all: of.all, limit: of.count },
      after: of.count === 1 ? { receivedAt: addMs(at, -5000), id: "l2" } : undefined,
    }),
  ),
  operation({ id: letter }, (store, of) => store.readDeadLetter(of.id)),
  operation({ id: letter }, (store, of) => store.dropDeadLetter(of.id)),
  operation({ callerId, token: fc.constantFrom("t1", "t2") }, (store, of) =>
    store.isTokenSpent({ callerId: of.callerId, clientToken: `${of.callerId} ${of.token}` }),
  ),
];

/** As many as the store has, so that a new one is not forgotten here; `ready` and `close` do nothing. */
/** Nobody is told anything in a simulation, and TRTC tells nothing: their tests are elsewhere. */
const NOT_TRIED = [
  ...["ready", "close", "outbox"],
  ...["tellTask", "explainEnd", "robotEntered", "robotLeft", "askSoon", "heardOf", "runningInRoom"],
  ...["keepUnclaimed", "dropUnclaimed", "adoptUnclaimed", "countUnclaimed", "takeUnclaimed"],
  ...["endUnclaimed", "forgetUnclaimed", "tellAudience", "countAudience", "forgetAudience"],
];

/** Some more than one second's slots, taken in one go. */
const RUNS = fc.constantFrom(1, 10).chain((limit) =>
  fc.array(fc.tuple(fc.oneof(...operations(limit)), fc.constantFrom(0, 3, 40, 900, 7000)), {
    minLength: 5,
    maxLength: 60,
  }),
);

test("whatever is asked of both, the model answers as the SQL does", async () => {
  await fc.assert(
    fc.asyncProperty(RUNS, async (steps) => {
      await database.query("truncate dead_letter, ingest, call_slot, used_signature");
      let nowMs = T0.getTime();
      const clock = { now: () => new Date(nowMs), elapsedMs: () => nowMs };
      const sql = createStore(database, { clock, isDatabaseOnClock: true });
      const tables = makeTables();
      const databaseNowMs = () => nowMs;
      const model = createModelStore({ tables, databaseNowMs, elapsedMs: clock.elapsedMs });
      for (const [run, passedMs] of steps) {
        // No two operations at one instant: of rows that tie, either may come first.
        nowMs += passedMs + 1;
        const at = new Date(nowMs);
        expect(await answerOf(model as Store, run, at)).toEqual(await answerOf(sql, run, at));
        const rows = await database.query("select * from ingest");
        expect(rows.length).toBe(tables.ingests.size);
      }
      const readAll = async (store: Store) => Promise.all(IDS.map((id) => store.readIngest(id)));
      expect(await readAll(model as Store)).toEqual(await readAll(sql));
    }),
    { numRuns: 150 },
  );
}, 120_000);

test("every operation of the store is among those that are tried", () => {
  const texts = operations(1).map((each) => fc.sample(each, { numRuns: 1, seed: 1 })[0]);
  const tried = texts.map((each) => fc.stringify(each)).join("\n");
  const names = Object.keys(createStore(database)).filter((name) => !NOT_TRIED.includes(name));
  expect(names.filter((name) => !tried.includes(`store.${name}(`))).toEqual([]);
});

/** A slot as the time until it; lists in the order of their ids, since `returning` has none. */
async function answerOf(store: Store, run: Operation, at: Date): Promise<unknown> {
  const answer = await run(store, at);
  if (Array.isArray(answer)) {
    return (answer as Ingest[]).toSorted((a, b) => (a.taskId < b.taskId ? -1 : 1));
  }
  return withWaits(answer);
}

/** What a statement finds beside the row comes along with it. */
const BESIDE = new Set(["slotMs", "databaseNowMs", "tokenKnown"]);

const INSIDE = new Set(["slot", "ingest"]);

function withWaits(answer: unknown): unknown {
  if (typeof answer !== "object" || answer === null || answer instanceof Date) return answer;
  if ("msUntil" in answer) return Math.round((answer as { msUntil: () => number }).msUntil());
  const entries = Object.entries(answer as Record<string, unknown>)
    .filter(([key]) => !BESIDE.has(key))
    .map(([key, value]): [string, unknown] => [key, INSIDE.has(key) ? withWaits(value) : value]);
  return Object.fromEntries(entries);
}
