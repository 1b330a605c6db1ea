/** shared/store/schedules/overlap.ts and take-over.ts, statement by statement. */
import { addMs } from "../../../shared/clock.js";
import { isScheduled, type Ingest } from "../../../shared/store/ingests/ingest-row.js";
import type { Extension, Late, Start } from "../../../shared/store/schedules/overlap.js";
import type { Cut, OccurrenceOf } from "../../../shared/store/schedules/schedule-row.js";
import { mayLeave, mayStart, type TakeOver } from "../../../shared/store/schedules/take-over.js";
import { change, isAtMost, put, select, type StoredIngest, type Tables } from "./tables.js";

export const listOthers = (tables: Tables, { claimed, at }: Start): StoredIngest[] =>
  select(
    tables,
    (row) =>
      row.sdkAppId === claimed.sdkAppId &&
      row.roomId === claimed.roomId &&
      row.roomIdType === claimed.roomIdType &&
      row.occurrence !== null &&
      row.state !== "ended" &&
      row.taskId !== claimed.taskId &&
      isInTime(row, claimed, at),
    ({ startsAt }) => startsAt,
  );

const isInTime = (row: StoredIngest, { startsAt }: Start["claimed"], at: Date): boolean =>
  !isScheduled(row) ||
  (startsAt !== null && isAtMost(row.startsAt, startsAt)) ||
  (row.advanceLeaseUntil !== null && row.advanceLeaseUntil > at);

export const withCut = (occurrence: OccurrenceOf | null, cut: Cut): OccurrenceOf | null =>
  occurrence && { ...occurrence, cut };

export const askCut = (
  tables: Tables,
  { taskId, at, cut }: { taskId: string; at: Date; cut: Cut },
): StoredIngest | undefined =>
  change(tables, taskId, {
    where: ({ occurrence, stopAskedAt, state, advanceAt }) =>
      occurrence !== null &&
      stopAskedAt === null &&
      (state === "running" || (state === "starting" && advanceAt === null)),
    set: ({ occurrence }) => ({
      stopAskedAt: at,
      endCause: "cut",
      occurrence: withCut(occurrence, cut),
    }),
  });

export const extend = (
  tables: Tables,
  { taskId, until, rollAt }: Extension,
): StoredIngest | undefined =>
  change(tables, taskId, {
    where: ({ state, stopAskedAt }) =>
      (state === "starting" || state === "running") && stopAskedAt === null,
    set: ({ state, deadlineAt, latestAt, stepAt }) => ({
      deadlineAt: latest(deadlineAt, earliest(until, latestAt)),
      stepAt: state === "running" && rollAt ? earliest(stepAt ?? rollAt, rollAt) : stepAt,
    }),
  });

export function markPassedOver(
  tables: Tables,
  { claimed, at, lateBefore, code, message }: Late,
): string[] {
  const open = select(
    tables,
    (row) =>
      row.sdkAppId === claimed.sdkAppId &&
      row.roomId === claimed.roomId &&
      row.roomIdType === claimed.roomIdType &&
      row.state !== "ended" &&
      row.occurrence !== null &&
      row.occurrence.scheduleId === claimed.occurrence?.scheduleId &&
      row.startsAt !== null &&
      row.startsAt <= at,
    ({ startsAt }) => startsAt,
  );
  const newest = open.findLast(
    (row) => !isScheduled(row) || row.startedAt !== null || (row.startBy ?? at) > at,
  );
  return open
    .filter(({ taskId, startsAt }) => {
      if (!newest?.startsAt || !startsAt || startsAt >= newest.startsAt) return false;
      return change(tables, taskId, {
        where: (row) =>
          isScheduled(row) &&
          row.startedAt === null &&
          row.failureCode === null &&
          startsAt <= lateBefore,
        set: () => ({
          state: "ended",
          endReason: "failed",
          endCause: "missed",
          endedAt: at,
          advanceAt: null,
          failureCode: code,
          failureMessage: message,
        }),
      });
    })
    .map(({ taskId }) => taskId);
}

const earliest = (one: Date, other: Date): Date => (one < other ? one : other);
const latest = (one: Date, other: Date): Date => (one > other ? one : other);

export function takeOver(tables: Tables, take: TakeOver): Ingest | undefined {
  const { winner, loser, reason, programme, onAir, streamUrl, latestAt, at, leaseMs } = take;
  const next = tables.ingests.get(winner.taskId);
  const before = tables.ingests.get(loser.taskId);
  if (!next || !before || !mayStart(next, winner) || !mayLeave(before, loser, at)) return undefined;
  put(tables, {
    ...before,
    state: "ended",
    endReason: "stopped",
    endCause: "cut",
    occurrence: withCut(before.occurrence, { reason, by: winner.taskId }),
    stopAskedAt: at,
    endedAt: at,
    leaseUntil: null,
    fence: before.fence + 1,
    stepAt: null,
    stepLeaseUntil: null,
    stepFence: before.stepFence + 1,
    trtcTaskId: null,
    lateStartUntil: null,
    reconciledAt: null,
  });
  const { trtcTaskId, robotUserId, lateStartUntil, reconciledAt, lastSeenAt } = before;
  return put(tables, {
    ...next,
    ...{ trtcTaskId, robotUserId, lateStartUntil, reconciledAt, lastSeenAt },
    ...{ programme, onAir, latestAt, startedAt: at, stepAt: at },
    state: "running",
    advanceAt: null,
    advanceLeaseUntil: null,
    advanceFence: next.advanceFence + 1,
    leaseUntil: null,
    fence: next.fence + 1,
    failureCode: null,
    failureMessage: null,
    emptyAt: next.emptySeconds === null ? null : addMs(at, next.emptySeconds * 1000),
    mediaState: before.mediaState === null ? null : "connecting",
    mediaAt: before.mediaState === null ? null : at,
    mediaFailures: [],
    failuresAfter: before.mediaAt,
    play: { ...next.play, StreamUrl: streamUrl },
    stepLeaseUntil: addMs(at, leaseMs),
    stepFence: next.stepFence + 1,
  });
}
