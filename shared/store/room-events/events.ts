/** Records TRTC's events about tasks, robots and rooms. */
import type { Query } from "../engine/database.js";
import { bind, raw, run, type Sql, sql } from "../engine/sql.js";
import { type Ingest, ingestOf, type RemovalCause } from "../ingests/ingest-row.js";
import {
  FAILED_FOR_GOOD,
  failedTimes,
  MEDIA_EVENT,
  mediaAfter,
  type ReportedMediaState,
} from "../ingests/media.js";
import { withOutboxEvent } from "../outbox/with-outbox-event.js";

export interface TaskKey {
  sdkAppId: number;
  trtcTaskId: string;
}

/** A null `heard_at` means that TRTC has to be asked, so it stays null. */
export const seenNow = (row: Sql, at: Sql): Sql =>
  sql`case when ${row}.heard_at is not null then greatest(${row}.heard_at, ${at}) end`;

export interface TaskEvent extends TaskKey {
  /** The state of the source; absent when the task has ended. */
  media?: ReportedMediaState | undefined;
  /** When it happened, by TRTC's clock. */
  eventAt: Date;
  /** When we received the event. */
  at: Date;
}

/** An ingest, and how often its source has failed within a minute since it last played. */
export interface IngestAfterEvent {
  ingest: Ingest;
  failedTimes: number;
}

/**
 * `undefined` when no ingest has this task. An ended ingest sends no notifications about its source
 * any more.
 */
export async function recordTaskEvent(
  query: Query,
  { sdkAppId, trtcTaskId, media, eventAt, at }: TaskEvent,
): Promise<IngestAfterEvent | undefined> {
  const after = mediaAfter(sql`ingest`, {
    state: sql`${media ?? null}::text`,
    at: sql`${eventAt}::timestamptz`,
  });
  const now = bind(at);
  const [row] = await run(
    query,
    withOutboxEvent("ingest.media", {
      ...MEDIA_EVENT,
      isNews: sql`state <> 'ended' and ${after.isNews}`,
      set: sql`media_state = ${after.state}, media_at = ${after.at},
            media_failures = ${after.failures}, failures_after = ${after.failuresAfter},
            step_at = ${stepAfterFailures(after.failures, now)},
            heard_at = ${seenNow(sql`ingest`, now)}`,
      where: sql`sdk_app_id = ${sdkAppId} and trtc_task_id = ${trtcTaskId}`,
      select: sql`*, ${failedTimes(sql`changed`)} as failed_times`,
    }),
  );
  return row && { ingest: ingestOf(row), failedTimes: Number(row["failed_times"]) };
}

/** The next step of a programme decides what follows a failed source. */
const stepAfterFailures = (failures: Sql, at: Sql): Sql => sql`case
              when programme is not null and successor_of is null
                   and cardinality(${failures}) >= ${raw(FAILED_FOR_GOOD)}
              then least(step_at, ${at}::timestamptz) else step_at end`;

/**
 * For an ingest whose task was gone for an unknown reason: a later event says that its source had
 * failed. The caller receives the end once more, with this reason.
 */
export async function explainEnd(query: Query, taskId: string): Promise<void> {
  await run(
    query,
    withOutboxEvent("ingest.ended", {
      happenedAt: "ended_at",
      set: sql`end_reason = 'failed'`,
      where: sql`task_id = ${taskId} and state = 'ended' and end_reason in ('finished', 'lost')`,
    }),
  );
}

/** Events this close to an end belong to it, late events included. */
const SAME_END = sql`interval '5 minutes'`;

const endedAround = (eventAt: Sql): Sql =>
  sql`ended_at between ${eventAt} - ${SAME_END} and ${eventAt} + ${SAME_END}`;

/**
 * For ingests whose task was gone for an unknown reason: their room was dismissed. If a pause
 * or a missing source may have ended the task, the reason stays. The room also closes after such an
 * end.
 */
export async function explainDismissal(
  query: Query,
  { sdkAppId, roomId, roomIdType, eventAt }: RoomKey & { eventAt: Date },
): Promise<void> {
  const time = bind(eventAt);
  await run(
    query,
    withOutboxEvent("ingest.ended", {
      happenedAt: "ended_at",
      set: sql`end_reason = 'stopped', end_cause = 'room-dismissed'`,
      where: sql`sdk_app_id = ${sdkAppId} and room_id = ${roomId} and room_id_type = ${roomIdType}
              and end_reason = 'lost'
              and state = 'ended' and started_at <= ${time}::timestamptz - interval '10 seconds'
              and ${endedAround(time)}
              and (paused_at is null or paused_at > ended_at - interval '719 minutes')
              and (not play ? 'IdleTimeout' or media_state = 'playing')`,
    }),
  );
}

/**
 * The same for an event of the robot itself. TRTC says that the robot was removed, so no pause and
 * no source ended the task. This cause is better than a dismissed room, which may have closed after
 * the removal. It does not count where our own reconciliation removes a late robot. A deadline that
 * ended the task stays the reason, also where the room was dismissed before.
 */
export async function explainRemoval(
  query: Query,
  { sdkAppId, roomId, userId, eventAt, cause }: RobotKey & { eventAt: Date; cause: RemovalCause },
): Promise<void> {
  const time = bind(eventAt);
  const newCause = bind(cause);
  await run(
    query,
    withOutboxEvent("ingest.ended", {
      happenedAt: "ended_at",
      set: sql`end_reason = 'stopped', end_cause = ${newCause}`,
      where: sql`sdk_app_id = ${sdkAppId} and robot_user_id = ${userId} and room_id = ${roomId}
              and (end_reason in ('finished', 'lost')
                   or (end_reason = 'stopped' and end_cause = 'room-dismissed'
                       and ${newCause} = 'robot-removed'))
              and state = 'ended' and started_at <= ${time}::timestamptz and unsure_until is null
              and ${endedAround(time)}`,
    }),
  );
}

export interface RobotKey {
  sdkAppId: number;
  roomId: string;
  userId: string;
}

/** The next run of reconcile-ingests checks this ingest's task. */
export async function checkSoon(query: Query, taskId: string): Promise<void> {
  await run(
    query,
    sql`update ingest set heard_at = null where task_id = ${taskId} and state = 'running'`,
  );
}

export interface RoomKey {
  sdkAppId: number;
  roomId: string;
  /** As the event says: 1 for a number. */
  roomIdType: 0 | 1;
}

/**
 * Ingests that run in this room since before `startedBefore`, oldest first. Without `roomIdType`,
 * rooms of either type count.
 */
export async function runningInRoom(
  query: Query,
  {
    sdkAppId,
    roomId,
    roomIdType,
    startedBefore,
  }: Omit<RoomKey, "roomIdType"> & { roomIdType: 0 | 1 | undefined; startedBefore: Date },
): Promise<Ingest[]> {
  const rows = await run(
    query,
    sql`select * from ingest
     where sdk_app_id = ${sdkAppId} and room_id = ${roomId} and state = 'running'
       and room_id_type = coalesce(${roomIdType ?? null}, room_id_type)
       and started_at <= ${startedBefore}
     order by task_id`,
  );
  return rows.map(ingestOf);
}
