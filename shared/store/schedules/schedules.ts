/** Reads and lists schedules. Reads always name the caller, so no caller sees another's schedules. */
import type { Query } from "../engine/database.js";
import { joined, run, sql } from "../engine/sql.js";
import { type Schedule, scheduleOf, type ScheduleState } from "./schedule-row.js";

/** Includes a deleted one while its row is there. */
export async function readSchedule(
  query: Query,
  { callerId, scheduleId }: { callerId: string; scheduleId: string },
): Promise<Schedule | undefined> {
  const [row] = await run(
    query,
    sql`select * from schedule where schedule_id = ${scheduleId} and caller_id = ${callerId}`,
  );
  return row && scheduleOf(row);
}

/** Names of deleted schedules are free, so no deleted one is found. */
export async function findScheduleByName(
  query: Query,
  { callerId, name }: { callerId: string; name: string },
): Promise<Schedule | undefined> {
  const [row] = await run(
    query,
    sql`select * from schedule
     where caller_id = ${callerId} and name = ${name} and state <> 'Deleted'`,
  );
  return row && scheduleOf(row);
}

export interface ScheduleFilter {
  callerId: string;
  sdkAppId?: number | undefined;
  roomId?: string | undefined;
  roomIdType?: number | undefined;
  name?: string | undefined;
  state?: Exclude<ScheduleState, "Deleted"> | undefined;
  /** Only schedules older than this ScheduleId. */
  before?: string | undefined;
  limit: number;
}

/** Newest first: schedule ids sort by time. Without the deleted ones. */
export async function listSchedules(query: Query, filter: ScheduleFilter): Promise<Schedule[]> {
  const { sdkAppId, roomId, roomIdType, name, state, before } = filter;
  const where = [sql`caller_id = ${filter.callerId} and state <> 'Deleted'`];
  if (sdkAppId !== undefined) where.push(sql`sdk_app_id = ${sdkAppId}`);
  if (roomId !== undefined) where.push(sql`room_id = ${roomId}`);
  if (roomIdType !== undefined) where.push(sql`room_id_type = ${roomIdType}`);
  if (name !== undefined) where.push(sql`name = ${name}`);
  if (state !== undefined) where.push(sql`state = ${state}`);
  if (before !== undefined) where.push(sql`schedule_id < ${before}`);
  const rows = await run(
    query,
    sql`select * from schedule
     where ${joined(where, " and ")}
     order by schedule_id desc
     limit ${filter.limit}`,
  );
  return rows.map(scheduleOf);
}

/** Without the deleted ones. */
export async function countSchedules(query: Query, callerId: string): Promise<number> {
  const [row] = await run(
    query,
    sql`select count(*)::integer as count from schedule
     where caller_id = ${callerId} and state <> 'Deleted'`,
  );
  return Number(row?.["count"] ?? 0);
}

/**
 * The enabled schedules of a caller in one room, for conflicts. `besides` is left out: it is the
 * schedule that they are compared with.
 */
export async function listSchedulesInRoom(
  query: Query,
  {
    callerId,
    sdkAppId,
    roomId,
    roomIdType,
    besides = null,
    limit,
  }: Pick<Schedule, "callerId" | "sdkAppId" | "roomId" | "roomIdType"> & {
    besides?: string | null;
    limit: number;
  },
): Promise<Schedule[]> {
  const rows = await run(
    query,
    sql`select * from schedule
     where sdk_app_id = ${sdkAppId} and room_id = ${roomId} and room_id_type = ${roomIdType}
       and caller_id = ${callerId} and state = 'Enabled'
       and schedule_id is distinct from ${besides}::text
     order by schedule_id
     limit ${limit}`,
  );
  return rows.map(scheduleOf);
}
