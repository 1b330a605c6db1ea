/**
 * A store that keeps its rows in memory. It has the interface and the statements of the real one,
 * and is thousands of times as fast. A property test proves that both behave the same.
 */
import type { Budget } from "../../../shared/config/money/budgets.js";
import { makeSlotReader, type Slot } from "../../../shared/store/engine/database-time.js";
import { forgetSpending } from "../../../shared/store/budgets/retention.js";
import { listLive, type Watched, watchBudget } from "../../../shared/store/budgets/watch.js";
import type { Query } from "../../../shared/store/engine/database.js";
import { hasQuotas } from "../../../shared/store/ingests/quotas.js";
import type { ScheduledAttempt } from "../../../shared/store/ingests/scheduled.js";
import { countedQuotas, TRIES_MAX } from "../../../shared/store/ingests/starts.js";
import type { StepAttempt } from "../../../shared/store/programmes/steps.js";
import type { Store } from "../../../shared/store/store.js";
import type { Carry } from "../platform/statements.js";
import { type Candidate, live, overBudget, plannedOf, watch } from "./budgets.js";
import {
  addDeadLetter,
  forgetResolved,
  isTokenSpent,
  listDeadLetters,
  resolveDeadLetters,
} from "./dead-letters.js";
import {
  endUpdateTurn,
  findIngest,
  forgetEnded,
  listIngests,
  markUpdated,
  takeUpdateTurn,
} from "./reads.js";
import {
  claimStaleTasks,
  beginFailedSourceStops,
  claimGone,
  claimStart,
  claimUnfinished,
  claimLateStarts,
  clearLateStart,
} from "./reconcile.js";
import { grantSlot, type RawSlot } from "./slots.js";
import {
  candidateOf,
  findConflict,
  insertScheduled,
  insertStart,
  markFailed,
  markRunning,
  type WantedStart,
} from "./starts.js";
import { ADVANCES, claimDue, type DueQueue, ENDS, nextClaimAt, STEPS } from "./due.js";
import {
  beginStep,
  claimStep,
  findSuccessor,
  markRestarting,
  markStepped,
  releaseStep,
  swapTasks,
} from "./programmes.js";
import { askCut, extend, listOthers, markPassedOver, takeOver } from "./overlap.js";
import { refusalOf } from "./quotas.js";
import {
  beginAttempt,
  cancelScheduled,
  isStillDue,
  listMissed,
  markMissed,
  markScheduledUpdated,
  postpone,
  releaseAdvance,
  reschedule,
} from "./scheduled.js";
import { askStop, beginDueStop, beginStop, markEnded, release } from "./stops.js";
import {
  recordTaskEvent,
  explainDismissal,
  explainRemoval,
  explainEnd,
  robotEntered,
  robotLeft,
  checkSoon,
  markSeen,
  runningInRoom,
} from "./room/room-events.js";
import { recordViewerEvent, updateEmptyAt, forgetAudience } from "./room/audience.js";
import {
  keepUnclaimed,
  dropUnclaimed,
  adoptUnclaimed,
  countUnclaimed,
  takeUnclaimed,
  endUnclaimed,
  forgetUnclaimed,
} from "./room/unclaimed.js";
import { makeSchedules } from "./schedules/group.js";
import type { Tables } from "./tables.js";
import { claimAgain, findUse, forgetSignatures, insertUse, releaseUse } from "./used-signatures.js";

export interface ModelOptions {
  tables: Tables;
  /** Delivers each statement and its rows; absent: at once. */
  carry?: Carry;
  /** The database's clock. */
  databaseNowMs: () => number;
  /** The instance's own clock. */
  elapsedMs: () => number;
}

export function createModelStore(options: ModelOptions) {
  const { tables, databaseNowMs, elapsedMs } = options;
  const carry: Carry = options.carry ?? ((_, execute) => Promise.resolve(execute()));
  const readSlot = makeSlotReader(elapsedMs);
  const slotOf = (raw: RawSlot | undefined): Slot | undefined =>
    raw && { ...readSlot(raw), ...(!raw.isGranted && { isToAskAgain: true as const }) };
  const withSlot = <T extends { slot: RawSlot | undefined }>(found: T) => ({
    ...found,
    slot: slotOf(found.slot),
  });

  /** One statement of this name over the tables. */
  const statement =
    <P extends unknown[], R>(name: string, run: (tables: Tables, ...parameters: P) => R) =>
    (...parameters: P): Promise<R> =>
      carry(name, () => run(tables, ...parameters));

  /** One statement for each budget, of which the first may be that of an operation. */
  async function overBudgetOf(
    budgets: readonly Budget[],
    candidate: () => Pick<Candidate, "span" | "perMinute" | "ending">,
    first = "ingests.findConflict",
  ) {
    for (const [index, budget] of budgets.entries()) {
      const over = await carry(index === 0 ? first : "ingests.findConflict", () =>
        overBudget(tables, { ...candidate(), budgets: [budget] }, databaseNowMs()),
      );
      if (over) return over;
    }
    return undefined;
  }

  const due = (group: "ingests" | "scheduled" | "programmes", queue: DueQueue) => ({
    claimDue: statement(`${group}.claimDue`, (_, claim: Parameters<typeof claimDue>[2]) =>
      claimDue(tables, queue, claim),
    ),
    nextClaimAt: statement(`${group}.nextClaimAt`, (_, before: Parameters<typeof nextClaimAt>[2]) =>
      nextClaimAt(tables, queue, before),
    ),
  });

  /** A moved deadline would pass one of the budgets. */
  function isOverBudget(
    { taskId, budgets = [] }: { taskId: string; budgets?: readonly Budget[] | undefined },
    deadlineAt: Date | undefined,
  ): boolean {
    const planned = plannedOf(tables, { taskId, deadlineAt }, databaseNowMs());
    const candidate = { ...planned, budgets, ending: [taskId] };
    return overBudget(tables, candidate, databaseNowMs()) !== undefined;
  }

  async function runBudgetOperation(operation: unknown, asked: unknown): Promise<unknown> {
    const run = (work: () => unknown) => carry("budgets.run", work);
    if (operation === watchBudget) {
      return run(() => watch(tables, asked as Watched, databaseNowMs()));
    }
    if (operation === listLive) {
      return run(() => live(tables, asked as Parameters<typeof live>[1]));
    }
    if (operation !== forgetSpending) throw new Error("the model has no such operation");
    await run(() => undefined);
    await carry("ingests.findConflict", () => undefined);
    return undefined;
  }

  const budgets = once(() => ({
    overBudget({ taskId, deadlineAt, ...planned }: Parameters<Store["budgets"]["overBudget"]>[0]) {
      const { ending: others = [] } = planned;
      const ending = deadlineAt ? [taskId, ...others] : others;
      return overBudgetOf(
        planned.budgets,
        () => ({ ...plannedOf(tables, { taskId, deadlineAt }, databaseNowMs()), ending }),
        "budgets.overBudget",
      );
    },
    run: <Asked, Answer>(
      operation: (query: Query, asked: Asked & { now: Date | null }) => Promise<Answer>,
      asked: Asked,
    ) => runBudgetOperation(operation, asked) as Promise<Answer>,
  }));

  const ingests = once(() => ({
    async beginStart(start: WantedStart) {
      const { schedule } = start;
      const quotas = countedQuotas(start);
      for (let tries = 0; tries < TRIES_MAX; tries += 1) {
        const begun = await carry("ingests.beginStart", () => {
          if (!schedule) return insertStart(tables, start, databaseNowMs());
          const ingest = insertScheduled(tables, { ...start, schedule }, databaseNowMs());
          return ingest && { ingest };
        });
        if (begun) {
          return "slot" in begun
            ? { outcome: "begun" as const, ...withSlot(begun) }
            : { outcome: "scheduled" as const, ...begun };
        }
        const conflict = await carry("ingests.findConflict", () => findConflict(tables, start));
        if (conflict) return conflict;
        const budgets = schedule ? [] : (start.budgets ?? []);
        if (!hasQuotas(quotas) && budgets.length === 0) return { outcome: "no-slot" as const };
        const refusal =
          (await carry("ingests.findConflict", () =>
            refusalOf(tables, { ...start, quotas }, databaseNowMs()),
          )) ?? (await overBudgetOf(budgets, () => candidateOf(start)));
        if (refusal) return refusal;
      }
      return { outcome: "no-slot" as const };
    },
    findConflict: statement("ingests.findConflict", findConflict),
    markRunning: statement("ingests.markRunning", markRunning),
    markFailed: statement("ingests.markFailed", markFailed),
    async beginStop(asked: Parameters<Store["ingests"]["beginStop"]>[0]) {
      const begun = await carry("ingests.beginStop", () =>
        beginStop(tables, asked, databaseNowMs()),
      );
      return begun && withSlot(begun);
    },
    async beginDueStop(asked: Parameters<Store["ingests"]["beginDueStop"]>[0]) {
      const begun = await carry("ingests.beginDueStop", () =>
        beginDueStop(tables, asked, databaseNowMs()),
      );
      return begun && withSlot(begun);
    },
    askStop: statement("ingests.askStop", askStop),
    markEnded: statement("ingests.markEnded", markEnded),
    release: statement("ingests.release", release),
    ...due("ingests", ENDS),
    claimUnfinished: statement("ingests.claimUnfinished", claimUnfinished),
    claimStart: statement("ingests.claimStart", claimStart),
    claimGone: statement("ingests.claimGone", claimGone),
    claimLateStarts: statement("ingests.claimLateStarts", claimLateStarts),
    clearLateStart: statement("ingests.clearLateStart", clearLateStart),
    beginFailedSourceStops: statement("ingests.beginFailedSourceStops", beginFailedSourceStops),
    claimStaleTasks: statement("ingests.claimStaleTasks", claimStaleTasks),
    find: statement("ingests.find", findIngest),
    read: statement("ingests.read", ({ ingests }, taskId: string) => ingests.get(taskId)),
    list: statement("ingests.list", listIngests),
    markUpdated: statement(
      "ingests.markUpdated",
      (_, update: Parameters<Store["ingests"]["markUpdated"]>[0]) =>
        isOverBudget(update, update.deadlineAt) ? undefined : markUpdated(tables, update),
    ),
    takeUpdateTurn: statement("ingests.takeUpdateTurn", takeUpdateTurn),
    endUpdateTurn: statement("ingests.endUpdateTurn", endUpdateTurn),
    forgetEnded: statement("ingests.forgetEnded", forgetEnded),
  }));
  const scheduled = once(() => ({
    ...due("scheduled", ADVANCES),
    async begin(attempt: ScheduledAttempt) {
      const { claimed, quotas, budgets = [], waitMaxMs } = attempt;
      for (let tries = 0; tries < TRIES_MAX; tries += 1) {
        const begun = await carry("scheduled.begin", () =>
          beginAttempt(tables, attempt, databaseNowMs()),
        );
        if (begun) return { outcome: "begun" as const, ...withSlot(begun) };
        const isDue = await carry("ingests.findConflict", () => isStillDue(tables, attempt));
        if (!isDue) return { outcome: "spared" as const };
        if (!hasQuotas(quotas) && budgets.length === 0) return { outcome: "no-slot" as const };
        const refusal =
          (await carry("ingests.findConflict", () =>
            refusalOf(tables, { ...claimed, quotas, waitMaxMs }, databaseNowMs()),
          )) ?? (await overBudgetOf(budgets, () => plannedOf(tables, claimed, databaseNowMs())));
        if (refusal) return refusal;
      }
      return { outcome: "no-slot" as const };
    },
    reschedule: statement("scheduled.reschedule", reschedule),
    postpone: statement("scheduled.postpone", postpone),
    release: statement("scheduled.release", releaseAdvance),
    cancel: statement("scheduled.cancel", cancelScheduled),
    listMissed: statement("scheduled.listMissed", listMissed),
    markMissed: statement("scheduled.markMissed", markMissed),
    markUpdated: statement(
      "scheduled.markUpdated",
      (_, update: Parameters<Store["scheduled"]["markUpdated"]>[0]) =>
        isOverBudget(update, update.schedule.deadlineAt)
          ? undefined
          : markScheduledUpdated(tables, update),
    ),
  }));
  const programmes = once(() => ({
    ...due("programmes", STEPS),
    beginStep: async (attempt: StepAttempt) => {
      const begun = await carry("programmes.beginStep", () =>
        beginStep(tables, attempt, databaseNowMs()),
      );
      return begun && withSlot(begun);
    },
    claimStep: statement("programmes.claimStep", claimStep),
    markStepped: statement("programmes.markStepped", markStepped),
    releaseStep: statement("programmes.releaseStep", releaseStep),
    markRestarting: statement("programmes.markRestarting", markRestarting),
    findSuccessor: statement("programmes.findSuccessor", findSuccessor),
    swapTasks: statement("programmes.swapTasks", swapTasks),
  }));
  const overlap = once(() => ({
    listOthers: statement("overlap.listOthers", listOthers),
    askCut: statement("overlap.askCut", askCut),
    extend: statement("overlap.extend", extend),
    markPassedOver: statement("overlap.markPassedOver", markPassedOver),
    takeOver: statement(
      "overlap.takeOver",
      (_, beat: Parameters<Store["overlap"]["takeOver"]>[0]) => {
        const { winner, loser } = beat;
        const planned = plannedOf(tables, winner, databaseNowMs());
        const candidate = { ...planned, budgets: beat.budgets ?? [], ending: [loser.taskId] };
        if (overBudget(tables, candidate, databaseNowMs())) return undefined;
        return takeOver(tables, beat);
      },
    ),
  }));
  const schedules = once(() => makeSchedules(tables, carry));
  const slots = once(() => ({
    async take(wanted: Parameters<Store["slots"]["take"]>[0]) {
      const slot = await carry("slots.take", () =>
        grantSlot(tables, { ...wanted, databaseNowMs: databaseNowMs() }),
      );
      return slotOf(slot);
    },
  }));
  const signatures = once(() => ({
    async claim(claim: Parameters<Store["signatures"]["claim"]>[0]) {
      const begun = await carry("signatures.claim", () => insertUse(tables, claim));
      return begun ?? carry("signatures.findUse", () => findUse(tables, claim.signature));
    },
    claimAgain: statement("signatures.claimAgain", claimAgain),
    release: statement("signatures.release", releaseUse),
    forget: statement("signatures.forget", forgetSignatures),
  }));
  const roomEvents = once(() => ({
    recordTaskEvent: statement("roomEvents.recordTaskEvent", recordTaskEvent),
    explainDismissal: statement("roomEvents.explainDismissal", explainDismissal),
    explainRemoval: statement("roomEvents.explainRemoval", explainRemoval),
    explainEnd: statement("roomEvents.explainEnd", explainEnd),
    robotEntered: statement("roomEvents.robotEntered", robotEntered),
    robotLeft: statement("roomEvents.robotLeft", robotLeft),
    checkSoon: statement("roomEvents.checkSoon", checkSoon),
    markSeen: statement("roomEvents.markSeen", markSeen),
    runningInRoom: statement("roomEvents.runningInRoom", runningInRoom),
  }));
  const audience = once(() => ({
    recordViewerEvent: statement("audience.recordViewerEvent", recordViewerEvent),
    updateEmptyAt: statement("audience.updateEmptyAt", updateEmptyAt),
    forget: statement("audience.forget", forgetAudience),
  }));
  const unclaimedTasks = once(() => ({
    keep: statement("unclaimedTasks.keep", keepUnclaimed),
    drop: statement("unclaimedTasks.drop", dropUnclaimed),
    adopt: statement("unclaimedTasks.adopt", adoptUnclaimed),
    count: statement("unclaimedTasks.count", countUnclaimed),
    take: statement("unclaimedTasks.take", takeUnclaimed),
    end: statement("unclaimedTasks.end", endUnclaimed),
    forget: statement("unclaimedTasks.forget", forgetUnclaimed),
  }));
  const outbox = once(() => ({
    ...OUTBOX,
    callersWaiting: statement("outbox.callersWaiting", () => []),
    forgetDead: statement("outbox.forgetDead", () => undefined),
  }));
  const deadLetters = once(() => ({
    add: statement("deadLetters.add", addDeadLetter),
    resolve: statement("deadLetters.resolve", resolveDeadLetters),
    forgetResolved: statement("deadLetters.forgetResolved", forgetResolved),
    list: statement("deadLetters.list", listDeadLetters),
    read: statement("deadLetters.read", ({ deadLetters }, id: string) => deadLetters.get(id)),
    drop: statement("deadLetters.drop", ({ deadLetters }, id: string) => deadLetters.delete(id)),
    isTokenSpent: statement("deadLetters.isTokenSpent", isTokenSpent),
  }));

  const store: Store = {
    ready: () => Promise.resolve(),
    // The model keeps no history. The simulation on SQL compares the history with the rows.
    by: () => store,
    close: () => Promise.resolve(),
    get ingests() {
      return ingests();
    },
    get scheduled() {
      return scheduled();
    },
    get programmes() {
      return programmes();
    },
    get overlap() {
      return overlap();
    },
    get slots() {
      return slots();
    },
    get signatures() {
      return signatures();
    },
    get roomEvents() {
      return roomEvents();
    },
    get audience() {
      return audience();
    },
    get unclaimedTasks() {
      return unclaimedTasks();
    },
    get budgets() {
      return budgets();
    },
    get schedules() {
      return schedules();
    },
    history: { list: () => Promise.resolve([]) },
    get outbox() {
      return outbox();
    },
    get deadLetters() {
      return deadLetters();
    },
    health: HEALTH,
  };
  return store;
}

/** Each invocation has a store of its own, and uses few of its groups. So each waits for its use. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

/** No caller has a NotifyUrl here, so there are no notifications to claim. */
const unasked = () => Promise.reject(new Error("the model has no outbox"));

/** The simulator calls use cases, and only the functions around them ask. */
const unexamined = () => Promise.reject(new Error("the model has no health"));

const HEALTH: Store["health"] = {
  markTimerRun: unexamined,
  read: unexamined,
};

const OUTBOX: Store["outbox"] = {
  callersWaiting: unasked,
  claim: unasked,
  remove: unasked,
  postpone: unasked,
  postponeRest: unasked,
  addDeadLetter: unasked,
  dropOf: unasked,
  listDead: unasked,
  revive: unasked,
  forgetDead: unasked,
};
