/** Writes schedules. Each statement belongs to a transaction that also plans their occurrences. */
import type { Query } from "../engine/database.js";
import { bind, run, sql } from "../engine/sql.js";
import { type Schedule, scheduleOf } from "./schedule-row.js";
import { findScheduleByName } from "./schedules.js";

/** A new schedule is planned from `plannedUntil` on, in the transaction that inserts it. */
export type NewSchedule = Omit<Schedule, "planAt" | "failures" | "revision">;

/**
 * `token-known`: the caller has sent this token before; its schedule may be deleted by now.
 * `name-taken`: another schedule of the caller has the name.
 */
export interface Inserted {
  outcome: "created" | "token-known" | "name-taken";
  schedule: Schedule;
}

/** A schedule that loses its name or token to another one looks again for that one. */
const TRIES_MAX = 10;

export async function insertSchedule(query: Query, schedule: NewSchedule): Promise<Inserted> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const created = await tryInsert(query, schedule);
    if (created) return { outcome: "created", schedule: created };
    const known = await findByToken(query, schedule);
    if (known) return { outcome: "token-known", schedule: known };
    const named = await findScheduleByName(query, schedule);
    if (named) return { outcome: "name-taken", schedule: named };
  }
  throw new Error("The schedule's name or token stays taken, although no schedule has it");
}

async function tryInsert(query: Query, schedule: NewSchedule): Promise<Schedule | undefined> {
  const [row] = await run(
    query,
    sql`insert into schedule (
       schedule_id, caller_id, sdk_app_id, room_id, room_id_type, name, comment, state,
       paused_because, definition, client_token, request_hash, revision, tzdata, planned_until,
       plan_at, failures, notified, created_at, updated_at
     ) values (
       ${schedule.scheduleId}, ${schedule.callerId}, ${schedule.sdkAppId}, ${schedule.roomId},
       ${schedule.roomIdType}, ${schedule.name}, ${schedule.comment}, ${schedule.state},
       ${schedule.pausedBecause}, ${JSON.stringify(schedule.definition)}::jsonb,
       ${schedule.clientToken}, ${schedule.requestHash}, 1, ${schedule.tzdata},
       ${schedule.plannedUntil}, null, 0, ${schedule.notified}, ${schedule.createdAt},
       ${schedule.updatedAt}
     )
     on conflict do nothing
     returning *`,
  );
  return row && scheduleOf(row);
}

/** Includes a deleted one, while its row is there. */
export async function findByToken(
  query: Query,
  { callerId, clientToken }: Pick<Schedule, "callerId" | "clientToken">,
): Promise<Schedule | undefined> {
  const [row] = await run(
    query,
    sql`select * from schedule where caller_id = ${callerId} and client_token = ${clientToken}`,
  );
  return row && scheduleOf(row);
}

/** Nothing else changes the schedule or its occurrences until the transaction ends. */
export async function lockSchedule(
  query: Query,
  { callerId, scheduleId }: Pick<Schedule, "callerId" | "scheduleId">,
): Promise<Schedule | undefined> {
  const [row] = await run(
    query,
    sql`select * from schedule
     where schedule_id = ${scheduleId} and caller_id = ${callerId} and state <> 'Deleted'
     for update`,
  );
  return row && scheduleOf(row);
}

/**
 * Writes what a caller can change of a locked schedule. `undefined`: another schedule of the caller
 * has the name, and nothing has changed.
 */
export async function updateSchedule(
  query: Query,
  schedule: Schedule,
): Promise<Schedule | undefined> {
  const id = bind(schedule.scheduleId);
  const name = bind(schedule.name);
  const [row] = await run(
    query,
    sql`update schedule
     set name = ${name}, comment = ${schedule.comment}, state = ${schedule.state},
         paused_because = ${schedule.pausedBecause}, sdk_app_id = ${schedule.sdkAppId},
         room_id = ${schedule.roomId}, room_id_type = ${schedule.roomIdType},
         definition = ${JSON.stringify(schedule.definition)}::jsonb,
         revision = ${schedule.revision}, failures = ${schedule.failures},
         updated_at = ${schedule.updatedAt}
     where schedule_id = ${id}
       and not exists (
         select from schedule as other
         where other.caller_id = schedule.caller_id and other.name = ${name}
           and other.state <> 'Deleted' and other.schedule_id <> ${id}
       )
     returning *`,
  );
  return row && scheduleOf(row);
}
