/** docs/promises.md, "What always holds", and its consequences for every answer. */
import { MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import { storedToken } from "../../../shared/ingest/start/plan-start.js";
import { isRestarting } from "../../../shared/store/ingests/ingest-row.js";
import { makeRateWindow } from "../../../emulator/api/rate-window.js";
import {
  endsByEvent,
  endsByProgramme,
  endsBySchedule,
  hasSourceFailed,
  isBeyondReach,
  isOwnLateRequest,
  isSameOccurrence,
  isSuccessor,
  isTaskOf,
  mayStartLate,
} from "./exclusions.js";
import type { Check, Known } from "./facts.js";
import { mayHaveFailedSurely } from "./source-log.js";
import type { StoredIngest } from "../model/tables.js";
import { CROWD } from "../actors/settings.js";

const everyIngestHasADeadline: Check = {
  name: "1: every ingest has a deadline",
  objection(fact, { skewMaxMs, longestMs }) {
    if (fact.kind !== "row") return undefined;
    const { deadlineAt, latestAt, startedAt, startsAt, createdAt } = fact.row;
    const lasts = deadlineAt.getTime() - (startedAt ?? startsAt ?? createdAt).getTime();
    if (Number.isNaN(lasts)) return "the row has no deadline";
    // A start counts from the time of its call, and each machine has a clock of its own.
    if (lasts > longestMs + 2 * skewMaxMs)
      return `the row's deadline is ${lasts} ms after its start`;
    if (deadlineAt > latestAt) return "the row's deadline is past the latest that it may have";
    return undefined;
  },
};

const oneRobotPerIntent: Check = {
  name: "2: never two robots in the room",
  objection(fact, known) {
    if (fact.kind !== "task-began") return undefined;
    const { callerId, clientToken, taskId } = fact.row;
    const isSame = (row: StoredIngest) =>
      row.taskId === taskId ||
      isSameOccurrence(row, fact.row) ||
      (clientToken !== null && row.callerId === callerId && row.clientToken === clientToken);
    const playing = known.trtc.tasks.live().flatMap((task) => {
      const row = known.rows.get(known.rowIdOf.get(task.taskId) ?? "");
      return row && isSame(row) && !isBeyondReach(known, task) ? row : [];
    });
    if (playing.length < 2 || playing.some(mayStartLate)) return undefined;
    return `${playing.length} robots play: ${playing.map((row) => row.robotUserId).join(", ")}`;
  },
};

/**
 * Maps caller and ClientToken to the ingest in the answer. Before its StartTime, an ingest has no
 * TrtcTaskId.
 */
function oneAnswer(): Check {
  const answers = new Map<string, string>();
  return {
    name: "2: one token, one answer",
    objection(fact, known) {
      if (fact.kind !== "answered" || fact.asked.verb !== "StartStreamIngest") return undefined;
      const { callerId, clientToken } = fact.asked;
      if (clientToken === undefined) return undefined;
      const { TaskId, TrtcTaskId, UserId, State } = fact.answer;
      const ingest = String(TaskId);
      const parts = { ingest, robot: String(UserId), task: String(TrtcTaskId) };
      for (const [part, answer] of Object.entries(parts)) {
        if (part === "task" && State === "scheduled") continue;
        if (part !== "ingest" && hasTasks(known, ingest)) continue;
        const key = `${callerId} ${clientToken} ${part}`;
        const earlier = answers.get(key) ?? answer;
        answers.set(key, answer);
        if (earlier !== answer) return `first answered ${earlier}, then ${answer}`;
      }
      return undefined;
    },
  };
}

/** A programme that is started again has another task, and a roll-over brings another robot. */
const hasTasks = ({ rows }: Known, taskId: string): boolean =>
  (rows.get(taskId)?.programme ?? null) !== null;

const rowBeforeCall: Check = {
  name: "3: every task is known by a row",
  objection(fact) {
    if (fact.kind !== "call-left" || fact.action !== "StartStreamIngest") return undefined;
    return fact.row ? undefined : "a start was sent of which no row knows";
  },
};

const nothingStopsEarly: Check = {
  name: "4: nothing is stopped before its deadline unless somebody asked",
  objection(fact, known) {
    const { nowMs, skewMaxMs, stopAsked, heard } = known;
    if (fact.kind !== "task-ended" || !fact.row) return undefined;
    const { taskId, deadlineAt, state, trtcTaskId } = fact.row;
    const earlyMs = deadlineAt.getTime() - skewMaxMs - nowMs();
    if (earlyMs <= 0 || stopAsked.has(taskId) || state === "ended") return undefined;
    // A task of an unresolved start may have to make room for its successor.
    if (trtcTaskId !== fact.task.taskId && !heard.has(fact.task.taskId)) return undefined;
    if (isOwnLateRequest(fact, fact.row) || endsByEvent(known, fact.row)) return undefined;
    if (endsByProgramme(known, fact.row) || isSuccessor(fact.row)) return undefined;
    if (endsBySchedule(fact.row)) return undefined;
    return `${fact.call.action} ended it ${earlyMs} ms before its deadline, and nobody had asked`;
  },
};

/** A statement, a slot within a burst, and network time. */
const LATE_MAX_MS = 3000;

/** 120 calls at 20 in 1.1 s. */
const CROWD_MS = 7000;

/**
 * A deadline that moves closer than this may be late by the same time. docs/lifecycle.md documents
 * this.
 */
const TICK_MS = MINUTE_MS + 3000;

const stopsAreOnTime: Check = {
  name: "4: with nothing failing, everything is stopped on time",
  objection(fact, { isCalm, nowMs, skewMaxMs, dueSinceMs }) {
    if (fact.kind !== "task-ended" || !isCalm() || !fact.row) return undefined;
    const dueMs = fact.row.dueAt.getTime();
    const lateMs = nowMs() - dueMs;
    // The ingests of the crowd's caller wait for each other.
    const crowdMs = fact.row.callerId === CROWD ? CROWD_MS : 0;
    const isShortNotice = dueMs - (dueSinceMs.get(fact.row.taskId) ?? 0) < TICK_MS;
    if (lateMs <= LATE_MAX_MS + crowdMs + skewMaxMs + (isShortNotice ? TICK_MS : 0))
      return undefined;
    return `it was stopped ${lateMs} ms after it was due`;
  },
};

/** TRTC's page: the last retry is three seconds after a failure. */
const LAST_TRY_MS = 5 * SECOND_MS;

const lastTryIsWaitedFor: Check = {
  name: "4: with nothing failing, a source's last try is waited for",
  objection(fact, { isCalm, nowMs, sources }) {
    if (fact.kind !== "row" || !isCalm() || fact.before?.state !== "running") return undefined;
    const { state, endReason, trtcTaskId, programme } = fact.row;
    if (programme) return undefined;
    const heard = sources.get(trtcTaskId ?? "") ?? [];
    if (state !== "stopping" || endReason !== "failed" || mayHaveFailedSurely(heard)) {
      return undefined;
    }
    const lastMs = heard.findLast(({ isTaken }) => isTaken)?.ms;
    const quietMs = nowMs() - (lastMs ?? Number.NEGATIVE_INFINITY);
    if (quietMs >= LAST_TRY_MS) return undefined;
    return `it was stopped ${quietMs} ms after the last that was told of its source`;
  },
};

const CALLS_PER_SECOND = 20;

function rateIsKept(): Check {
  const windows = new Map<string, ReturnType<typeof makeRateWindow>>();
  return {
    name: "5: no more than 20 calls a second leave",
    objection(fact, { isCalm }) {
      // The delay of a slot's answer also delays the call.
      if (fact.kind !== "call-left" || !isCalm()) return undefined;
      const window = windows.get(fact.action) ?? makeRateWindow();
      windows.set(fact.action, window);
      if (window.admit(fact.leavesMs, CALLS_PER_SECOND)) return undefined;
      return `${window.mostInOneSecond()} calls of ${fact.action} left in one second`;
    },
  };
}

function playingOf(known: Known, { taskId }: StoredIngest) {
  return known.trtc.tasks
    .live()
    .filter((task) => known.rowIdOf.get(task.taskId) === taskId)
    .filter((task) => !isBeyondReach(known, task));
}

const endedIsOver: Check = {
  name: "6: what is ended has no live task",
  objection(fact, known) {
    if (fact.kind !== "row" && fact.kind !== "task-began") return undefined;
    if (fact.row.state !== "ended" || mayStartLate(fact.row)) return undefined;
    const [task] = playingOf(known, fact.row);
    return task && `the row is ended (${fact.row.endReason ?? ""}), and ${task.taskId} plays`;
  },
};

const storedBeforeAnswered: Check = {
  name: "7: an accepted start is in the database before the caller hears of it",
  objection(fact, known) {
    if (fact.kind !== "answered" || fact.asked.verb !== "StartStreamIngest") return undefined;
    const row = known.rows.get(String(fact.answer["TaskId"]));
    if (!row) return "the caller was told a TaskId that no row has";
    if (fact.answer["State"] === "scheduled" && row.startsAt !== null) return undefined;
    if (row.trtcTaskId === fact.answer["TrtcTaskId"]) return undefined;
    if (isTaskOf(known, row, fact.answer["TrtcTaskId"])) return undefined;
    return "the caller was told another TrtcTaskId than the row's";
  },
};

const stoppedIsOver: Check = {
  name: "a stop that succeeded is the end",
  objection(fact, known) {
    if (fact.kind !== "answered" || fact.asked.verb !== "StopStreamIngest") return undefined;
    const row = known.rows.get(fact.asked.taskId ?? "");
    if (!row) return "the stop of an ingest was answered that no row knows";
    // A run that took the stop over may still have to record its end.
    const [task] = mayStartLate(row) ? [] : playingOf(known, row);
    return task && `the stop was answered, and ${task.taskId} plays`;
  },
};

/** These codes mean that the outcome is unknown. */
const UNKNOWN = /^(InternalError|ServiceUnavailable)/;

const failedMeansFailed: Check = {
  name: "a start that was refused plays nothing",
  objection(fact, known) {
    if (fact.kind !== "refused" || fact.asked.verb !== "StartStreamIngest") return undefined;
    const { error, asked } = fact;
    // Without a token, another start of the same intent may play. A waiting start also has no
    // outcome yet.
    if (asked.clientToken === undefined || UNKNOWN.test(error.code)) return undefined;
    if (error.retry || error.code === "ResourceInUse") return undefined;
    // A replayed dead letter's message has another token.
    const isAnother = ({ clientToken }: StoredIngest) =>
      clientToken !== null && clientToken !== storedToken(asked.clientToken ?? "");
    const rows = known
      .rowsOfIntent(asked.intent)
      .filter((row) => !mayStartLate(row) && !isAnother(row));
    const task = rows.flatMap((row) => playingOf(known, row))[0];
    return task && `the caller was told ${error.code}, and ${task.taskId} plays`;
  },
};

const ORDER = ["starting", "running", "stopping", "ended"];

const forwardOnly: Check = {
  name: "states only move forward",
  objection(fact, known) {
    if (fact.kind !== "row" || !fact.before) return undefined;
    const { before, row } = fact;
    const isRestart = before.state === "running" && isRestarting(row) && row.programme !== null;
    if (ORDER.indexOf(row.state) < ORDER.indexOf(before.state) && !isRestart) {
      return `the row went from ${before.state} back to ${row.state}`;
    }
    if (row.fence < before.fence) return "the row's fence went back";
    if (before.state !== "ended" || row.endReason === before.endReason) return undefined;
    // The row first records the end, and the explaining event comes later.
    const wasGuessed = before.endReason === "finished" || before.endReason === "lost";
    const isExplained =
      (row.endReason === "failed" && hasSourceFailed(known, row)) ||
      (row.endReason === "stopped" && endsByEvent(known, row));
    return wasGuessed && isExplained ? undefined : "the reason of an end was changed";
  },
};

const reasonsAreTrue: Check = {
  name: "the reason of an end is true",
  objection(fact, known) {
    const { stopAsked, skewMaxMs, trtc } = known;
    if (fact.kind !== "row" || fact.row.state !== "ended" || fact.before?.state === "ended") {
      return undefined;
    }
    const { endReason, taskId, endedAt, deadlineAt, play, trtcTaskId } = fact.row;
    if (isSuccessor(fact.row)) return undefined;
    const leftMs = deadlineAt.getTime() - (endedAt?.getTime() ?? 0);
    const isByEvent = endsByEvent(known, fact.row) || endsBySchedule(fact.row);
    if (endReason === "stopped" && !stopAsked.has(taskId) && !isByEvent) {
      return "stopped, and nobody had asked";
    }
    if (endReason === "expired" && leftMs > 2 * skewMaxMs) return `expired ${leftMs} ms too early`;
    if (fact.row.programme) return undefined;
    if (endReason === "failed" && trtcTaskId !== null && !isByEvent) {
      return "failed after its start, and its source had not";
    }
    const isOurs = isByEvent || endReason === "stopped" || endReason === "expired";
    const wasStopped = trtc.tasks.find(trtcTaskId ?? "")?.ended?.reason === "stopped";
    if (wasStopped && !isOurs) return `${endReason ?? "?"}, and a stop of ours has ended it`;
    if (endReason === "finished" && play.RepeatNum === -1) return "a loop finished by itself";
    return undefined;
  },
};

export const INVARIANTS = (): Check[] => [
  everyIngestHasADeadline,
  oneRobotPerIntent,
  oneAnswer(),
  rowBeforeCall,
  nothingStopsEarly,
  stopsAreOnTime,
  lastTryIsWaitedFor,
  rateIsKept(),
  endedIsOver,
  storedBeforeAnswered,
  stoppedIsOver,
  failedMeansFailed,
  forwardOnly,
  reasonsAreTrue,
];
