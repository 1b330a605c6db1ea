/**
 * The 20 calls a second that TRTC grants per action and account, shared by all instances: a row
 * holds the slots that were granted last and the next free one, and one statement takes it and
 * moves it on. Calls that come together leave together, up to a second's worth of them.
 *
 * The database's clock counts, not the instance's: so instances whose clocks differ still never
 * share a second's slots.
 */
import type { Query, Row } from "./engine/database.js";
import type { Slot, SlotReader } from "./engine/database-time.js";

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
 * Slots farther ahead than a burst are not all one caller's: of those it may have half a burst, and
 * its part of that where several wait. Whoever asks then, and has none, comes next.
 */
export const AHEAD_MAX = SLOTS / 2;

/** What is free so soon is anybody's: nobody else has asked for it. */
export const NEAR_MS = SLOTS * SLOT_STEP_MS;

/** How far apart slots are when all are used. */
export const SLOT_MEAN_MS = SLOTS_SPAN_MS / SLOTS;

/** Slots ahead of now, by caller: its own, its first, and how many callers wait, it counted. */
const AHEAD = (caller: string) => `
  select coalesce(array_agg(holder order by at), '{}') as holders,
         coalesce(array_agg(at order by at), '{}') as times,
         count(*) filter (where holder = ${caller}) as own,
         min(at) filter (where holder = ${caller}) as own_first,
         array_agg(holder) as waiting
  from unnest(slot.turn_of, slot.turn_at) as turn(holder, at)
  where at > before.now`;

/** Until when those who were told to come again are to come, by caller. */
const QUEUES = (caller: string) => `
  select coalesce(array_agg(holder order by holder) filter (where holder is distinct from ${caller}), '{}') as holders,
         coalesce(array_agg(until order by holder) filter (where holder is distinct from ${caller}), '{}') as times,
         max(until) filter (where holder = ${caller}) as own,
         array_agg(holder) as waiting
  from unnest(slot.queue_of, slot.queue_until) as queue(holder, until)
  where until > before.now`;

/**
 * Beside `before(now, free_at)` and `slot`: whether the free slot is the caller's, and when it is to
 * come again if not.
 */
const decided = ({ caller, isAgain = "false" }: Pick<SlotSql, "caller" | "isAgain">) => `
  cross join lateral (${AHEAD(caller)}) as ahead
  cross join lateral (${QUEUES(caller)}) as queue
  cross join lateral (
    select count(distinct holder) filter (where holder is distinct from ${caller}) + 1 as callers
    from unnest(ahead.waiting || queue.waiting) as holder
  ) as waiting
  cross join lateral (
    select ${caller} is null or free_at <= now + ${ms(NEAR_MS)}
           or ahead.own < ceil(${AHEAD_MAX}.0 / callers) as is_turn,
           greatest(
             coalesce(case when not ${isAgain} then queue.own end, now)
               + callers * ${ms(SLOT_MEAN_MS)},
             ahead.own_first
           ) as come_at
  ) as decided`;

export interface SlotSql {
  account: string;
  action: string;
  waitMaxMs: string;
  /** Whose turn it is; null: nobody's, and no share bounds it. */
  caller: string;
  /** Whether it was told to come again before, and comes now. */
  isAgain?: string;
}

/**
 * Takes the next slot if `from` has a row and the slot is near enough: one that nobody will wait
 * for must stay free, or those who come again for theirs push it ever farther away. Where it is
 * others' turn, the answer is when to ask again: callers of an account take turns, however many
 * calls each of them has waiting. Expects `t(now)` among the `with` parts; a row that is there
 * already is moved by the time at which its turn comes, since many may wait for it.
 */
export const takeSlotSql = (
  from: string,
  { account, action, waitMaxMs, caller, isAgain = "false" }: SlotSql,
) => `
  insert into call_slot as slot (account, action, next_free_at, recent, told_at, is_granted)
  select ${account}, ${action}, t.now + ${ms(SLOT_STEP_MS)}, array[t.now], t.now, true from ${from}, t
  on conflict (account, action) do update
    set (next_free_at, recent, told_at, is_granted, turn_of, turn_at, queue_of, queue_until) = (
      select
        case when is_turn then ${nextAfter("after.recent")} else slot.next_free_at end,
        case when is_turn then after.recent else slot.recent end,
        case when is_turn then free_at
             when free_at + (come_at - now) <= now + ${ms(waitMaxMs)} then come_at end,
        is_turn,
        case when is_turn and ${caller} is not null then ahead.holders || ${caller} else ahead.holders end,
        case when is_turn and ${caller} is not null then ahead.times || free_at else ahead.times end,
        case when queue_until > now then queue.holders || ${caller} else queue.holders end,
        case when queue_until > now then queue.times || queue_until else queue.times end
      from (select ${KNOWN} as known, greatest(slot.next_free_at, ${SLOT_NOW}) as free_at, ${SLOT_NOW} as now) as before
      ${decided({ caller, isAgain })}
      cross join lateral (
        select (known || free_at)[cardinality(known) + 1 - ${SLOTS - 1} :] as recent
      ) as after
      cross join lateral (
        select case when not is_turn and not ${isAgain}
                         and free_at + (come_at - now) <= now + ${ms(waitMaxMs)}
                    then come_at else queue.own end as queue_until
      ) as queued
    )
    where slot.next_free_at <= ${SLOT_NOW} + ${ms(waitMaxMs)}
  returning extract(epoch from told_at) * 1000 as slot_ms, is_granted,
            extract(epoch from ${SLOT_NOW}) * 1000 as database_now_ms`;

/** What a statement selects of it. */
export const SLOT_COLUMNS = "slot.slot_ms, slot.is_granted, slot.database_now_ms";

/** Holds where a slot would be too far away for `takeSlotSql`, before anything is written. */
export const isSlotFar = ({ account, action, waitMaxMs, caller }: SlotSql) => `exists (
  select from call_slot as slot
  cross join lateral (select t.now as now, greatest(slot.next_free_at, t.now) as free_at) as before
  ${decided({ caller })}
  where account = ${account} and action = ${action}
    and free_at + case when is_turn then '0' else come_at - now end > now + ${ms(waitMaxMs)}
)`;

export interface SlotWanted extends SlotWait {
  account: string;
  action: string;
  /** Absent: the call is for no caller's ingest. */
  callerId?: string | undefined;
  isAgain?: boolean;
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
  { account, action, callerId, isAgain = false, waitMaxMs, now, readSlot }: SlotWanted & SlotTime,
): Promise<Slot | undefined> {
  const [row] = await query(
    `with t as (select ${SLOT_NOW} as now)
     ${takeSlotSql("(select) as anybody", {
       ...{ account: "$2", action: "$3", waitMaxMs: "$4" },
       ...{ caller: "$5::text", isAgain: "$6::boolean" },
     })}`,
    [now, account, action, waitMaxMs, callerId ?? null, isAgain],
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
