/**
 * The operations on the database, in groups. All SQL of the functions is in this folder. Health and
 * report are for operators only, so they take a connection and are not part of the store.
 */
import { type Clock, systemClock } from "../clock.js";
import { updateEmptyAt, forgetAudience, recordViewerEvent } from "./room-events/audience.js";
import type { Database } from "./engine/database.js";
import { makeSlotReader } from "./engine/database-time.js";
import {
  addDeadLetter,
  dropDeadLetter,
  forgetResolved,
  isTokenSpent,
  listDeadLetters,
  readDeadLetter,
  resolveDeadLetters,
} from "./dead-letters.js";
import { ADVANCES, claimDue, ENDS, nextClaimAt, STEPS } from "./ingests/due.js";
import { makeOutbox } from "./outbox/deliveries.js";
import { findIngest, listIngests, readIngest } from "./ingests/reads.js";
import {
  checkSoon,
  explainDismissal,
  explainEnd,
  explainRemoval,
  runningInRoom,
  recordTaskEvent,
} from "./room-events/events.js";
import { markSeen, robotEntered, robotLeft } from "./room-events/robots.js";
import {
  claimStaleTasks,
  beginFailedSourceStops,
  claimStart,
  claimUnfinished,
  claimLateStarts,
  clearLateStart,
} from "./ingests/reconcile.js";
import { markRestarting } from "./programmes/restarts.js";
import { findSuccessor, swapTasks } from "./programmes/successors.js";
import {
  beginStep,
  claimStep,
  markStepped,
  releaseStep,
  type StepAttempt,
} from "./programmes/steps.js";
import { makeSchedules } from "./schedules/operations.js";
import { askCut, extend, listOthers, markPassedOver } from "./schedules/overlap.js";
import { takeOver } from "./schedules/take-over.js";
import { takeSlot, type SlotRequest } from "./slots.js";
import {
  beginScheduledStart,
  cancelScheduled,
  postpone,
  releaseAdvance,
  reschedule,
  type ScheduledAttempt,
} from "./ingests/scheduled.js";
import { listMissed, markMissed } from "./ingests/missed.js";
import { findConflict } from "./ingests/conflicts.js";
import type { NewIngest } from "./ingests/new-row.js";
import { beginStart } from "./ingests/starts.js";
import { markFailed, markRunning } from "./ingests/start-outcomes.js";
import {
  askStop,
  beginDueStop,
  beginStop,
  markEnded,
  release,
  type StopCause,
} from "./ingests/stops.js";
import { reportingAway } from "./engine/unavailable.js";
import {
  adoptUnclaimed,
  countUnclaimed,
  dropUnclaimed,
  endUnclaimed,
  forgetUnclaimed,
  keepUnclaimed,
  takeUnclaimed,
} from "./room-events/unclaimed.js";
import { endUpdateTurn, takeUpdateTurn } from "./ingests/update-turns.js";
import { markScheduledUpdated, markUpdated } from "./ingests/updates.js";
import { claimAgain, claimUse, forgetSignatures, releaseUse } from "./used-signatures.js";

export type Store = ReturnType<typeof createStore>;

export interface StoreOptions {
  clock?: Pick<Clock, "now" | "elapsedMs">;
  /** For tests that move time: slots use `clock` instead of the database's own clock. */
  isDatabaseOnClock?: boolean;
}

export function createStore(
  { close, ...database }: Database,
  { clock = systemClock, isDatabaseOnClock = false }: StoreOptions = {},
) {
  const query = reportingAway(database.query);
  const ready = reportingAway(database.ready ?? (() => Promise.resolve()));
  const transaction: Database["transaction"] = (work) =>
    reportingAway(() => database.transaction(work))();
  const readSlot = makeSlotReader(clock.elapsedMs);
  const slotTime = () => ({ now: isDatabaseOnClock ? clock.now() : null, readSlot });
  type Timing = { at: Date; leaseMs: number; waitMaxMs: number };
  return {
    ready,
    close,
    ingests: {
      beginStart: (start: NewIngest & { leaseMs: number; waitMaxMs: number }) =>
        beginStart(query, { ...start, ...slotTime() }),
      findConflict: findConflict.bind(undefined, query),
      markRunning: markRunning.bind(undefined, query),
      markFailed: markFailed.bind(undefined, query),

      beginStop: (stop: { taskId: string } & StopCause & Timing) =>
        beginStop(query, { ...stop, ...slotTime() }),
      beginDueStop: (stop: { taskId: string; fence: number } & Timing) =>
        beginDueStop(query, { ...stop, ...slotTime() }),
      askStop: askStop.bind(undefined, query),
      markEnded: markEnded.bind(undefined, query),
      release: release.bind(undefined, query),

      claimDue: claimDue.bind(undefined, query, ENDS),
      nextClaimAt: nextClaimAt.bind(undefined, query, ENDS),

      claimUnfinished: claimUnfinished.bind(undefined, query),
      claimStart: claimStart.bind(undefined, query),
      claimLateStarts: claimLateStarts.bind(undefined, query),
      clearLateStart: clearLateStart.bind(undefined, query),
      beginFailedSourceStops: beginFailedSourceStops.bind(undefined, query),
      claimStaleTasks: claimStaleTasks.bind(undefined, query),

      find: findIngest.bind(undefined, query),
      read: readIngest.bind(undefined, query),
      list: listIngests.bind(undefined, query),
      markUpdated: markUpdated.bind(undefined, query),
      takeUpdateTurn: takeUpdateTurn.bind(undefined, query),
      endUpdateTurn: endUpdateTurn.bind(undefined, query),
    },
    scheduled: {
      claimDue: claimDue.bind(undefined, query, ADVANCES),
      nextClaimAt: nextClaimAt.bind(undefined, query, ADVANCES),
      begin: (attempt: ScheduledAttempt) =>
        beginScheduledStart(query, { ...attempt, ...slotTime() }),
      reschedule: reschedule.bind(undefined, query),
      postpone: postpone.bind(undefined, query),
      release: releaseAdvance.bind(undefined, query),
      cancel: cancelScheduled.bind(undefined, query),
      listMissed: listMissed.bind(undefined, query),
      markMissed: markMissed.bind(undefined, query),
      markUpdated: markScheduledUpdated.bind(undefined, query),
    },
    programmes: {
      claimDue: claimDue.bind(undefined, query, STEPS),
      nextClaimAt: nextClaimAt.bind(undefined, query, STEPS),
      beginStep: (attempt: StepAttempt) => beginStep(query, { ...attempt, ...slotTime() }),
      claimStep: claimStep.bind(undefined, query),
      markStepped: markStepped.bind(undefined, query),
      releaseStep: releaseStep.bind(undefined, query),
      markRestarting: markRestarting.bind(undefined, query),
      findSuccessor: findSuccessor.bind(undefined, query),
      swapTasks: swapTasks.bind(undefined, { transaction }),
    },
    overlap: {
      listOthers: listOthers.bind(undefined, query),
      askCut: askCut.bind(undefined, query),
      extend: extend.bind(undefined, query),
      markPassedOver: markPassedOver.bind(undefined, query),
      takeOver: takeOver.bind(undefined, { transaction }),
    },
    slots: {
      take: (request: SlotRequest) => takeSlot(query, { ...request, ...slotTime() }),
    },
    signatures: {
      claim: claimUse.bind(undefined, query),
      claimAgain: claimAgain.bind(undefined, query),
      release: releaseUse.bind(undefined, query),
      forget: forgetSignatures.bind(undefined, query),
    },
    roomEvents: {
      recordTaskEvent: recordTaskEvent.bind(undefined, query),
      explainDismissal: explainDismissal.bind(undefined, query),
      explainRemoval: explainRemoval.bind(undefined, query),
      explainEnd: explainEnd.bind(undefined, query),
      robotEntered: robotEntered.bind(undefined, query),
      robotLeft: robotLeft.bind(undefined, query),
      checkSoon: checkSoon.bind(undefined, query),
      markSeen: markSeen.bind(undefined, query),
      runningInRoom: runningInRoom.bind(undefined, query),
    },
    audience: {
      recordViewerEvent: recordViewerEvent.bind(undefined, query),
      updateEmptyAt: updateEmptyAt.bind(undefined, { transaction }),
      forget: forgetAudience.bind(undefined, query),
    },
    unclaimedTasks: {
      keep: keepUnclaimed.bind(undefined, query),
      drop: dropUnclaimed.bind(undefined, query),
      adopt: adoptUnclaimed.bind(undefined, query),
      count: countUnclaimed.bind(undefined, query),
      take: takeUnclaimed.bind(undefined, query),
      end: endUnclaimed.bind(undefined, query),
      forget: forgetUnclaimed.bind(undefined, query),
    },
    schedules: makeSchedules({ query, transaction }),
    outbox: makeOutbox(query),
    deadLetters: {
      add: addDeadLetter.bind(undefined, query),
      resolve: resolveDeadLetters.bind(undefined, query),
      forgetResolved: forgetResolved.bind(undefined, query),
      list: listDeadLetters.bind(undefined, query),
      read: readDeadLetter.bind(undefined, query),
      drop: dropDeadLetter.bind(undefined, query),
      isTokenSpent: isTokenSpent.bind(undefined, query),
    },
  };
}
