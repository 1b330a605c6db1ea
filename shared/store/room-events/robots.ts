/** Records TRTC's events about our robots: they enter and leave their rooms. */
import type { Query } from "../engine/database.js";
import { bind, run, sql } from "../engine/sql.js";
import { BY_ACTOR } from "../history/actor.js";
import { type Ingest, ingestOf, type RemovalCause } from "../ingests/ingest-row.js";
import { type RobotKey, seenNow } from "./events.js";

export interface RobotLeft extends RobotKey {
  eventAt: Date;
  /** Why the robot was removed; absent when TRTC says that it left by itself. */
  cause?: RemovalCause | undefined;
}

/** Once the robot is back, an earlier removal does not explain a later end. */
const UNLESS_BACK = sql`case when end_cause not in ('robot-removed', 'room-dismissed') then end_cause end`;

export interface RobotEntered extends RobotKey {
  at: Date;
  /** After this time no function waits for the answer to the start any more. */
  answerBy: Date;
  /** Only an ingest that was created until then: the robot entered for an earlier request. */
  askedBefore: Date;
}

/**
 * A robot has entered its room. An answer to its first start that has not arrived by `answerBy`
 * never arrives. reconcile-ingests may then take the start over. A start that it has already
 * claimed stays as it is.
 */
export async function robotEntered(
  query: Query,
  { sdkAppId, roomId, userId, at, answerBy, askedBefore }: RobotEntered,
): Promise<Ingest | undefined> {
  const [row] = await run(
    query,
    sql`update ingest
     set heard_at = case when state = 'running' then ${seenNow(sql`ingest`, bind(at))} else heard_at end,
         end_cause = case when state = 'running' then ${UNLESS_BACK} else end_cause end,
         lease_until = case when state = 'starting' and fence = 0 and advance_at is null
                            then least(lease_until, ${answerBy}) else lease_until end,
         ${BY_ACTOR}
     where sdk_app_id = ${sdkAppId} and robot_user_id = ${userId} and room_id = ${roomId}
       and state <> 'ended' and created_at <= ${askedBefore}
     returning *`,
  );
  return row && ingestOf(row);
}

/**
 * The robot of a running ingest has left. The next run of reconcile-ingests checks the task, unless
 * another function does so before. The row keeps the cause of a removal for the run that finds the
 * task gone.
 */
export async function robotLeft(
  query: Query,
  { sdkAppId, roomId, userId, eventAt, cause }: RobotLeft,
): Promise<Ingest | undefined> {
  const [row] = await run(
    query,
    sql`update ingest
     set heard_at = null,
         end_cause = case when started_at <= ${eventAt} and unsure_until is null
                          then coalesce(end_cause, ${cause ?? null}) else end_cause end,
         ${BY_ACTOR}
     where sdk_app_id = ${sdkAppId} and robot_user_id = ${userId} and room_id = ${roomId}
       and state = 'running'
     returning *`,
  );
  return row && ingestOf(row);
}

/** TRTC says that the task exists, so a removed robot is back. */
export async function markSeen(
  query: Query,
  { taskId, at }: { taskId: string; at: Date },
): Promise<void> {
  await run(
    query,
    sql`update ingest set heard_at = greatest(heard_at, ${at}), end_cause = ${UNLESS_BACK}, ${BY_ACTOR}
     where task_id = ${taskId} and state = 'running'`,
  );
}
