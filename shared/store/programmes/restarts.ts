/**
 * Takes an ingest from `running` back to `starting`, because its task has ended and another one is
 * to follow. From there on it is started as a scheduled start is: with a lease, a late robot in
 * mind, and again until its deadline.
 */
import type { Query } from "../engine/database.js";
import { bind, run, type Sql, sql } from "../engine/sql.js";
import { BY_ACTOR } from "../history/actor.js";
import { type Ingest, ingestOf } from "../ingests/ingest-row.js";
import type { OnAir, Programme } from "./programme-row.js";

export interface Restart {
  taskId: string;
  /** Of the row as it was read. A stop or another restart since then has another one. */
  fence: number;
  /** Set by the holder of a step; absent: any holder of a step loses it. */
  stepFence?: number | undefined;
  programme: Programme;
  onAir: OnAir;
  /** When the next attempt starts. */
  advanceAt: Date;
  /** Until then this instance carries the attempt out itself; null: advance-ingests does. */
  heldUntil: Date | null;
}

/**
 * `undefined` when the row has another holder, or when it is being stopped. Failures of the ended
 * task no longer count.
 */
export async function markRestarting(query: Query, restart: Restart): Promise<Ingest | undefined> {
  const [row] = await run(
    query,
    sql`update ingest
     set state = 'starting', fence = fence + 1, lease_until = null,
         advance_at = ${restart.advanceAt}, advance_lease_until = ${restart.heldUntil},
         advance_fence = advance_fence + 1, start_by = deadline_at,
         programme = ${JSON.stringify(restart.programme)}::jsonb,
         on_air = ${JSON.stringify(restart.onAir)}::jsonb,
         step_at = null, step_lease_until = null, step_fence = step_fence + 1,
         media_failures = '{}', failures_after = greatest(failures_after, media_at),
         empty_at = null, end_cause = null, ${BY_ACTOR}
     where task_id = ${restart.taskId} and fence = ${restart.fence} and state = 'running'
       and stop_asked_at is null
       ${stepIs(restart.stepFence)}
     returning *`,
  );
  return row && ingestOf(row);
}

const stepIs = (stepFence: number | undefined): Sql =>
  stepFence === undefined ? sql`` : sql`and step_fence = ${bind(stepFence)}`;
