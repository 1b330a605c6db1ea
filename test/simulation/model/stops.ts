/** shared/store/stops.ts and due.ts, statement by statement. */
import { addMs } from "../../../shared/clock.js";
import type { EndReason, Ingest, State } from "../../../shared/store/ingest-row.js";
import { grantSlot, type RawSlot } from "./slots.js";
import { change, isAtMost, put, select, type StoredIngest, type Tables } from "./tables.js";

interface Timing {
  at: Date;
  leaseMs: number;
  waitMaxMs: number;
}

export interface AskedStop {
  ingest: StoredIngest;
  slot: RawSlot | undefined;
}

interface AskedHow {
  databaseNowMs: number;
  where: (row: StoredIngest) => boolean;
  reasonOf: (row: StoredIngest) => EndReason;
}

function beginToStop(
  tables: Tables,
  { taskId, at, leaseMs, waitMaxMs }: { taskId: string } & Timing,
  { databaseNowMs, where, reasonOf }: AskedHow,
): AskedStop | undefined {
  const ingest = change(tables, taskId, {
    where,
    set: (row) => ({
      state: "stopping",
      endReason: row.endReason ?? reasonOf(row),
      stopAskedAt: row.stopAskedAt ?? at,
      leaseUntil: addMs(at, leaseMs),
      fence: row.fence + 1,
    }),
  });
  if (!ingest) return undefined;
  const { account } = ingest;
  const asked = { account, action: "StopStreamIngest", waitMaxMs, databaseNowMs };
  return { ingest, slot: grantSlot(tables, asked) };
}

export const beginStop = (
  tables: Tables,
  asked: { taskId: string } & Timing,
  databaseNowMs: number,
): AskedStop | undefined =>
  beginToStop(tables, asked, {
    databaseNowMs,
    reasonOf: () => "stopped",
    where: ({ state, leaseUntil }) =>
      state === "running" || (state === "stopping" && isAtMost(leaseUntil ?? asked.at, asked.at)),
  });

export const beginDueStop = (
  tables: Tables,
  asked: { taskId: string; fence: number } & Timing,
  databaseNowMs: number,
): AskedStop | undefined =>
  beginToStop(tables, asked, {
    databaseNowMs,
    reasonOf: ({ stopAskedAt }) => (stopAskedAt === null ? "expired" : "stopped"),
    where: ({ fence, state, dueAt }) =>
      fence === asked.fence && isPlaying(state) && isAtMost(dueAt, asked.at),
  });

const isPlaying = (state: State): boolean => state === "running" || state === "stopping";

export const askStop = (
  tables: Tables,
  { taskId, at }: { taskId: string; at: Date },
): StoredIngest | undefined =>
  change(tables, taskId, {
    where: ({ state }) => state === "starting",
    set: ({ stopAskedAt }) => ({ stopAskedAt: stopAskedAt ?? at }),
  });

export function markEnded(
  tables: Tables,
  to: { taskId: string; fence: number; reason: EndReason; at: Date },
): StoredIngest | undefined {
  return change(tables, to.taskId, {
    where: (row) => row.fence === to.fence && row.state !== "ended",
    set: () => ({ state: "ended", endReason: to.reason, endedAt: to.at, leaseUntil: null }),
  });
}

export function release(
  tables: Tables,
  claim: { taskId: string; fence: number; retryAt?: Date | undefined },
): void {
  change(tables, claim.taskId, {
    where: (row) => row.fence === claim.fence && row.state !== "ended",
    set: () => ({ leaseUntil: claim.retryAt ?? null }),
  });
}

interface Claim {
  at: Date;
  leaseMs: number;
  limit: number;
}

export function claimDue(
  tables: Tables,
  { at, horizonAt, leaseMs, limit }: Claim & { horizonAt: Date },
): StoredIngest[] {
  const isDue = ({ state, dueAt, leaseUntil }: StoredIngest) =>
    isPlaying(state) && isAtMost(dueAt, horizonAt) && isAtMost(leaseUntil ?? at, at);
  const leaseUntil = addMs(at, leaseMs);
  return select(tables, isDue, ({ dueAt }) => dueAt)
    .slice(0, limit)
    .map((row) => put(tables, { ...row, leaseUntil, fence: row.fence + 1 }));
}

export function nextClaimAt(
  { ingests }: Tables,
  { at, horizonAt, aheadMs }: { at: Date; horizonAt: Date; aheadMs: number },
): Date | undefined {
  const isWatched = ({ state, leaseUntil, dueAt }: Ingest & { dueAt: Date }) =>
    isAtMost(dueAt, horizonAt) &&
    (isPlaying(state) ||
      (state === "starting" && leaseUntil !== null && leaseUntil.getTime() > at.getTime()));
  const timesMs = [...ingests.values()]
    .filter(isWatched)
    .map(({ dueAt, leaseUntil }) =>
      Math.max(dueAt.getTime() - aheadMs, leaseUntil?.getTime() ?? Number.NEGATIVE_INFINITY),
    );
  return timesMs.length === 0 ? undefined : new Date(Math.min(...timesMs));
}
