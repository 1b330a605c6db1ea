/** shared/store/ingests/stops.ts, statement by statement. */
import { addMs, MINUTE_MS } from "../../../shared/clock.js";
import type { EndCause, EndReason, State } from "../../../shared/store/ingests/ingest-row.js";
import type { StopCause } from "../../../shared/store/ingests/stops.js";
import { isWatched } from "./room/audience.js";
import { hasFailedForGood } from "./room/media.js";
import { grantSlot, type RawSlot } from "./slots.js";
import { change, isAtMost, type StoredIngest, type Tables } from "./tables.js";

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
  {
    taskId,
    at,
    leaseMs,
    waitMaxMs,
    cause,
  }: { taskId: string; cause?: EndCause | undefined } & Timing,
  { databaseNowMs, where, reasonOf }: AskedHow,
): AskedStop | undefined {
  const ingest = change(tables, taskId, {
    where,
    set: (row) => ({
      state: "stopping",
      endReason: row.endReason ?? reasonOf(row),
      endCause: causeOf(row, cause),
      stopAskedAt: row.stopAskedAt ?? at,
      leaseUntil: addMs(at, leaseMs),
      fence: row.fence + 1,
    }),
  });
  if (!ingest) return undefined;
  const { account, callerId } = ingest;
  const asked = { account, callerId, action: "StopStreamIngest", waitMaxMs, databaseNowMs };
  return { ingest, slot: grantSlot(tables, asked) };
}

function causeOf(
  { endReason, endCause, stopAskedAt }: StoredIngest,
  cause: EndCause | undefined,
): EndCause | null {
  if (endReason !== null || cause === undefined) return endCause;
  return stopAskedAt === null ? cause : (endCause ?? cause);
}

export const beginStop = (
  tables: Tables,
  asked: { taskId: string } & StopCause & Timing,
  databaseNowMs: number,
): AskedStop | undefined =>
  beginToStop(tables, asked, {
    databaseNowMs,
    reasonOf: () => asked.reason ?? "stopped",
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
    reasonOf: reasonWhenDue,
    where: (row) =>
      row.fence === asked.fence &&
      isPlaying(row.state) &&
      (isAtMost(row.dueAt, asked.at) ||
        (isAtMost(row.emptyAt, asked.at) && !isWatched(tables, row))),
  });

function reasonWhenDue({ stopAskedAt, emptyAt, deadlineAt }: StoredIngest): EndReason {
  if (stopAskedAt !== null) return "stopped";
  return emptyAt !== null && emptyAt < deadlineAt ? "empty" : "expired";
}

export const isPlaying = (state: State): boolean => state === "running" || state === "stopping";

export const askStop = (
  tables: Tables,
  { taskId, at, cause }: { taskId: string; at: Date } & Pick<StopCause, "cause">,
): StoredIngest | undefined =>
  change(tables, taskId, {
    where: ({ state, advanceAt }) => state === "starting" && advanceAt === null,
    set: ({ stopAskedAt, endCause }) => ({
      stopAskedAt: stopAskedAt ?? at,
      endCause: endCause ?? cause ?? null,
    }),
  });

export function markEnded(
  tables: Tables,
  to: { taskId: string; fence: number; reason: EndReason; at: Date },
): StoredIngest | undefined {
  return change(tables, to.taskId, {
    where: (row) => row.fence === to.fence && row.state !== "ended",
    set: (row) => ({
      state: "ended",
      endReason: isGuess(to.reason) ? knownReason(row, to) : to.reason,
      endedAt: to.at,
      leaseUntil: null,
    }),
  });
}

const PAUSE_MS = 719 * MINUTE_MS;

function knownReason(
  row: StoredIngest,
  { reason, at }: { reason: EndReason; at: Date },
): EndReason {
  if (hasFailedForGood(row)) return "failed";
  if (row.site === "cn" && isAtMost(row.pausedAt, addMs(at, -PAUSE_MS))) return "stopped";
  if (row.endCause === "robot-removed") return "stopped";
  return reason === "lost" && row.endCause === "room-dismissed" ? "stopped" : reason;
}

const isGuess = (reason: EndReason): boolean => reason === "finished" || reason === "lost";

export function release(
  tables: Tables,
  claim: { taskId: string; fence: number; retryAt?: Date | undefined },
): void {
  change(tables, claim.taskId, {
    where: (row) => row.fence === claim.fence && row.state !== "ended",
    set: () => ({ leaseUntil: claim.retryAt ?? null }),
  });
}
