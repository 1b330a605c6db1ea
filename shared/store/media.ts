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

/** TRTC tries again at once, after one second and after three. */
const FOR_GOOD = { failures: 3, within: "interval '1 minute'" };

/** `row` is what was known, `state` and `at` what is told: the three columns as they are then, and whether the first two change. */
export const mediaAfter = (
  row: string,
  { state, at }: Record<"state" | "at", string>,
): Record<"state" | "at" | "failures" | "isNews", string> => {
  // Our own 'connecting' has no time of TRTC's clock, and yields to all that is told.
  const isNews = `${state} is not null and (
    coalesce(${row}.media_state, 'connecting') = 'connecting'
    or (${at}, ${orderOf(state)}) > (${row}.media_at, ${orderOf(`${row}.media_state`)}))`;
  const failures = `array(
    select distinct failed_at from unnest(${row}.media_failures || ${at}) as failed_at
    where failed_at > greatest(${at}, (select max(last) from unnest(${row}.media_failures) as last))
                      - ${REMEMBERED}
    order by failed_at)`;
  return {
    isNews,
    state: `case when ${isNews} then ${state} else ${row}.media_state end`,
    at: `case when ${isNews} then ${at} else ${row}.media_at end`,
    failures: `case when ${state} = 'failed' then ${failures} else ${row}.media_failures end`,
  };
};

/** Whether TRTC has tried as often as it tries. */
export const hasFailedForGood = (row: string): string => `exists (
  select from unnest(${row}.media_failures) as first
  where ${FOR_GOOD.failures} <= (
    select count(*) from unnest(${row}.media_failures) as next
    where next between first and first + ${FOR_GOOD.within}))`;
