/** shared/store/ingests/starts.ts, statement by statement. */
import { addMs, SECOND_MS } from "../../../shared/clock.js";
import type { EndCause, Ingest, MediaState } from "../../../shared/store/ingests/ingest-row.js";
import {
  type Conflict,
  LATE_START_MS,
  type NewIngest,
} from "../../../shared/store/ingests/starts.js";
import { countStart, overQuota } from "./quotas.js";
import { grantSlot, isSlotNear, type RawSlot } from "./slots.js";
import { change, later, put, type StoredIngest, type Tables } from "./tables.js";
import { claimUnclaimed } from "./unclaimed.js";

export type WantedStart = NewIngest & { leaseMs: number; waitMaxMs: number };

export interface InsertedStart {
  ingest: StoredIngest;
  slot: RawSlot | undefined;
}

/** `undefined` when the statement writes no row: it conflicts, or its slot is too far away. */
export function insertStart(
  tables: Tables,
  { leaseMs, waitMaxMs, notify, quotas, ...begun }: WantedStart,
  databaseNowMs: number,
): InsertedStart | undefined {
  const { account, callerId } = begun;
  const asked = { account, callerId, action: "StartStreamIngest", waitMaxMs, databaseNowMs };
  if (!isSlotNear(tables, asked) || isTaken(tables, begun)) return undefined;
  if (overQuota(tables, { ...begun, quotas }, databaseNowMs)) return undefined;
  if (quotas?.startsPerMinute !== undefined) countStart(tables, callerId, databaseNowMs);
  const leaseUntil = addMs(begun.createdAt, leaseMs);
  const ingest = put(tables, {
    ...begun,
    state: "starting",
    endReason: null,
    failureCode: null,
    failureMessage: null,
    trtcTaskId: null,
    startedAt: null,
    stopAskedAt: null,
    endedAt: null,
    leaseUntil,
    fence: 0,
    lateStartUntil: addMs(leaseUntil, LATE_START_MS),
    reconciledAt: null,
    emptySeconds: begun.emptySeconds ?? null,
    emptyAt: null,
    media: begun.media ?? null,
    mediaState: null,
    mediaAt: null,
    updateRun: null,
    endCause: null,
    pausedAt: null,
    mediaFailures: [],
    failuresAfter: null,
    lastSeenAt: null,
  });
  return { ingest, slot: grantSlot(tables, asked) };
}

/** The unique indexes: the key, the caller's token, and an application's robot. */
const isTaken = ({ ingests }: Tables, ingest: NewIngest): boolean =>
  ingests.has(ingest.taskId) ||
  [...ingests.values()].some((row) => hasToken(row, ingest) || hasRobot(row, ingest));

const hasToken = (row: Ingest, { callerId, clientToken }: NewIngest): boolean =>
  clientToken !== null && row.callerId === callerId && row.clientToken === clientToken;

const hasRobot = (row: Ingest, { sdkAppId, robotUserId }: NewIngest): boolean =>
  row.sdkAppId === sdkAppId &&
  row.robotUserId === robotUserId &&
  (row.state !== "ended" || row.lateStartUntil !== null);

export function findConflict({ ingests }: Tables, ingest: NewIngest): Conflict | undefined {
  const rows = [...ingests.values()];
  const own = rows.find((row) => hasToken(row, ingest));
  if (own) return { outcome: "token-known", ingest: own };
  const busy = rows.find((row) => hasRobot(row, ingest));
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

export function markRunning(
  tables: Tables,
  to: Claimed & { trtcTaskId: string; mediaState?: MediaState | null } & Record<
      "startedAt" | "deadlineAt" | "latestAt",
      Date
    >,
): StoredIngest | undefined {
  const { trtcTaskId, startedAt, deadlineAt, latestAt } = to;
  return change(tables, to.taskId, {
    where: isHeld(to).where,
    set({ sdkAppId, fence, lateStartUntil, emptySeconds }) {
      const task = claimUnclaimed(tables, { sdkAppId, trtcTaskId });
      const mediaState = task?.mediaState ?? to.mediaState ?? null;
      return {
        state: "running",
        trtcTaskId,
        startedAt,
        deadlineAt,
        latestAt,
        mediaState,
        leaseUntil: null,
        lastSeenAt: task?.endedAt ? null : later(task?.lastSeenAt ?? null, startedAt),
        lateStartUntil: fence === 0 ? null : lateStartUntil,
        emptyAt: emptySeconds === null ? null : addMs(startedAt, emptySeconds * SECOND_MS),
        mediaAt: task?.mediaAt ?? (to.mediaState ? startedAt : null),
        mediaFailures: task?.mediaFailures ?? [],
        failuresAfter: task?.failuresAfter ?? null,
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
    set: ({ clientToken, fence, lateStartUntil, endCause }) => ({
      state: "ended",
      endCause: to.cause ?? endCause,
      endReason: "failed",
      failureCode: to.code,
      failureMessage: to.message,
      endedAt: to.at,
      leaseUntil: null,
      clientToken: to.retry ? null : clientToken,
      lateStartUntil: fence === 0 ? null : lateStartUntil,
    }),
  });
}
