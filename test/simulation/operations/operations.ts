/** Every store operation for the model and the SQL, with few values of each kind. */
import fc from "../../support/properties.js";
import { addMs } from "../../../shared/clock.js";
import type { EndReason } from "../../../shared/store/ingests/ingest-row.js";
import { budgetOperations } from "./budgets.js";
import {
  accountMax,
  callerId,
  CALLERS,
  deadlineOf,
  leaseMs,
  newRow,
  startOf,
  waitMaxMs,
} from "./new-row.js";
import { fence, type Operation, operation, sequence, soonMs, taskId } from "./operation.js";
import { overlapOperations } from "./overlap.js";
import { programmeOperations } from "./programmes.js";
import { roomEvents } from "./room-events.js";
import { successorOperations } from "./successors.js";
import { scheduledOperations } from "./scheduled.js";
import { scheduleOperations } from "./schedules.js";
import { leaseUntil, USE_OPERATIONS } from "./used-signatures.js";

const reason = fc.constantFrom<EndReason>("stopped", "expired", "finished", "failed", "lost");

const cause = fc.constantFrom(undefined, "caller" as const, "room-dismissed" as const);
const givenUp = fc.constantFrom(undefined, "start-given-up" as const);

const mediaState = fc.constantFrom(null, "connecting" as const);

const deadLetter = fc.constantFrom("l1", "l2", "l3");

const LETTER = { source: "ckafka:ingests", messageId: "m", message: "why", payload: { a: 1 } };

/**
 * All claims of one run take one row, or all take every row. Of two rows with one time, either may
 * come first.
 */
export const operations = (limit: number): fc.Arbitrary<Operation>[] => [
  ...roomEvents(limit),
  ...budgetOperations,
  operation({ soonMs }, (store, { soonMs: ms }, at) =>
    store.ingests.forgetEnded({ endedBefore: addMs(at, ms - 5000), limit: 100 }),
  ),
  operation({ newRow, leaseMs, waitMaxMs }, (store, { newRow: row, ...times }, at) =>
    store.ingests.beginStart({ ...startOf(row, at), ...times }),
  ),
  operation({ newRow, leaseMs }, (store, { newRow: row, ...times }, at) =>
    store.ingests.beginStart({ ...startOf(row, at), ...times, waitMaxMs: 60_000 }),
  ),
  operation({ newRow }, (store, { newRow: row }, at) =>
    store.ingests.findConflict(startOf(row, at)),
  ),
  operation({ taskId, fence, soonMs, mediaState }, (store, { soonMs: ms, ...drawn }, at) => {
    const deadlineAt = deadlineOf(drawn.taskId, at, ms);
    const trtcTaskId = `trtc-${drawn.taskId}`;
    return store.ingests.markRunning({
      ...drawn,
      trtcTaskId,
      startedAt: at,
      deadlineAt,
      latestAt: at,
    });
  }),
  operation({ taskId, fence, retry: fc.boolean(), cause: givenUp }, (store, drawn, at) =>
    store.ingests.markFailed({ ...drawn, code: "FailedOperation", message: "m", at }),
  ),
  operation(
    { taskId, leaseMs, waitMaxMs, cause, reason: fc.constantFrom(undefined, "failed" as const) },
    (store, { reason: why, ...drawn }, at) =>
      store.ingests.beginStop({ ...drawn, at, ...(why !== undefined && { reason: why }) }),
  ),
  operation({ taskId, fence, leaseMs, waitMaxMs }, (store, drawn, at) =>
    store.ingests.beginDueStop({ ...drawn, at }),
  ),
  operation({ taskId, cause }, (store, drawn, at) => store.ingests.askStop({ ...drawn, at })),
  operation({ taskId, fence, reason }, (store, drawn, at) =>
    store.ingests.markEnded({ ...drawn, at }),
  ),
  operation(
    { taskId, fence, soonMs, now: fc.boolean() },
    (store, { soonMs: ms, now, ...drawn }, at) =>
      store.ingests.release({ ...drawn, retryAt: now ? undefined : addMs(at, ms) }),
  ),
  operation({ soonMs, leaseMs, accountMax }, (store, { soonMs: ms, ...drawn }, at) =>
    store.ingests.claimDue({ ...drawn, at, horizonAt: addMs(at, ms * 10), limit }),
  ),
  operation({ soonMs, accountMax }, (store, { soonMs: ms, ...drawn }, at) =>
    store.ingests.nextClaimAt({ ...drawn, at, horizonAt: addMs(at, ms * 10), aheadMs: 1000 }),
  ),
  operation({ leaseMs }, (store, drawn, at) =>
    store.ingests.claimUnfinished({ ...drawn, at, limit }),
  ),
  operation({ taskId, leaseMs }, (store, drawn, at) => store.ingests.claimStart({ ...drawn, at })),
  operation({ taskId, fence, leaseMs }, (store, drawn, at) =>
    store.ingests.claimGone({ ...drawn, at }),
  ),
  operation({ leaseMs, later: fc.constantFrom(0, 600_000) }, (store, { later, ...drawn }, at) =>
    store.ingests.claimLateStarts({ ...drawn, at: addMs(at, later), limit }),
  ),
  operation({ taskId, fence }, (store, drawn) => store.ingests.clearLateStart(drawn)),
  operation({ leaseMs, soonMs }, (store, { soonMs: ms, ...drawn }, at) =>
    store.ingests.beginFailedSourceStops({ ...drawn, at, lastSeenBefore: addMs(at, ms), limit }),
  ),
  operation({ soonMs }, (store, { soonMs: ms }, at) =>
    store.ingests.claimStaleTasks({ at, quietSince: addMs(at, -Math.abs(ms)), limit }),
  ),
  operation({ callerId, taskId, trtc: fc.boolean() }, (store, { callerId: caller, ...drawn }) =>
    store.ingests.find({
      callerId: caller,
      taskId: drawn.trtc ? `trtc-${drawn.taskId}` : drawn.taskId,
    }),
  ),
  operation({ taskId }, (store, drawn) => store.ingests.read(drawn.taskId)),
  operation(
    {
      callerId,
      roomIdType: fc.constantFrom(undefined, 0, 1),
      state: fc.constantFrom(
        undefined,
        "scheduled" as const,
        "starting" as const,
        "ended" as const,
      ),
      before: fc.constantFrom(undefined, "ing-c"),
      count: fc.integer({ min: 1, max: 3 }),
    },
    (store, { count, ...filter }) => store.ingests.list({ ...filter, limit: count }),
  ),
  operation(
    {
      taskId,
      soonMs: fc.option(soonMs, { nil: undefined }),
      play: fc.constantFrom({}, { Volume: 7 }),
      failuresMs: fc.constantFrom(undefined, -1, -5000),
      signature: fc.constantFrom(undefined, "s1", "s2"),
      turn: fc.option(fc.record({ sequence, stepFence: fence }), { nil: undefined }),
      use: fc.option(
        fc.record({
          leaseUntil,
          second: fc.constantFrom(undefined, 1, 2),
          traceId: fc.constantFrom(undefined, "x"),
        }),
        { nil: undefined },
      ),
    },
    (store, { soonMs: ms, failuresMs, use: drawn, ...to }, at) => {
      const use = drawn && { ...drawn, arrivedAt: at };
      const deadlineAt = ms === undefined ? undefined : deadlineOf(to.taskId, at, ms);
      const failuresAfter = failuresMs === undefined ? undefined : addMs(at, failuresMs);
      return store.ingests.markUpdated({ ...to, deadlineAt, failuresAfter, use, at });
    },
  ),
  operation(
    { taskId, sequence: fc.option(sequence, { nil: undefined }), leaseMs },
    (store, { leaseMs: ms, ...turn }, at) =>
      store.ingests.takeUpdateTurn({ ...turn, at, leaseUntil: addMs(at, ms) }),
  ),
  operation({ taskId, stepFence: fence }, (store, turn) => store.ingests.endUpdateTurn(turn)),
  ...scheduledOperations(limit),
  ...programmeOperations(limit),
  ...successorOperations,
  ...overlapOperations,
  ...scheduleOperations(limit),
  ...USE_OPERATIONS,
  operation({ soonMs }, (store, { soonMs: ms }, at) => store.signatures.forget(addMs(at, ms))),
  operation(
    {
      account: fc.constantFrom("intl", "cn"),
      waitMaxMs,
      callerId: fc.constantFrom(undefined, ...CALLERS, "crowd", "crowd"),
      isAgain: fc.boolean(),
      times: fc.constantFrom(1, 1, 25),
    },
    async (store, { times, ...drawn }) => {
      const told: unknown[] = [];
      for (let n = 0; n < times; n += 1) {
        const slot = await store.slots.take({ ...drawn, action: "StopStreamIngest" });
        told.push(slot && [Math.round(slot.msUntil()), slot.isToAskAgain]);
      }
      return { told };
    },
  ),
  operation(
    { id: deadLetter, code: fc.constantFrom("InvalidRequest", "InternalError") },
    (store, drawn, at) => store.deadLetters.add({ ...drawn, receivedAt: at, ...LETTER }),
  ),
  operation({ id: deadLetter, other: deadLetter }, (store, { id, other }, at) =>
    store.deadLetters.resolve({ ids: [id, other], at }),
  ),
  operation({ soonMs }, (store, { soonMs: ms }, at) =>
    store.deadLetters.forgetResolved(addMs(at, ms)),
  ),
  operation({ all: fc.boolean(), count: fc.integer({ min: 1, max: 3 }) }, (store, drawn, at) =>
    store.deadLetters.list({
      all: drawn.all,
      limit: drawn.count,
      after: drawn.count === 1 ? { receivedAt: addMs(at, -5000), id: "l2" } : undefined,
    }),
  ),
  operation({ id: deadLetter }, (store, drawn) => store.deadLetters.read(drawn.id)),
  operation({ id: deadLetter }, (store, drawn) => store.deadLetters.drop(drawn.id)),
  operation({ callerId, token: fc.constantFrom("t1", "t2") }, (store, drawn) =>
    store.deadLetters.isTokenSpent({
      callerId: drawn.callerId,
      clientToken: `${drawn.callerId} ${drawn.token}`,
    }),
  ),
];
