/** What an occurrence's ingest says about its outcome, as SQL over `ingest`. */
import { type Sql, sql } from "../engine/sql.js";

const WAS_CUT = sql`ingest.end_cause = 'cut'`;
const WAS_MISSED = sql`ingest.end_cause = 'missed'`;
const HAS_FAILED = sql`ingest.end_reason = 'failed'`;
const NEVER_PLAYED = sql`ingest.started_at is null`;

/** The final state, once the ingest has ended. */
export const FINAL_STATE: Sql = sql`case
         when ${WAS_CUT} then case when ${NEVER_PLAYED} then 'Skipped' else 'Cut' end
         when ${WAS_MISSED} then 'Missed'
         when ${HAS_FAILED} then 'Failed'
         when ${NEVER_PLAYED} then 'Skipped'
         else 'Done'
       end`;

/** A word of ours, the code of a failure, or the reason of the end. */
export const FINAL_REASON: Sql = sql`case
         when ${WAS_CUT} then ingest.occurrence -> 'cut' ->> 'reason'
         when ${WAS_MISSED} then 'Late'
         when ${HAS_FAILED} then coalesce(ingest.failure_code, 'failed')
         when ${NEVER_PLAYED} then 'Stopped'
         else ingest.end_reason
       end`;

/** The message of a failure, or the TaskId that plays instead of a cut one. */
export const FINAL_DETAIL: Sql = sql`case
         when ${WAS_CUT} then ingest.occurrence -> 'cut' ->> 'by'
         when ${HAS_FAILED} then ingest.failure_message
       end`;
