/** Which ingests fall due, and who takes care of them. */
import { addMs } from "../clock.js";
import type { Query } from "./database.js";
import { type Ingest, ingestOf } from "./ingest-row.js";

/** An index holds it, by this very expression. */
export const ENDS_AT = "least(due_at, empty_at)";

/** Claimable, and nobody's at the moment. */
const FREE = `state in ('running', 'stopping') and ${ENDS_AT} <= $2 and coalesce(lease_until <= $1, true)`;

/**
 * The accounts with so many claims in hand that those will use up its slots of the next seconds. A
 * crowd of one account's deadlines would otherwise be claimed long before its slots come, by runs
 * that others need. Whoever asked for an end by hand does not count: nobody waits for that.
 */
const IN_HAND = `
  select account, count(*)::int as count from ingest
  where ${ENDS_AT} <= $2 and lease_until > $1
    and (state = 'running' or (state = 'stopping' and end_reason in ('expired', 'empty')))
  group by account`;

interface Wanted {
  at: Date;
  horizonAt: Date;
  /** Claims of one account in all hands together; absent: any number. */
  accountMax?: number | undefined;
}

/** Of one account or of many: so many of the longest overdue are looked at for a claim. */
const LOOKED_AT = 200;

/** More than anyone has. */
const ANY = 1_000_000;

/**
 * Claims what is due before `horizonAt` and not claimed by anyone, longest overdue first. A claim
 * lapses by itself after `leaseMs`; its fence tells a late holder that it has lapsed.
 */
export async function claimDue(
  query: Query,
  { at, horizonAt, leaseMs, limit, accountMax = ANY }: Wanted & { leaseMs: number; limit: number },
): Promise<Ingest[]> {
  const rows = await query(
    `with in_hand as (${IN_HAND}),
     looked_at as (
       select task_id, account, ${ENDS_AT} as ends_at from ingest
       where ${FREE} and account not in (select account from in_hand where count >= $5)
       order by ${ENDS_AT}
       limit ${LOOKED_AT}
     ),
     placed as (
       select task_id, row_number() over (partition by account order by ends_at)
                       + coalesce(in_hand.count, 0) as place
       from looked_at left join in_hand using (account)
     ),
     claimed as (
       update ingest
       set lease_until = $3, fence = fence + 1
       where task_id in (
         select task_id from ingest
         where ${FREE} and task_id in (select task_id from placed where place <= $5)
         order by ${ENDS_AT}
         limit $4
         for update skip locked
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
    `with in_hand as (${IN_HAND})
     select min(greatest(
              ${ENDS_AT} - $3 * interval '1 millisecond',
              lease_until,
              case when in_hand.count >= $4 then $5::timestamptz end
            )) as next_at
     from ingest left join in_hand using (account)
     where ${ENDS_AT} <= $2
       and (state in ('running', 'stopping') or (state = 'starting' and lease_until > $1))`,
    [at, horizonAt, aheadMs, accountMax, addMs(at, LOOK_AGAIN_MS)],
  );
  const nextAt = row?.["next_at"];
  return nextAt instanceof Date ? nextAt : undefined;
}
