/** Scheduled starts: not before their time, once, soon after it, or failed with a reason. */
import { MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { isScheduled, waitsToStart } from "../../../shared/store/ingests/ingest-row.js";
import type { StoredIngest } from "../model/tables.js";
import type { Check, Fact, Known } from "./facts.js";

const startLeaves = (fact: Fact) =>
  fact.kind === "call-left" && fact.action === "StartStreamIngest" && fact.row?.startsAt
    ? { ...fact, row: fact.row, startsMs: fact.row.startsAt.getTime() }
    : undefined;

const notBeforeItsTime: Check = {
  name: "scheduled: no start leaves before its StartTime",
  objection(fact, { skewMaxMs }) {
    const left = startLeaves(fact);
    if (!left) return undefined;
    const earlyMs = left.startsMs - skewMaxMs - left.leavesMs;
    return earlyMs > 0 ? `it left ${earlyMs} ms before its StartTime` : undefined;
  },
};

/** Maps each ingest that was stopped before its start to the time of the stop. */
function stoppedDoesNotStart(): Check {
  const stoppedMs = new Map<string, number>();
  return {
    name: "scheduled: what was stopped before its start does not start",
    objection(fact, { nowMs }) {
      if (fact.kind === "row" && fact.row.state === "ended" && fact.before) {
        if (isScheduled(fact.before)) stoppedMs.set(fact.row.taskId, nowMs());
      }
      const left = startLeaves(fact);
      const sinceMs = stoppedMs.get(left?.row.taskId ?? "");
      if (!left || sinceMs === undefined || left.signedMs < sinceMs) return undefined;
      return `it left ${left.leavesMs - sinceMs} ms after the end of its row`;
    },
  };
}

/** A stop that found an attempt under way is answered later, and no further attempt follows. */
function stopEndsAttempts(): Check {
  return {
    name: "scheduled: no attempt follows a stop",
    objection(fact) {
      if (fact.kind !== "row" || !isScheduled(fact.row)) return undefined;
      return fact.row.stopAskedAt === null ? undefined : "a stop was asked, and it is tried again";
    },
  };
}

const lateBy = (known: Known, sinceMs: number): number =>
  known.nowMs() - Math.max(known.faultsEndMs(), sinceMs);

const seconds = (ms: number): string => `${Math.round(ms / SECOND_MS)} s`;

/** When the next attempt was due, and was known to be. */
const dueMsOf = ({ advanceSinceMs }: Known, row: StoredIngest): number =>
  Math.max(row.advanceAt?.getTime() ?? 0, advanceSinceMs.get(row.taskId) ?? 0);

/**
 * The claim of a start function that died before a moved StartTime, the next run of the timer, and
 * slots.
 */
const TRIED_WITHIN_MS = 45 * SECOND_MS;

const attemptsHappen: Check = {
  name: "scheduled: an attempt that is due happens",
  objection(fact, known) {
    if (fact.kind !== "moment") return undefined;
    for (const row of known.rows.values()) {
      if (!isScheduled(row)) continue;
      const lateMs = lateBy(known, dueMsOf(known, row));
      if (lateMs > TRIED_WITHIN_MS) return `${row.taskId} has been due for ${seconds(lateMs)}`;
    }
    return undefined;
  },
};

/** advance-ingests ends it at once, and reconcile-ingests after half a minute. */
const ENDED_WITHIN_MS = 2 * MINUTE_MS;

const windowsEnd: Check = {
  name: "scheduled: nothing stays scheduled after its window",
  objection(fact, known) {
    if (fact.kind !== "moment") return undefined;
    for (const row of known.rows.values()) {
      if (!isScheduled(row) || !row.startBy) continue;
      const lateMs = lateBy(known, row.startBy.getTime());
      if (lateMs > ENDED_WITHIN_MS)
        return `${row.taskId} is scheduled ${seconds(lateMs)} after its window`;
    }
    return undefined;
  },
};

const UNTRIED = /^Nothing tried the start/;

const failuresHaveReasons: Check = {
  name: "scheduled: what did not start has its reason",
  objection(fact, known) {
    if (fact.kind !== "row" || fact.row.state !== "ended" || fact.before?.state === "ended") {
      return undefined;
    }
    const { startBy, trtcTaskId, endReason, failureCode, failureMessage } = fact.row;
    if (!startBy || trtcTaskId !== null || endReason === "stopped") return undefined;
    if (endReason !== "failed") return `it never started, and its reason is ${endReason ?? "none"}`;
    if (failureCode === null || failureMessage === null) return "it failed without a reason";
    if (!UNTRIED.test(failureMessage) || !fact.before) return undefined;
    const openMs = startBy.getTime() - Math.max(known.faultsEndMs(), dueMsOf(known, fact.before));
    if (openMs <= TRIED_WITHIN_MS) return undefined;
    return `nothing tried it, and its window was open for ${seconds(openMs)} without a fault`;
  },
};

/** Only a scheduled row waits for a next attempt. */
const onlyWaitsWhileScheduled: Check = {
  name: "scheduled: what has started or ended waits for no attempt",
  objection(fact) {
    if (fact.kind !== "row" || fact.row.advanceAt === null) return undefined;
    return waitsToStart(fact.row) && (isScheduled(fact.row) || fact.row.programme !== null)
      ? undefined
      : `the row is ${fact.row.state}, and has a next attempt`;
  },
};

/** A burst of slots, a statement, and network time. */
const LATE_MAX_MS = 5 * SECOND_MS;

/** A StartTime that moves closer than this may be late by the same time. */
const SHORT_NOTICE_MS = 13 * SECOND_MS;

const startsAreOnTime: Check = {
  name: "scheduled: with nothing failing, a start leaves on time",
  objection(fact, { isCalm, skewMaxMs, startsSinceMs }) {
    const left = startLeaves(fact);
    if (!left || !isCalm() || left.row.failureCode !== null || left.row.fence > 0) return undefined;
    const { row, startsMs, leavesMs } = left;
    if (row.startedAt !== null) return undefined;
    const knownMs = startsSinceMs.get(row.taskId) ?? 0;
    const isShortNotice = startsMs - knownMs < SHORT_NOTICE_MS;
    const lateMs = leavesMs - Math.max(startsMs, knownMs) - skewMaxMs;
    if (lateMs <= LATE_MAX_MS + (isShortNotice ? SHORT_NOTICE_MS : 0)) return undefined;
    return `it left ${lateMs} ms late`;
  },
};

export const SCHEDULED = (): Check[] => [
  notBeforeItsTime,
  stoppedDoesNotStart(),
  stopEndsAttempts(),
  attemptsHappen,
  windowsEnd,
  failuresHaveReasons,
  onlyWaitsWhileScheduled,
  startsAreOnTime,
];
