/** Lists occurrences with the state that callers see, which follows from their ingests. */
import type { Query } from "../engine/database.js";
import { bind, joined, NOTHING, run, type Sql, sql } from "../engine/sql.js";
import { FINAL_DETAIL, FINAL_REASON, FINAL_STATE } from "./outcomes.js";
import { type Occurrence, occurrenceOf, type OccurrenceState } from "./schedule-row.js";

export type ShownState = OccurrenceState | "Running";

/** An occurrence of any of the caller's schedules, as it is now. */
export interface ShownOccurrence extends Omit<Occurrence, "state"> {
  /** The name of its schedule. */
  name: string;
  state: ShownState;
}

export interface OccurrenceFilter {
  callerId: string;
  /** Absent: all schedules of the caller. */
  scheduleId?: string | undefined;
  sdkAppId?: number | undefined;
  roomId?: string | undefined;
  roomIdType?: number | undefined;
  state?: ShownState | undefined;
  /** Only occurrences whose nominal start is at or after `from`, and before `to`. */
  from?: Date | undefined;
  to?: Date | undefined;
  /** Only occurrences behind this one in the list. */
  before?: Pick<Occurrence, "nominalAt" | "scheduleId"> | undefined;
  limit: number;
}

const HAS_ENDED = sql`(occurrence.settled_at is null and ingest.state = 'ended')`;

const SHOWN_STATE = sql`case
         when ${HAS_ENDED} then ${FINAL_STATE}
         when occurrence.state = 'Planned' and ingest.started_at is not null then 'Running'
         else occurrence.state
       end`;

const WITH_INGEST = sql`left join ingest on ingest.task_id = occurrence.task_id`;

const settledOr = (column: Sql, final: Sql): Sql =>
  sql`case when ${HAS_ENDED} then ${final} else ${column} end`;

/**
 * The latest first. Each schedule gives its own latest ones, by the index of its occurrences. So the
 * many that are over are not read.
 */
export async function listOccurrences(
  query: Query,
  filter: OccurrenceFilter,
): Promise<ShownOccurrence[]> {
  const { callerId, scheduleId, sdkAppId, roomId, roomIdType, state, from, to, before } = filter;
  const schedules = [sql`caller_id = ${callerId}`];
  if (scheduleId !== undefined) schedules.push(sql`schedule_id = ${scheduleId}`);
  if (sdkAppId !== undefined) schedules.push(sql`sdk_app_id = ${sdkAppId}`);
  if (roomId !== undefined) schedules.push(sql`room_id = ${roomId}`);
  if (roomIdType !== undefined) schedules.push(sql`room_id_type = ${roomIdType}`);
  const where = [sql`occurrence.schedule_id = schedule.schedule_id`];
  if (from !== undefined) where.push(sql`occurrence.nominal_at >= ${from}`);
  if (to !== undefined) where.push(sql`occurrence.nominal_at < ${to}`);
  if (state !== undefined) where.push(sql`${SHOWN_STATE} = ${state}`);
  if (before !== undefined) {
    // The first condition bounds the reading of the index, and the second breaks ties.
    const nominalAt = bind(before.nominalAt);
    where.push(
      sql`occurrence.nominal_at <= ${nominalAt}
       and (occurrence.nominal_at, occurrence.schedule_id) < (${nominalAt}, ${before.scheduleId})`,
    );
  }
  const limit = bind(filter.limit);
  const rows = await run(
    query,
    sql`with latest as (
       select schedule.schedule_id, schedule.name, own.nominal_at
       from (select * from schedule where ${joined(schedules, " and ")}) as schedule
       cross join lateral (
         select occurrence.nominal_at
         from occurrence ${state === undefined ? NOTHING : WITH_INGEST}
         where ${joined(where, " and ")}
         order by occurrence.nominal_at desc
         limit ${limit}
       ) as own
       order by own.nominal_at desc, schedule.schedule_id desc
       limit ${limit}
     )
     select occurrence.schedule_id, latest.name, occurrence.nominal_at, occurrence.starts_at, ends_at, local_start,
       occurrence.revision, occurrence.task_id, occurrence.settled_at,
       ${SHOWN_STATE} as state,
       ${settledOr(sql`occurrence.reason`, FINAL_REASON)} as reason,
       ${settledOr(sql`occurrence.detail`, FINAL_DETAIL)} as detail,
       coalesce(ingest.started_at, occurrence.started_at) as started_at,
       coalesce(ingest.ended_at, occurrence.ended_at) as ended_at
     from latest join occurrence using (schedule_id, nominal_at) ${WITH_INGEST}
     order by occurrence.nominal_at desc, occurrence.schedule_id desc`,
  );
  return rows.map((row) => occurrenceOf(row) as ShownOccurrence);
}

/** How many occurrences of a schedule have each state now. */
export async function countOccurrences(
  query: Query,
  scheduleId: string,
): Promise<Partial<Record<ShownState, number>>> {
  const rows = await run(
    query,
    sql`select ${SHOWN_STATE} as state, count(*)::integer as count
     from occurrence ${WITH_INGEST}
     where occurrence.schedule_id = ${scheduleId}
     group by 1`,
  );
  return Object.fromEntries(rows.map((row) => [String(row["state"]), Number(row["count"])]));
}
