/** Scheduled starts, as operations of the store. */
import fc from "../../support/properties.js";
import { addMs } from "../../../shared/clock.js";
import {
  accountMax,
  callerId,
  deadlineOf,
  leaseMs,
  newRow,
  startOf,
  waitMaxMs,
} from "./new-row.js";
import { fence, type Operation, operation, sequence, soonMs, taskId } from "./operation.js";
import { leaseUntil } from "./used-signatures.js";

const asked = fc.constantFrom({}, { MaxDuration: 5 }, { StopTime: "2026-01-01T01:00:00Z" });
const windowMs = fc.constantFrom(0, 3000, 60_000);
const advanceFence = fc.integer({ min: 0, max: 2 });
const maxIngests = fc.constantFrom(undefined, undefined, 1, 2);

/** StartTimes differ from row to row, as deadlines do. */
const startsAtOf = deadlineOf;

const REFUSAL = { code: "LimitExceeded", message: "m" };

export const scheduledOperations = (limit: number): fc.Arbitrary<Operation>[] => [
  operation(
    { newRow, startsMs: soonMs, windowMs, asked, heldMs: fc.option(leaseMs) },
    (store, { newRow: row, startsMs, windowMs: window, asked: bounds, heldMs }, at) => {
      const startsAt = startsAtOf(row.taskId, at, startsMs);
      const schedule = {
        startsAt,
        startBy: addMs(startsAt, window),
        asked: bounds,
        heldUntil: heldMs === null ? null : addMs(at, heldMs),
      };
      const start = { ...startOf(row, at), schedule, leaseMs: 0, waitMaxMs: 0 };
      return store.ingests.beginStart(start);
    },
  ),
  operation({ soonMs, leaseMs, accountMax }, (store, { soonMs: ms, ...claim }, at) =>
    store.scheduled.claimDue({ ...claim, at, horizonAt: addMs(at, ms * 10), limit }),
  ),
  operation({ soonMs, accountMax }, (store, { soonMs: ms, ...before }, at) =>
    store.scheduled.nextClaimAt({ ...before, at, horizonAt: addMs(at, ms * 10), aheadMs: 1000 }),
  ),
  operation(
    { taskId, callerId, advanceFence, leaseMs, waitMaxMs, maxIngests, soonMs },
    async (store, drawn, at) => {
      const row = await store.ingests.read(drawn.taskId);
      return store.scheduled.begin({
        claimed: {
          taskId: drawn.taskId,
          advanceFence: drawn.advanceFence,
          callerId: row?.callerId ?? drawn.callerId,
          account: row?.account ?? "intl",
        },
        at: addMs(at, drawn.soonMs),
        leaseMs: drawn.leaseMs,
        waitMaxMs: drawn.waitMaxMs,
        quotas: { maxIngests: drawn.maxIngests },
      });
    },
  ),
  operation({ taskId, fence, soonMs }, (store, { soonMs: ms, ...claim }, at) => {
    const advanceAt = startsAtOf(claim.taskId, at, ms);
    return store.scheduled.reschedule({ ...claim, ...REFUSAL, advanceAt });
  }),
  operation({ taskId, advanceFence, soonMs }, (store, { soonMs: ms, ...claim }, at) => {
    const advanceAt = startsAtOf(claim.taskId, at, ms);
    return store.scheduled.postpone({ ...claim, ...REFUSAL, advanceAt });
  }),
  operation({ taskId, advanceFence }, (store, claim) => store.scheduled.release(claim)),
  operation({ taskId, cause: fc.constantFrom(undefined, "caller" as const) }, (store, stop, at) =>
    store.scheduled.cancel({ ...stop, at }),
  ),
  operation({ soonMs }, (store, { soonMs: ms }, at) =>
    store.scheduled.listMissed({ at: addMs(at, ms * 10), limit }),
  ),
  operation({ taskId, soonMs }, (store, { taskId: id, soonMs: ms }, at) =>
    store.scheduled.markMissed({ taskId: id, at: addMs(at, ms), ...REFUSAL }),
  ),
  operation(
    {
      taskId,
      startsMs: soonMs,
      windowMs,
      asked,
      isMoved: fc.boolean(),
      isStale: fc.boolean(),
      play: fc.constantFrom({}, { Volume: 7 }),
      sequence: fc.option(sequence, { nil: undefined }),
      signature: fc.constantFrom(undefined, "s1", "s2"),
      use: fc.option(fc.record({ leaseUntil, second: fc.constantFrom(undefined, 1, 2) }), {
        nil: undefined,
      }),
    },
    async (
      store,
      { startsMs, windowMs: window, asked: bounds, isMoved, isStale, use, ...to },
      at,
    ) => {
      const startsAt = startsAtOf(to.taskId, at, startsMs);
      const deadlineAt = startsAtOf(to.taskId, at, startsMs + 60_000);
      const row = isStale ? undefined : await store.ingests.read(to.taskId);
      return store.scheduled.markUpdated({
        ...to,
        before: row ?? { startsAt: at, deadlineAt: at, latestAt: at },
        schedule: {
          startsAt,
          startBy: addMs(startsAt, window),
          asked: bounds,
          isMoved,
          deadlineAt,
          latestAt: addMs(deadlineAt, 60_000),
        },
        use: use && { ...use, arrivedAt: at },
        movedAt: at,
        at,
      });
    },
  ),
];
