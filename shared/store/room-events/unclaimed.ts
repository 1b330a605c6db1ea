/** Tasks that TRTC tells of and that no ingest has. */
import type { Query } from "../engine/database.js";
import { failuresAmong, MEDIA_EVENT, mediaAfter } from "../ingests/media.js";
import { withOutboxEvent } from "../outbox/with-outbox-event.js";
import { seenNow, type TaskNamed, type ToldOfTask } from "./events.js";

/** Keeps what is told until an ingest has the task; in any order, and as often as it is told. */
export async function keepUnclaimed(
  query: Query,
  { sdkAppId, trtcTaskId, media, eventAt, at }: ToldOfTask,
): Promise<void> {
  const after = mediaAfter("unclaimed_task", { state: "$3::text", at: "$4::timestamptz" });
  await query(
    `insert into unclaimed_task (
       sdk_app_id, trtc_task_id, first_seen_at, last_seen_at, media_state, media_at,
       media_failures, failures_after, ended_at
     )
     select $1, $2, $5::timestamptz, $5, $3::text, case when $3 is not null then $4::timestamptz end,
            case when $3 = 'failed' then array[$4] else '{}' end,
            case when $3 = 'playing' then $4 end, case when $3 is null then $4 end
     on conflict (sdk_app_id, trtc_task_id) do update
     set last_seen_at = greatest(unclaimed_task.last_seen_at, excluded.last_seen_at),
         media_state = ${after.state}, media_at = ${after.at}, media_failures = ${after.failures},
         failures_after = ${after.failuresAfter},
         ended_at = coalesce(unclaimed_task.ended_at, excluded.ended_at)`,
    [sdkAppId, trtcTaskId, media ?? null, eventAt, at],
  );
}

export async function dropUnclaimed(
  query: Query,
  { sdkAppId, trtcTaskId }: TaskNamed,
): Promise<void> {
  await query("delete from unclaimed_task where sdk_app_id = $1 and trtc_task_id = $2", [
    sdkAppId,
    trtcTaskId,
  ]);
}

const ADOPTED = `
  adopted as (
    delete from unclaimed_task as task using ingest
    where ingest.trtc_task_id = task.trtc_task_id and ingest.sdk_app_id = task.sdk_app_id
    returning task.*
  )`;

const ALL_FAILURES = "ingest.media_failures || adopted.media_failures";
const FAILURES_AFTER = "greatest(ingest.failures_after, adopted.failures_after)";

/**
 * What became an ingest's while it was being told of: an event and the answer to a start can miss
 * each other. Of a task that has ended TRTC is asked.
 */
export async function adoptUnclaimed(query: Query): Promise<void> {
  const after = mediaAfter("ingest", { state: "adopted.media_state", at: "adopted.media_at" });
  await query(
    withOutboxEvent("ingest.media", {
      ...MEDIA_EVENT,
      isNews: after.isNews,
      with: [ADOPTED],
      from: "adopted",
      set: `media_state = ${after.state}, media_at = ${after.at},
            media_failures = ${failuresAmong(ALL_FAILURES, FAILURES_AFTER)},
            failures_after = ${FAILURES_AFTER},
            heard_at = case when adopted.ended_at is null
                            then ${seenNow("ingest", "adopted.last_seen_at")} end`,
      where: `ingest.trtc_task_id = adopted.trtc_task_id
              and ingest.sdk_app_id = adopted.sdk_app_id and ingest.state <> 'ended'`,
    }),
  );
}

/** How many play that nobody here knows, and have been told of since before `seenBefore`. */
export async function countUnclaimed(query: Query, seenBefore: Date): Promise<number> {
  const [row] = await query(
    `select count(*)::int as count from unclaimed_task
     where ended_at is null and first_seen_at <= $1`,
    [seenBefore],
  );
  return Number(row?.["count"]);
}

/**
 * Takes some of them to be stopped, and none again that was taken since `askedBefore`. Those that
 * could not be stopped go behind the others, so that they do not use up every run. Never one that an
 * ingest has. TRTC reports ends of tasks that play on, before and after a stop is asked for. So a
 * task is over only when TRTC's answer to a stop says so: `endUnclaimed` records that.
 */
export async function takeUnclaimed(
  query: Query,
  wanted: { at: Date; seenBefore: Date; askedBefore: Date; limit: number },
): Promise<TaskNamed[]> {
  const rows = await query(
    `with taken as (
       update unclaimed_task set stop_asked_at = $1, ended_at = null
       where (sdk_app_id, trtc_task_id) in (
         select sdk_app_id, trtc_task_id from unclaimed_task as task
         where first_seen_at <= $2
           and (stop_asked_at is null or stop_asked_at <= $3)
           and not exists (
             select from ingest
             where ingest.trtc_task_id = task.trtc_task_id and ingest.sdk_app_id = task.sdk_app_id
           )
         order by stop_asked_at nulls first, first_seen_at
         limit $4
         for update skip locked
       )
       returning *
     )
     select sdk_app_id, trtc_task_id from taken order by first_seen_at`,
    [wanted.at, wanted.seenBefore, wanted.askedBefore, wanted.limit],
  );
  return rows.map((row) => ({
    sdkAppId: Number(row["sdk_app_id"]),
    trtcTaskId: String(row["trtc_task_id"]),
  }));
}

/** It is over, and no stop follows. It is kept for as long as an older event of it may still come. */
export async function endUnclaimed(
  query: Query,
  { sdkAppId, trtcTaskId, at }: TaskNamed & { at: Date },
): Promise<void> {
  await query(
    `update unclaimed_task set ended_at = coalesce(ended_at, $3), stop_asked_at = 'infinity'
     where sdk_app_id = $1 and trtc_task_id = $2`,
    [sdkAppId, trtcTaskId, at],
  );
}

/** Those that ended before `endedBefore`, and those last told of so long ago that none lasts. */
export async function forgetUnclaimed(
  query: Query,
  { endedBefore, seenBefore }: Record<"endedBefore" | "seenBefore", Date>,
): Promise<void> {
  await query("delete from unclaimed_task where ended_at < $1 or last_seen_at < $2", [
    endedBefore,
    seenBefore,
  ]);
}
