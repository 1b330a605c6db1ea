/** The hot operations of the store, each on rows that exist beside few and many ended ones. */
import { randomBytes } from "node:crypto";
import { addMs, DAY_MS, MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { listPrices } from "../../../shared/config/money/prices.js";
import { newIngestIds } from "../../../shared/ingest/ids.js";
import type { Query } from "../../../shared/store/engine/database.js";
import { readBacklog } from "../../../shared/store/health/backlog.js";
import { readCounts } from "../../../shared/store/health/counts.js";
import { readDeliveries } from "../../../shared/store/health/deliveries.js";
import { readSlotUse } from "../../../shared/store/health/slots.js";
import { listForOperator } from "../../../shared/store/operator.js";
import type { Store } from "../../../shared/store/store.js";

/** What an operation works on. */
export interface Hot {
  store: Store;
  query: Query;
  /** The instant for which the rows were made. */
  now: Date;
  /** An ended ingest of the caller, another one in each round. */
  endedId: string;
  round: number;
}

const CALLER = "caller";
const APPLICATION = 1_400_000_000;

/** It has many rows, and none of the caller. */
const OTHER_APPLICATION = 1_400_000_007;
const TIMES = { leaseMs: 5 * SECOND_MS, waitMaxMs: MINUTE_MS };
const CLAIM = { leaseMs: 10 * SECOND_MS, limit: 20, accountMax: 40 };
const BUDGETS = [
  {
    callerId: CALLER,
    dailyMicroUsd: 1e12,
    dailyMs: 1e12,
    monthlyMicroUsd: 1e12,
    isEnforced: true,
  },
];

const startOf = ({ now, round }: Hot) => ({
  ...newIngestIds(now, randomBytes),
  ...TIMES,
  callerId: CALLER,
  account: `bench-${round}`,
  site: "intl" as const,
  region: "ap-singapore",
  sdkAppId: APPLICATION,
  roomId: "room",
  roomIdType: 0 as const,
  play: { StreamUrl: "https://media.example.com/clip.mp4" },
  clientToken: `bench-${round}`,
  requestHash: "hash",
  createdAt: now,
  latestAt: addMs(now, DAY_MS),
  deadlineAt: addMs(now, MINUTE_MS),
  prices: listPrices,
  notify: true,
});

/** A life in one transaction, which is undone: each step's time by its name. */
export async function livedThrough(
  hot: Hot,
  timed: (name: string, step: () => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const { store, now } = hot;
  const start = startOf(hot);
  const { taskId, deadlineAt, latestAt } = start;
  const task = { taskId, startedAt: now, deadlineAt, latestAt, trtcTaskId: `trtc-${taskId}` };
  await timed("start", () => store.ingests.beginStart(start));
  await timed("record the outcome", () => store.ingests.markRunning({ ...task, fence: 0 }));
  await timed("begin a stop", () =>
    store.ingests.beginStop({ taskId, reason: "stopped", cause: "caller", at: now, ...TIMES }),
  );
  await timed("end", () =>
    store.ingests.markEnded({ taskId, fence: 1, reason: "stopped", at: now }),
  );
}

/** By name. All are undone after each round. */
export const HOT: Readonly<Record<string, (hot: Hot) => Promise<unknown>>> = {
  "start within a budget and limits": (hot) =>
    hot.store.ingests.beginStart({
      ...startOf(hot),
      budgets: BUDGETS,
      quotas: { maxIngests: 10_000, startsPerMinute: 10_000 },
    }),
  "claim what is due": ({ store, now }) => {
    const at = addMs(now, 25 * MINUTE_MS);
    return store.ingests.claimDue({ ...CLAIM, at, horizonAt: at });
  },
  "look for the next claim": ({ store, now }) =>
    store.ingests.nextClaimAt({ at: now, horizonAt: now, aheadMs: MINUTE_MS, accountMax: 40 }),
  "claim scheduled starts": ({ store, now }) => {
    const at = addMs(now, 25 * MINUTE_MS);
    return store.scheduled.claimDue({ ...CLAIM, at, horizonAt: at });
  },
  "take a slot": ({ store, round }) =>
    store.slots.take({
      account: `bench-${round}`,
      action: "StopStreamIngest",
      callerId: CALLER,
      waitMaxMs: 5000,
    }),
  "describe, ended": ({ store, endedId }) =>
    store.ingests.find({ callerId: CALLER, taskId: endedId }),
  timeline: ({ store, endedId }) => store.history.list({ taskId: endedId, after: 0, limit: 21 }),
  list: ({ store }) => store.ingests.list({ callerId: CALLER, limit: 21 }),
  "list, of another application": ({ store }) =>
    store.ingests.list({ callerId: CALLER, sdkAppId: OTHER_APPLICATION, limit: 21 }),
  "list, lost ones": ({ store }) =>
    store.ingests.list({ callerId: CALLER, endReason: "lost", limit: 21 }),
  "list of the operator, failed": ({ query, now }) =>
    listForOperator(query, { isEnded: true, troubledAt: now, limit: 100 }),
  "list of the operator, another application": ({ query }) =>
    listForOperator(query, { isEnded: true, sdkAppId: OTHER_APPLICATION, limit: 100 }),
  "a scrape of the metrics": async ({ query }) => {
    await readBacklog(query, { graceMs: 2 * MINUTE_MS });
    await readCounts(query);
    await readDeliveries(query);
    await readSlotUse(query);
  },
  "plan schedules": ({ store, now }) =>
    store.schedules.transaction(async (writes) => {
      const at = addMs(now, 20 * MINUTE_MS);
      const due = await writes.claim({ at, limit: 20 });
      await writes.readOpenOccurrences({
        scheduleIds: due.map(({ scheduleId }) => scheduleId),
        at,
      });
    }),
  "settle occurrences": ({ store, now }) => store.schedules.settle({ at: now, limit: 100 }),
  reconcile: async ({ store, now }) => {
    const page = { at: now, leaseMs: 5 * SECOND_MS, limit: 20 };
    await store.ingests.claimUnfinished(page);
    await store.ingests.claimLateStarts(page);
    await store.ingests.beginFailedSourceStops({ ...page, lastSeenBefore: now });
    await store.ingests.claimStaleTasks({ at: now, quietSince: addMs(now, -MINUTE_MS), limit: 20 });
    await store.unclaimedTasks.adopt();
  },
  "a robot was removed (callback)": ({ store, now }) =>
    store.roomEvents.explainRemoval({
      sdkAppId: APPLICATION,
      roomId: "room",
      userId: "robot",
      eventAt: now,
      cause: "robot-removed",
    }),
  "retention, a batch of 500": ({ store, now }) =>
    store.ingests.forgetEnded({ endedBefore: addMs(now, -90 * DAY_MS), limit: 500 }),
};
