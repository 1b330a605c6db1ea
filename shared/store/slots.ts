/**
 * TRTC accepts 20 calls a second per action and account, and all instances share them. A row per
 * action and account holds the last granted slots and the next free one. One statement takes that
 * slot. Calls that arrive together leave together, up to one second's worth of them.
 *
 * The database's clock counts, so instances whose clocks differ never share a second's slots.
 */
import type { Query, Row } from "./engine/database.js";
import type { Slot, SlotReader } from "./engine/database-time.js";
import { bind, raw, run, type Sql, sql } from "./engine/sql.js";

/** Calls of one action that TRTC accepts in a second. */
export const SLOTS = 20;

/**
 * At most `SLOTS` calls leave within this time. TRTC counts calls on arrival, and travel times
 * vary. So 21 calls in a row still span a second when the first arrives 100 ms late.
 */
export const SLOTS_SPAN_MS = 1100;

/** The order of calls that arrive together: the longest overdue leaves first. */
export const SLOT_STEP_MS = 5;

/**
 * Code of version 1 grants slots at this distance and moves `next_free_at` without writing
 * `recent`. It may run beside this code during a deployment or a rollback.
 */
const VERSION_1_SPACING_MS = 55;

/** The database's clock. Tests that move time pass `now`; otherwise it is null. */
export const slotNow = (now: Sql): Sql => sql`coalesce(${now}::timestamptz, clock_timestamp())`;

const ms = (count: number | Sql): Sql =>
  sql`${typeof count === "number" ? raw(count) : count} * interval '1 millisecond'`;

/** The value of `next_free_at` after the slots of `recent`; null when there are none. */
const nextAfter = (recent: Sql): Sql => sql`greatest(
  ${recent}[cardinality(${recent})] + ${ms(SLOT_STEP_MS)},
  ${recent}[cardinality(${recent}) - ${raw(SLOTS - 1)}] + ${ms(SLOTS_SPAN_MS)})`;

const NEXT_AFTER_TAKEN = nextAfter(sql`after.recent`);

/**
 * `recent`, and the slots that version 1 may have granted since. That is as many as fit between
 * `recent` and the next free slot.
 */
const KNOWN = sql`
  slot.recent || array(
    select slot.next_free_at - ${ms(sql`n`)}
    from generate_series(${raw(SLOTS * VERSION_1_SPACING_MS)}, 1, -${raw(VERSION_1_SPACING_MS)}) as n
    where slot.next_free_at - ${ms(sql`n`)} >= coalesce(${nextAfter(sql`slot.recent`)}, '-infinity')
  )`;

/**
 * One caller may hold at most this many of the slots beyond a burst. Where several callers wait,
 * each may hold its share of them. A caller that holds none comes next.
 */
export const AHEAD_MAX = SLOTS / 2;

/** A slot that is free this soon goes to any caller: no other caller has asked for it. */
export const NEAR_MS = SLOTS * SLOT_STEP_MS;

/** The distance between slots when all of them are used. */
export const SLOT_MEAN_MS = SLOTS_SPAN_MS / SLOTS;

/** Slots after now: their callers and times, the caller's count and first one, and who waits. */
const ahead = (caller: Sql): Sql => sql`
  select coalesce(array_agg(holder order by at), '{}') as holders,
         coalesce(array_agg(at order by at), '{}') as times,
         count(*) filter (where holder = ${caller}) as own,
         min(at) filter (where holder = ${caller}) as own_first,
         array_agg(holder) as waiting
  from unnest(slot.turn_of, slot.turn_at) as turn(holder, at)
  where at > before.now`;

/** The callers that were asked to come again, and until when each is expected. */
const queues = (caller: Sql): Sql => sql`
  select coalesce(array_agg(holder order by holder) filter (where holder is distinct from ${caller}), '{}') as holders,
         coalesce(array_agg(until order by holder) filter (where holder is distinct from ${caller}), '{}') as times,
         max(until) filter (where holder = ${caller}) as own,
         array_agg(holder) as waiting
  from unnest(slot.queue_of, slot.queue_until) as queue(holder, until)
  where until > before.now`;

const FALSE = sql`false`;

/**
 * Decides whether the free slot goes to the caller, and otherwise when the caller comes again.
 * Expects `before(now, free_at)` and `slot`.
 */
const decided = (caller: Sql, isAgain: Sql): Sql => sql`
  cross join lateral (${ahead(caller)}) as ahead
  cross join lateral (${queues(caller)}) as queue
  cross join lateral (
    select count(distinct holder) filter (where holder is distinct from ${caller}) + 1 as callers
    from unnest(ahead.waiting || queue.waiting) as holder
  ) as waiting
  cross join lateral (
    select ${caller} is null or free_at <= now + ${ms(NEAR_MS)}
           or ahead.own < ceil(${raw(AHEAD_MAX)}.0 / callers) as is_turn,
           greatest(
             coalesce(case when not ${isAgain} then queue.own end, now)
               + callers * ${ms(SLOT_MEAN_MS)},
             ahead.own_first
           ) as come_at
  ) as decided`;

export interface SlotSql {
  account: Sql;
  action: Sql;
  waitMaxMs: Sql;
  /** The caller that takes a turn; null: the call is for no caller, and no share bounds it. */
  caller: Sql;
}

/**
 * Takes the next slot if `from` has a row and the slot is near enough. A slot that is too far away
 * stays free. A caller that does not wait for it must not delay the others. If other callers are
 * next, the answer says when to ask again. Callers of an account take turns, also when one has more
 * calls waiting. Expects `t(now)` among the `with` parts. An existing row counts from the clock at
 * its turn, since many callers may wait for its lock.
 */
export const takeSlotSql = (
  from: Sql,
  now: Sql,
  { account, action, waitMaxMs, caller, isAgain = FALSE }: SlotSql & { isAgain?: Sql },
): Sql => sql`
  insert into call_slot as slot (account, action, next_free_at, recent, told_at, is_granted)
  select ${account}, ${action}, t.now + ${ms(SLOT_STEP_MS)}, array[t.now], t.now, true from ${from}, t
  on conflict (account, action) do update
    set (next_free_at, recent, told_at, is_granted, turn_of, turn_at, queue_of, queue_until) = (
      select
        case when is_turn then ${NEXT_AFTER_TAKEN} else slot.next_free_at end,
        case when is_turn then after.recent else slot.recent end,
        case when is_turn then free_at
             when free_at + (come_at - now) <= now + ${ms(waitMaxMs)} then come_at end,
        is_turn,
        case when is_turn and ${caller} is not null then ahead.holders || ${caller} else ahead.holders end,
        case when is_turn and ${caller} is not null then ahead.times || free_at else ahead.times end,
        case when queue_until > now then queue.holders || ${caller} else queue.holders end,
        case when queue_until > now then queue.times || queue_until else queue.times end
      from (select ${KNOWN} as known, greatest(slot.next_free_at, ${slotNow(now)}) as free_at, ${slotNow(now)} as now) as before
      ${decided(caller, isAgain)}
      cross join lateral (
        select (known || free_at)[cardinality(known) + 1 - ${raw(SLOTS - 1)} :] as recent
      ) as after
      cross join lateral (
        select case when not is_turn and not ${isAgain}
                         and free_at + (come_at - now) <= now + ${ms(waitMaxMs)}
                    then come_at else queue.own end as queue_until
      ) as queued
    )
    where slot.next_free_at <= ${slotNow(now)} + ${ms(waitMaxMs)}
  returning extract(epoch from told_at) * 1000 as slot_ms, is_granted,
            extract(epoch from ${slotNow(now)}) * 1000 as database_now_ms`;

/** The columns of the slot that a statement selects. */
export const SLOT_COLUMNS = sql`slot.slot_ms, slot.is_granted, slot.database_now_ms`;

/** True where a slot is too far away for `takeSlotSql`, before anything is written. */
export const isSlotFar = ({ account, action, waitMaxMs, caller }: SlotSql): Sql => sql`exists (
  select from call_slot as slot
  cross join lateral (select t.now as now, greatest(slot.next_free_at, t.now) as free_at) as before
  ${decided(caller, FALSE)}
  where account = ${account} and action = ${action}
    and free_at + case when is_turn then '0' else come_at - now end > now + ${ms(waitMaxMs)}
)`;

export interface SlotRequest extends SlotWait {
  account: string;
  action: string;
  /** Absent: the call is for no caller's ingest. */
  callerId?: string | undefined;
  /** The caller was asked to come again, and comes now. */
  isAgain?: boolean;
}

export interface SlotWait {
  /** A slot further away than this is not taken. */
  waitMaxMs: number;
}

/** The clock of each statement that takes a slot. */
export interface SlotTime {
  /** The database's time, in tests that move it. */
  now: Date | null;
  readSlot: SlotReader;
}

/** `undefined` when no slot is near enough. */
export async function takeSlot(
  query: Query,
  { account, action, callerId, isAgain = false, waitMaxMs, now, readSlot }: SlotRequest & SlotTime,
): Promise<Slot | undefined> {
  const time = bind(now);
  const slot = {
    account: bind(account),
    action: bind(action),
    waitMaxMs: bind(waitMaxMs),
    caller: sql`${bind(callerId ?? null)}::text`,
    isAgain: sql`${bind(isAgain)}::boolean`,
  };
  const [row] = await run(
    query,
    sql`with t as (select ${slotNow(time)} as now)
        ${takeSlotSql(sql`(select) as one_row`, time, slot)}`,
    "kept",
  );
  return slotOf(row, readSlot);
}

/** `undefined` when the statement took none. */
export function slotOf(row: Row | undefined, readSlot: SlotReader): Slot | undefined {
  const slotMs = row?.["slot_ms"] ?? undefined;
  if (slotMs === undefined) return undefined;
  const slot = readSlot({
    slotMs: Number(slotMs),
    databaseNowMs: Number(row?.["database_now_ms"]),
  });
  return row?.["is_granted"] === false ? { ...slot, isToAskAgain: true } : slot;
}
