/** Work that is late, by kind. These statements change no row, and read live rows only. */
import type { Query } from "../engine/database.js";
import { run, type Sql, sql } from "../engine/sql.js";
import { ENDS_AT } from "../ingests/due.js";
import { UNCLAIMED_AFTER_MS } from "../room-events/unclaimed.js";

export interface Backlog {
  live: number;
  /** Ingests that play, as far as we know. */
  running: number;
  /** Ingests that wait for their StartTime. */
  scheduled: number;
  /** Ingests whose start, or whose restart, has no outcome yet. */
  starting: number;
  /** Ingests that play, and are past their deadline by more than `graceMs`. */
  overdue: number;
  oldestOverdueMs: number;
  /** Scheduled starts that should have been tried `graceMs` ago. */
  lateStarts: number;
  /** Steps of programmes that should have been carried out `graceMs` ago. */
  lateSteps: number;
  /** Schedules that should have been planned some minutes ago. */
  lateSchedules: number;
  /** Starts without an outcome whose lease has lapsed. */
  unfinished: number;
  /** Tasks that TRTC has reported for some time, and that no ingest has. */
  unclaimed: number;
}

/** A few runs of plan-schedules, which has no interval of its own in the configuration. */
const PLANNED_WITHIN = sql`interval '5 minutes'`;

const ms = (count: number): Sql => sql`${count} * interval '1 millisecond'`;

/** A restart waits as well, and its ingest has played before. */
const IS_WAITING = sql`(advance_at is not null and started_at is null)`;

export async function readBacklog(
  query: Query,
  { graceMs }: { graceMs: number },
): Promise<Backlog> {
  const [row = {}] = await run(
    query,
    sql`with live as (
       select *, state in ('running', 'stopping')
                 and ${ENDS_AT} < now() - ${ms(graceMs)} as is_overdue
       from ingest where state <> 'ended'
     )
     select count(*)::int as live,
            count(*) filter (where state in ('running', 'stopping') and successor_of is null)::int
              as running,
            count(*) filter (where state = 'starting' and ${IS_WAITING})::int as scheduled,
            count(*) filter (where state = 'starting' and not ${IS_WAITING}
              and successor_of is null)::int as starting,
            count(*) filter (where is_overdue)::int as overdue,
            coalesce(
              extract(epoch from max(now() - ${ENDS_AT}) filter (where is_overdue)) * 1000, 0
            )::float8 as oldest_overdue_ms,
            count(*) filter (where state = 'starting'
              and advance_at < now() - ${ms(graceMs)})::int as late_starts,
            count(*) filter (where state = 'running' and paused_at is null
              and step_at < now() - ${ms(graceMs)})::int as late_steps,
            count(*) filter (where state = 'starting' and lease_until < now())::int as unfinished,
            (select count(*) from unclaimed_task
             where ended_at is null and first_seen_at < now() - ${ms(UNCLAIMED_AFTER_MS)})::int as unclaimed,
            (select count(*) from schedule where plan_at < now() - ${PLANNED_WITHIN})::int
              as late_schedules
     from live`,
  );
  return {
    live: Number(row["live"]),
    running: Number(row["running"]),
    scheduled: Number(row["scheduled"]),
    starting: Number(row["starting"]),
    overdue: Number(row["overdue"]),
    oldestOverdueMs: Number(row["oldest_overdue_ms"]),
    lateStarts: Number(row["late_starts"]),
    lateSteps: Number(row["late_steps"]),
    lateSchedules: Number(row["late_schedules"]),
    unfinished: Number(row["unfinished"]),
    unclaimed: Number(row["unclaimed"]),
  };
}
