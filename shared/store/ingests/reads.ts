/** Looking ingests up. Every look-up of a caller's names the caller: nobody sees another's. */
import type { Query } from "../engine/database.js";
import {
  type EndReason,
  type Ingest,
  ingestOf,
  type MediaState,
  type State,
} from "./ingest-row.js";

/** By our TaskId, or by TRTC's while some ingest has it. */
export async function findIngest(
  query: Query,
  { callerId, taskId }: { callerId: string; taskId: string },
): Promise<Ingest | undefined> {
  const [row] = await query(
    `select * from ingest
     where caller_id = $1 and (task_id = $2 or trtc_task_id = $2)
     order by task_id desc
     limit 1`,
    [callerId, taskId],
  );
  return row && ingestOf(row);
}

export async function readIngest(query: Query, taskId: string): Promise<Ingest | undefined> {
  const [row] = await query("select * from ingest where task_id = $1", [taskId]);
  return row && ingestOf(row);
}

export interface ListFilter {
  callerId: string;
  sdkAppId?: number | undefined;
  roomId?: string | undefined;
  roomIdType?: number | undefined;
  state?: State | undefined;
  /** Of an ended ingest alone: what is being stopped has no reason for callers yet. */
  endReason?: EndReason | undefined;
  mediaState?: MediaState | undefined;
  clientToken?: string | undefined;
  /** Only ingests older than this TaskId. */
  before?: string | undefined;
  limit: number;
}

/** Newest first: task ids sort by time. */
export async function listIngests(query: Query, filter: ListFilter): Promise<Ingest[]> {
  const values: unknown[] = [];
  const bind = (value: unknown) => `$${values.push(value)}`;
  const where = [`caller_id = ${bind(filter.callerId)}`];
  if (filter.sdkAppId !== undefined) where.push(`sdk_app_id = ${bind(filter.sdkAppId)}`);
  if (filter.roomId !== undefined) where.push(`room_id = ${bind(filter.roomId)}`);
  if (filter.roomIdType !== undefined) where.push(`room_id_type = ${bind(filter.roomIdType)}`);
  if (filter.state !== undefined) where.push(`state = ${bind(filter.state)}`);
  if (filter.endReason !== undefined) {
    where.push(`state = 'ended' and end_reason = ${bind(filter.endReason)}`);
  }
  if (filter.mediaState !== undefined) where.push(`media_state = ${bind(filter.mediaState)}`);
  if (filter.clientToken !== undefined) where.push(`client_token = ${bind(filter.clientToken)}`);
  if (filter.before !== undefined) where.push(`task_id < ${bind(filter.before)}`);
  const rows = await query(
    `select * from ingest
     where ${where.join(" and ")}
     order by task_id desc
     limit ${bind(filter.limit)}`,
    values,
  );
  return rows.map(ingestOf);
}
