/** Reads ingests. A caller's reads always name the caller, so no caller sees another's ingests. */
import type { Query } from "../engine/database.js";
import { bind, joined, run, type Sql, sql } from "../engine/sql.js";
import {
  type EndReason,
  type Ingest,
  ingestOf,
  type MediaState,
  type State,
} from "./ingest-row.js";

/** By our TaskId, or by the TaskId of TRTC while an ingest has it. */
export async function findIngest(
  query: Query,
  { callerId, taskId }: { callerId: string; taskId: string },
): Promise<Ingest | undefined> {
  const id = bind(taskId);
  const [row] = await run(
    query,
    sql`select * from ingest
     where caller_id = ${callerId} and successor_of is null and (task_id = ${id} or trtc_task_id = ${id})
     order by task_id desc
     limit 1`,
  );
  return row && ingestOf(row);
}

export async function readIngest(query: Query, taskId: string): Promise<Ingest | undefined> {
  const [row] = await run(query, sql`select * from ingest where task_id = ${taskId}`);
  return row && ingestOf(row);
}

export interface ListFilter {
  callerId: string;
  sdkAppId?: number | undefined;
  roomId?: string | undefined;
  roomIdType?: number | undefined;
  state?: State | "scheduled" | undefined;
  /** Selects ended ingests only: before its end an ingest has no reason for callers. */
  endReason?: EndReason | undefined;
  mediaState?: MediaState | undefined;
  clientToken?: string | undefined;
  /** Only ingests older than this TaskId. */
  before?: string | undefined;
  limit: number;
}

/** The row of a scheduled ingest is `starting`, and so is one that starts again. */
function inState(state: State | "scheduled"): Sql {
  const isScheduled = sql`(advance_at is not null and started_at is null)`;
  if (state === "scheduled") return sql`state = 'starting' and ${isScheduled}`;
  return state === "starting"
    ? sql`state = 'starting' and not ${isScheduled}`
    : sql`state = ${state}`;
}

/** Newest first: task ids sort by time. */
export async function listIngests(query: Query, filter: ListFilter): Promise<Ingest[]> {
  const { sdkAppId, roomId, roomIdType, state, endReason, mediaState, clientToken, before } =
    filter;
  const where = [sql`caller_id = ${filter.callerId} and successor_of is null`];
  if (sdkAppId !== undefined) where.push(sql`sdk_app_id = ${sdkAppId}`);
  if (roomId !== undefined) where.push(sql`room_id = ${roomId}`);
  if (roomIdType !== undefined) where.push(sql`room_id_type = ${roomIdType}`);
  if (state !== undefined) where.push(inState(state));
  if (endReason !== undefined) where.push(sql`state = 'ended' and end_reason = ${endReason}`);
  if (mediaState !== undefined) where.push(sql`media_state = ${mediaState}`);
  if (clientToken !== undefined) where.push(sql`client_token = ${clientToken}`);
  if (before !== undefined) where.push(sql`task_id < ${before}`);
  const rows = await run(
    query,
    sql`select * from ingest
     where ${joined(where, " and ")}
     order by task_id desc
     limit ${filter.limit}`,
  );
  return rows.map(ingestOf);
}

/**
 * The ingests that play these tasks, for a room's page on one machine. Tasks without an ingest are
 * left out; the page shows them without details.
 */
export async function ingestsOfTasks(
  query: Query,
  trtcTaskIds: readonly string[],
): Promise<Ingest[]> {
  const rows = await run(
    query,
    sql`select * from ingest where trtc_task_id = any(${trtcTaskIds}::text[])`,
  );
  return rows.map(ingestOf);
}
