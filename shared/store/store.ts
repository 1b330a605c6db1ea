/**
 * The operations on the database, in groups. All SQL of the functions is in this folder. The
 * report is for operators only, so it takes a connection and is not part of the store.
 */
import { type Clock, systemClock } from "../clock.js";
import { updateEmptyAt, forgetAudience, recordViewerEvent } from "./room-events/audience.js";
import { makeBudgets } from "./budgets/operations.js";
import type { Database, Query } from "./engine/database.js";
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
import { markTimerRun } from "./health/timer-runs.js";
import { lazily, type Made } from "./lazily.js";
import { makeOutbox } from "./outbox/deliveries.js";
import { type Actor, actingFor } from "./history/actor.js";
import { listEvents } from "./history/list-events.js";
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
  claimGone,
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
import { takeOver, type TakeOver } from "./schedules/take-over.js";
import { type SlotTime, takeSlot, type SlotRequest } from "./slots.js";
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
import { makeUnclaimedTasks } from "./room-events/unclaimed.js";
import { forgetEnded } from "./history/retention.js";
import { endUpdateTurn, takeUpdateTurn } from "./ingests/update-turns.js";
import {
  markScheduledUpdated,
  markUpdated,
  type ScheduledUpdate,
  type Updated,
} from "./ingests/updates.js";
import { claimAgain, claimUse, forgetSignatures, releaseUse } from "./used-signatures.js";

export interface Store extends Made<ReturnType<typeof operations>> {
  /** The same store. History names the actor of each change: the one before, with these fields. */
  by: (actor: Partial<Actor>) => Store;
  ready: () => Promise<void>;
  close: () => Promise<void>;
}

export interface StoreOptions {
  clock?: Pick<Clock, "now" | "elapsedMs">;
  /** For tests that move time: slots use `clock` instead of the database's own clock. */
  isDatabaseOnClock?: boolean;
}

export function createStore(
  { close, ...database }: Database,
  { clock = systemClock, isDatabaseOnClock = false }: StoreOptions = {},
): Store {
  const query = reportingAway(database.query);
  const ready = reportingAway(database.ready ?? (() => Promise.resolve()));
  const transaction: Database["transaction"] = (work) =>
    reportingAway(() => database.transaction(work))();
  const readSlot = makeSlotReader(clock.elapsedMs);
  const slotTime = () => ({ now: isDatabaseOnClock ? clock.now() : null, readSlot });
  const storeOf = (actor: Partial<Actor>): Store =>
    Object.assign(lazily(operations(actingFor({ query, transaction }, actor), slotTime)), {
      ready,
      close,
      by: (fields: Partial<Actor>) => storeOf({ ...actor, ...fields }),
    });
  return storeOf({});
}

type Timing = { at: Date; leaseMs: number; waitMaxMs: number };

function operations(
  { query, transaction }: Pick<Database, "query" | "transaction">,
  slotTime: () => SlotTime,
) {
  return {
    ingests: () => ({
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
      claimGone: claimGone.bind(undefined, query),
      claimLateStarts: claimLateStarts.bind(undefined, query),
      clearLateStart: clearLateStart.bind(undefined, query),
      beginFailedSourceStops: beginFailedSourceStops.bind(undefined, query),
      claimStaleTasks: claimStaleTasks.bind(undefined, query),

      find: findIngest.bind(undefined, query),
      read: readIngest.bind(undefined, query),
      list: listIngests.bind(undefined, query),
      markUpdated: (update: Updated) => markUpdated(query, { ...update, ...slotTime() }),
      takeUpdateTurn: takeUpdateTurn.bind(undefined, query),
      endUpdateTurn: endUpdateTurn.bind(undefined, query),
      forgetEnded: forgetEnded.bind(undefined, query),
    }),
    scheduled: () => ({
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
      markUpdated: (update: ScheduledUpdate) =>
        markScheduledUpdated(query, { ...update, ...slotTime() }),
    }),
    programmes: () => ({
      claimDue: claimDue.bind(undefined, query, STEPS),
      nextClaimAt: nextClaimAt.bind(undefined, query, STEPS),
      beginStep: (attempt: StepAttempt) => beginStep(query, { ...attempt, ...slotTime() }),
      claimStep: claimStep.bind(undefined, query),
      markStepped: markStepped.bind(undefined, query),
      releaseStep: releaseStep.bind(undefined, query),
      markRestarting: markRestarting.bind(undefined, query),
      findSuccessor: findSuccessor.bind(undefined, query),
      swapTasks: swapTasks.bind(undefined, { transaction }),
    }),
    overlap: () => ({
      listOthers: listOthers.bind(undefined, query),
      askCut: askCut.bind(undefined, query),
      extend: extend.bind(undefined, query),
      markPassedOver: markPassedOver.bind(undefined, query),
      takeOver: (beat: TakeOver) => takeOver({ transaction }, { ...beat, ...slotTime() }),
    }),
    slots: () => ({
      take: (request: SlotRequest) => takeSlot(query, { ...request, ...slotTime() }),
    }),
    signatures: () => ({
      claim: claimUse.bind(undefined, query),
      claimAgain: claimAgain.bind(undefined, query),
      release: releaseUse.bind(undefined, query),
      forget: forgetSignatures.bind(undefined, query),
    }),
    health: () => ({
      markTimerRun: markTimerRun.bind(undefined, query),
      /** For statements of health and of operators, which the bundles of other functions do not carry. */
      read: <T>(work: (query: Query) => Promise<T>): Promise<T> => work(query),
    }),
    roomEvents: () => ({
      recordTaskEvent: recordTaskEvent.bind(undefined, query),
      explainDismissal: explainDismissal.bind(undefined, query),
      explainRemoval: explainRemoval.bind(undefined, query),
      explainEnd: explainEnd.bind(undefined, query),
      robotEntered: robotEntered.bind(undefined, query),
      robotLeft: robotLeft.bind(undefined, query),
      checkSoon: checkSoon.bind(undefined, query),
      markSeen: markSeen.bind(undefined, query),
      runningInRoom: runningInRoom.bind(undefined, query),
    }),
    audience: () => ({
      recordViewerEvent: recordViewerEvent.bind(undefined, query),
      updateEmptyAt: updateEmptyAt.bind(undefined, { transaction }),
      forget: forgetAudience.bind(undefined, query),
    }),
    unclaimedTasks: () => makeUnclaimedTasks(query),
    history: () => ({
      list: listEvents.bind(undefined, query),
    }),
    budgets: () => makeBudgets(query, slotTime),
    schedules: () => makeSchedules({ query, transaction }),
    outbox: () => makeOutbox(query),
    deadLetters: () => ({
      add: addDeadLetter.bind(undefined, query),
      resolve: resolveDeadLetters.bind(undefined, query),
      forgetResolved: forgetResolved.bind(undefined, query),
      list: listDeadLetters.bind(undefined, query),
      read: readDeadLetter.bind(undefined, query),
      drop: dropDeadLetter.bind(undefined, query),
      isTokenSpent: isTokenSpent.bind(undefined, query),
    }),
  };
}
