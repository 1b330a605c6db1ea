/** shared/store/ingests/scheduled.ts, statement by statement. */
import type { Cut } from "../../../shared/store/schedules/schedule-row.js";
import { withCut } from "./overlap.js";
import { isDeepStrictEqual } from "node:util";
import { addMs } from "../../../shared/clock.js";
import {
  type EndCause,
  type EndReason,
  type Ingest,
  waitsToStart,
} from "../../../shared/store/ingests/ingest-row.js";
import type { Refusal, ScheduledAttempt } from "../../../shared/store/ingests/scheduled.js";
import { LATE_START_MS } from "../../../shared/store/ingests/starts.js";
import type { ScheduledUpdate } from "../../../shared/store/ingests/updates.js";
import { overBudget, plannedOf } from "./budgets.js";
import { overQuota } from "./quotas.js";
import { isNewer, runAfter, takeUse } from "./reads.js";
import { grantSlot, isSlotNear } from "./slots.js";
import { type InsertedStart, lateStartLeft } from "./starts.js";
import { change, isAtMost, later, select, type StoredIngest, type Tables } from "./tables.js";

const isDueFor =
  ({ claimed, at }: Pick<ScheduledAttempt, "claimed" | "at">) =>
  (row: StoredIngest): boolean =>
    row.advanceFence === claimed.advanceFence &&
    row.state === "starting" &&
    isAtMost(row.advanceAt, at);

export function isStillDue({ ingests }: Tables, attempt: ScheduledAttempt): boolean {
  const row = ingests.get(attempt.claimed.taskId);
  return row !== undefined && isDueFor(attempt)(row);
}

/** `undefined` when the row is not due, a quota is used, or the slot is too far away. */
export function beginAttempt(
  tables: Tables,
  attempt: ScheduledAttempt,
  databaseNowMs: number,
): InsertedStart | undefined {
  const { claimed, at, leaseMs, waitMaxMs, quotas } = attempt;
  const { account, callerId, taskId } = claimed;
  const asked = { account, callerId, action: "StartStreamIngest", waitMaxMs, databaseNowMs };
  const limits = { callerId, quotas: { maxIngests: quotas.maxIngests } };
  if (!isSlotNear(tables, asked) || overQuota(tables, limits, databaseNowMs)) return undefined;
  const candidate = {
    budgets: attempt.budgets ?? [],
    ...plannedOf(tables, { taskId }, databaseNowMs),
  };
  if (overBudget(tables, candidate, databaseNowMs)) return undefined;
  const leaseUntil = addMs(at, leaseMs);
  const ingest = change(tables, taskId, {
    where: isDueFor(attempt),
    set: ({ fence, failureCode, lateStartUntil }) => ({
      advanceAt: null,
      leaseUntil,
      fence: failureCode === null ? fence : fence + 1,
      lateStartUntil: later(lateStartUntil, addMs(leaseUntil, LATE_START_MS)),
    }),
  });
  return ingest && { ingest, slot: grantSlot(tables, asked) };
}

type Later = Refusal & { advanceAt: Date };

export const reschedule = (
  tables: Tables,
  { taskId, fence, advanceAt, code, message }: Pick<Ingest, "taskId" | "fence"> & Later,
): StoredIngest | undefined =>
  change(tables, taskId, {
    where: (row) => row.fence === fence && row.state === "starting" && row.stopAskedAt === null,
    set: (row) => ({
      advanceAt,
      advanceLeaseUntil: null,
      leaseUntil: null,
      fence: row.fence + 1,
      lateStartUntil: lateStartLeft(row),
      failureCode: code,
      failureMessage: message,
    }),
  });

export function postpone(
  tables: Tables,
  {
    taskId,
    advanceFence,
    advanceAt,
    code,
    message,
  }: Pick<Ingest, "taskId" | "advanceFence"> & Later,
): void {
  change(tables, taskId, {
    where: (row) => row.advanceFence === advanceFence && waitsToStart(row),
    set: () => ({
      advanceAt,
      advanceLeaseUntil: null,
      failureCode: code,
      failureMessage: message,
    }),
  });
}

export function releaseAdvance(
  tables: Tables,
  { taskId, advanceFence }: Pick<Ingest, "taskId" | "advanceFence">,
): void {
  change(tables, taskId, {
    where: (row) => row.advanceFence === advanceFence,
    set: () => ({ advanceLeaseUntil: null }),
  });
}

export const cancelScheduled = (
  tables: Tables,
  {
    taskId,
    at,
    cause,
    reason = "stopped",
    cut,
  }: { taskId: string; at: Date; cause?: EndCause | undefined; reason?: EndReason; cut?: Cut },
): StoredIngest | undefined =>
  change(tables, taskId, {
    where: waitsToStart,
    set: ({ stopAskedAt, occurrence }) => ({
      state: "ended",
      occurrence: cut ? withCut(occurrence, cut) : occurrence,
      endReason: reason,
      endCause: cause ?? null,
      stopAskedAt: stopAskedAt ?? at,
      endedAt: at,
      advanceAt: null,
    }),
  });

const isMissed = (row: StoredIngest, at: Date): boolean =>
  waitsToStart(row) && isAtMost(row.startBy, at);

export const listMissed = (
  tables: Tables,
  { at, limit }: { at: Date; limit: number },
): StoredIngest[] =>
  select(
    tables,
    (row) => isMissed(row, at),
    ({ advanceAt }) => advanceAt,
  ).slice(0, limit);

export const markMissed = (
  tables: Tables,
  { taskId, at, code, message }: { taskId: string; at: Date } & Refusal,
): StoredIngest | undefined =>
  change(tables, taskId, {
    where: (row) => isMissed(row, at),
    set({ startedAt, failureCode, failureMessage }) {
      const over = { state: "ended", endedAt: at, advanceAt: null } as const;
      if (startedAt !== null && failureCode === null) {
        return { ...over, endReason: "expired", endCause: null };
      }
      return {
        ...over,
        endReason: "failed",
        endCause: failureCode === null ? "missed" : null,
        failureCode: failureCode ?? code,
        failureMessage: failureMessage ?? message,
      };
    },
  });

/** The signature is recorded only with its effect. */
export function markScheduledUpdated(
  tables: Tables,
  to: ScheduledUpdate,
): StoredIngest | undefined {
  const { taskId, play, schedule, before, signature, sequence, edit } = to;
  const row = tables.ingests.get(taskId);
  if (!row || !waitsToStart(row) || !isNewer(row, sequence)) return undefined;
  if (edit && !isDeepStrictEqual(row.programme, edit.before)) return undefined;
  const { startsAt, deadlineAt, latestAt } = row;
  const read = {
    startsAt: before.startsAt,
    deadlineAt: before.deadlineAt,
    latestAt: before.latestAt,
  };
  if (!isDeepStrictEqual({ startsAt, deadlineAt, latestAt }, read)) return undefined;
  if (signature !== undefined && !takeUse(tables, { ...to, signature })) return undefined;
  const { isMoved, ...times } = schedule;
  return change(tables, taskId, {
    where: waitsToStart,
    set: () => ({
      ...times,
      play: { ...row.play, ...play },
      media: (play.StreamUrl ?? row.play.StreamUrl) === row.play.StreamUrl ? row.media : null,
      ...(isMoved && {
        advanceAt: schedule.startsAt,
        advanceLeaseUntil: null,
        advanceFence: row.advanceFence + 1,
      }),
      updateRun: runAfter(row.updateRun, to),
      ...(sequence !== undefined && { sequence }),
      ...(edit && { programme: edit.programme, onAir: edit.onAir }),
    }),
  });
}
