/** The slots, as shared/store/slots.ts grants them: the one rule to change with it. */
import { SLOT_STEP_MS, SLOTS, SLOTS_SPAN_MS } from "../../../shared/store/slots.js";
import type { Tables } from "./tables.js";

export interface RawSlot {
  slotMs: number;
  databaseNowMs: number;
}

interface Asked {
  account: string;
  action: string;
  waitMaxMs: number;
  databaseNowMs: number;
}

/** The slots that were granted last, oldest first, and from when on the next one is free. */
export interface SlotRow {
  nextFreeMs: number;
  recentMs: number[];
}

const keyOf = ({ account, action }: Asked): string => `${account} ${action}`;

/** Whether a slot would be near enough; nothing is taken. */
export function isSlotNear({ slots }: Tables, asked: Asked): boolean {
  const row = slots.get(keyOf(asked));
  return row === undefined || row.nextFreeMs <= asked.databaseNowMs + asked.waitMaxMs;
}

export function grantSlot(tables: Tables, asked: Asked): RawSlot | undefined {
  if (!isSlotNear(tables, asked)) return undefined;
  const { databaseNowMs } = asked;
  const row = tables.slots.get(keyOf(asked));
  const slotMs = Math.max(row?.nextFreeMs ?? databaseNowMs, databaseNowMs);
  const recentMs = [...(row?.recentMs ?? []), slotMs].slice(-SLOTS);
  tables.slots.set(keyOf(asked), { recentMs, nextFreeMs: nextAfter(recentMs) });
  return { slotMs, databaseNowMs };
}

function nextAfter(recentMs: readonly number[]): number {
  const lastMs = recentMs.at(-1) ?? 0;
  const aSpanAgoMs = recentMs.at(-SLOTS) ?? Number.NEGATIVE_INFINITY;
  return Math.max(lastMs + SLOT_STEP_MS, aSpanAgoMs + SLOTS_SPAN_MS);
}
