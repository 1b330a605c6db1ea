/** Steps and restarts of programmes, as operations of the store. */
import fc from "../../support/properties.js";
import { addMs } from "../../../shared/clock.js";
import { newProgramme, onAirSince } from "../../support/app/programmes.js";
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

const stepFence = fc.integer({ min: 0, max: 3 });

export const programmeOf = (at: Date) =>
  newProgramme({
    items: [{ StreamUrl: "https://example.com/a.mp4", Title: "A", PlaySeconds: 10 }],
    rounds: -1,
    anchor: { at: at.toISOString(), index: 0, round: 0, passedSeconds: 0 },
  });

const began = (id: string, at: Date, ms: number | null) => ({
  programme: programmeOf(at),
  onAir: onAirSince(at),
  stepAt: ms === null ? null : deadlineOf(id, at, ms),
});

export const programmeOperations = (limit: number): fc.Arbitrary<Operation>[] => [
  operation({ newRow, leaseMs, waitMaxMs }, (store, { newRow: row, ...times }, at) =>
    store.ingests.beginStart({ ...startOf(row, at), ...times, programme: programmeOf(at) }),
  ),
  operation(
    { taskId, fence, stepMs: fc.option(soonMs), isRestart: fc.boolean() },
    (store, { stepMs, ...to }, at) =>
      store.ingests.markRunning({
        ...to,
        trtcTaskId: `trtc-${to.taskId}`,
        startedAt: at,
        deadlineAt: deadlineOf(to.taskId, at, 60_000),
        latestAt: at,
        began: { ...began(to.taskId, at, stepMs), streamUrl: "https://example.com/a.mp4" },
      }),
  ),
  operation({ soonMs, leaseMs, accountMax }, (store, { soonMs: ms, ...claim }, at) =>
    store.programmes.claimDue({ ...claim, at, horizonAt: addMs(at, ms * 10), limit }),
  ),
  operation({ soonMs, accountMax }, (store, { soonMs: ms, ...before }, at) =>
    store.programmes.nextClaimAt({ ...before, at, horizonAt: addMs(at, ms * 10), aheadMs: 1000 }),
  ),
  operation(
    { taskId, stepFence, callerId, leaseMs, waitMaxMs, soonMs, needsSlot: fc.boolean() },
    async (store, drawn, at) => {
      const row = await store.ingests.read(drawn.taskId);
      const owner = { callerId: row?.callerId ?? drawn.callerId, account: row?.account ?? "intl" };
      return store.programmes.beginStep({
        claimed: { taskId: drawn.taskId, stepFence: drawn.stepFence, ...owner },
        at: addMs(at, drawn.soonMs),
        leaseMs: drawn.leaseMs,
        needsSlot: drawn.needsSlot,
        waitMaxMs: drawn.waitMaxMs,
      });
    },
  ),
  operation(
    {
      taskId,
      stepFence,
      sequence: fc.option(sequence, { nil: undefined }),
      stepMs: fc.option(soonMs),
      heldMs: fc.option(leaseMs),
      signature: fc.constantFrom(undefined, "s1", "s2"),
    },
    (store, { stepMs, heldMs, stepFence: held, sequence: number, ...to }, at) =>
      store.ingests.markUpdated({
        ...to,
        deadlineAt: undefined,
        play: {},
        turn: { sequence: number, stepFence: held },
        edit: {
          ...began(to.taskId, at, stepMs),
          leaseUntil: heldMs === null ? null : addMs(at, heldMs),
        },
        at,
      }),
  ),
  operation(
    { taskId, startsMs: soonMs, isOutdated: fc.boolean(), isFirst: fc.boolean() },
    async (store, { taskId: id, startsMs, isOutdated, isFirst }, at) => {
      const row = await store.ingests.read(id);
      const before = row?.programme ?? programmeOf(at);
      const startBy = deadlineOf(id, at, startsMs);
      return store.scheduled.markUpdated({
        taskId: id,
        play: {},
        schedule: {
          startsAt: null,
          startBy,
          asked: {},
          deadlineAt: startBy,
          latestAt: startBy,
          isMoved: false,
        },
        before: row ?? { startsAt: null, deadlineAt: startBy, latestAt: startBy },
        movedAt: at,
        edit: {
          before: isOutdated ? { ...before, rounds: before.rounds + 1 } : before,
          programme: programmeOf(at),
          onAir: isFirst ? null : onAirSince(at),
        },
        signature: undefined,
        at,
      });
    },
  ),
  operation({ taskId, leaseMs }, (store, claim, at) =>
    store.programmes.claimStep({ ...claim, at }),
  ),
  operation(
    {
      taskId,
      stepFence,
      stepMs: fc.option(soonMs),
      streamUrl: fc.constantFrom(undefined, "https://example.com/b.mp4"),
      failuresMs: fc.constantFrom(undefined, -1, -5000),
      news: fc.constantFrom("item" as const, "source" as const, "none" as const),
    },
    (store, { stepMs, failuresMs, news, ...to }, at) =>
      store.programmes.markStepped(
        {
          ...to,
          ...began(to.taskId, at, stepMs),
          at,
          failuresAfter: failuresMs === undefined ? undefined : addMs(at, failuresMs),
        },
        news,
      ),
  ),
  operation({ taskId, stepFence, stepMs: fc.option(soonMs) }, (store, { stepMs, ...claim }, at) =>
    store.programmes.releaseStep({
      ...claim,
      stepAt: stepMs === null ? undefined : deadlineOf(claim.taskId, at, stepMs),
    }),
  ),
  operation(
    {
      taskId,
      fence,
      stepFence: fc.option(stepFence, { nil: undefined }),
      soonMs,
      isHeld: fc.boolean(),
    },
    (store, { soonMs: ms, isHeld, ...claim }, at) => {
      const { programme, onAir } = began(claim.taskId, at, null);
      const advanceAt = deadlineOf(claim.taskId, at, ms);
      const heldUntil = isHeld ? addMs(at, 5000) : null;
      return store.programmes.markRestarting({ ...claim, programme, onAir, advanceAt, heldUntil });
    },
  ),
];
