/** Ends scheduled starts whose time is over. */
import type { Query } from "../engine/database.js";
import { bind, run, sql } from "../engine/sql.js";
import { withOutboxEvent } from "../outbox/with-outbox-event.js";
import { type Ingest, ingestOf } from "./ingest-row.js";
import { IS_SCHEDULED, type Refusal } from "./scheduled.js";

/** Scheduled starts whose time is over, the longest overdue first. */
export async function listMissed(
  query: Query,
  { at, limit }: { at: Date; limit: number },
): Promise<Ingest[]> {
  const rows = await run(
    query,
    sql`select * from ingest
     where ${IS_SCHEDULED} and start_by <= ${at}
     order by advance_at, task_id
     limit ${limit}`,
  );
  return rows.map(ingestOf);
}

/** It was to start again, nothing refused it, and its deadline came first. */
const HAS_PLAYED = sql`(started_at is not null and failure_code is null)`;

/**
 * Ends a start whose time is over. It keeps the refusal of its last attempt. `undefined` when an
 * attempt is under way, or when the start has moved.
 */
export async function markMissed(
  query: Query,
  { taskId, at, code, message }: { taskId: string; at: Date } & Refusal,
): Promise<Ingest | undefined> {
  const now = bind(at);
  const [row] = await run(
    query,
    withOutboxEvent("ingest.ended", {
      happenedAt: "ended_at",
      set: sql`state = 'ended', ended_at = ${now}, advance_at = null,
            end_reason = case when ${HAS_PLAYED} then 'expired' else 'failed' end,
            end_cause = case when not ${HAS_PLAYED} and failure_code is null then 'missed' end,
            failure_code = case when not ${HAS_PLAYED} then coalesce(failure_code, ${code}) end,
            failure_message = case when not ${HAS_PLAYED}
                                   then coalesce(failure_message, ${message}) end`,
      where: sql`task_id = ${taskId} and ${IS_SCHEDULED} and start_by <= ${now}`,
    }),
  );
  return row && ingestOf(row);
}
