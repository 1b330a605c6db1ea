/**
 * The turns of updates with a Sequence. A turn is the claim of a programme's step, so an update and a
 * step never call TRTC for one ingest at the same time.
 */
import type { Query } from "../engine/database.js";
import { bind, run, type Sql, sql } from "../engine/sql.js";
import { type Ingest, ingestOf } from "./ingest-row.js";

/** Holds for an update without a Sequence, and for the first with one. */
export const isNewer = (sequence: Sql): Sql => sql`coalesce(sequence < ${sequence}::bigint, true)`;

export interface TurnClaim {
  taskId: string;
  sequence: number | undefined;
  at: Date;
  leaseUntil: Date;
}

/** `undefined` when a newer update took effect, another turn is under way, or nothing plays. */
export async function takeUpdateTurn(
  query: Query,
  { taskId, sequence, at, leaseUntil }: TurnClaim,
): Promise<Ingest | undefined> {
  const [row] = await run(
    query,
    sql`update ingest set step_lease_until = ${leaseUntil}, step_fence = step_fence + 1
     where task_id = ${taskId} and state = 'running' and ${isNewer(bind(sequence ?? null))}
       and coalesce(step_lease_until <= ${at}, true)
     returning *`,
  );
  return row && ingestOf(row);
}

/** For an update that had no effect; `markUpdated` ends the turn itself. */
export async function endUpdateTurn(
  query: Query,
  { taskId, stepFence }: Pick<Ingest, "taskId" | "stepFence">,
): Promise<void> {
  await run(
    query,
    sql`update ingest set step_lease_until = null
     where task_id = ${taskId} and step_fence = ${stepFence}`,
  );
}
