/**
 * For a run on one machine whose emulator of TRTC has restarted. The new emulator may have none of
 * the tasks. Its clock sets the times of the rows, and may have gone back.
 */
import type { Query } from "./engine/database.js";
import { bind, run, sql } from "./engine/sql.js";
import { GIVE_UP_AFTER } from "./outbox/outbox.js";

/** No claim lasts this long, so a later time was written when the clock was ahead. */
const LATER = sql`interval '1 hour'`;

/**
 * The next run of reconcile-ingests checks every running task, and no row waits for a wrong time.
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
}
