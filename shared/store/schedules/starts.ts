/**
 * The ingests of occurrences, many in one statement. Their rows are those of other scheduled starts.
 * They take no lane of `StartsPerMinute`, because their schedule was accepted long before.
 */
import type { Query } from "../engine/database.js";
import { raw, run, sql } from "../engine/sql.js";
import { CREATED_BY } from "../history/actor.js";
import { LATER_COLUMN_TYPES, laterRowOf, NEW_COLUMN_TYPES, newRowOf } from "../ingests/new-row.js";
import { IS_SCHEDULED } from "../ingests/scheduled.js";
import type { NewIngest } from "../ingests/new-row.js";
import { firstEvent, withOutboxEvent } from "../outbox/with-outbox-event.js";

const TYPES = Object.entries({ ...NEW_COLUMN_TYPES, ...LATER_COLUMN_TYPES });
const COLUMNS = raw(TYPES.map(([column]) => column).join(", "));
const RECORD = raw(TYPES.map(([column, type]) => `${column} ${type}`).join(", "));

/**
 * Returns the TaskIds of the rows that were written. A robot that is in another ingest, or that may
 * still enter its room, has no row. Robots come in one order, so that two runs with the same robots
 * never wait for each other.
 */
export async function insertStarts(
  query: Query,
  starts: readonly NewIngest[],
): Promise<Set<string>> {
  if (starts.length === 0) return new Set();
  const rows = starts.map((start) => ({ ...newRowOf(start), ...laterRowOf(start) }));
  const written = await run(
    query,
    sql`with changed as (
       insert into ingest (${COLUMNS}, created_by)
       select ${COLUMNS}, ${CREATED_BY} from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as start (${RECORD})
       where not exists (
         select from ingest as ended
         where ended.sdk_app_id = start.sdk_app_id and ended.robot_user_id = start.robot_user_id
           and ended.state = 'ended' and ended.unsure_until is not null
       )
       order by robot_user_id
       on conflict do nothing
       returning *
     ),
     events as (${firstEvent("ingest.scheduled", { happenedAt: "created_at" })})
     select task_id from changed`,
  );
  return new Set(written.map((row) => String(row["task_id"])));
}

/**
 * Ends those of these ingests that wait for their start. Returns their TaskIds. Another one is being
 * started, or has an end of its own.
 */
export async function cancelStarts(
  query: Query,
  { taskIds, at }: { taskIds: readonly string[]; at: Date },
): Promise<Set<string>> {
  if (taskIds.length === 0) return new Set();
  const rows = await run(
    query,
    withOutboxEvent("ingest.ended", {
      happenedAt: "ended_at",
      set: sql`state = 'ended', end_reason = 'stopped', end_cause = 'schedule',
            stop_asked_at = coalesce(stop_asked_at, ${at}), ended_at = ${at}, advance_at = null`,
      where: sql`task_id = any(${taskIds}::text[]) and ${IS_SCHEDULED} and started_at is null`,
    }),
  );
  return new Set(rows.map((row) => String(row["task_id"])));
}
