/**
 * For a run on one machine whose TRTC has begun anew: it may have none of the tasks, and its clock,
 * which the rows go by, may have gone back.
 */
import type { Query } from "../engine/database.js";
import { GIVE_UP_AFTER } from "../outbox/outbox.js";

/** No claim holds for so long: what is later was written when the clock was ahead. */
const LATER = "interval '1 hour'";

/** Every running task is asked about by the next run of reconcile-ingests; nothing waits for a time that is gone. */
export async function beginAnew(query: Query, at: Date): Promise<void> {
  await query(
    `update ingest set
       heard_at = case when state = 'running' then null else heard_at end,
       lease_until = case when lease_until > $1::timestamptz + ${LATER} then $1 else lease_until end,
       unsure_until = case when unsure_until > $1::timestamptz + ${LATER} then $1 else unsure_until end
     where state <> 'ended' or unsure_until is not null`,
    [at],
  );
  await query(
    `update outbox set try_at = $1, give_up_at = $1::timestamptz + ${GIVE_UP_AFTER}
     where dead_at is null and give_up_at > $1::timestamptz + ${GIVE_UP_AFTER} + ${LATER}`,
    [at],
  );
}
