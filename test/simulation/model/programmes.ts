/** shared/store/programmes, statement by statement. */
import { addMs } from "../../../shared/clock.js";
import type { Restart } from "../../../shared/store/programmes/restarts.js";
import type { ClaimedStep, StepAttempt, Stepped } from "../../../shared/store/programmes/steps.js";
import { maySwap, type Swap } from "../../../shared/store/programmes/successors.js";
import { failuresAmong } from "./room/media.js";
import { grantSlot, type RawSlot } from "./slots.js";
import { change, isAtMost, later, put, type StoredIngest, type Tables } from "./tables.js";

const isClaimed =
  ({ stepFence }: Pick<ClaimedStep, "stepFence">) =>
  (row: StoredIngest): boolean =>
    row.stepFence === stepFence && row.state === "running";

export function beginStep(
  tables: Tables,
  { claimed, at, leaseMs, needsSlot, waitMaxMs }: StepAttempt,
  databaseNowMs: number,
): { ingest: StoredIngest; slot: RawSlot | undefined } | undefined {
  const { account, callerId, taskId } = claimed;
  const ingest = change(tables, taskId, {
    where: (row) => isClaimed(claimed)(row) && isAtMost(row.stepAt, at),
    set: () => ({ stepLeaseUntil: addMs(at, leaseMs) }),
  });
  if (!ingest) return undefined;
  const asked = { account, callerId, action: "UpdateStreamIngest", waitMaxMs, databaseNowMs };
  return { ingest, slot: needsSlot ? grantSlot(tables, asked) : undefined };
}

export const claimStep = (
  tables: Tables,
  { taskId, at, leaseMs }: { taskId: string; at: Date; leaseMs: number },
): StoredIngest | undefined =>
  change(tables, taskId, {
    where: ({ state, programme, successorOf }) =>
      state === "running" && programme !== null && successorOf === null,
    set: ({ stepFence }) => ({
      stepAt: at,
      stepFence: stepFence + 1,
      stepLeaseUntil: addMs(at, leaseMs),
    }),
  });

export const markStepped = (
  tables: Tables,
  { taskId, programme, onAir, stepAt, streamUrl, failuresAfter, ...claim }: Stepped,
): StoredIngest | undefined =>
  change(tables, taskId, {
    where: isClaimed(claim),
    set(row) {
      const after = failuresAfter ? later(row.failuresAfter, failuresAfter) : row.failuresAfter;
      const isOther = streamUrl !== undefined;
      const hasFailed = row.mediaState === "failed" || row.mediaState === "retrying";
      return {
        programme,
        onAir,
        stepAt,
        stepLeaseUntil: null,
        stepFence: row.stepFence + 1,
        play: isOther ? { ...row.play, StreamUrl: streamUrl } : row.play,
        media: isOther && streamUrl !== row.play.StreamUrl ? null : row.media,
        mediaState: isOther && hasFailed ? "connecting" : row.mediaState,
        mediaFailures: failuresAmong(row.mediaFailures, after),
        failuresAfter: after,
      };
    },
  });

export function releaseStep(
  tables: Tables,
  { taskId, stepAt, ...claim }: ClaimedStep & { stepAt?: Date | undefined },
): void {
  change(tables, taskId, {
    where: isClaimed(claim),
    set: (row) => ({ stepLeaseUntil: null, stepAt: stepAt ?? row.stepAt }),
  });
}

export const markRestarting = (tables: Tables, to: Restart): StoredIngest | undefined =>
  change(tables, to.taskId, {
    where: (row) =>
      row.fence === to.fence &&
      row.state === "running" &&
      row.stopAskedAt === null &&
      (to.stepFence === undefined || row.stepFence === to.stepFence),
    set: (row) => ({
      state: "starting",
      fence: row.fence + 1,
      leaseUntil: null,
      advanceAt: to.advanceAt,
      advanceLeaseUntil: to.heldUntil,
      advanceFence: row.advanceFence + 1,
      startBy: row.deadlineAt,
      programme: to.programme,
      onAir: to.onAir,
      stepAt: null,
      stepLeaseUntil: null,
      stepFence: row.stepFence + 1,
      mediaFailures: [],
      failuresAfter: row.mediaAt ? later(row.failuresAfter, row.mediaAt) : row.failuresAfter,
      emptyAt: null,
      endCause: null,
    }),
  });

export const findSuccessor = ({ ingests }: Tables, taskId: string): StoredIngest | undefined =>
  [...ingests.values()]
    .filter(({ successorOf }) => successorOf === taskId)
    .filter(({ state }) => state === "starting" || state === "running")
    .sort((a, b) => (a.taskId < b.taskId ? 1 : -1))[0];

/** One transaction of the database. */
export function swapTasks(
  tables: Tables,
  { parent, successor, onAir, stepAt, at, leaseMs }: Swap,
): { ingest: StoredIngest; old: StoredIngest } | undefined {
  const before = tables.ingests.get(parent.taskId);
  const fresh = tables.ingests.get(successor.taskId);
  if (!before || !fresh || !maySwap(before, parent, at) || !maySwap(fresh, successor, at)) {
    return undefined;
  }
  const after = ({ fence, stepFence }: StoredIngest) => ({
    fence: fence + 1,
    stepFence: stepFence + 1,
    stepLeaseUntil: null,
  });
  const ingest = put(tables, {
    ...before,
    ...taskOf(fresh),
    ...after(before),
    ...{ onAir, stepAt, leaseUntil: null },
  });
  const old = put(tables, {
    ...fresh,
    ...taskOf(before),
    ...after(fresh),
    onAir: before.onAir,
    stepAt: null,
    state: "stopping",
    endReason: "stopped",
    stopAskedAt: at,
    leaseUntil: addMs(at, leaseMs),
  });
  return { ingest, old };
}

const taskOf = ({
  trtcTaskId,
  robotUserId,
  lateStartUntil,
  reconciledAt,
  lastSeenAt,
  mediaState,
  mediaAt,
  mediaFailures,
  failuresAfter,
}: StoredIngest) => ({
  ...{ trtcTaskId, robotUserId, lateStartUntil, reconciledAt, lastSeenAt },
  ...{ mediaState, mediaAt, mediaFailures, failuresAfter },
});
