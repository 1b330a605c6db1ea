/**
 * The 20 calls a second that TRTC grants per action and account, shared by all instances: a row
 * holds the next free slot, and one statement takes it and moves it on (GCRA without a burst).
 *
 * The database's clock counts, not the instance's: so instances whose clocks differ still never
 * share a second's slots.
 */
import type { Query, Row } from "./database.js";
import type { Slot, SlotReader } from "./database-time.js";

/**
 * 20 a second would be 50 ms. TRTC counts calls when they arrive, and how long each is on its way
 * varies: at 55 ms, twenty-one calls in a row still span more than a second when the first arrives
 * 100 ms later than it should and the last does not.
 */
export const SLOT_SPACING_MS = 55;

/** `coalesce($1, clock_timestamp())`: a test hands in the database's time, a real run does not. */
export const SLOT_NOW = "coalesce($1::timestamptz, clock_timestamp())";

export const SPACING = `interval '${SLOT_SPACING_MS} milliseconds'`;

/**
 * Takes the next slot if `from` has a row and the slot is near enough: one that nobody will wait
 * for must stay free, or those who come again for theirs push it ever farther away.
 * `next_free_at - spacing` is the slot just taken. Expects `t(now)` among the `with` parts.
 */
export const takeSlotSql = (
  from: string,
  { account, action, waitMaxMs }: Record<"account" | "action" | "waitMaxMs", string>,
) => `
  insert into call_slot as slot (account, action, next_free_at)
  select ${account}, ${action}, t.now + ${SPACING} from ${from}, t
  on conflict (account, action) do update
    set next_free_at = greatest(slot.next_free_at + ${SPACING}, excluded.next_free_at)
    where slot.next_free_at
          <= excluded.next_free_at - ${SPACING} + ${waitMaxMs} * interval '1 millisecond'
  returning extract(epoch from next_free_at - ${SPACING}) * 1000 as slot_ms,
            extract(epoch from ${SLOT_NOW}) * 1000 as database_now_ms`;

export interface SlotWanted extends SlotWait {
  account: string;
  action: string;
}

export interface SlotWait {
  /** A slot farther away than this is not taken. */
  waitMaxMs: number;
}

/** What every statement that takes a slot needs besides its own. */
export interface SlotTime {
  /** The database's time, in tests that move it. */
  now: Date | null;
  readSlot: SlotReader;
}

/** `undefined` when no slot is near enough. */
export async function takeSlot(
  query: Query,
  { account, action, waitMaxMs, now, readSlot }: SlotWanted & SlotTime,
): Promise<Slot | undefined> {
  const [row] = await query(
    `with t as (select ${SLOT_NOW} as now)
     ${takeSlotSql("(select) as anybody", { account: "$2", action: "$3", waitMaxMs: "$4" })}`,
    [now, account, action, waitMaxMs],
  );
  return slotOf(row, readSlot);
}

/** `undefined` when the statement took none. */
export function slotOf(row: Row | undefined, readSlot: SlotReader): Slot | undefined {
  const slotMs = row?.["slot_ms"] ?? undefined;
  if (slotMs === undefined) return undefined;
  return readSlot({
    slotMs: Number(slotMs),
    databaseNowMs: Number(row?.["database_now_ms"]),
  });
}
