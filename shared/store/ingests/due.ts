/** Finds and claims the ingests whose end is due. */
import { addMs } from "../../clock.js";
import type { Query } from "../engine/database.js";
import { bind, run, type Sql, sql } from "../engine/sql.js";
import { type Ingest, ingestOf } from "./ingest-row.js";

/** An index has exactly this expression. */
export const ENDS_AT = sql`least(due_at, empty_at)`;

/** An index has these rows by caller, so a caller's first row is found beside another's thousands. */
const PLAYING = sql`state in ('running', 'stopping')`;

interface Times {
  at: Sql;
  horizonAt: Sql;
}

const isUnclaimed = (at: Sql): Sql => sql`coalesce(lease_until <= ${at}, true)`;

/**
 * Counts the current claims per caller of an account. These claims use the account's slots of the
 * next seconds. Without a limit, one run claims many deadlines long before their slots, and other
 * runs cannot work on them. An end that a caller asked for does not count: no claim waits for it.
 */
const inHand = ({ at, horizonAt }: Times): Sql => sql`
  in_hand as (
    select account, caller_id, count(*)::int as count from ingest
    where ${ENDS_AT} <= ${horizonAt} and lease_until > ${at}
      and (state = 'running' or (state = 'stopping' and end_reason in ('expired', 'empty')))
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
  const unclaimed = isUnclaimed(times.at);
  const rows = await run(
    query,
    sql`with recursive ${inHand(times)},
     caller as (
       (select account, caller_id, ${ENDS_AT} as first_at from ingest
        where ${PLAYING} order by account, caller_id, ${ENDS_AT} limit 1)
       union all
       select next.*
       from caller cross join lateral (
         select account, caller_id, ${ENDS_AT} as first_at from ingest
         where ${PLAYING} and (account, caller_id) > (caller.account, caller.caller_id)
         order by account, caller_id, ${ENDS_AT} limit 1
       ) as next
     ),
     -- A row behind so many of its own caller's rows is never among the next ones. The rows are
     -- compared with the whole key of the index by caller, and the planner does not see the limit.
     -- Otherwise it may read all due rows once for each caller.
     due as (
       select first.* from caller cross join lateral (
         select task_id, account, caller_id, ${ENDS_AT} as ends_at from ingest
         where ${PLAYING} and ${unclaimed}
           and (account, caller_id, ${ENDS_AT}) >= (caller.account, caller.caller_id, '-infinity')
           and (account, caller_id, ${ENDS_AT}) <= (caller.account, caller.caller_id, ${times.horizonAt})
         order by account, caller_id, ${ENDS_AT} limit (select ${max}::integer)
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
                partition by account, caller_id order by ends_at
              ) as turn
       from due left join in_hand using (account, caller_id)
     ),
     placed as (
       select turns.*, callers.callers, coalesce(accounts.count, 0) as held,
              row_number() over (partition by account order by turn, ends_at) as place,
              row_number() over (partition by account order by ends_at) as place_by_time
       from turns join callers using (account) left join accounts using (account)
     ),
     next as (
       select placed.task_id, placed.place, placed.ends_at, earlier.ends_at as stands_for
       from placed join placed as earlier
         on earlier.account = placed.account and earlier.place_by_time = placed.place
       where placed.held + placed.place <= ${max}
          or placed.turn <= ${shareOf(max, sql`placed.callers`)}
     ),
     claimed as (
       update ingest
       set lease_until = ${addMs(at, leaseMs)}, fence = fence + 1
       where task_id in (
         select ingest.task_id from ingest join next using (task_id)
         where ${PLAYING} and ${unclaimed} and ${ENDS_AT} <= ${times.horizonAt}
           and ingest.task_id = any (array(select task_id from next))
         order by next.stands_for, next.place, next.ends_at
         limit ${limit}
         for update of ingest skip locked
       )
       returning *
     )
     select * from claimed order by ${ENDS_AT}`,
  );
  return rows.map(ingestOf);
}

/** The holders of an account's claims continue with it. If they are gone, the work is this late. */
const LOOK_AGAIN_MS = 1000;

/**
 * When `claimDue` next finds an ingest that is due before `horizonAt`. That is `aheadMs` before a
 * deadline, or when a claim lapses whose holder may be gone. A start that waits for its slot also
 * counts. It may run and fall due before the next run of expire-ingests.
 */
export async function nextClaimAt(
  query: Query,
  { at, horizonAt, aheadMs, accountMax = NO_LIMIT }: DueBefore & { aheadMs: number },
): Promise<Date | undefined> {
  const times = { at: bind(at), horizonAt: bind(horizonAt) };
  const max = bind(accountMax);
  const [row] = await run(
    query,
    sql`with ${inHand(times)}
     select min(greatest(
              ${ENDS_AT} - ${aheadMs} * interval '1 millisecond',
              lease_until,
              case when accounts.count >= ${max}
                    and in_hand.count >= ${shareOf(max, sql`accounts.callers`)}
                   then ${addMs(at, LOOK_AGAIN_MS)}::timestamptz end
            )) as next_at
     from ingest
     left join in_hand using (account, caller_id) left join accounts using (account)
     where ${ENDS_AT} <= ${times.horizonAt}
       and (state in ('running', 'stopping') or (state = 'starting' and lease_until > ${times.at}))`,
  );
  const nextAt = row?.["next_at"];
  return nextAt instanceof Date ? nextAt : undefined;
}
