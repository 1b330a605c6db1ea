/** Deletes ingests that ended long ago, with their history. */
import type { Query } from "../engine/database.js";
import { run, sql } from "../engine/sql.js";

/**
 * The longest ended come first; returns how many it deleted. A row whose robot may still enter stays,
 * and so does one whose occurrence is not counted yet. Another run's rows are left out.
 */
export async function forgetEnded(
  query: Query,
  { endedBefore, limit }: { endedBefore: Date; limit: number },
): Promise<number> {
  const [row] = await run(
    query,
    sql`with old as (
       select task_id from ingest
       where state = 'ended' and unsure_until is null and ended_at < ${endedBefore}
         and not exists (
           select from occurrence
           where occurrence.task_id = ingest.task_id and occurrence.settled_at is null
         )
       order by ended_at
       limit ${limit}
       for update skip locked
     ),
     forgotten_events as (delete from ingest_event using old where ingest_event.task_id = old.task_id),
     forgotten as (
       delete from ingest using old where ingest.task_id = old.task_id returning ingest.task_id
     )
     select count(*)::integer as count from forgotten`,
  );
  return Number(row?.["count"] ?? 0);
}
