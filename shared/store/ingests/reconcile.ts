/** Claims the work of reconcile-ingests: starts without an answer, late robots and stale tasks. */
import { addMs } from "../../clock.js";
import type { Query } from "../engine/database.js";
import { bind, raw, run, type Sql, sql } from "../engine/sql.js";
import { BY_ACTOR } from "../history/actor.js";
import { type Ingest, ingestOf } from "./ingest-row.js";
import { FAILED_FOR_GOOD, HAS_FAILED_FOR_GOOD } from "./media.js";
import { LATE_START_MS } from "./starts.js";

interface Claim {
  at: Date;
  leaseMs: number;
}

/**
 * A claim is taken to send a start again, so it also extends the time of a possible late start. If
 * the function is killed after it sends the start, the row already allows for it.
 */
const claimStartColumns = (at: Sql, leaseUntil: Date): Sql => sql`
  lease_until = ${leaseUntil}, fence = fence + 1, settled_at = coalesce(settled_at, ${at}),
  unsure_until = greatest(unsure_until, ${addMs(leaseUntil, LATE_START_MS)}::timestamptz)`;

/** Oldest first: an update returns its rows in no particular order. */
const inOrder = (update: Sql): Sql =>
  sql`with claimed as (${update}) select * from claimed order by task_id`;

/** Claims starts whose lease has lapsed; the earliest lapsed comes first. */
export async function claimUnfinished(
  query: Query,
  { at, leaseMs, limit }: Claim & { limit: number },
): Promise<Ingest[]> {
  const now = bind(at);
  const rows = await run(
    query,
    inOrder(sql`
      update ingest set ${claimStartColumns(now, addMs(at, leaseMs))}
      where task_id in (
        select task_id from ingest
        where state = 'starting' and advance_at is null and lease_until <= ${now}
        order by lease_until
        limit ${limit}
        for update skip locked
      )
      returning *`),
  );
  return rows.map(ingestOf);
}

/** Claims one such start; `undefined` when it is not starting any more, or another run has it. */
export async function claimStart(
  query: Query,
  { taskId, at, leaseMs }: Claim & { taskId: string },
): Promise<Ingest | undefined> {
  const now = bind(at);
  const [row] = await run(
    query,
    sql`update ingest set ${claimStartColumns(now, addMs(at, leaseMs))}
     where task_id = ${taskId} and state = 'starting' and advance_at is null
       and lease_until <= ${now}
     returning *`,
  );
  return row && ingestOf(row);
}

/**
 * Claims an ingest whose task is gone, before its robot is removed. `undefined` when the row has
 * changed since it was read, or when another instance holds it.
 */
export async function claimGone(
  query: Query,
  { taskId, fence, at, leaseMs }: Claim & Pick<Ingest, "taskId" | "fence">,
): Promise<Ingest | undefined> {
  const [row] = await run(
    query,
    sql`update ingest set lease_until = ${addMs(at, leaseMs)}, fence = fence + 1
     where task_id = ${taskId} and fence = ${fence} and state in ('running', 'stopping')
       and coalesce(lease_until <= ${at}, true)
     returning *`,
  );
  return row && ingestOf(row);
}

/** Claims ended ingests whose robot may be in the room, once no start of it can arrive any more. */
export async function claimLateStarts(
  query: Query,
  { at, leaseMs, limit }: Claim & { limit: number },
): Promise<Ingest[]> {
  const now = bind(at);
  const rows = await run(
    query,
    inOrder(sql`
      update ingest set lease_until = ${addMs(at, leaseMs)}, fence = fence + 1
      where task_id in (
        select task_id from ingest
        where state = 'ended' and unsure_until <= ${now}
          and (lease_until is null or lease_until <= ${now})
        order by unsure_until
        limit ${limit}
        for update skip locked
      )
      returning *`),
  );
  return rows.map(ingestOf);
}

/** The robot has left its room, and no start of it can arrive any more. */
export async function clearLateStart(
  query: Query,
  { taskId, fence }: { taskId: string; fence: number },
): Promise<void> {
  await run(
    query,
    sql`update ingest set unsure_until = null, lease_until = null
     where task_id = ${taskId} and fence = ${fence} and state = 'ended'`,
  );
}

/**
 * Begins to stop running ingests whose source has failed for good; the longest silent comes first.
 * No event since `lastSeenBefore` means that TRTC's last try is over. A source that plays is left
 * alone: an older version of this code kept failures from before a success. A programme has steps of
 * its own for a failed source.
 */
export async function beginFailedSourceStops(
  query: Query,
  { at, leaseMs, lastSeenBefore, limit }: Claim & { lastSeenBefore: Date; limit: number },
): Promise<Ingest[]> {
  const rows = await run(
    query,
    inOrder(sql`
      update ingest
      set state = 'stopping', end_reason = 'failed',
          stop_asked_at = coalesce(stop_asked_at, ${at}),
          lease_until = ${addMs(at, leaseMs)}, fence = fence + 1, ${BY_ACTOR}
      where task_id in (
        select task_id from ingest
        where state = 'running' and programme is null and cardinality(media_failures) >= ${raw(FAILED_FOR_GOOD)}
          and heard_at <= ${lastSeenBefore}
          and media_state <> 'playing' and ${HAS_FAILED_FOR_GOOD}
        order by heard_at
        limit ${limit}
        for update skip locked
      )
      returning *`),
  );
  return rows.map(ingestOf);
}

/**
 * Returns running ingests that TRTC has not reported on since `quietSince`, and marks them as seen
 * now. The longest silent comes first. It takes no lease, because a lease would delay a stop.
 */
export async function claimStaleTasks(
  query: Query,
  { at, quietSince, limit }: { at: Date; quietSince: Date; limit: number },
): Promise<Ingest[]> {
  const rows = await run(
    query,
    inOrder(sql`
      update ingest set heard_at = ${at}
      where task_id in (
        select task_id from ingest
        where state = 'running' and (heard_at is null or heard_at <= ${quietSince})
        order by heard_at nulls first
        limit ${limit}
        for update skip locked
      )
      returning *`),
  );
  return rows.map(ingestOf);
}
