/**
 * The state of a source, in SQL. TRTC may report an event twice or out of order. The result is the
 * same as for one report in order. Events are ordered by their own time, not by their arrival, and
 * a failure is identified by its time.
 */
import { raw, type Sql, sql } from "../engine/sql.js";
import type { MediaState } from "./ingest-row.js";

/** The states that TRTC's event 701 reports. */
export type ReportedMediaState = Exclude<MediaState, "connecting">;

/** For events of the same millisecond: a new try follows a failure, and a success follows a try. */
const orderOf = (state: Sql): Sql =>
  sql`array_position(array['failed', 'retrying', 'playing'], ${state})`;

/** When a media event happened, and the columns that it reports in addition. */
export const MEDIA_EVENT = { happenedAt: "media_at", besides: ["media_state", "media_at"] };

/** Failures further apart than this belong to different incidents. */
const REMEMBERED = sql`interval '10 minutes'`;

/**
 * TRTC tries again at once, after one second and after three seconds. Its page says that three
 * failures are final, and does not say whether the first failure counts. After a fourth failure
 * within a minute no further try follows.
 */
export const FAILED_FOR_GOOD = 3;
export const FAILED_SURELY = 4;
const WITHIN = sql`interval '1 minute'`;

/**
 * The columns of `row` after an event that reports `state` at the time `at`. `isNews` says
 * whether the state and its time change.
 */
export const mediaAfter = (
  row: Sql,
  { state, at }: Record<"state" | "at", Sql>,
): Record<"state" | "at" | "failures" | "failuresAfter" | "isNews", Sql> => {
  // Our own 'connecting' has no time of TRTC's clock, so every reported state replaces it.
  const isNews = sql`${state} is not null and (
    coalesce(${row}.media_state, 'connecting') = 'connecting'
    or (${at}, ${orderOf(state)}) > (${row}.media_at, ${orderOf(sql`${row}.media_state`)}))`;
  const failuresAfter = sql`greatest(
    ${row}.failures_after, case when ${state} = 'playing' then ${at} end)`;
  const all = sql`${row}.media_failures || case when ${state} = 'failed' then array[${at}] end`;
  return {
    isNews,
    state: sql`case when ${isNews} then ${state} else ${row}.media_state end`,
    at: sql`case when ${isNews} then ${at} else ${row}.media_at end`,
    failures: failuresAmong(all, failuresAfter),
    failuresAfter,
  };
};

/** The failures of `all` that still count. */
export const failuresAmong = (all: Sql, after: Sql): Sql => sql`array(
  select distinct failed_at from unnest(${all}) as failed_at
  where failed_at > coalesce(${after}, '-infinity')
    and failed_at > (select max(last) from unnest(${all}) as last) - ${REMEMBERED}
  order by failed_at)`;

/** The largest number of failures within one minute. */
export const failedTimes = (row: Sql): Sql => sql`coalesce((
  select count(*)::int
  from unnest(${row}.media_failures) as first, unnest(${row}.media_failures) as next
  where next between first and first + ${WITHIN}
  group by first
  order by count(*) desc
  limit 1), 0)`;

/** True when TRTC has used all its tries, unless it still reports a success later. */
export const HAS_FAILED_FOR_GOOD = sql`${failedTimes(sql`ingest`)} >= ${raw(FAILED_FOR_GOOD)}`;
