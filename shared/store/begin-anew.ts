/**
 * For a run on one machine whose emulator of TRTC has restarted. The new emulator may have none of
 * the tasks. Its clock sets the times of the rows, and may have gone back.
 */
import type { Query } from "./engine/database.js";
import { bind, run, sql } from "./engine/sql.js";
import { type Actor, BY_ACTOR, queryFor } from "./history/actor.js";
import { GIVE_UP_AFTER } from "./outbox/outbox.js";
import { cancelStarts } from "./schedules/starts.js";

/** No claim lasts this long, so a later time was written when the clock was ahead. */
const LATER = sql`interval '1 hour'`;

const ACTOR: Actor = { kind: "operator", id: "npm start", function: "start" };

/**
 * The next run of reconcile-ingests checks every running task, no row waits for a wrong time, and
 * every schedule is planned from the present on.
 * Several instances may start at once, so the rows are locked in one order.
 */
export async function beginAnew(query: Query, at: Date): Promise<void> {
  const now = bind(at);
  await run(
    query,
    sql`update ingest set
       heard_at = case when state = 'running' then null else heard_at end,
       lease_until = case when lease_until > ${now}::timestamptz + ${LATER} then ${now} else lease_until end,
       advance_lease_until = case when advance_lease_until > ${now}::timestamptz + ${LATER} then ${now} else advance_lease_until end,
       unsure_until = case when unsure_until > ${now}::timestamptz + ${LATER} then ${now} else unsure_until end
     where task_id in (
       select task_id from ingest where state <> 'ended' or unsure_until is not null
       order by task_id for update
     )`,
  );
  await run(
    query,
    sql`update outbox set try_at = ${now}, give_up_at = ${now}::timestamptz + ${GIVE_UP_AFTER}
     where dead_at is null and give_up_at > ${now}::timestamptz + ${GIVE_UP_AFTER} + ${LATER}`,
  );
  // A fresh task would play on until a deadline of the other time.
  await run(
    queryFor(query, ACTOR),
    sql`update ingest set deadline_at = ${now}, ${BY_ACTOR}
     where task_id in (
       select task_id from ingest
       where state in ('starting', 'running') and programme is not null
         and started_at > ${now}::timestamptz + ${LATER}
       order by task_id for update
     )`,
  );
  // A room's newest event counts, and one of the other time would be the newest until then.
  await run(query, sql`delete from room_audience where event_at > ${now}::timestamptz + ${LATER}`);
  await run(
    query,
    sql`delete from unclaimed_task where last_seen_at > ${now}::timestamptz + ${LATER}`,
  );
  await planAnew(query, at);
}

/** Planning looks a day ahead and never back, so a schedule would start nothing until that time. */
async function planAnew(query: Query, at: Date): Promise<void> {
  const now = bind(at);
  const isEarly = sql`state <> 'Deleted' and planned_until > ${now}::timestamptz + interval '1 day 1 minute'`;
  // A skip that was asked for holds in every time.
  const isPlanned = sql`nominal_at > ${now} and (state, reason) is distinct from ('Skipped', 'Asked')`;
  const planned = await run(
    query,
    sql`select task_id from occurrence
     where task_id is not null and ${isPlanned}
       and schedule_id in (select schedule_id from schedule where ${isEarly})`,
  );
  await cancelStarts(queryFor(query, ACTOR), {
    taskIds: planned.map((row) => String(row["task_id"])),
    at,
  });
  // A new revision gives each start a token of its own.
  await run(
    query,
    sql`with early as (
       update schedule
       set planned_until = ${now}, plan_at = case when state = 'Enabled' then ${now}::timestamptz end,
           revision = revision + 1
       where schedule_id in (
         select schedule_id from schedule where ${isEarly} order by schedule_id for update
       )
       returning schedule_id
     )
     delete from occurrence
     where ${isPlanned} and schedule_id in (select schedule_id from early)`,
  );
}
