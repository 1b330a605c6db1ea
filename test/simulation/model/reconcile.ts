/** shared/store/ingests/reconcile.ts, statement by statement. */
import { addMs } from "../../../shared/clock.js";
import type { Ingest } from "../../../shared/store/ingests/ingest-row.js";
import { LATE_START_MS } from "../../../shared/store/ingests/starts.js";
import { hasFailedForGood } from "./room/media.js";
import { change, isAtMost, later, put, select, type StoredIngest, type Tables } from "./tables.js";

interface Claim {
  at: Date;
  leaseMs: number;
}

const isLapsed = ({ state, advanceAt, leaseUntil }: Ingest, at: Date): boolean =>
  state === "starting" && advanceAt === null && isAtMost(leaseUntil, at);

/** The claim may send the start again, and that answer may be lost again. */
function taken(row: StoredIngest, { at, leaseMs }: Claim): Partial<Ingest> {
  const leaseUntil = addMs(at, leaseMs);
  const lateStartUntil = later(row.lateStartUntil, addMs(leaseUntil, LATE_START_MS));
  return { fence: row.fence + 1, leaseUntil, lateStartUntil, reconciledAt: row.reconciledAt ?? at };
}

const byId = (one: Ingest, other: Ingest): number => (one.taskId < other.taskId ? -1 : 1);

export function claimUnfinished(tables: Tables, claim: Claim & { limit: number }): StoredIngest[] {
  return select(
    tables,
    (row) => isLapsed(row, claim.at),
    ({ leaseUntil }) => leaseUntil,
  )
    .slice(0, claim.limit)
    .toSorted(byId)
    .map((row) => put(tables, { ...row, ...taken(row, claim) }));
}

export const claimStart = (
  tables: Tables,
  claim: Claim & { taskId: string },
): StoredIngest | undefined =>
  change(tables, claim.taskId, {
    where: (row) => isLapsed(row, claim.at),
    set: (row) => taken(row, claim),
  });

export const claimGone = (
  tables: Tables,
  { taskId, fence, at, leaseMs }: Claim & Pick<Ingest, "taskId" | "fence">,
): StoredIngest | undefined =>
  change(tables, taskId, {
    where: (row) =>
      row.fence === fence &&
      (row.state === "running" || row.state === "stopping") &&
      isAtMost(row.leaseUntil ?? at, at),
    set: () => ({ fence: fence + 1, leaseUntil: addMs(at, leaseMs) }),
  });

export function claimLateStarts(
  tables: Tables,
  { at, leaseMs, limit }: Claim & { limit: number },
): StoredIngest[] {
  const leaseUntil = addMs(at, leaseMs);
  const isToClear = (row: StoredIngest) =>
    row.state === "ended" && isAtMost(row.lateStartUntil, at) && isAtMost(row.leaseUntil ?? at, at);
  return select(tables, isToClear, ({ lateStartUntil }) => lateStartUntil)
    .slice(0, limit)
    .toSorted(byId)
    .map((row) => put(tables, { ...row, fence: row.fence + 1, leaseUntil }));
}

export function clearLateStart(
  tables: Tables,
  { taskId, fence }: { taskId: string; fence: number },
): void {
  change(tables, taskId, {
    where: (row) => row.fence === fence && row.state === "ended",
    set: () => ({ lateStartUntil: null, leaseUntil: null }),
  });
}

export function beginFailedSourceStops(
  tables: Tables,
  { at, leaseMs, lastSeenBefore, limit }: Claim & { lastSeenBefore: Date; limit: number },
): StoredIngest[] {
  const leaseUntil = addMs(at, leaseMs);
  const isFailed = (row: StoredIngest) =>
    row.state === "running" &&
    row.programme === null &&
    isAtMost(row.lastSeenAt, lastSeenBefore) &&
    row.mediaState !== "playing" &&
    hasFailedForGood(row);
  return select(tables, isFailed, ({ lastSeenAt }) => lastSeenAt)
    .slice(0, limit)
    .toSorted(byId)
    .map((row) => {
      const stopAskedAt = row.stopAskedAt ?? at;
      const ended = { state: "stopping", endReason: "failed", stopAskedAt, leaseUntil } as const;
      return put(tables, { ...row, ...ended, fence: row.fence + 1 });
    });
}

export function claimStaleTasks(
  tables: Tables,
  { at, quietSince, limit }: { at: Date; quietSince: Date; limit: number },
): StoredIngest[] {
  const isQuiet = ({ state, lastSeenAt }: Ingest) =>
    state === "running" && isAtMost(lastSeenAt ?? quietSince, quietSince);
  return select(tables, isQuiet, ({ lastSeenAt }) => lastSeenAt)
    .slice(0, limit)
    .toSorted(byId)
    .map((row) => put(tables, { ...row, lastSeenAt: at }));
}
