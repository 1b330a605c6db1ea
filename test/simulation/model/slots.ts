/** The slots, by the rule of shared/store/slots.ts. */
import {
  AHEAD_MAX,
  NEAR_MS,
  SLOT_MEAN_MS,
  SLOT_STEP_MS,
  SLOTS,
  SLOTS_SPAN_MS,
} from "../../../shared/store/slots.js";
import type { Tables } from "./tables.js";

export interface RawSlot {
  slotMs: number;
  databaseNowMs: number;
  /** False: the time is when to ask again. */
  isGranted: boolean;
}

interface Asked {
  account: string;
  action: string;
  waitMaxMs: number;
  databaseNowMs: number;
  callerId?: string | undefined;
  isAgain?: boolean;
}

/** The last granted slots, oldest first, and when the next one is free. */
export interface SlotRow {
  nextFreeMs: number;
  recentMs: number[];
  /** The slots after now, by caller. */
  turns: { callerId: string; ms: number }[];
  /** Until when each waiting caller is expected to ask again. */
  queues: Map<string, number>;
}

const keyOf = ({ account, action }: Asked): string => `${account} ${action}`;

/** Whether a slot is near enough; this takes none. */
export function isSlotNear({ slots }: Tables, asked: Asked): boolean {
  const row = slots.get(keyOf(asked));
  if (!row) return true;
  const { databaseNowMs: nowMs, waitMaxMs } = asked;
  const slotMs = Math.max(row.nextFreeMs, nowMs);
  const { isGranted, comeMs } = decide(waitingAt(row, nowMs), { ...asked, slotMs });
  return slotMs + (isGranted ? 0 : comeMs - nowMs) <= nowMs + waitMaxMs;
}

/** The entries after now. */
const waitingAt = ({ turns, queues }: SlotRow, nowMs: number) => ({
  turns: turns.filter(({ ms }) => ms > nowMs),
  queues: new Map([...queues].filter(([, ms]) => ms > nowMs)),
});

const NO_ROW: SlotRow = {
  nextFreeMs: Number.NEGATIVE_INFINITY,
  recentMs: [],
  turns: [],
  queues: new Map(),
};

export function grantSlot(tables: Tables, asked: Asked): RawSlot | undefined {
  const { databaseNowMs: nowMs, waitMaxMs, callerId } = asked;
  const stored = tables.slots.get(keyOf(asked));
  if (!stored) {
    const first = { ...NO_ROW, recentMs: [nowMs], nextFreeMs: nowMs + SLOT_STEP_MS };
    tables.slots.set(keyOf(asked), first);
    return { slotMs: nowMs, databaseNowMs: nowMs, isGranted: true };
  }
  if (stored.nextFreeMs > nowMs + waitMaxMs) return undefined;
  const slotMs = Math.max(stored.nextFreeMs, nowMs);
  const { turns, queues } = waitingAt(stored, nowMs);
  const { isGranted, comeMs } = decide({ turns, queues }, { ...asked, slotMs });
  if (isGranted) {
    if (callerId !== undefined) turns.push({ callerId, ms: slotMs });
    const recentMs = [...stored.recentMs, slotMs].slice(-SLOTS);
    tables.slots.set(keyOf(asked), { recentMs, nextFreeMs: nextAfter(recentMs), turns, queues });
    return { slotMs, databaseNowMs: nowMs, isGranted };
  }
  const isTooFar = slotMs + (comeMs - nowMs) > nowMs + waitMaxMs;
  if (!isTooFar && asked.isAgain !== true) queues.set(callerId ?? "", comeMs);
  tables.slots.set(keyOf(asked), { ...stored, turns, queues });
  return isTooFar ? undefined : { slotMs: comeMs, databaseNowMs: nowMs, isGranted };
}

/** Whether it is the caller's turn, and otherwise when it comes again. */
function decide(
  { turns, queues }: Pick<SlotRow, "turns" | "queues">,
  { callerId, isAgain = false, slotMs, databaseNowMs: nowMs }: Asked & { slotMs: number },
): { isGranted: boolean; comeMs: number } {
  if (callerId === undefined) return { isGranted: true, comeMs: nowMs };
  const own = turns.filter((each) => each.callerId === callerId).map(({ ms }) => ms);
  const waiting = new Set([...turns.map((each) => each.callerId), ...queues.keys(), callerId]);
  const queuedMs = isAgain ? nowMs : (queues.get(callerId) ?? nowMs);
  return {
    isGranted: slotMs <= nowMs + NEAR_MS || own.length < Math.ceil(AHEAD_MAX / waiting.size),
    comeMs: Math.max(queuedMs + waiting.size * SLOT_MEAN_MS, Math.min(...own)),
  };
}

function nextAfter(recentMs: readonly number[]): number {
  const lastMs = recentMs.at(-1) ?? 0;
  const aSpanAgoMs = recentMs.at(-SLOTS) ?? Number.NEGATIVE_INFINITY;
  return Math.max(lastMs + SLOT_STEP_MS, aSpanAgoMs + SLOTS_SPAN_MS);
}
