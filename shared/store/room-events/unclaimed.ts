/** Records tasks that TRTC reports and no ingest has. */
import { MINUTE_MS } from "../../clock.js";
import type { Query } from "../engine/database.js";
import { bind, run, sql } from "../engine/sql.js";
import { failuresAmong, MEDIA_EVENT, mediaAfter } from "../ingests/media.js";
import { withOutboxEvent } from "../outbox/with-outbox-event.js";
import { seenNow, type TaskEvent, type TaskKey } from "./events.js";

/** No function lives this long. An answer that is missing by then is lost. */
export const UNCLAIMED_AFTER_MS = 5 * MINUTE_MS;

export const makeUnclaimedTasks = (query: Query) => ({
  keep: keepUnclaimed.bind(undefined, query),
  drop: dropUnclaimed.bind(undefined, query),
  adopt: adoptUnclaimed.bind(undefined, query),
  count: countUnclaimed.bind(undefined, query),
  take: takeUnclaimed.bind(undefined, query),
  end: endUnclaimed.bind(undefined, query),
  forget: forgetUnclaimed.bind(undefined, query),
});

/** Keeps an event until an ingest has the task. Events may come in any order, and repeatedly. */
async function keepUnclaimed(
  query: Query,
  { sdkAppId, trtcTaskId, media, eventAt, at }: TaskEvent,
): Promise<void> {
  const [state, time, now] = [bind(media ?? null), bind(eventAt), bind(at)];
  const after = mediaAfter(sql`unclaimed_task`, {
    state: sql`${state}::text`,
    at: sql`${time}::timestamptz`,
  });
  await run(
    query,
    sql`insert into unclaimed_task (
       sdk_app_id, trtc_task_id, first_seen_at, last_seen_at, media_state, media_at,
       media_failures, failures_after, ended_at
     )
     select ${sdkAppId}, ${trtcTaskId}, ${now}::timestamptz, ${now}, ${state}::text,
            case when ${state} is not null then ${time}::timestamptz end,
            case when ${state} = 'failed' then array[${time}] else '{}' end,
            case when ${state} = 'playing' then ${time} end, case when ${state} is null then ${time} end
     on conflict (sdk_app_id, trtc_task_id) do update
     set last_seen_at = greatest(unclaimed_task.last_seen_at, excluded.last_seen_at),
         media_state = ${after.state}, media_at = ${after.at}, media_failures = ${after.failures},
         failures_after = ${after.failuresAfter},
         ended_at = coalesce(unclaimed_task.ended_at, excluded.ended_at)`,
  );
}

async function dropUnclaimed(query: Query, { sdkAppId, trtcTaskId }: TaskKey): Promise<void> {
  await run(
    query,
    sql`delete from unclaimed_task where sdk_app_id = ${sdkAppId} and trtc_task_id = ${trtcTaskId}`,
  );
}

const ADOPTED = sql`
  adopted as (
    delete from unclaimed_task as task using ingest
    where ingest.trtc_task_id = task.trtc_task_id and ingest.sdk_app_id = task.sdk_app_id
    returning task.*
  )`;

const ALL_FAILURES = sql`ingest.media_failures || adopted.media_failures`;
const FAILURES_AFTER = sql`greatest(ingest.failures_after, adopted.failures_after)`;

/**
 * Moves kept events to the ingests that have the tasks by now. An event and the answer to a start
 * can miss each other. A task that has ended is checked with TRTC.
 */
async function adoptUnclaimed(query: Query): Promise<void> {
  const after = mediaAfter(sql`ingest`, {
    state: sql`adopted.media_state`,
    at: sql`adopted.media_at`,
  });
  await run(
    query,
    withOutboxEvent("ingest.media", {
      ...MEDIA_EVENT,
      isNews: after.isNews,
      with: [ADOPTED],
      from: sql`adopted`,
      set: sql`media_state = ${after.state}, media_at = ${after.at},
            media_failures = ${failuresAmong(ALL_FAILURES, FAILURES_AFTER)},
            failures_after = ${FAILURES_AFTER},
            heard_at = case when adopted.ended_at is null
                            then ${seenNow(sql`ingest`, sql`adopted.last_seen_at`)} end`,
      where: sql`ingest.trtc_task_id = adopted.trtc_task_id
              and ingest.sdk_app_id = adopted.sdk_app_id and ingest.state <> 'ended'`,
    }),
  );
}

/** Counts tasks that play without an ingest, and were first reported before `seenBefore`. */
async function countUnclaimed(query: Query, seenBefore: Date): Promise<number> {
  const [row] = await run(
    query,
    sql`select count(*)::int as count from unclaimed_task
     where ended_at is null and first_seen_at <= ${seenBefore}`,
  );
  return Number(row?.["count"]);
}

/**
 * Takes some of these tasks in order to stop them. It leaves tasks that were taken since
 * `askedBefore`, and tasks that an ingest has. Tasks that could not be stopped come last, so that
 * they do not fill every run. TRTC reports ends of tasks that play on, before and after a stop is
 * asked for. So a task is over only when TRTC's answer to a stop says so. `endUnclaimed` records
 * that.
 */
async function takeUnclaimed(
  query: Query,
  {
    at,
    seenBefore,
    askedBefore,
    limit,
  }: { at: Date; seenBefore: Date; askedBefore: Date; limit: number },
): Promise<TaskKey[]> {
  const rows = await run(
    query,
    sql`with taken as (
       update unclaimed_task set stop_asked_at = ${at}, ended_at = null
       where (sdk_app_id, trtc_task_id) in (
         select sdk_app_id, trtc_task_id from unclaimed_task as task
         where first_seen_at <= ${seenBefore}
           and (stop_asked_at is null or stop_asked_at <= ${askedBefore})
           and not exists (
             select from ingest
             where ingest.trtc_task_id = task.trtc_task_id and ingest.sdk_app_id = task.sdk_app_id
           )
         order by stop_asked_at nulls first, first_seen_at
         limit ${limit}
         for update skip locked
       )
       returning *
     )
     select sdk_app_id, trtc_task_id from taken order by first_seen_at`,
  );
  return rows.map((row) => ({
    sdkAppId: Number(row["sdk_app_id"]),
    trtcTaskId: String(row["trtc_task_id"]),
  }));
}

/** The task is over, and no stop follows. Its row stays while an older event may still arrive. */
async function endUnclaimed(
  query: Query,
  { sdkAppId, trtcTaskId, at }: TaskKey & { at: Date },
): Promise<void> {
  await run(
    query,
    sql`update unclaimed_task
     set ended_at = coalesce(ended_at, ${at}), stop_asked_at = 'infinity'
     where sdk_app_id = ${sdkAppId} and trtc_task_id = ${trtcTaskId}`,
  );
}

/** Deletes tasks that ended before `endedBefore`, or whose last event is older than any task. */
async function forgetUnclaimed(
  query: Query,
  { endedBefore, seenBefore }: Record<"endedBefore" | "seenBefore", Date>,
): Promise<void> {
  await run(
    query,
    sql`delete from unclaimed_task
     where ended_at < ${endedBefore} or last_seen_at < ${seenBefore}`,
  );
}
