/**
 * Settles occurrences: their final states are written once, their failures are counted, and their
 * events are written, in one statement. It locks the schedule first, as planning does.
 */
import type { Query } from "../engine/database.js";
import { bind, joined, raw, run, type Sql, sql } from "../engine/sql.js";
import { GIVE_UP_AFTER, type NotificationType } from "../outbox/outbox.js";
import { FINAL_DETAIL, FINAL_REASON, FINAL_STATE } from "./outcomes.js";
import type { OccurrenceState } from "./schedule-row.js";

/** How many occurrences have each state now, and how many schedules were paused. */
export type Settled = Partial<Record<OccurrenceState | "Paused", number>>;

/**
 * Occurrences whose time has come, and that have ended or never had an ingest. A state other than
 * Planned was decided before.
 */
export const IS_TO_SETTLE = sql`occurrence.settled_at is null
       and (occurrence.state <> 'Planned' or ingest.state = 'ended')`;

const decidedOr = (column: Sql, final: Sql): Sql =>
  sql`case when occurrence.state = 'Planned' then ${final} else ${column} end`;

/** It has played, so the failures before it are no longer in a row. */
const HAS_PLAYED = sql`state in ('Done', 'Cut')`;

const IS_PAUSING = sql`locked.state = 'Enabled' and pause_after > 0
         and failed + case when has_played then 0 else locked.failures end >= pause_after`;

/** An occurrence without an ingest may have its robot now. */
const HAS_PENDING = sql`exists (
         select from occurrence as pending
         where pending.schedule_id = schedule.schedule_id and pending.settled_at is null
           and pending.state = 'Planned' and pending.task_id is null
       )`;

export async function settleOccurrences(
  query: Query,
  { at, limit }: { at: Date; limit: number },
): Promise<Settled> {
  const now = bind(at);
  const rows = await run(
    query,
    sql`with due as (
       select occurrence.schedule_id, occurrence.nominal_at, occurrence.task_id,
              occurrence.state as decided, ingest.started_at, ingest.ended_at,
              ${decidedOr(sql`occurrence.state`, FINAL_STATE)} as state,
              ${decidedOr(sql`occurrence.reason`, FINAL_REASON)} as reason,
              ${decidedOr(sql`occurrence.detail`, FINAL_DETAIL)} as detail
       from occurrence left join ingest on ingest.task_id = occurrence.task_id
       where occurrence.starts_at <= ${now} and ${IS_TO_SETTLE}
       order by occurrence.starts_at
       limit ${limit}
     ),
     locked as (
       select schedule_id, state, failures,
              coalesce((definition ->> 'pauseAfterFailures')::integer, 0) as pause_after
       from schedule
       where schedule_id = any (array(select schedule_id from due))
       for update skip locked
     ),
     settled as (
       update occurrence
       set state = due.state, reason = due.reason, detail = due.detail,
           started_at = due.started_at, ended_at = due.ended_at, settled_at = ${now}
       from due join locked using (schedule_id)
       where occurrence.schedule_id = due.schedule_id and occurrence.nominal_at = due.nominal_at
         and occurrence.task_id is not distinct from due.task_id
         and occurrence.state = due.decided and occurrence.settled_at is null
       returning occurrence.*
     ),
     played as (
       select schedule_id, max(starts_at) as played_at from settled where ${HAS_PLAYED}
       group by schedule_id
     ),
     totals as (
       select schedule_id, bool_or(played_at is not null) as has_played,
              count(*) filter (where state = 'Missed')::integer as missed,
              count(*) filter (
                where state = 'Failed' and coalesce(starts_at > played_at, true)
              )::integer as failed
       from settled left join played using (schedule_id)
       group by schedule_id
     ),
     counts as (
       select totals.*, case when ${IS_PAUSING} then 1 else 0 end as pausing
       from totals join locked using (schedule_id)
     ),
     counted as (
       update schedule
       set failures = failed + case when has_played then 0 else failures end,
           notified = notified + missed + pausing,
           state = case pausing when 1 then 'Paused' else state end,
           paused_because = case pausing when 1 then 'Failures' else paused_because end,
           revision = revision + pausing,
           updated_at = case pausing when 1 then ${now}::timestamptz else updated_at end,
           plan_at = case when pausing = 1 or ${HAS_PENDING} then ${now}::timestamptz else plan_at end
       from counts
       where schedule.schedule_id = counts.schedule_id
       returning schedule.*, missed, pausing
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
       ${joined([missedEvents(now), pausedEvents(now)], "\nunion all\n")}
       on conflict (task_id, position) do nothing
     )
     select state, count(*)::integer as count from settled group by state
     union all
     select 'Paused', sum(pausing)::integer from counted having sum(pausing) > 0`,
  );
  return Object.fromEntries(rows.map((row) => [String(row["state"]), Number(row["count"])]));
}

/** What both events keep of the schedule. */
const SCHEDULE_FACTS = "counted.schedule_id, counted.name, sdk_app_id, room_id, room_id_type";

function eventColumns(
  type: NotificationType,
  { position, facts, now }: Record<"position" | "facts" | "now", Sql>,
): Sql {
  return sql`select counted.schedule_id, ${position}, caller_id, '${raw(type)}', ${now}::timestamptz,
         (select to_jsonb(fact) from (select ${raw(SCHEDULE_FACTS)}, ${facts}) as fact),
         ${now}::timestamptz, ${now}::timestamptz + ${GIVE_UP_AFTER}`;
}

/** They come before the event of a pause. */
function missedEvents(now: Sql): Sql {
  const place = sql`row_number() over (partition by counted.schedule_id order by settled.nominal_at)`;
  return sql`${eventColumns("schedule.missed", {
    position: sql`notified - pausing - missed + ${place}`,
    facts: sql`settled.nominal_at, settled.ends_at, settled.reason, settled.detail`,
    now,
  })}
       from counted join settled using (schedule_id)
       where notified is not null and settled.state = 'Missed'`;
}

const pausedEvents = (now: Sql): Sql => sql`${eventColumns("schedule.paused", {
  position: raw("notified"),
  facts: sql`failures, paused_because as reason, (
           select settled.reason from settled
           where settled.schedule_id = counted.schedule_id and settled.state = 'Failed'
           order by settled.starts_at desc limit 1
         ) as failure_code, (
           select settled.detail from settled
           where settled.schedule_id = counted.schedule_id and settled.state = 'Failed'
           order by settled.starts_at desc limit 1
         ) as detail`,
  now,
})}
       from counted where notified is not null and pausing = 1`;
