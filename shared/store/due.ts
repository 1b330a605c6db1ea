/** Which ingests fall due, and who takes care of them. */
import { addMs } from "../clock.js";
import type { Query } from "./database.js";
import { type Ingest, ingestOf } from "./ingest-row.js";

/** An index holds it, by this very expression. */
export const ENDS_AT = "least(due_at, empty_at)";

/**
 * Claims what is due before `horizonAt` and not claimed by anyone, longest overdue first. A claim
 * lapses by itself after `leaseMs`; its fence tells a late holder that it has lapsed.
 */
export async function claimDue(
  query: Query,
  { at, horizonAt, leaseMs, limit }: { at: Date; horizonAt: Date; leaseMs: number; limit: number },
): Promise<Ingest[]> {
  const rows = await query(
    `with claimed as (
       update ingest
       set lease_until = $3, fence = fence + 1
       where task_id in (
         select task_id from ingest
         where state in ('running', 'stopping') and ${ENDS_AT} <= $2
           and (lease_until is null or lease_until <= $1)
         order by ${ENDS_AT}
         limit $4
         for update skip locked
       )
       returning *
     )
     select * from claimed order by ${ENDS_AT}`,
    [at, horizonAt, addMs(at, leaseMs), limit],
  );
  return rows.map(ingestOf);
}

/**
 * When `claimDue` will next find something that is due before `horizonAt`: `aheadMs` before a
 * deadline, or at the lapse of a claim whose holder may be gone. A start that still waits for its
 * slot counts as well: it may run, and fall due, before the next run of expire-ingests looks.
 */
export async function nextClaimAt(
  query: Query,
  { at, horizonAt, aheadMs }: { at: Date; horizonAt: Date; aheadMs: number },
): Promise<Date | undefined> {
  const [row] = await query(
    `select min(greatest(${ENDS_AT} - $2 * interval '1 millisecond', lease_until)) as next_at
     from ingest
     where ${ENDS_AT} <= $1
       and (state in ('running', 'stopping') or (state = 'starting' and lease_until > $3))`,
    [horizonAt, aheadMs, at],
  );
  const nextAt = row?.["next_at"];
  return nextAt instanceof Date ? nextAt : undefined;
}
