/** After the last fault, every ingest ends within these times. */
import { MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { endOf } from "../../../emulator/tasks/life.js";
import { isScheduled } from "../../../shared/store/ingests/ingest-row.js";
import { isBeyondReach, mayStartLate, reconcilesFromMs, startsAfterTheRun } from "./exclusions.js";
import type { Check, Known } from "./facts.js";
import { failedSinceMs } from "./source-log.js";

/** A lease as long as a function's time limit, the next run, and that run's own work. */
const FINISHED_WITHIN_MS = 4 * MINUTE_MS;

/** A claim that must lapse, the run that finds it, and its slot. */
const STOPPED_WITHIN_MS = 2 * MINUTE_MS;

/**
 * A run waits this long for everything to end. A message may wait long for a free stream. The
 * ingest that it starts then plays for minutes.
 */
export const OVER_WITHIN_MS = 60 * MINUTE_MS;

const lateBy = (known: Known, sinceMs: number): number =>
  known.nowMs() - Math.max(known.faultsEndMs(), sinceMs);

const seconds = (ms: number): string => `${Math.round(ms / SECOND_MS)} s`;

const nothingIsLeftOverdue: Check = {
  name: "4: whatever failed, everything is stopped soon after its deadline",
  objection(fact, known) {
    if (fact.kind !== "moment") return undefined;
    for (const task of known.trtc.tasks.live()) {
      const row = known.rows.get(known.rowIdOf.get(task.taskId) ?? "");
      if (!row || isBeyondReach(known, task)) continue;
      // An unanswered start may arrive late. The row records that possibility until then.
      const dueMs = Math.max(row.dueAt.getTime(), row.lateStartUntil?.getTime() ?? 0);
      const lateMs = lateBy(known, dueMs);
      if (lateMs > STOPPED_WITHIN_MS) {
        return `${task.taskId} of ${row.taskId} plays ${seconds(lateMs)} after it was due`;
      }
    }
    return undefined;
  },
};

const nothingStaysUnfinished: Check = {
  name: "liveness: every start and stop is finished",
  objection(fact, known) {
    if (fact.kind !== "moment") return undefined;
    for (const row of known.rows.values()) {
      const { taskId, state, lateStartUntil } = row;
      const attemptMs = state === "starting" ? (known.advanceSinceMs.get(taskId) ?? 0) : 0;
      const sinceMs = Math.max(
        ...[known.stateSinceMs.get(taskId) ?? 0, attemptMs, reconcilesFromMs(known, row)],
      );
      // checks/scheduled.ts judges a start that waits for its time.
      const isBetween = (state === "starting" && !isScheduled(row)) || state === "stopping";
      const ageMs = isBetween ? lateBy(known, sinceMs) : 0;
      if (ageMs > FINISHED_WITHIN_MS) return `${taskId} has been ${state} for ${seconds(ageMs)}`;
      if (state !== "ended" || lateStartUntil === null) continue;
      const lateStartMs = lateBy(known, Math.max(sinceMs, lateStartUntil.getTime()));
      if (lateStartMs > FINISHED_WITHIN_MS)
        return `${taskId} may start late ${seconds(lateStartMs)} too long`;
    }
    return undefined;
  },
};

/** A run each minute checks every task without news for five minutes. */
const NOTICED_WITHIN_MS = 7 * MINUTE_MS;

const endsAreNoticed: Check = {
  name: "liveness: a task that has ended by itself is noticed",
  objection(fact, known) {
    if (fact.kind !== "moment") return undefined;
    for (const { taskId, state, trtcTaskId } of known.rows.values()) {
      const task = state === "running" && known.trtc.tasks.find(trtcTaskId ?? "");
      const end = task ? endOf(task, new Date(known.nowMs())) : undefined;
      if (!end) continue;
      const goneMs = lateBy(known, end.at.getTime());
      if (goneMs > NOTICED_WITHIN_MS)
        return `${taskId} is running, and over for ${seconds(goneMs)}`;
    }
    return undefined;
  },
};

/** A run of reconcile-ingests each minute, and the stop that it begins. */
const FAILED_WITHIN_MS = 4 * MINUTE_MS;

const failuresEnd: Check = {
  name: "liveness: an ingest whose source has failed for good is ended",
  objection(fact, known) {
    if (fact.kind !== "moment") return undefined;
    for (const { taskId, state, trtcTaskId, programme } of known.rows.values()) {
      // checks/programmes.ts judges a programme.
      if (programme) continue;
      const heard = state === "running" && known.sources.get(trtcTaskId ?? "");
      const sinceMs = heard ? failedSinceMs(heard) : undefined;
      // A failure before an update belongs to another source.
      const isFirst = known.trtc.tasks.find(trtcTaskId ?? "")?.sourceVersion === 0;
      if (sinceMs === undefined || !isFirst) continue;
      const lateMs = lateBy(known, Math.max(sinceMs, known.stateSinceMs.get(taskId) ?? 0));
      if (lateMs > FAILED_WITHIN_MS)
        return `${taskId} is running, and failed ${seconds(lateMs)} ago`;
    }
    return undefined;
  },
};

const allIsOver: Check = {
  name: "liveness: in the end, nothing is left",
  objection(fact, known) {
    if (fact.kind !== "end") return undefined;
    const open = [...known.rows.values()].find(
      (row) => (row.state !== "ended" || mayStartLate(row)) && !startsAfterTheRun(known, row),
    );
    if (open)
      return `${open.taskId} is ${open.state}${mayStartLate(open) ? " and may start late" : ""}`;
    const task = known.trtc.tasks.live().find((each) => !isBeyondReach(known, each));
    return task && `${task.taskId} plays for ever`;
  },
};

export const LIVENESS = (): Check[] => [
  nothingIsLeftOverdue,
  nothingStaysUnfinished,
  endsAreNoticed,
  failuresEnd,
  allIsOver,
];
