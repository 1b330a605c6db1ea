/**
 * Finds and claims the ingests that are due: for their end, or for the next step of a scheduled
 * start. Both are queues over the same table, with a claim of their own.
 */
import { addMs } from "../../clock.js";
import type { Query } from "../engine/database.js";
import { bind, raw, run, type Sql, sql } from "../engine/sql.js";
import { type Ingest, ingestOf } from "./ingest-row.js";

/** An index has exactly this expression. */
export const ENDS_AT = sql`least(due_at, empty_at)`;

export interface DueQueue {
  /** An index has these rows by caller, so a caller's first row is found beside another's thousands. */
  rows: Sql;
  /** When a row is due, as its index has it. */
  dueAt: Sql;
  /** The columns of the claim. */
  leaseUntil: Sql;
  fence: Sql;
  /** The rows whose claims use slots of the account. */
  usesSlot: Sql;
  /** Rows that have left `rows` because their work has begun, although their slot may be ahead. */
  isBegun: (at: Sql) => Sql;
  /** The rows that may become due soon, although they are not among `rows` yet. */
  isComing: (at: Sql) => Sql;
}

/**
 * The machine that starts a row may have a clock behind this one, by as much as `health` allows. It
 * may then still start a row whose time is over here.
 */
export const BEHIND_MAX_MS = 2000;

/**
 * The ends. An end that a caller asked for uses no slot of the account's claims: no claim waits for
 * it. A start that waits for its slot or its StartTime is coming: it may run and fall due before the
 * next run.
 */
export const ENDS: DueQueue = {
  rows: sql`state in ('running', 'stopping')`,
  dueAt: ENDS_AT,
  leaseUntil: raw("lease_until"),
  fence: raw("fence"),
  usesSlot: sql`(state = 'running' or (state = 'stopping' and end_reason in ('expired', 'empty')))`,
  isBegun: () => sql`false`,
  isComing: (at) => sql`(state = 'starting' and (lease_until > ${at}
              or (advance_at is not null
                  and start_by > ${at}::timestamptz - ${BEHIND_MAX_MS} * interval '1 millisecond')))`,
};

/** The scheduled starts. */
export const ADVANCES: DueQueue = {
  rows: sql`advance_at is not null`,
  dueAt: raw("advance_at"),
  leaseUntil: raw("advance_lease_until"),
  fence: raw("advance_fence"),
  usesSlot: sql`advance_at is not null`,
  isBegun: (at) => sql`(advance_at is null and state = 'starting' and lease_until > ${at})`,
  isComing: () => sql`false`,
};

/** The steps of running programmes. Their calls have slots of their own. */
export const STEPS: DueQueue = {
  rows: sql`(state = 'running' and step_at is not null and successor_of is null)`,
  dueAt: raw("step_at"),
  leaseUntil: raw("step_lease_until"),
  fence: raw("step_fence"),
  usesSlot: sql`state = 'running'`,
  isBegun: () => sql`false`,
  isComing: () => sql`false`,
};

interface Times {
  at: Sql;
  horizonAt: Sql;
}

const isUnclaimed = ({ leaseUntil }: DueQueue, at: Sql): Sql =>
  sql`coalesce(${leaseUntil} <= ${at}, true)`;

/**
 * Counts the current claims per caller of an account. These claims use the account's slots of the
 * next seconds. Without a limit, one run claims many rows long before their slots, and other runs
 * cannot work on them.
 */
const inHand = (
  { dueAt, leaseUntil, usesSlot, isBegun }: DueQueue,
  { at, horizonAt }: Times,
): Sql => sql`
  in_hand as (
    select account, caller_id, count(*)::int as count from ingest
    where ${leaseUntil} > ${at}
      and ((${dueAt} <= ${horizonAt} and ${usesSlot}) or ${isBegun(at)})
    group by account, caller_id
  ),
  accounts as (
    select account, sum(count)::int as count, count(*)::int as callers from in_hand group by account
  )`;

/** A caller's share of an account's claims. Other callers' claims do not reduce it. */
const shareOf = (accountMax: Sql, callers: Sql): Sql =>
  sql`ceil(${accountMax}::numeric / ${callers})`;

interface DueBefore {
  at: Date;
  horizonAt: Date;
  /** The most claims of one account in all runs together; absent: no limit. */
  accountMax?: number | undefined;
}

/** More claims than an account ever has. */
const NO_LIMIT = 1_000_000;

/**
 * Claims ingests that are due before `horizonAt` and not claimed. The longest overdue comes first,
 * and the callers of an account take turns. A claim lapses after `leaseMs`; the fence tells a late
 * holder that its claim has lapsed.
 */
export async function claimDue(
  query: Query,
  queue: DueQueue,
  {
    at,
    horizonAt,
    leaseMs,
    limit,
    accountMax = NO_LIMIT,
  }: DueBefore & { leaseMs: number; limit: number },
): Promise<Ingest[]> {
  const times = { at: bind(at), horizonAt: bind(horizonAt) };
  const max = bind(accountMax);
  const { rows: inQueue, dueAt, leaseUntil, fence } = queue;
  const unclaimed = isUnclaimed(queue, times.at);
  const rows = await run(
    query,
    sql`with recursive ${inHand(queue, times)},
     caller as (
       (select account, caller_id, ${dueAt} as first_at from ingest
        where ${inQueue} order by account, caller_id, ${dueAt} limit 1)
       union all
       select next.*
       from caller cross join lateral (
         select account, caller_id, ${dueAt} as first_at from ingest
         where ${inQueue} and (account, caller_id) > (caller.account, caller.caller_id)
         order by account, caller_id, ${dueAt} limit 1
       ) as next
     ),
     -- A row behind so many of its own caller's rows is never among the next ones. The rows are
     -- compared with the whole key of the index by caller, and the planner does not see the limit.
     -- Otherwise it may read all due rows once for each caller.
     due as (
       select first.* from caller cross join lateral (
         select task_id, account, caller_id, ${dueAt} as due_at from ingest
         where ${inQueue} and ${unclaimed}
           and (account, caller_id, ${dueAt}) >= (caller.account, caller.caller_id, '-infinity')
           and (account, caller_id, ${dueAt}) <= (caller.account, caller.caller_id, ${times.horizonAt})
         order by account, caller_id, ${dueAt} limit (select ${max}::integer)
       ) as first
       where caller.first_at <= ${times.horizonAt}
     ),
     callers as (
       select account, count(*) as callers
       from (select account, caller_id from due union select account, caller_id from in_hand) as each
       group by account
     ),
     turns as (
       select due.*, coalesce(in_hand.count, 0) + row_number() over (
                partition by account, caller_id order by due.due_at
              ) as turn
       from due left join in_hand using (account, caller_id)
     ),
     placed as (
       select turns.*, callers.callers, coalesce(accounts.count, 0) as held,
              row_number() over (partition by account order by turn, due_at) as place,
              row_number() over (partition by account order by due_at) as place_by_time
       from turns join callers using (account) left join accounts using (account)
     ),
     next as (
       select placed.task_id, placed.place, placed.due_at as falls_due, earlier.due_at as stands_for
       from placed join placed as earlier
         on earlier.account = placed.account and earlier.place_by_time = placed.place
       where placed.held + placed.place <= ${max}
          or placed.turn <= ${shareOf(max, sql`placed.callers`)}
     ),
     claimed as (
       update ingest
       set ${leaseUntil} = ${addMs(at, leaseMs)}, ${fence} = ${fence} + 1
       where task_id in (
         select ingest.task_id from ingest join next using (task_id)
         where ${inQueue} and ${unclaimed} and ${dueAt} <= ${times.horizonAt}
           and ingest.task_id = any (array(select task_id from next))
         order by next.stands_for, next.place, next.falls_due
         limit ${limit}
         for update of ingest skip locked
       )
       returning *
     )
     select * from claimed order by ${dueAt}`,
  );
  return rows.map(ingestOf);
}

/** The holders of an account's claims continue with it. If they are gone, the work is this late. */
const LOOK_AGAIN_MS = 1000;

/**
 * When `claimDue` next finds an ingest that is due before `horizonAt`. That is `aheadMs` before it
 * is due, or when a claim lapses whose holder may be gone.
 */
export async function nextClaimAt(
  query: Query,
  queue: DueQueue,
  { at, horizonAt, aheadMs, accountMax = NO_LIMIT }: DueBefore & { aheadMs: number },
): Promise<Date | undefined> {
  const times = { at: bind(at), horizonAt: bind(horizonAt) };
  const max = bind(accountMax);
  const { rows: inQueue, dueAt, leaseUntil, isComing } = queue;
  const [row] = await run(
    query,
    sql`with ${inHand(queue, times)}
     select min(greatest(
              ${dueAt} - ${aheadMs} * interval '1 millisecond',
              ${leaseUntil},
              case when accounts.count >= ${max}
                    and in_hand.count >= ${shareOf(max, sql`accounts.callers`)}
                   then ${addMs(at, LOOK_AGAIN_MS)}::timestamptz end
            )) as next_at
     from ingest
     left join in_hand using (account, caller_id) left join accounts using (account)
     where ${dueAt} <= ${times.horizonAt} and (${inQueue} or ${isComing(times.at)})`,
  );
  const nextAt = row?.["next_at"];
  return nextAt instanceof Date ? nextAt : undefined;
}
