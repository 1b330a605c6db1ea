/** No caller harms another: the checks cover quotas, starts in a minute, and turns. */
import { MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { perMinute } from "../../../shared/ingest/cost.js";
import { isScheduled } from "../../../shared/store/ingests/ingest-row.js";
import type { StoredIngest } from "../model/tables.js";
import { APPLICATION_BUDGETS, BUDGETS, CROWD, QUOTAS } from "../actors/settings.js";
import { isSuccessor } from "./exclusions.js";
import type { Check, Fact, Known } from "./facts.js";

const ofCaller = ({ rows }: Known, { callerId }: StoredIngest): StoredIngest[] =>
  [...rows.values()].filter((row) => row.callerId === callerId);

/** A scheduled ingest takes its place when it starts. A roll-over needs none. */
const hasPlace = (row: StoredIngest): boolean =>
  row.state !== "ended" && !isScheduled(row) && !isSuccessor(row);

const maxIngestsIsKept: Check = {
  name: "10: never more live at once than MaxIngests",
  objection(fact, known) {
    if (!known.hasQuotas || fact.kind !== "row" || !hasPlace(fact.row)) return undefined;
    if (fact.before && hasPlace(fact.before)) return undefined;
    const live = ofCaller(known, fact.row).filter(hasPlace).length;
    return live > QUOTAS.MaxIngests ? `${live} are live` : undefined;
  },
};

function startsPerMinuteAreKept(): Check {
  const startsMs = new Map<string, number[]>();
  return {
    name: "10: never more starts in a minute than StartsPerMinute",
    objection(fact, { hasQuotas, nowMs }) {
      // A roll-over is no start of the caller.
      if (!hasQuotas || fact.kind !== "row" || fact.before || isSuccessor(fact.row))
        return undefined;
      const { callerId } = fact.row;
      const recent = (startsMs.get(callerId) ?? []).filter((ms) => ms > nowMs() - MINUTE_MS);
      startsMs.set(callerId, [...recent, nowMs()]);
      if (recent.length < QUOTAS.StartsPerMinute) return undefined;
      return `${recent.length + 1} were begun within a minute`;
    },
  };
}

/** From its start to its end, or to the end that it is due at. What is late plays on for a moment. */
function plannedMs(row: StoredIngest, nowMs: number): number {
  const { state, startedAt, endedAt, dueAt } = row;
  if (isSuccessor(row) || isScheduled(row) || (state === "ended" && !startedAt)) return 0;
  // A start whose budget has room again begins long after its StartTime.
  const fromMs = startedAt?.getTime() ?? nowMs;
  const toMs = Math.min(endedAt?.getTime() ?? Infinity, dueAt.getTime());
  return Math.max(0, toMs - fromMs);
}

/** What the rows are planned to have played, in milliseconds, and what it costs in micro-USD. */
function planned(rows: readonly StoredIngest[], nowMs: number): { ms: number; microUsd: number } {
  const all = rows.map((row) => {
    const ms = plannedMs(row, nowMs);
    return { ms, microUsd: (ms / MINUTE_MS) * perMinute(row.prices, row.media) };
  });
  const sum = (unit: "ms" | "microUsd") => all.reduce((total, one) => total + one[unit], 0);
  return { ms: sum("ms"), microUsd: sum("microUsd") };
}

const isPlanned = ({ hasBudgets, nowMs }: Known, fact: Fact): boolean =>
  hasBudgets && fact.kind === "row" && plannedMs(fact.row, nowMs()) > 0;

/** Machines and the database have clocks of their own. */
const apartMs = (known: Known, rows: readonly StoredIngest[]): number =>
  rows.length * (2 * known.skewMaxMs + 1);

const callersBudgetIsKept: Check = {
  name: "10: a caller never plans more than its budget",
  objection(fact, known) {
    if (fact.kind !== "row" || !isPlanned(known, fact)) return undefined;
    const rows = ofCaller(known, fact.row);
    const overMs = planned(rows, known.nowMs()).ms - BUDGETS.DailyMinutes * MINUTE_MS;
    return overMs > apartMs(known, rows) ? `${overMs} ms more are planned` : undefined;
  },
};

const applicationsBudgetIsKept: Check = {
  name: "10: an application never plans more than its budget",
  objection(fact, known) {
    if (!isPlanned(known, fact)) return undefined;
    const rows = [...known.rows.values()];
    const dearest = Math.max(...rows.map(({ prices, media }) => perMinute(prices, media)));
    const over = planned(rows, known.nowMs()).microUsd - APPLICATION_BUDGETS.DailyUsd * 1_000_000;
    const apart = (apartMs(known, rows) / MINUTE_MS) * dearest;
    return over > apart ? `${Math.round(over)} micro-USD more are planned` : undefined;
  },
};

/** A burst that has just left, each caller's maximum ahead, and network time. */
const TURN_MAX_MS = 2000;

const APART_MS = 5 * SECOND_MS;

const isAlone = (known: Known, row: StoredIngest, timeOf: (row: StoredIngest) => Date): boolean =>
  ofCaller(known, row).every(
    (other) =>
      other.taskId === row.taskId ||
      Math.abs(timeOf(other).getTime() - timeOf(row).getTime()) > APART_MS,
  );

const startsTakeTurns: Check = {
  name: "10: a caller's one start is not kept waiting by another's crowd",
  objection(fact, known) {
    if (!known.hasCrowd || fact.kind !== "call-left" || fact.action !== "StartStreamIngest") {
      return undefined;
    }
    const { row, leavesMs } = fact;
    if (row?.state !== "starting" || row.callerId === CROWD || row.fence > 0) return undefined;
    if (!isAlone(known, row, ({ createdAt }) => createdAt)) return undefined;
    const waitedMs = leavesMs - (known.stateSinceMs.get(row.taskId) ?? leavesMs);
    return waitedMs > TURN_MAX_MS ? `it waited ${Math.round(waitedMs)} ms` : undefined;
  },
};

const stopsTakeTurns: Check = {
  name: "10: a caller's one deadline is not kept waiting by another's crowd",
  objection(fact, known) {
    if (!known.hasCrowd || fact.kind !== "task-ended" || !fact.row) return undefined;
    const { row } = fact;
    if (row.callerId === CROWD || row.endReason !== "expired") return undefined;
    if (!isAlone(known, row, ({ dueAt }) => dueAt)) return undefined;
    const lateMs = known.nowMs() - row.dueAt.getTime() - known.skewMaxMs;
    return lateMs > TURN_MAX_MS ? `it was stopped ${Math.round(lateMs)} ms late` : undefined;
  },
};

export const SHARES = (): Check[] => [
  maxIngestsIsKept,
  callersBudgetIsKept,
  applicationsBudgetIsKept,
  startsPerMinuteAreKept(),
  startsTakeTurns,
  stopsTakeTurns,
];
