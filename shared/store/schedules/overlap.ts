/** How occurrences of schedules that meet in one room are read, and end for each other. */
import type { Query } from "../engine/database.js";
import { bind, run, type Sql, sql } from "../engine/sql.js";
import { BY_ACTOR } from "../history/actor.js";
import { type Ingest, ingestOf } from "../ingests/ingest-row.js";
import { withOutboxEvent } from "../outbox/with-outbox-event.js";
import type { Cut } from "./schedule-row.js";

export interface Start {
  /** The occurrence whose start is due. */
  claimed: Pick<Ingest, "taskId" | "sdkAppId" | "roomId" | "roomIdType" | "startsAt">;
  at: Date;
}

/**
 * The other occurrences of its room that have begun, or that begin no later. One that another
 * instance holds for its start may not have seen this one, so it counts too.
 */
export async function listOthers(query: Query, { claimed, at }: Start): Promise<Ingest[]> {
  const { taskId, sdkAppId, roomId, roomIdType, startsAt } = claimed;
  const rows = await run(
    query,
    sql`select * from ingest
     where sdk_app_id = ${sdkAppId} and room_id = ${roomId} and room_id_type = ${roomIdType}
       and occurrence is not null and state <> 'ended' and task_id <> ${taskId}
       and (advance_at is null or started_at is not null or starts_at <= ${startsAt}
            or advance_lease_until > ${at})
     order by starts_at, task_id`,
  );
  return rows.map(ingestOf);
}

/** The occurrence as its row stores it once another one has its place. */
export const withCut = (cut: Cut): Sql => sql`occurrence || ${JSON.stringify({ cut })}::jsonb`;

/**
 * Asks for the end of an occurrence that plays, or whose start is under way, in favour of another
 * one. Any instance carries the end out. `undefined` when its end is asked for already, or when its
 * start waits.
 */
export async function askCut(
  query: Query,
  { taskId, at, cut }: { taskId: string; at: Date; cut: Cut },
): Promise<Ingest | undefined> {
  const [row] = await run(
    query,
    sql`update ingest
     set stop_asked_at = ${at}, end_cause = 'cut', occurrence = ${withCut(cut)}, ${BY_ACTOR}
     where task_id = ${taskId} and occurrence is not null and stop_asked_at is null
       and (state = 'running' or (state = 'starting' and advance_at is null))
     returning *`,
  );
  return row && ingestOf(row);
}

export interface Extension {
  taskId: string;
  /** The end of the other occurrence. */
  until: Date;
  /** When a fresh task has to take over, if the deadline moves; null: the present one lasts. */
  rollAt: Date | null;
}

/**
 * Moves a deadline to the end of another occurrence, as far as the ingest may last. It never comes
 * earlier. `undefined` when the ingest is to end already.
 */
export async function extend(
  query: Query,
  { taskId, until, rollAt }: Extension,
): Promise<Ingest | undefined> {
  const end = bind(until);
  const [row] = await run(
    query,
    sql`update ingest
     set deadline_at = greatest(deadline_at, least(${end}::timestamptz, latest_at)),
         step_at = case when state = 'running' then least(step_at, ${rollAt}::timestamptz) else step_at end,
         ${BY_ACTOR}
     where task_id = ${taskId} and state in ('starting', 'running') and stop_asked_at is null
     returning *`,
  );
  return row && ingestOf(row);
}

export interface Late {
  /** An occurrence of the schedule, in its room. */
  claimed: Pick<Ingest, "sdkAppId" | "roomId" | "roomIdType" | "occurrence">;
  at: Date;
  /** Starts after it are on time. */
  lateBefore: Date;
  code: string;
  message: string;
}

/**
 * Ends the late starts of a schedule that nothing has tried, before its newest occurrence that plays
 * or can still start. Returns their TaskIds. The rows are locked in one order, because each of the
 * starts may do this at once.
 */
export async function markPassedOver(
  query: Query,
  { claimed, at, lateBefore, code, message }: Late,
): Promise<string[]> {
  const now = bind(at);
  const ofSchedule = sql`sdk_app_id = ${bind(claimed.sdkAppId)} and room_id = ${bind(claimed.roomId)}
           and room_id_type = ${bind(claimed.roomIdType)} and state <> 'ended'
           and occurrence ->> 'scheduleId' = ${bind(claimed.occurrence?.scheduleId ?? null)}`;
  const isUntried = sql`state = 'starting' and advance_at is not null and started_at is null
           and failure_code is null`;
  const rows = await run(
    query,
    withOutboxEvent("ingest.ended", {
      happenedAt: "ended_at",
      set: sql`state = 'ended', end_reason = 'failed', end_cause = 'missed', ended_at = ${now},
            advance_at = null, failure_code = ${code}, failure_message = ${message}`,
      where: sql`task_id = any (array(
         select task_id from ingest
         where ${ofSchedule} and ${isUntried} and starts_at <= ${lateBefore}
           and starts_at < (
             select max(starts_at) from ingest
             where ${ofSchedule} and starts_at <= ${now}
               and (advance_at is null or started_at is not null or start_by > ${now})
           )
         order by task_id
         for update
       )) and ${isUntried}`,
    }),
  );
  return rows.map((row) => String(row["task_id"]));
}
