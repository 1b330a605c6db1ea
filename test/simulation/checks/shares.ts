/** No caller harms another: the checks cover quotas, starts in a minute, and turns. */
import { MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { isScheduled } from "../../../shared/store/ingests/ingest-row.js";
import type { StoredIngest } from "../model/tables.js";
import { CROWD, QUOTAS } from "../actors/settings.js";
import { isSuccessor } from "./exclusions.js";
import type { Check, Known } from "./facts.js";

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
  startsPerMinuteAreKept(),
  startsTakeTurns,
  stopsTakeTurns,
];
