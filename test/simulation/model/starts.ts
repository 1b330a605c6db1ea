/** shared/store/ingests/starts.ts, statement by statement. */
import { addMs, SECOND_MS } from "../../../shared/clock.js";
import { perMinute } from "../../../shared/ingest/cost.js";
import type { EndCause, Ingest } from "../../../shared/store/ingests/ingest-row.js";
import type { Running } from "../../../shared/store/ingests/start-outcomes.js";
import type { Conflict, StartKeys } from "../../../shared/store/ingests/conflicts.js";
import type { NewIngest, Schedule } from "../../../shared/store/ingests/new-row.js";
import { LATE_START_MS } from "../../../shared/store/ingests/starts.js";
import { overBudget } from "./budgets.js";
import { countStart, overQuota } from "./quotas.js";
import { grantSlot, isSlotNear, type RawSlot } from "./slots.js";
import { change, later, put, type StoredIngest, type Tables } from "./tables.js";
import { claimUnclaimed } from "./room/unclaimed.js";

export type WantedStart = NewIngest & { leaseMs: number; waitMaxMs: number };

export interface InsertedStart {
  ingest: StoredIngest;
  slot: RawSlot | undefined;
}

/** `undefined` when the statement writes no row: it conflicts, or its slot is too far away. */
export function insertStart(
  tables: Tables,
  start: WantedStart,
  databaseNowMs: number,
): InsertedStart | undefined {
  const { account, callerId, waitMaxMs, quotas } = start;
  const asked = { account, callerId, action: "StartStreamIngest", waitMaxMs, databaseNowMs };
  if (!isSlotNear(tables, asked) || isTaken(tables, start)) return undefined;
  if (overQuota(tables, start, databaseNowMs)) return undefined;
  if (overBudget(tables, candidateOf(start), databaseNowMs)) return undefined;
  if (quotas?.startsPerMinute !== undefined) countStart(tables, callerId, databaseNowMs);
  const leaseUntil = addMs(start.createdAt, start.leaseMs);
  const lateStartUntil = addMs(leaseUntil, LATE_START_MS);
  const ingest = put(tables, { ...newRow(start), leaseUntil, lateStartUntil });
  return { ingest, slot: grantSlot(tables, asked) };
}

/** From its request to its deadline. */
export const candidateOf = ({ budgets = [], createdAt, deadlineAt, prices, media }: NewIngest) => ({
  budgets,
  span: { fromMs: createdAt.getTime(), toMs: deadlineAt.getTime() },
  perMinute: perMinute(prices, media ?? null),
});

/** It takes no slot, and no place of MaxIngests. */
export function insertScheduled(
  tables: Tables,
  start: WantedStart & { schedule: Schedule },
  databaseNowMs: number,
): StoredIngest | undefined {
  const { callerId } = start;
  const quotas = { startsPerMinute: start.quotas?.startsPerMinute };
  if (isTaken(tables, start)) return undefined;
  if (overQuota(tables, { callerId, quotas }, databaseNowMs)) return undefined;
  if (quotas.startsPerMinute !== undefined) countStart(tables, callerId, databaseNowMs);
  return putScheduled(tables, start);
}

/** `undefined` when its key, token or robot is taken. */
export function putScheduled(tables: Tables, start: NewIngest): StoredIngest | undefined {
  if (isTaken(tables, start) || !start.schedule) return undefined;
  const { heldUntil, ...times } = start.schedule;
  return put(tables, {
    ...newRow({ ...start, leaseMs: 0, waitMaxMs: 0 }),
    ...times,
    advanceAt: times.startsAt,
    advanceLeaseUntil: heldUntil,
  });
}

function newRow({ leaseMs, waitMaxMs, notify, quotas, budgets, schedule, ...row }: WantedStart) {
  return {
    ...row,
    state: "starting" as const,
    endReason: null,
    failureCode: null,
    failureMessage: null,
    trtcTaskId: null,
    startedAt: null,
    stopAskedAt: null,
    endedAt: null,
    leaseUntil: null,
    fence: 0,
    lateStartUntil: null,
    reconciledAt: null,
    emptySeconds: row.emptySeconds ?? null,
    emptyAt: null,
    media: row.media ?? null,
    mediaState: null,
    mediaAt: null,
    updateRun: null,
    endCause: null,
    pausedAt: null,
    mediaFailures: [],
    failuresAfter: null,
    lastSeenAt: null,
    startsAt: null,
    startBy: null,
    asked: null,
    advanceAt: null,
    advanceLeaseUntil: null,
    advanceFence: 0,
    programme: row.programme ?? null,
    onAir: row.onAir ?? null,
    stepAt: null,
    stepLeaseUntil: null,
    stepFence: 0,
    sequence: null,
    successorOf: row.successorOf ?? null,
    occurrence: row.occurrence ?? null,
  };
}

/** Without an attempt that was taken over, no late robot is possible any more. */
export const lateStartLeft = ({
  reconciledAt,
  lateStartUntil,
}: Pick<Ingest, "reconciledAt" | "lateStartUntil">): Date | null =>
  reconciledAt === null ? null : lateStartUntil;

/** The unique indexes: the key, the caller's token, and an application's robot. */
const isTaken = ({ ingests }: Tables, wanted: NewIngest): boolean =>
  ingests.has(wanted.taskId) ||
  [...ingests.values()].some((row) => hasToken(row, wanted) || hasRobot(row, wanted));

const hasToken = (row: Ingest, { callerId, clientToken }: StartKeys): boolean =>
  clientToken !== null && row.callerId === callerId && row.clientToken === clientToken;

const hasRobot = (row: Ingest, { sdkAppId, robotUserId }: StartKeys): boolean =>
  row.sdkAppId === sdkAppId &&
  row.robotUserId === robotUserId &&
  (row.state !== "ended" || row.lateStartUntil !== null);

export function findConflict({ ingests }: Tables, wanted: StartKeys): Conflict | undefined {
  const rows = [...ingests.values()];
  const own = rows.find((row) => hasToken(row, wanted));
  if (own) return { outcome: "token-known", ingest: own };
  const busy = rows.find((row) => hasRobot(row, wanted));
  return busy && { outcome: "robot-busy", ingest: busy };
}

interface Claimed {
  taskId: string;
  fence: number;
}

const isHeld = ({ taskId, fence }: Claimed) => ({
  taskId,
  where: (row: StoredIngest) => row.fence === fence && row.state === "starting",
});

export function markRunning(tables: Tables, to: Claimed & Running): StoredIngest | undefined {
  const { trtcTaskId, startedAt, deadlineAt, latestAt, began } = to;
  return change(tables, to.taskId, {
    where: isHeld(to).where,
    set(row) {
      const { sdkAppId, emptySeconds } = row;
      const told = claimUnclaimed(tables, { sdkAppId, trtcTaskId });
      const mediaState = told?.mediaState ?? to.mediaState ?? null;
      return {
        state: "running",
        trtcTaskId,
        startedAt: row.startedAt ?? startedAt,
        deadlineAt,
        latestAt,
        mediaState,
        ...(began && {
          programme: began.programme,
          onAir: began.onAir,
          stepAt: began.stepAt,
          stepLeaseUntil: null,
          stepFence: row.stepFence + 1,
          play: { ...row.play, StreamUrl: began.streamUrl },
        }),
        leaseUntil: null,
        lastSeenAt: told?.endedAt ? null : later(told?.lastSeenAt ?? null, startedAt),
        lateStartUntil: lateStartLeft(row),
        failureCode: null,
        failureMessage: null,
        emptyAt: emptySeconds === null ? null : addMs(startedAt, emptySeconds * SECOND_MS),
        mediaAt: told?.mediaAt ?? (to.mediaState ? startedAt : null),
        mediaFailures: told?.mediaFailures ?? [],
        failuresAfter: told?.failuresAfter ?? null,
      };
    },
  });
}

export function markFailed(
  tables: Tables,
  to: Claimed & {
    code: string;
    message: string;
    retry: boolean;
    at: Date;
    cause?: EndCause | undefined;
  },
): Ingest | undefined {
  return change(tables, to.taskId, {
    where: isHeld(to).where,
    set: (row) => ({
      state: "ended",
      endCause: to.cause ?? row.endCause,
      endReason: "failed",
      failureCode: to.code,
      failureMessage: to.message,
      endedAt: to.at,
      leaseUntil: null,
      clientToken: to.retry ? null : row.clientToken,
      lateStartUntil: lateStartLeft(row),
    }),
  });
}
