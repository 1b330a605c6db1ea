/** Which ingests fall due, and who takes care of them. */
import { addMs } from "../../clock.js";
import type { Query } from "../engine/database.js";
import { type Ingest, ingestOf } from "./ingest-row.js";

/** An index holds it, by this very expression. */
export const ENDS_AT = "least(due_at, empty_at)";

/** An index holds those by their callers, so that a caller's first are found past another's crowd. */
const PLAYING = "state in ('running', 'stopping')";

/** Claimable, and nobody's at the moment. */
const FREE = `${PLAYING} and ${ENDS_AT} <= $2 and coalesce(lease_until <= $1, true)`;

/**
 * How many claims each caller of an account has in hand. They will use up the account's slots of the
 * next seconds: a crowd of its deadlines would otherwise be claimed long before its slots come, by
 * runs that others need. Whoever asked for an end by hand does not count: nobody waits for that.
 */
const IN_HAND = `
  in_hand as (
    select account, caller_id, count(*)::int as count from ingest
    where ${ENDS_AT} <= $2 and lease_until > $1
      and (state = 'running' or (state = 'stopping' and end_reason in ('expired', 'empty')))
    group by account, caller_id
  ),
  accounts as (
    select account, sum(count)::int as count, count(*)::int as callers from in_hand group by account
  )`;

/** A caller's part of an account's claims, which it has however many the others hold. */
const shareOf = (accountMax: string, callers: string) =>
  `ceil(${accountMax}::numeric / ${callers})`;

interface Wanted {
  at: Date;
  horizonAt: Date;
  /** Claims of one account in all hands together; absent: any number. */
  accountMax?: number | undefined;
}

/** More than anyone has. */
const ANY = 1_000_000;

/**
 * Claims what is due before `horizonAt` and not claimed by anyone: the longest
 * overdue first, but the callers of an account in turn. A claim lapses by itself after `leaseMs`; its fence tells
 * a late holder that it has lapsed.
 */
export async function claimDue(
  query: Query,
  { at, horizonAt, leaseMs, limit, accountMax = ANY }: Wanted & { leaseMs: number; limit: number },
): Promise<Ingest[]> {
  const rows = await query(
    `with recursive ${IN_HAND},
     caller as (
       (select account, caller_id from ingest where ${PLAYING} order by account, caller_id limit 1)
       union all
       select next.account, next.caller_id
       from caller cross join lateral (
         select account, caller_id from ingest
         where ${PLAYING} and (account, caller_id) > (caller.account, caller.caller_id)
         order by account, caller_id limit 1
       ) as next
     ),
     -- Whoever comes after so many of its own caller's alone is not among the next.
     due as (
       select first.* from caller cross join lateral (
         select task_id, account, caller_id, ${ENDS_AT} as ends_at from ingest
         where ${FREE} and account = caller.account and caller_id = caller.caller_id
         order by account, caller_id, ${ENDS_AT} limit $5
       ) as first
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
       where placed.held + placed.place <= $5 or placed.turn <= ${shareOf("$5", "placed.callers")}
     ),
     claimed as (
       update ingest
       set lease_until = $3, fence = fence + 1
       where task_id in (
         select ingest.task_id from ingest join next using (task_id)
         where ${FREE} and ingest.task_id = any (array(select task_id from next))
         order by next.stands_for, next.place, next.ends_at
         limit $4
         for update of ingest skip locked
       )
       returning *
     )
     select * from claimed order by ${ENDS_AT}`,
    [at, horizonAt, addMs(at, leaseMs), limit, accountMax],
  );
  return rows.map(ingestOf);
}

/** Those who have an account's claims in hand go on with it; when they are gone, this is how late. */
const LOOK_AGAIN_MS = 1000;

/**
 * When `claimDue` will next find something that is due before `horizonAt`: `aheadMs` before a
 * deadline, or at the lapse of a claim whose holder may be gone. A start that still waits for its
 * slot counts as well: it may run, and fall due, before the next run of expire-ingests looks.
 */
export async function nextClaimAt(
  query: Query,
  { at, horizonAt, aheadMs, accountMax = ANY }: Wanted & { aheadMs: number },
): Promise<Date | undefined> {
  const [row] = await query(
    `with ${IN_HAND}
     select min(greatest(
              ${ENDS_AT} - $3 * interval '1 millisecond',
              lease_until,
              case when accounts.count >= $4 and in_hand.count >= ${shareOf("$4", "accounts.callers")}
                   then $5::timestamptz end
            )) as next_at
     from ingest
     left join in_hand using (account, caller_id) left join accounts using (account)
     where ${ENDS_AT} <= $2
       and (state in ('running', 'stopping') or (state = 'starting' and lease_until > $1))`,
    [at, horizonAt, aheadMs, accountMax, addMs(at, LOOK_AGAIN_MS)],
  );
  const nextAt = row?.["next_at"];
  return nextAt instanceof Date ? nextAt : undefined;
}
