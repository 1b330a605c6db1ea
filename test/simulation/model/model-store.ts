/**
 * A store that keeps its rows in memory. It has the interface and the statements of the real one,
 * and is thousands of times as fast. A property test proves that both behave the same.
 */
import { makeSlotReader, type Slot } from "../../../shared/store/engine/database-time.js";
import { TRIES_MAX } from "../../../shared/store/ingests/starts.js";
import type { Store } from "../../../shared/store/store.js";
import type { Carry } from "../platform/statements.js";
import {
  addDeadLetter,
  forgetResolved,
  isTokenSpent,
  listDeadLetters,
  resolveDeadLetters,
} from "./dead-letters.js";
import { findIngest, listIngests, markUpdated } from "./reads.js";
import {
  claimStaleTasks,
  beginFailedSourceStops,
  claimStart,
  claimUnfinished,
  claimLateStarts,
  clearLateStart,
} from "./reconcile.js";
import { grantSlot, type RawSlot } from "./slots.js";
import { findConflict, insertStart, markFailed, markRunning, type WantedStart } from "./starts.js";
import { hasQuotas, refusalOf } from "./quotas.js";
import {
  askStop,
  beginDueStop,
  beginStop,
  claimDue,
  markEnded,
  nextClaimAt,
  release,
} from "./stops.js";
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
} from "./room-events.js";
import { recordViewerEvent, updateEmptyAt, forgetAudience } from "./audience.js";
import {
  keepUnclaimed,
  dropUnclaimed,
  adoptUnclaimed,
  countUnclaimed,
  takeUnclaimed,
  endUnclaimed,
  forgetUnclaimed,
} from "./unclaimed.js";
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

  return {
    ready: () => Promise.resolve(),
    close: () => Promise.resolve(),

    async beginStart(wanted: WantedStart) {
      for (let tries = 0; tries < TRIES_MAX; tries += 1) {
        const begun = await carry("beginStart", () => insertStart(tables, wanted, databaseNowMs()));
        if (begun) return { outcome: "begun" as const, ...withSlot(begun) };
        const conflict = await carry("findConflict", () => findConflict(tables, wanted));
        if (conflict) return conflict;
        if (!hasQuotas(wanted)) return { outcome: "no-slot" as const };
        const refusal = await carry("findConflict", () =>
          refusalOf(tables, wanted, databaseNowMs()),
        );
        if (refusal) return refusal;
      }
      return { outcome: "no-slot" as const };
    },
    findConflict: statement("findConflict", findConflict),
    markRunning: statement("markRunning", markRunning),
    markFailed: statement("markFailed", markFailed),

    async beginStop(asked: Parameters<Store["beginStop"]>[0]) {
      const begun = await carry("beginStop", () => beginStop(tables, asked, databaseNowMs()));
      return begun && withSlot(begun);
    },
    async beginDueStop(asked: Parameters<Store["beginDueStop"]>[0]) {
      const begun = await carry("beginDueStop", () => beginDueStop(tables, asked, databaseNowMs()));
      return begun && withSlot(begun);
    },
    askStop: statement("askStop", askStop),
    markEnded: statement("markEnded", markEnded),
    release: statement("release", release),

    claimDue: statement("claimDue", claimDue),
    nextClaimAt: statement("nextClaimAt", nextClaimAt),

    claimUnfinished: statement("claimUnfinished", claimUnfinished),
    claimStart: statement("claimStart", claimStart),
    claimLateStarts: statement("claimLateStarts", claimLateStarts),
    clearLateStart: statement("clearLateStart", clearLateStart),
    beginFailedSourceStops: statement("beginFailedSourceStops", beginFailedSourceStops),
    claimStaleTasks: statement("claimStaleTasks", claimStaleTasks),

    findIngest: statement("findIngest", findIngest),
    readIngest: statement("readIngest", ({ ingests }, taskId: string) => ingests.get(taskId)),
    listIngests: statement("listIngests", listIngests),

    markUpdated: statement("markUpdated", markUpdated),
    async claimUse(claim: Parameters<Store["claimUse"]>[0]) {
      const begun = await carry("claimUse", () => insertUse(tables, claim));
      return begun ?? carry("findUse", () => findUse(tables, claim.signature));
    },
    claimAgain: statement("claimAgain", claimAgain),
    releaseUse: statement("releaseUse", releaseUse),
    forgetSignatures: statement("forgetSignatures", forgetSignatures),

    addDeadLetter: statement("addDeadLetter", addDeadLetter),
    resolveDeadLetters: statement("resolveDeadLetters", resolveDeadLetters),
    forgetResolved: statement("forgetResolved", forgetResolved),
    listDeadLetters: statement("listDeadLetters", listDeadLetters),
    readDeadLetter: statement("readDeadLetter", ({ deadLetters }, id: string) =>
      deadLetters.get(id),
    ),
    dropDeadLetter: statement("dropDeadLetter", ({ deadLetters }, id: string) =>
      deadLetters.delete(id),
    ),
    isTokenSpent: statement("isTokenSpent", isTokenSpent),

    async takeSlot(wanted: Parameters<Store["takeSlot"]>[0]) {
      const slot = await carry("takeSlot", () =>
        grantSlot(tables, { ...wanted, databaseNowMs: databaseNowMs() }),
      );
      return slotOf(slot);
    },
    outbox: {
      ...OUTBOX,
      callersWaiting: statement("callersWaiting", () => []),
      forgetDead: statement("forgetDead", () => undefined),
    },

    recordTaskEvent: statement("recordTaskEvent", recordTaskEvent),
    explainDismissal: statement("explainDismissal", explainDismissal),
    explainRemoval: statement("explainRemoval", explainRemoval),
    explainEnd: statement("explainEnd", explainEnd),
    robotEntered: statement("robotEntered", robotEntered),
    robotLeft: statement("robotLeft", robotLeft),
    checkSoon: statement("checkSoon", checkSoon),
    markSeen: statement("markSeen", markSeen),
    runningInRoom: statement("runningInRoom", runningInRoom),

    recordViewerEvent: statement("recordViewerEvent", recordViewerEvent),
    updateEmptyAt: statement("updateEmptyAt", updateEmptyAt),
    forgetAudience: statement("forgetAudience", forgetAudience),

    keepUnclaimed: statement("keepUnclaimed", keepUnclaimed),
    dropUnclaimed: statement("dropUnclaimed", dropUnclaimed),
    adoptUnclaimed: statement("adoptUnclaimed", adoptUnclaimed),
    countUnclaimed: statement("countUnclaimed", countUnclaimed),
    takeUnclaimed: statement("takeUnclaimed", takeUnclaimed),
    endUnclaimed: statement("endUnclaimed", endUnclaimed),
    forgetUnclaimed: statement("forgetUnclaimed", forgetUnclaimed),
  } satisfies Store;
}

/** No caller has a NotifyUrl here, so there are no notifications to claim. */
const unasked = () => Promise.reject(new Error("the model has no outbox"));

const OUTBOX: Store["outbox"] = {
  ...{ callersWaiting: unasked, claim: unasked, remove: unasked, postpone: unasked },
  ...{
    postponeRest: unasked,
    addDeadLetter: unasked,
    dropOf: unasked,
    listDead: unasked,
    revive: unasked,
  },
  forgetDead: unasked,
};
