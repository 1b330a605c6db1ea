/**
 * The 20 calls a second that TRTC grants per action and account, shared by all instances: a row
 * holds the slots that were granted last and the next free one, and one statement takes it and
 * moves it on. Calls that come together leave together, up to a second's worth of them.
 *
 * The database's clock counts, not the instance's: so instances whose clocks differ still never
 * share a second's slots.
 */
import type { Query, Row } from "./database.js";
import type { Slot, SlotReader } from "./database-time.js";

/** What TRTC takes of each action in a second. */
export const SLOTS = 20;

/**
 * No more than `SLOTS` lie within this. TRTC counts calls when they arrive, and how long each is on
 * its way varies: twenty-one calls in a row still span a second when the first arrives 100 ms later
 * than it should and the last does not.
 */
export const SLOTS_SPAN_MS = 1100;

/** Calls that come together still leave in an order: the longest overdue first. */
export const SLOT_STEP_MS = 5;

/**
 * Code of version 1 grants slots so far apart, and moves `next_free_at` without a word in `recent`.
 * It may run beside this one while a deployment, or its rollback, goes on.
 */
const VERSION_1_SPACING_MS = 55;

/** `coalesce($1, clock_timestamp())`: a test hands in the database's time, a real run does not. */
export const SLOT_NOW = "coalesce($1::timestamptz, clock_timestamp())";

const ms = (count: number | string) => `${count} * interval '1 millisecond'`;

/** What `next_free_at` is after the slots of `recent`; null when there are none. */
const nextAfter = (recent: string) => `greatest(
  ${recent}[cardinality(${recent})] + ${ms(SLOT_STEP_MS)},
  ${recent}[cardinality(${recent}) - ${SLOTS - 1}] + ${ms(SLOTS_SPAN_MS)})`;

/**
 * `recent`, and whatever version 1 may have granted since: as many as fit between what follows
 * from `recent` and the next free one.
 */
const KNOWN = `
  slot.recent || array(
    select slot.next_free_at - ${ms("n")}
    from generate_series(${SLOTS * VERSION_1_SPACING_MS}, 1, -${VERSION_1_SPACING_MS}) as n
    where slot.next_free_at - ${ms("n")} >= coalesce(${nextAfter("slot.recent")}, '-infinity')
  )`;

/**
 * Takes the next slot if `from` has a row and the slot is near enough: one that nobody will wait
 * for must stay free, or those who come again for theirs push it ever farther away. The last of
 * `recent` is the slot just taken. Expects `t(now)` among the `with` parts; a row that is there
 * already is moved by the time at which its turn comes, since many may wait for it.
 */
export const takeSlotSql = (
  from: string,
  { account, action, waitMaxMs }: Record<"account" | "action" | "waitMaxMs", string>,
) => `
  insert into call_slot as slot (account, action, next_free_at, recent)
  select ${account}, ${action}, t.now + ${ms(SLOT_STEP_MS)}, array[t.now] from ${from}, t
  on conflict (account, action) do update
    set (next_free_at, recent) = (
      select ${nextAfter("recent")}, recent
      from (
        select (known || granted)[cardinality(known) + 1 - ${SLOTS - 1} :] as recent
        from (
          select ${KNOWN} as known, greatest(slot.next_free_at, ${SLOT_NOW}) as granted
        ) as before
      ) as after
    )
    where slot.next_free_at <= ${SLOT_NOW} + ${ms(waitMaxMs)}
  returning extract(epoch from recent[cardinality(recent)]) * 1000 as slot_ms,
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
