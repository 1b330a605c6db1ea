/** What an operator reads of every caller's rows. Not part of the store: it names no caller. */
import type { Query } from "./engine/database.js";
import { bind, joined, NOTHING, run, type Sql, sql } from "./engine/sql.js";
import { type Ingest, ingestOf } from "./ingests/ingest-row.js";
import { type Schedule, scheduleOf, type ScheduleState } from "./schedules/schedule-row.js";
import { isTroubled } from "./trouble.js";

interface RoomFilter {
  callerId?: string | undefined;
  sdkAppId?: number | undefined;
  roomId?: string | undefined;
}

export interface OperatorFilter extends RoomFilter {
  taskIds?: readonly string[] | undefined;
  /** Ended ones, newest first; otherwise those that have not ended. */
  isEnded: boolean;
  /** Only those in trouble at this instant. Of the ended ones: those that failed or were lost. */
  troubledAt?: Date | undefined;
  /** Only ingests older than this TaskId. */
  before?: string | undefined;
  limit: number;
}

const inRoom = ({ callerId, sdkAppId, roomId }: RoomFilter): Sql[] => [
  ...(callerId === undefined ? [] : [sql`caller_id = ${callerId}`]),
  ...(sdkAppId === undefined ? [] : [sql`sdk_app_id = ${sdkAppId}`]),
  ...(roomId === undefined ? [] : [sql`room_id = ${roomId}`]),
];

/** Rows that callers do not see are left out. */
const LIVE = sql`state <> 'ended' and successor_of is null`;
const ENDED = sql`state = 'ended' and successor_of is null`;

/** As the indexes of failed ingests say it (migration 29). */
const FAILED = sql`end_reason in ('failed', 'lost')`;

/** Newest first. */
export async function listForOperator(query: Query, filter: OperatorFilter): Promise<Ingest[]> {
  const { taskIds, callerId, sdkAppId, roomId, isEnded, troubledAt, before, limit } = filter;
  const where = [isEnded ? ENDED : LIVE, ...inRoom(filter)];
  if (taskIds !== undefined) where.push(sql`task_id = any(${taskIds}::text[])`);
  if (before !== undefined) where.push(sql`task_id < ${before}`);
  if (!isEnded && troubledAt !== undefined) where.push(isTroubled(troubledAt));
  const isFailed = isEnded && troubledAt !== undefined;
  if (isFailed) where.push(FAILED);
  const isByCaller = isFailed
    ? (callerId ?? roomId) !== undefined
    : isEnded && callerId === undefined && (roomId ?? sdkAppId) !== undefined;
  const rows = await run(
    query,
    isByCaller
      ? byCaller(where, { isFailed, limit: bind(limit) })
      : sql`select * from ingest
     where ${joined(where, " and ")}
     order by task_id desc
     limit ${limit}`,
  );
  return rows.map(ingestOf);
}

/**
 * For few rows among many ended ones. The indexes of lists begin with the caller, so each caller is
 * looked up by its own. The callers come from the index as well, one step for each.
 */
const byCaller = (
  where: readonly Sql[],
  { isFailed, limit }: { isFailed: boolean; limit: Sql },
): Sql => sql`with recursive callers (id) as (
       (select caller_id from ingest order by caller_id limit 1)
       union all
       select (select caller_id from ingest where caller_id > callers.id order by caller_id limit 1)
       from callers where callers.id is not null
     )
     select own.* from callers
     ${isFailed ? sql`cross join unnest(array['failed', 'lost']) as reasons (reason)` : NOTHING}
     cross join lateral (
       select * from ingest
       where caller_id = callers.id and ${joined(where, " and ")}
         ${isFailed ? sql`and end_reason = reasons.reason` : NOTHING}
       order by task_id desc
       limit ${limit}
     ) as own
     order by task_id desc
     limit ${limit}`;

/** Those of these TaskIds that exist, in any state and any order. */
export async function readForOperator(query: Query, taskIds: readonly string[]): Promise<Ingest[]> {
  const rows = await run(
    query,
    sql`select * from ingest where task_id = any(${taskIds}::text[]) and successor_of is null`,
  );
  return rows.map(ingestOf);
}

/** How many ingests have not ended, and how many of them are in trouble. */
export async function countForOperator(
  query: Query,
  { at, ...filter }: RoomFilter & { at: Date },
): Promise<{ live: number; troubled: number }> {
  const [row] = await run(
    query,
    sql`select count(*)::integer as live,
            (count(*) filter (where ${isTroubled(at)}))::integer as troubled
     from ingest
     where ${joined([LIVE, ...inRoom(filter)], " and ")}`,
  );
  return { live: Number(row?.["live"] ?? 0), troubled: Number(row?.["troubled"] ?? 0) };
}

export interface ScheduleOperatorFilter extends RoomFilter {
  state?: Exclude<ScheduleState, "Deleted"> | undefined;
  /** Only schedules older than this ScheduleId. */
  before?: string | undefined;
  limit: number;
}

/** Newest first, without the deleted ones. */
export async function listSchedulesForOperator(
  query: Query,
  filter: ScheduleOperatorFilter,
): Promise<Schedule[]> {
  const { state, before, limit } = filter;
  const where = [sql`state <> 'Deleted'`, ...inRoom(filter)];
  if (state !== undefined) where.push(sql`state = ${state}`);
  if (before !== undefined) where.push(sql`schedule_id < ${before}`);
  const rows = await run(
    query,
    sql`select * from schedule
     where ${joined(where, " and ")}
     order by schedule_id desc
     limit ${limit}`,
  );
  return rows.map(scheduleOf);
}
