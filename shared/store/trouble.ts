/**
 * Which ingests something is wrong with, as a condition over their columns, so that the database
 * counts and filters them. shared/operator/trouble.ts says what is wrong, and a test holds both
 * together.
 */
import { addMs, MINUTE_MS, SECOND_MS } from "../clock.js";
import { bind, type Sql, sql } from "./engine/sql.js";

/** Ends and steps are on the second. Timers of a healthy deployment are never this late. */
export const LATE_MS = 15 * SECOND_MS;

/** A start has an answer by then, or reconcile-ingests has taken it over. */
export const START_MS = MINUTE_MS;

/** Of an ingest that has not ended. */
export function isTroubled(now: Date): Sql {
  const late = bind(addMs(now, -LATE_MS));
  return sql`(
       (state <> 'starting' and least(due_at, empty_at) <= ${late})
       or (state = 'starting' and advance_at is null and created_at <= ${addMs(now, -START_MS)})
       or (state = 'starting' and advance_at <= ${late})
       or (state = 'starting' and failure_code is not null)
       or media_state in ('retrying', 'failed')
       or on_air ->> 'source' <> 'primary'
       or (state = 'running' and step_at <= ${late})
       or unsure_until > ${now}
     )`;
}
