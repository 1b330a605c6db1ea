/** The statements of what TRTC tells of ingests, their robots and their rooms. */
import type { Query } from "../engine/database.js";
import { type Ingest, ingestOf, type PutOut } from "../ingests/ingest-row.js";
import { failedTimes, MEDIA_EVENT, mediaAfter, type ToldMedia } from "../ingests/media.js";
import { withOutboxEvent } from "../outbox/with-outbox-event.js";

export interface TaskNamed {
  sdkAppId: number;
  trtcTaskId: string;
}

/** Of a row whose `heard_at` may be null, which says that TRTC has to be asked: that stays so. */
export const seenNow = (row: string, at: string): string =>
  `case when ${row}.heard_at is not null then greatest(${row}.heard_at, ${at}) end`;

export interface ToldOfTask extends TaskNamed {
  /** Of the source; absent when the task has ended. */
  media?: ToldMedia | undefined;
  /** When it happened, by TRTC's clock. */
  eventAt: Date;
  /** When we hear of it. */
  at: Date;
}

/** An ingest, and how often its source has failed within a minute since it last played. */
export interface ToldIngest {
  ingest: Ingest;
  failedTimes: number;
}

/**
 * `undefined`: no ingest has this task. Of an ingest that has ended nobody is told any more how its
 * source did.
 */
export async function recordTaskEvent(
  query: Query,
  { sdkAppId, trtcTaskId, media, eventAt, at }: ToldOfTask,
): Promise<ToldIngest | undefined> {
  const after = mediaAfter("ingest", { state: "$3::text", at: "$4::timestamptz" });
  const [row] = await query(
    withOutboxEvent("ingest.media", {
      ...MEDIA_EVENT,
      isNews: `state <> 'ended' and ${after.isNews}`,
      set: `media_state = ${after.state}, media_at = ${after.at}, media_failures = ${after.failures},
            failures_after = ${after.failuresAfter}, heard_at = ${seenNow("ingest", "$5")}`,
      where: "sdk_app_id = $1 and trtc_task_id = $2",
      select: `*, ${failedTimes("changed")} as failed_times`,
    }),
    [sdkAppId, trtcTaskId, media ?? null, eventAt, at],
  );
  return row && { ingest: ingestOf(row), failedTimes: Number(row["failed_times"]) };
}

/**
 * Of an ingest that was found gone, for a reason that could only be guessed: its source had failed.
 * The end came first, and what explains it after; its caller is told the end once more.
 */
export async function explainEnd(query: Query, taskId: string): Promise<void> {
  await query(
    withOutboxEvent("ingest.ended", {
      happenedAt: "ended_at",
      set: "end_reason = 'failed'",
      where: "task_id = $1 and state = 'ended' and end_reason in ('finished', 'lost')",
    }),
    [taskId],
  );
}

/** What TRTC tells within this time is of the same end; a late event included. */
const SAME_END = "interval '5 minutes'";

/**
 * Of ingests that were found gone for no known reason: their room was dismissed. What TRTC may have
 * ended for a pause or for want of a source keeps its reason, since the room closes behind it too.
 */
export async function explainDismissal(
  query: Query,
  { sdkAppId, roomId, roomIdType, eventAt }: RoomNamed & { eventAt: Date },
): Promise<void> {
  await query(
    withOutboxEvent("ingest.ended", {
      happenedAt: "ended_at",
      set: "end_reason = 'stopped', end_cause = 'room-dismissed'",
      where: `sdk_app_id = $1 and room_id = $2 and room_id_type = $3 and end_reason = 'lost'
              and state = 'ended' and started_at <= $4::timestamptz - interval '10 seconds'
              and ended_at between $4 - ${SAME_END} and $4 + ${SAME_END}
              and (paused_at is null or paused_at > ended_at - interval '719 minutes')
              and (not play ? 'IdleTimeout' or media_state = 'playing')`,
    }),
    [sdkAppId, roomId, roomIdType, eventAt],
  );
}

/**
 * The same of the robot's own leaving: TRTC says that somebody put it out, so no pause, want of a
 * source or end of the source did. A room that is told as dismissed may have closed behind it. A
 * robot that our own late clearing removes is not meant.
 */
export async function explainPutOut(
  query: Query,
  { sdkAppId, roomId, userId, eventAt, cause }: RobotSeen & { eventAt: Date; cause: PutOut },
): Promise<void> {
  await query(
    withOutboxEvent("ingest.ended", {
      happenedAt: "ended_at",
      set: "end_reason = 'stopped', end_cause = $5",
      where: `sdk_app_id = $1 and robot_user_id = $3 and room_id = $2
              and (end_reason in ('finished', 'lost')
                   or (end_cause = 'room-dismissed' and $5 = 'robot-removed'))
              and state = 'ended' and started_at <= $4::timestamptz and unsure_until is null
              and ended_at between $4 - ${SAME_END} and $4 + ${SAME_END}`,
    }),
    [sdkAppId, roomId, userId, eventAt, cause],
  );
}

export interface RobotSeen {
  sdkAppId: number;
  roomId: string;
  userId: string;
}

export interface RobotLeft extends RobotSeen {
  eventAt: Date;
  /** Who put it out; absent: it left by itself, for what TRTC says. */
  cause?: PutOut | undefined;
}

/** What put a robot out explains no later end once the robot is back. */
const UNLESS_BACK =
  "case when end_cause not in ('robot-removed', 'room-dismissed') then end_cause end";

/**
 * A robot has entered its room. If the answer to its first start has not come by `answerBy`, it does
 * not come: whoever waits for it has given up by then, and the start may be settled. What was
 * claimed to be settled is left alone, and so is an ingest that was asked for after `askedBefore`:
 * the robot entered for one before it.
 */
export async function robotEntered(
  query: Query,
  {
    sdkAppId,
    roomId,
    userId,
    at,
    answerBy,
    askedBefore,
  }: RobotSeen & Record<"at" | "answerBy" | "askedBefore", Date>,
): Promise<Ingest | undefined> {
  const [row] = await query(
    `update ingest
     set heard_at = case when state = 'running' then ${seenNow("ingest", "$4")} else heard_at end,
         end_cause = case when state = 'running' then ${UNLESS_BACK} else end_cause end,
         lease_until = case when state = 'starting' and fence = 0
                            then least(lease_until, $5) else lease_until end
     where sdk_app_id = $1 and robot_user_id = $2 and room_id = $3 and state <> 'ended'
       and created_at <= $6
     returning *`,
    [sdkAppId, userId, roomId, at, answerBy, askedBefore],
  );
  return row && ingestOf(row);
}

/**
 * A running ingest's robot has left: the next run of reconcile-ingests asks, if nobody does before.
 * Who put it out is kept, for whichever run finds the task gone.
 */
export async function robotLeft(
  query: Query,
  { sdkAppId, roomId, userId, eventAt, cause }: RobotLeft,
): Promise<Ingest | undefined> {
  const [row] = await query(
    `update ingest
     set heard_at = null,
         end_cause = case when started_at <= $4 and unsure_until is null
                          then coalesce(end_cause, $5) else end_cause end
     where sdk_app_id = $1 and robot_user_id = $2 and room_id = $3 and state = 'running'
     returning *`,
    [sdkAppId, userId, roomId, eventAt, cause ?? null],
  );
  return row && ingestOf(row);
}

/** The same for one that is known: TRTC has to be asked about it. */
export async function checkSoon(query: Query, taskId: string): Promise<void> {
  await query("update ingest set heard_at = null where task_id = $1 and state = 'running'", [
    taskId,
  ]);
}

/** TRTC was asked, and has the task: a robot that was put out is back. */
export async function markSeen(
  query: Query,
  { taskId, at }: { taskId: string; at: Date },
): Promise<void> {
  await query(
    `update ingest set heard_at = greatest(heard_at, $2), end_cause = ${UNLESS_BACK}
     where task_id = $1 and state = 'running'`,
    [taskId, at],
  );
}

export interface RoomNamed {
  sdkAppId: number;
  roomId: string;
  /** As it was told: 1 for a number. */
  roomIdType: 0 | 1;
}

/**
 * What runs in a room of this type since before `startedBefore`, oldest first; of either type where
 * none is given.
 */
export async function runningInRoom(
  query: Query,
  {
    sdkAppId,
    roomId,
    roomIdType,
    startedBefore,
  }: Omit<RoomNamed, "roomIdType"> & { roomIdType: 0 | 1 | undefined; startedBefore: Date },
): Promise<Ingest[]> {
  const rows = await query(
    `select * from ingest
     where sdk_app_id = $1 and room_id = $2 and state = 'running'
       and room_id_type = coalesce($3, room_id_type) and started_at <= $4
     order by task_id`,
    [sdkAppId, roomId, roomIdType ?? null, startedBefore],
  );
  return rows.map(ingestOf);
}
