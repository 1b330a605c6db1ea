/** shared/store/ingests/due.ts, statement by statement. */
import { addMs } from "../../../shared/clock.js";
import { BEHIND_MAX_MS } from "../../../shared/store/ingests/due.js";
import { type EndReason, waitsToStart } from "../../../shared/store/ingests/ingest-row.js";
import { isPlaying } from "./stops.js";
import { isAtMost, put, select, type StoredIngest, type Tables } from "./tables.js";

export interface DueQueue {
  isIn: (row: StoredIngest) => boolean;
  dueAt: (row: StoredIngest) => Date | null;
  leaseUntil: (row: StoredIngest) => Date | null;
  claimed: (row: StoredIngest, leaseUntil: Date) => Partial<StoredIngest>;
  usesSlot: (row: StoredIngest) => boolean;
  isBegun: (row: StoredIngest, at: Date) => boolean;
  isComing: (row: StoredIngest, at: Date) => boolean;
}

const isByTime = (reason: EndReason | null): boolean => reason === "expired" || reason === "empty";

export const ENDS: DueQueue = {
  isIn: ({ state }) => isPlaying(state),
  dueAt: ({ dueAt, emptyAt }) => (emptyAt !== null && emptyAt < dueAt ? emptyAt : dueAt),
  leaseUntil: (row) => row.leaseUntil,
  claimed: ({ fence }, leaseUntil) => ({ leaseUntil, fence: fence + 1 }),
  usesSlot: ({ state, endReason }) =>
    state === "running" || (state === "stopping" && isByTime(endReason)),
  isBegun: () => false,
  isComing: (row, at) =>
    (row.state === "starting" && isAfter(row.leaseUntil, at)) ||
    (waitsToStart(row) && isAfter(row.startBy, addMs(at, -BEHIND_MAX_MS))),
};

export const ADVANCES: DueQueue = {
  isIn: ({ advanceAt }) => advanceAt !== null,
  dueAt: ({ advanceAt }) => advanceAt,
  leaseUntil: (row) => row.advanceLeaseUntil,
  claimed: ({ advanceFence }, advanceLeaseUntil) => ({
    advanceLeaseUntil,
    advanceFence: advanceFence + 1,
  }),
  usesSlot: ({ advanceAt }) => advanceAt !== null,
  isBegun: ({ advanceAt, state, leaseUntil }, at) =>
    advanceAt === null && state === "starting" && isAfter(leaseUntil, at),
  isComing: () => false,
};

export const STEPS: DueQueue = {
  isIn: ({ state, stepAt, successorOf }) =>
    state === "running" && stepAt !== null && successorOf === null,
  dueAt: ({ stepAt }) => stepAt,
  leaseUntil: (row) => row.stepLeaseUntil,
  claimed: ({ stepFence }, stepLeaseUntil) => ({ stepLeaseUntil, stepFence: stepFence + 1 }),
  usesSlot: ({ state }) => state === "running",
  isBegun: () => false,
  isComing: () => false,
};

interface DueBefore {
  at: Date;
  horizonAt: Date;
  accountMax?: number | undefined;
}

const isAfter = (time: Date | null, at: Date): boolean =>
  time !== null && time.getTime() > at.getTime();

const msOf = (time: Date | null): number => time?.getTime() ?? Number.NEGATIVE_INFINITY;

type Owner = Pick<StoredIngest, "account" | "callerId">;

const isOf = (row: Owner, owner: Owner): boolean =>
  row.account === owner.account && row.callerId === owner.callerId;

const callersOf = (rows: readonly Owner[]): number =>
  new Set(rows.map(({ callerId }) => callerId)).size;

/** The current claims of each account, by caller. */
function inHand({ ingests }: Tables, queue: DueQueue, { at, horizonAt }: DueBefore) {
  const held = [...ingests.values()].filter(
    (row) =>
      isAfter(queue.leaseUntil(row), at) &&
      ((isAtMost(queue.dueAt(row), horizonAt) && queue.usesSlot(row)) || queue.isBegun(row, at)),
  );
  return (owner: Owner) => ({
    ofAccount: held.filter(({ account }) => account === owner.account),
    ofCaller: held.filter((row) => isOf(row, owner)),
  });
}

export function claimDue(
  tables: Tables,
  queue: DueQueue,
  { leaseMs, limit, ...before }: DueBefore & { leaseMs: number; limit: number },
): StoredIngest[] {
  const { at, horizonAt, accountMax = Number.POSITIVE_INFINITY } = before;
  const isDue = (row: StoredIngest) =>
    queue.isIn(row) &&
    isAtMost(queue.dueAt(row), horizonAt) &&
    isAtMost(queue.leaseUntil(row) ?? at, at);
  const leaseUntil = new Date(at.getTime() + leaseMs);
  const heldOf = inHand(tables, queue, before);
  const dueMs = (row: StoredIngest) => msOf(queue.dueAt(row));
  const all = select(tables, isDue, queue.dueAt);
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
    .map(({ row, turn }) => {
      const { account } = row;
      const place = (places.get(account) ?? 0) + 1;
      places.set(account, place);
      const ofAccount = due.filter((other) => other.account === account);
      const standsFor = dueMs(ofAccount[place - 1] ?? row);
      const held = heldOf(row).ofAccount;
      const share = Math.ceil(accountMax / callersOf([...held, ...ofAccount]));
      const isNext = held.length + place <= accountMax || turn <= share;
      return { row, place, standsFor, isNext };
    });
  return placed
    .filter(({ isNext }) => isNext)
    .sort((a, b) => a.standsFor - b.standsFor || a.place - b.place || dueMs(a.row) - dueMs(b.row))
    .slice(0, limit)
    .map(({ row }) => put(tables, { ...row, ...queue.claimed(row, leaseUntil) }));
}

const LOOK_AGAIN_MS = 1000;

export function nextClaimAt(
  tables: Tables,
  queue: DueQueue,
  { aheadMs, ...before }: DueBefore & { aheadMs: number },
): Date | undefined {
  const { at, horizonAt, accountMax = Number.POSITIVE_INFINITY } = before;
  const isAwaited = (row: StoredIngest) =>
    isAtMost(queue.dueAt(row), horizonAt) && (queue.isIn(row) || queue.isComing(row, at));
  const heldOf = inHand(tables, queue, before);
  const timesMs = [...tables.ingests.values()].filter(isAwaited).map((row) => {
    const { ofAccount, ofCaller } = heldOf(row);
    const isFull =
      ofAccount.length >= accountMax &&
      ofCaller.length > 0 &&
      ofCaller.length >= Math.ceil(accountMax / callersOf(ofAccount));
    return Math.max(
      msOf(queue.dueAt(row)) - aheadMs,
      msOf(queue.leaseUntil(row)),
      isFull ? at.getTime() + LOOK_AGAIN_MS : Number.NEGATIVE_INFINITY,
    );
  });
  return timesMs.length === 0 ? undefined : new Date(Math.min(...timesMs));
}
