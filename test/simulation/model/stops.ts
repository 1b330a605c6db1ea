/** shared/store/ingests/stops.ts and due.ts, statement by statement. */
import { addMs, MINUTE_MS } from "../../../shared/clock.js";
import type { EndCause, EndReason, State } from "../../../shared/store/ingests/ingest-row.js";
import type { StopCause } from "../../../shared/store/ingests/stops.js";
import { isWatched } from "./audience.js";
import { hasFailedForGood } from "./media.js";
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

const endsAt = ({ dueAt, emptyAt }: StoredIngest): Date =>
  emptyAt !== null && emptyAt < dueAt ? emptyAt : dueAt;

const isPlaying = (state: State): boolean => state === "running" || state === "stopping";

export const askStop = (
  tables: Tables,
  { taskId, at, cause }: { taskId: string; at: Date } & Pick<StopCause, "cause">,
): StoredIngest | undefined =>
  change(tables, taskId, {
    where: ({ state }) => state === "starting",
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

interface Wanted {
  at: Date;
  horizonAt: Date;
  accountMax?: number | undefined;
}

const isAfter = (time: Date | null, at: Date): boolean =>
  time !== null && time.getTime() > at.getTime();

const isByTime = (reason: EndReason | null): boolean => reason === "expired" || reason === "empty";

/** The current claims of each account, by caller. */
function inHand({ ingests }: Tables, { at, horizonAt }: Wanted) {
  const held = [...ingests.values()].filter(
    (row) =>
      isAtMost(endsAt(row), horizonAt) &&
      isAfter(row.leaseUntil, at) &&
      (row.state === "running" || (row.state === "stopping" && isByTime(row.endReason))),
  );
  return (of: Of) => ({
    ofAccount: held.filter(({ account }) => account === of.account),
    ofCaller: held.filter((row) => isOf(row, of)),
  });
}

type Of = Pick<StoredIngest, "account" | "callerId">;

const isOf = (row: Of, of: Of): boolean =>
  row.account === of.account && row.callerId === of.callerId;

const callersOf = (rows: readonly Of[]): number => new Set(rows.map((row) => row.callerId)).size;

export function claimDue(
  tables: Tables,
  { leaseMs, limit, ...span }: Wanted & { leaseMs: number; limit: number },
): StoredIngest[] {
  const { at, horizonAt, accountMax = Number.POSITIVE_INFINITY } = span;
  const isDue = (row: StoredIngest) =>
    isPlaying(row.state) && isAtMost(endsAt(row), horizonAt) && isAtMost(row.leaseUntil ?? at, at);
  const leaseUntil = addMs(at, leaseMs);
  const heldOf = inHand(tables, span);
  const all = select(tables, isDue, endsAt);
  // A row behind so many of its own caller's rows is never among the next ones.
  const due = all.filter(
    (row, index) => all.slice(0, index).filter((other) => isOf(other, row)).length < accountMax,
  );
  const places = new Map<string, number>();
  const placed = due
    .map((row, index) => {
      const earlier = due.slice(0, index).filter((other) => isOf(other, row));
      return { row, turn: heldOf(row).ofCaller.length + earlier.length + 1 };
    })
    .sort((a, b) => a.turn - b.turn)
    .map((each) => {
      const { account } = each.row;
      const place = (places.get(account) ?? 0) + 1;
      places.set(account, place);
      const ofAccount = due.filter((other) => other.account === account);
      const standsFor = endsAt(ofAccount[place - 1] ?? each.row).getTime();
      const held = heldOf(each.row).ofAccount;
      const share = Math.ceil(accountMax / callersOf([...held, ...ofAccount]));
      return {
        ...each,
        place,
        standsFor,
        isNext: held.length + place <= accountMax || each.turn <= share,
      };
    });
  return placed
    .filter(({ isNext }) => isNext)
    .sort(
      (a, b) =>
        a.standsFor - b.standsFor ||
        a.place - b.place ||
        endsAt(a.row).getTime() - endsAt(b.row).getTime(),
    )
    .slice(0, limit)
    .map(({ row }) => put(tables, { ...row, leaseUntil, fence: row.fence + 1 }));
}

const LOOK_AGAIN_MS = 1000;

export function nextClaimAt(
  tables: Tables,
  { aheadMs, ...span }: Wanted & { aheadMs: number },
): Date | undefined {
  const { at, horizonAt, accountMax = Number.POSITIVE_INFINITY } = span;
  const isAwaited = (row: StoredIngest) =>
    isAtMost(endsAt(row), horizonAt) &&
    (isPlaying(row.state) || (row.state === "starting" && isAfter(row.leaseUntil, at)));
  const heldOf = inHand(tables, span);
  const timesMs = [...tables.ingests.values()].filter(isAwaited).map((row) => {
    const { ofAccount, ofCaller } = heldOf(row);
    const isFull =
      ofAccount.length >= accountMax &&
      ofCaller.length > 0 &&
      ofCaller.length >= Math.ceil(accountMax / callersOf(ofAccount));
    return Math.max(
      endsAt(row).getTime() - aheadMs,
      row.leaseUntil?.getTime() ?? Number.NEGATIVE_INFINITY,
      isFull ? at.getTime() + LOOK_AGAIN_MS : Number.NEGATIVE_INFINITY,
    );
  });
  return timesMs.length === 0 ? undefined : new Date(Math.min(...timesMs));
}
