/** The slots, as shared/store/slots.ts grants them: the one rule to change with it. */
import { SLOT_SPACING_MS } from "../../../shared/store/slots.js";
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

const listOf = ({ slots }: Tables, { account, action }: Pick<Asked, "account" | "action">) =>
  slots.get(`${account} ${action}`);

/** The earliest instant at which the next call may leave. */
function nextFreeMs(granted: readonly number[] | undefined, nowMs: number): number {
  const last = granted?.at(-1);
  return last === undefined ? nowMs : Math.max(nowMs, last + SLOT_SPACING_MS);
}

/** Whether a slot would be near enough; nothing is taken. */
export const isSlotNear = (tables: Tables, asked: Asked): boolean =>
  nextFreeMs(listOf(tables, asked), asked.databaseNowMs) <= asked.databaseNowMs + asked.waitMaxMs;

export function grantSlot(tables: Tables, asked: Asked): RawSlot | undefined {
  if (!isSlotNear(tables, asked)) return undefined;
  const slotMs = nextFreeMs(listOf(tables, asked), asked.databaseNowMs);
  tables.slots.set(`${asked.account} ${asked.action}`, [slotMs]);
  return { slotMs, databaseNowMs: asked.databaseNowMs };
}
