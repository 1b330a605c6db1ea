/** shared/store/programmes, statement by statement. */
import { addMs } from "../../../shared/clock.js";
import type { Restart } from "../../../shared/store/programmes/restarts.js";
import type { ClaimedStep, StepAttempt, Stepped } from "../../../shared/store/programmes/steps.js";
import { failuresAmong } from "./room/media.js";
import { grantSlot, type RawSlot } from "./slots.js";
import { change, isAtMost, later, type StoredIngest, type Tables } from "./tables.js";

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
    where: ({ state, programme }) => state === "running" && programme !== null,
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
