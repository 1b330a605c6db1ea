/**
 * A holder with an outdated claim changes nothing. This covers every statement with a fence, and
 * every statement with the attempt of an event. On real PostgreSQL.
 */
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { addMs, MINUTE_MS } from "../../shared/clock.js";
import type { Database, Row } from "../../shared/store/engine/database.js";
import { createStore, type Store } from "../../shared/store/store.js";
import { openTestPostgres } from "../support/database/databases.js";
import { newProgramme, onAirSince } from "../support/app/programmes.js";
import { newIngest, runningIngest, T0 } from "../support/app/ingests.js";

const STORE_DIRECTORY = new URL("../../shared/store/", import.meta.url);

let database: Database;
let store: Store;

beforeAll(async () => {
  database = await openTestPostgres();
  store = createStore(database);
});
beforeEach(() => database.query("truncate ingest, outbox, call_slot"));
afterAll(() => database.close());

interface Held {
  taskId: string;
  /** The current holder's fence or attempt. */
  claim: number;
}

interface FencedStatement {
  /** Creates a row with a holder. */
  hold: () => Promise<Held>;
  act: (taskId: string, claim: number) => Promise<unknown>;
}

const END = addMs(T0, 60 * MINUTE_MS);
const programme = newProgramme();

const SLOT = { leaseMs: 1000, waitMaxMs: 60_000 };

/** A start whose first holder is gone, and that another run has claimed. */
async function resumedStart(): Promise<Held> {
  const { taskId } = await store.ingests
    .beginStart(newIngest({ notify: true }))
    .then((begun) => (begun.outcome === "begun" ? begun.ingest : { taskId: "" }));
  const claimed = await store.ingests.claimStart({ taskId, at: END, leaseMs: 1000 });
  return { taskId, claim: claimed?.fence ?? Number.NaN };
}

async function claimedRunning(): Promise<Held> {
  const { taskId, deadlineAt } = await runningIngest(store);
  const at = deadlineAt;
  const [claimed] = await store.ingests.claimDue({ at, horizonAt: at, leaseMs: 1000, limit: 1 });
  return { taskId, claim: claimed?.fence ?? Number.NaN };
}

/** A turn whose first holder is gone, and that a second update has taken. */
async function takenTurn(): Promise<Held> {
  const { taskId } = await runningIngest(store);
  const take = (at: Date) =>
    store.ingests.takeUpdateTurn({ taskId, sequence: 7, at, leaseUntil: addMs(at, 1000) });
  await take(T0);
  const taken = await take(addMs(T0, 1000));
  return { taskId, claim: taken?.stepFence ?? Number.NaN };
}

async function claimedLateStarts(): Promise<Held> {
  const { taskId, claim: fence } = await resumedStart();
  const failure = { code: "X", message: "m", retry: false };
  await store.ingests.markFailed({ taskId, fence, ...failure, at: END });
  const [claimed] = await store.ingests.claimLateStarts({
    at: addMs(END, END.getTime()),
    leaseMs: 1,
    limit: 1,
  });
  return { taskId, claim: claimed?.fence ?? Number.NaN };
}

/** A scheduled start that is due, and that a second run has claimed. */
async function claimedScheduled(): Promise<Held> {
  const schedule = { startsAt: T0, startBy: END, asked: {}, heldUntil: null };
  const { taskId } = newIngest({ schedule });
  await store.ingests.beginStart(newIngest({ taskId, schedule }));
  const claim = (at: Date) =>
    store.scheduled.claimDue({ at, horizonAt: at, leaseMs: 1000, limit: 1 });
  await claim(T0);
  const [claimed] = await claim(addMs(T0, 1000));
  return { taskId, claim: claimed?.advanceFence ?? Number.NaN };
}

const beginScheduled = async (taskId: string, advanceFence: number) => {
  const claimed = { taskId, advanceFence, callerId: "caller", account: "intl" };
  const begun = await store.scheduled.begin({ claimed, at: END, ...SLOT, quotas: {} });
  return begun.outcome === "begun" ? begun : undefined;
};

/** An attempt of a scheduled start, after one that was refused. */
async function attemptedScheduled(): Promise<Held> {
  const { taskId, claim } = await claimedScheduled();
  const refusal = { code: "X", message: "m" };
  await store.scheduled.postpone({ taskId, advanceFence: claim, advanceAt: T0, ...refusal });
  const begun = await beginScheduled(taskId, claim);
  return { taskId, claim: begun?.ingest.fence ?? Number.NaN };
}

/** An event whose first delivery failed, and that is claimed again. */
async function claimedEvent(): Promise<Held> {
  const { taskId } = await runningIngest(store, { notify: true });
  const claim = (at: Date) =>
    store.outbox.claim({ callerId: "caller", at, leaseMs: 1000, limit: 1 });
  await claim(T0);
  const [claimed] = await claim(addMs(T0, 1000));
  return { taskId, claim: claimed?.attempts ?? Number.NaN };
}

/** A running programme whose step is due, and that a second run has claimed. */
async function claimedStep(): Promise<Held> {
  const { taskId } = newIngest({ programme });
  await store.ingests.beginStart(newIngest({ taskId, programme }));
  await store.ingests.markRunning({
    taskId,
    fence: 0,
    trtcTaskId: "trtc",
    startedAt: T0,
    deadlineAt: END,
    latestAt: END,
    began: { programme, onAir: onAirSince(T0), stepAt: T0, streamUrl: "https://example.com/a.mp4" },
  });
  await store.programmes.claimStep({ taskId, at: T0, leaseMs: 1000 });
  const claimed = await store.programmes.claimStep({ taskId, at: T0, leaseMs: 1000 });
  return { taskId, claim: claimed?.stepFence ?? Number.NaN };
}

const STATEMENTS: Readonly<Record<string, FencedStatement>> = {
  markRunning: {
    hold: resumedStart,
    act: (taskId, fence) =>
      store.ingests.markRunning({
        taskId,
        fence,
        trtcTaskId: "trtc",
        startedAt: END,
        deadlineAt: END,
        latestAt: END,
      }),
  },
  markFailed: {
    hold: resumedStart,
    act: (taskId, fence) =>
      store.ingests.markFailed({ taskId, fence, code: "X", message: "m", retry: true, at: END }),
  },
  beginDueStop: {
    hold: claimedRunning,
    act: (taskId, fence) => store.ingests.beginDueStop({ taskId, fence, at: END, ...SLOT }),
  },
  markEnded: {
    hold: claimedRunning,
    act: (taskId, fence) => store.ingests.markEnded({ taskId, fence, reason: "finished", at: END }),
  },
  release: {
    hold: claimedRunning,
    act: (taskId, fence) => store.ingests.release({ taskId, fence, retryAt: END }),
  },
  claimGone: {
    hold: claimedRunning,
    act: (taskId, fence) =>
      store.ingests.claimGone({ taskId, fence, at: addMs(END, 1000), leaseMs: 1 }),
  },
  clearLateStart: {
    hold: claimedLateStarts,
    act: (taskId, fence) => store.ingests.clearLateStart({ taskId, fence }),
  },
  endUpdateTurn: {
    hold: takenTurn,
    act: (taskId, stepFence) => store.ingests.endUpdateTurn({ taskId, stepFence }),
  },
  markUpdated: {
    hold: takenTurn,
    act: (taskId, stepFence) =>
      store.ingests.markUpdated({
        taskId,
        deadlineAt: undefined,
        play: { Volume: 7 },
        turn: { sequence: 7, stepFence },
        signature: undefined,
        at: END,
      }),
  },
  "scheduled.begin": { hold: claimedScheduled, act: beginScheduled },
  "scheduled.postpone": {
    hold: claimedScheduled,
    act: (taskId, advanceFence) =>
      store.scheduled.postpone({ taskId, advanceFence, advanceAt: END, code: "X", message: "m" }),
  },
  "scheduled.release": {
    hold: claimedScheduled,
    act: (taskId, advanceFence) => store.scheduled.release({ taskId, advanceFence }),
  },
  "scheduled.reschedule": {
    hold: attemptedScheduled,
    act: (taskId, fence) =>
      store.scheduled.reschedule({ taskId, fence, advanceAt: END, code: "X", message: "m" }),
  },
  "programmes.beginStep": {
    hold: claimedStep,
    act: (taskId, stepFence) =>
      store.programmes.beginStep({
        claimed: { taskId, stepFence, callerId: "caller", account: "intl" },
        at: END,
        needsSlot: true,
        ...SLOT,
      }),
  },
  "programmes.markStepped": {
    hold: claimedStep,
    act: (taskId, stepFence) =>
      store.programmes.markStepped(
        { taskId, stepFence, at: END, programme, onAir: onAirSince(END), stepAt: null },
        "item",
      ),
  },
  "programmes.releaseStep": {
    hold: claimedStep,
    act: (taskId, stepFence) => store.programmes.releaseStep({ taskId, stepFence, stepAt: END }),
  },
  "programmes.markRestarting": {
    hold: claimedRunning,
    act: (taskId, fence) =>
      store.programmes.markRestarting({
        taskId,
        fence,
        programme,
        onAir: onAirSince(END),
        advanceAt: END,
        heldUntil: null,
      }),
  },
  "programmes.markRestarting, of a step": {
    hold: claimedStep,
    act: (taskId, stepFence) =>
      store.programmes.markRestarting({
        taskId,
        fence: 0,
        stepFence,
        programme,
        onAir: onAirSince(END),
        advanceAt: END,
        heldUntil: null,
      }),
  },
  "outbox.postpone": {
    hold: claimedEvent,
    act: (taskId, attempts) => store.outbox.postpone({ taskId, position: 1, attempts, tryAt: END }),
  },
  "outbox.addDeadLetter": {
    hold: claimedEvent,
    act: (taskId, attempts) =>
      store.outbox.addDeadLetter({ taskId, position: 1, attempts, reason: "r", at: END }),
  },
};

/** All tables that these statements may change. */
const everything = async (): Promise<Row[][]> =>
  Promise.all([
    database.query("select * from ingest order by task_id"),
    database.query("select * from outbox order by task_id, position"),
    database.query("select * from call_slot order by account, action"),
  ]);

describe.each(Object.entries(STATEMENTS))("%s", (_, { hold, act }) => {
  test.each([
    ["before", -1],
    ["after", 1],
  ])("by the holder of the claim %s this one changes nothing", async (_when, other) => {
    const { taskId, claim } = await hold();
    expect(claim).toBeGreaterThan(0);
    const before = await everything();
    expect(await act(taskId, claim + other)).toBeUndefined();
    expect(await everything()).toEqual(before);
  });

  test("by the current holder is carried out", async () => {
    const { taskId, claim } = await hold();
    const before = await everything();
    await act(taskId, claim);
    expect(await everything()).not.toEqual(before);
  });
});

describe("the name of an update", () => {
  const LEASE_UNTIL = addMs(T0, 5000);
  const OTHER = addMs(LEASE_UNTIL, 1);
  const claim = (fields: object = {}) =>
    store.signatures.claim({
      signature: "s",
      requestHash: "h",
      at: T0,
      leaseUntil: LEASE_UNTIL,
      ...fields,
    });
  const update = (taskId: string, leaseUntil: Date) =>
    store.ingests.markUpdated({
      taskId,
      deadlineAt: END,
      play: { Volume: 7 },
      signature: "s",
      at: T0,
      use: { leaseUntil, arrivedAt: T0, traceId: "trace" },
    });
  const names = () => database.query("select * from used_signature");
  const rows = async () => [await everything(), await names()];

  beforeEach(() => database.query("truncate used_signature"));

  test("is recorded with its effect by the current holder only", async () => {
    const { taskId } = await runningIngest(store);
    await claim();
    const before = await rows();
    expect(await update(taskId, OTHER)).toBeUndefined();
    expect(await update(taskId, addMs(LEASE_UNTIL, -1))).toBeUndefined();
    expect(await rows()).toEqual(before);
    expect(await update(taskId, LEASE_UNTIL)).toMatchObject({ play: { Volume: 7 } });
    expect(await names()).toMatchObject([{ lease_until: null, traces: ["trace"] }]);
    expect(await update(taskId, LEASE_UNTIL)).toBeUndefined();
  });

  test("is not recorded while its ingest starts again, so its repeat takes effect", async () => {
    const { taskId } = await runningIngest(store);
    await claim();
    const set = (columns: string) =>
      database.query(`update ingest set ${columns} where task_id = $1`, [taskId]);
    await set("state = 'starting', advance_at = created_at");

    expect(await update(taskId, LEASE_UNTIL)).toBeUndefined();

    expect(await names()).toMatchObject([{ lease_until: LEASE_UNTIL, traces: null }]);
    await set("state = 'running', advance_at = null");
    expect(await update(taskId, LEASE_UNTIL)).toMatchObject({ play: { Volume: 7 } });
  });

  test("is not recorded when a newer update took effect", async () => {
    const { taskId } = await runningIngest(store);
    const newer = { taskId, deadlineAt: undefined, play: {}, signature: undefined, at: T0 };
    await store.ingests.markUpdated({ ...newer, turn: { sequence: 7, stepFence: 0 } });
    await claim();
    const before = await rows();

    for (const sequence of [5, 7]) {
      const late = { ...newer, signature: "s", use: { leaseUntil: LEASE_UNTIL, arrivedAt: T0 } };
      const turn = { sequence, stepFence: 0 };
      expect(await store.ingests.markUpdated({ ...late, turn })).toBeUndefined();
    }

    expect(await rows()).toEqual(before);
  });

  test("is given back by the current holder only", async () => {
    await claim();
    const before = await names();
    await store.signatures.release({ signature: "s", leaseUntil: OTHER });
    await store.signatures.release({ signature: "another", leaseUntil: LEASE_UNTIL });
    expect(await names()).toEqual(before);
    await store.signatures.release({ signature: "s", leaseUntil: LEASE_UNTIL });
    expect(await names()).toEqual([]);
  });

  test("that took effect once stays known when it is given back", async () => {
    const { taskId } = await runningIngest(store);
    await claim();
    await update(taskId, LEASE_UNTIL);
    const again = { signature: "s", usedAt: T0, leaseUntil: OTHER };
    expect(await store.signatures.claimAgain(again)).toBe(true);
    expect(await store.signatures.claimAgain(again)).toBe(false);
    await store.signatures.release({ signature: "s", leaseUntil: LEASE_UNTIL });
    expect(await names()).toMatchObject([{ lease_until: OTHER }]);
    await store.signatures.release({ signature: "s", leaseUntil: OTHER });
    expect(await names()).toMatchObject([{ lease_until: null, traces: ["trace"] }]);
    expect(await store.signatures.claimAgain({ ...again, usedAt: addMs(T0, 1) })).toBe(false);
  });

  test("is free for the same request from the instant when its lease lapses", async () => {
    expect(await claim()).toBe("begun");
    const later = { leaseUntil: addMs(LEASE_UNTIL, 5000) };
    expect(await claim({ ...later, at: addMs(LEASE_UNTIL, -1) })).toMatchObject({
      leaseUntil: LEASE_UNTIL,
    });
    expect(await claim({ ...later, at: LEASE_UNTIL, requestHash: "another" })).toMatchObject({
      requestHash: "h",
    });
    expect(await claim({ ...later, at: LEASE_UNTIL, requestHash: undefined })).toMatchObject({
      requestHash: "h",
    });
    expect(await claim({ ...later, at: LEASE_UNTIL })).toBe("begun");
  });
});

describe("the sources of the store", () => {
  const comparisons = readdirSync(STORE_DIRECTORY, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) => [
      ...readFileSync(new URL(name, STORE_DIRECTORY), "utf8").matchAll(
        /\b(fence|advance_fence|step_fence|attempts) (\S+) \$/g,
      ),
    ])
    .map(([, , operator]) => operator);

  test("compare a claim for equality only", () => {
    expect(new Set(comparisons)).toEqual(new Set(["="]));
  });

  test("compare a claim as often as this suite tests", () => {
    expect(comparisons).toHaveLength(Object.keys(STATEMENTS).length);
  });
});
