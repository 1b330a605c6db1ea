/**
 * How a source does, in SQL: what is told twice or out of order has the effect of what is told once
 * and in order. By the time of the event, that is, and not by when it came; and a failure is known
 * by its time.
 */
import type { MediaState } from "./ingest-row.js";

/** What TRTC's 701 tells. */
export type ToldMedia = Exclude<MediaState, "connecting">;

/** Of events of the same millisecond: a failure is followed by a new try, and that by a success. */
const ORDER = "array['failed', 'retrying', 'playing']";

const orderOf = (state: string) => `array_position(${ORDER}, ${state})`;

/** What an event of it tells besides, and when it happened. */
export const MEDIA_EVENT = { happenedAt: "media_at", besides: ["media_state", "media_at"] };

/** Nothing tells of failures that lie apart by more than this as of one and the same trouble. */
const REMEMBERED = "interval '10 minutes'";

/**
 * TRTC tries again at once, after one second and after three. Its page says that three failures are
 * for good, and leaves open whether the first of them is the one before those tries: after a fourth
 * within a minute there is no more to wait for.
 */
export const FAILED_FOR_GOOD = 3;
export const FAILED_SURELY = 4;
const WITHIN = "interval '1 minute'";

/**
 * `row` is what was known, `state` and `at` what is told: the columns as they are then, and whether
 * the first two change.
 */
export const mediaAfter = (
  row: string,
  { state, at }: Record<"state" | "at", string>,
): Record<"state" | "at" | "failures" | "failuresAfter" | "isNews", string> => {
  // Our own 'connecting' has no time of TRTC's clock, and yields to all that is told.
  const isNews = `${state} is not null and (
    coalesce(${row}.media_state, 'connecting') = 'connecting'
    or (${at}, ${orderOf(state)}) > (${row}.media_at, ${orderOf(`${row}.media_state`)}))`;
  const failuresAfter = `greatest(
    ${row}.failures_after, case when ${state} = 'playing' then ${at} end)`;
  const all = `${row}.media_failures || case when ${state} = 'failed' then array[${at}] end`;
  return {
    isNews,
    state: `case when ${isNews} then ${state} else ${row}.media_state end`,
    at: `case when ${isNews} then ${at} else ${row}.media_at end`,
    failures: failuresAmong(all, failuresAfter),
    failuresAfter,
  };
};

/** Of all these the ones that still count. */
export const failuresAmong = (all: string, after: string): string => `array(
  select distinct failed_at from unnest(${all}) as failed_at
  where failed_at > coalesce(${after}, '-infinity')
    and failed_at > (select max(last) from unnest(${all}) as last) - ${REMEMBERED}
  order by failed_at)`;

/** How often the source has failed within one minute, at most. */
export const failedTimes = (row: string): string => `coalesce((
  select count(*)::int
  from unnest(${row}.media_failures) as first, unnest(${row}.media_failures) as next
  where next between first and first + ${WITHIN}
  group by first
  order by count(*) desc
  limit 1), 0)`;

/** Whether TRTC has tried as often as it tries, unless a success is still to be told. */
export const hasFailedForGood = (row: string): string =>
  `${failedTimes(row)} >= ${FAILED_FOR_GOOD}`;
