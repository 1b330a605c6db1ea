/**
 * The roll-over of an ingest to a fresh task. A hidden row, the successor, starts that task under a
 * robot of its own. Then the two rows swap their tasks, and the successor stops the old one.
 */
import { addMs } from "../../clock.js";
import type { Database, Query } from "../engine/database.js";
import { bind, joined, raw, run, sql } from "../engine/sql.js";
import { BY_ACTOR } from "../history/actor.js";
import { type Ingest, ingestOf } from "../ingests/ingest-row.js";
import type { OnAir } from "./programme-row.js";

/** The successor that has not taken over yet. After that it stops the old task. */
export async function findSuccessor(query: Query, taskId: string): Promise<Ingest | undefined> {
  const [row] = await run(
    query,
    sql`select * from ingest
     where successor_of = ${taskId} and state in ('starting', 'running')
     order by task_id desc
     limit 1`,
  );
  return row && ingestOf(row);
}

export interface Swap {
  /** Both rows as they were read. Any change since then prevents the swap. */
  parent: Ingest;
  successor: Ingest;
  /** What is on air with the fresh task, and when the next step is due. */
  onAir: OnAir;
  stepAt: Date | null;
  at: Date;
  /** The claim of the instance that stops the old task. */
  leaseMs: number;
}

export interface Swapped {
  ingest: Ingest;
  /** The successor: it has the old task now, and is being stopped. */
  old: Ingest;
}

/**
 * `undefined` when one of the rows has changed, or is to end. The parent's fence grows, so that an
 * instance that knows the old task changes nothing.
 */
export const swapTasks = (
  { transaction }: Pick<Database, "transaction">,
  { parent, successor, onAir, stepAt, at, leaseMs }: Swap,
): Promise<Swapped | undefined> =>
  transaction(async (query) => {
    const [before, fresh] = await lockPair(query, parent, successor);
    if (!before || !fresh || !maySwap(before, parent, at) || !maySwap(fresh, successor, at)) {
      return undefined;
    }
    const [parentId, successorId] = [bind(parent.taskId), bind(successor.taskId)];
    // The index of live robots is checked row by row, so each name is free before it is taken.
    await run(
      query,
      sql`update ingest set robot_user_id = task_id, ${BY_ACTOR} where task_id = ${successorId}`,
    );
    const isParent = sql`(ingest.task_id = ${parentId})`;
    const [ingest] = await run(
      query,
      sql`with swapped as (
         update ingest
         set robot_user_id = case when ${isParent} then ${fresh.robotUserId} else ingest.robot_user_id end,
             ${TASK_COLUMNS}, ${BY_ACTOR},
             on_air = case when ${isParent} then ${JSON.stringify(onAir)}::jsonb else other.on_air end,
             step_at = case when ${isParent} then ${stepAt}::timestamptz end,
             step_lease_until = null, step_fence = ingest.step_fence + 1, fence = ingest.fence + 1,
             state = case when ${isParent} then 'running' else 'stopping' end,
             end_reason = case when not ${isParent} then 'stopped' end,
             stop_asked_at = case when not ${isParent} then ${at}::timestamptz end,
             lease_until = case when not ${isParent} then ${addMs(at, leaseMs)}::timestamptz end
         from ingest as other
         where (ingest.task_id = ${parentId} and other.task_id = ${successorId})
            or (ingest.task_id = ${successorId} and other.task_id = ${parentId})
         returning ingest.*
       )
       select * from swapped where task_id = ${parentId}`,
    );
    const [old] = await run(
      query,
      sql`update ingest set robot_user_id = ${before.robotUserId}, ${BY_ACTOR} where task_id = ${successorId}
       returning *`,
    );
    return ingest && old && { ingest: ingestOf(ingest), old: ingestOf(old) };
  });

/** Reads two rows that no other transaction changes until this one ends. */
export async function lockPair(
  query: Query,
  one: Pick<Ingest, "taskId">,
  other: Pick<Ingest, "taskId">,
): Promise<(Ingest | undefined)[]> {
  const rows = await run(
    query,
    sql`select * from ingest where task_id in (${one.taskId}, ${other.taskId})
     order by task_id for update`,
  );
  return [one, other].map(({ taskId }) => {
    const row = rows.find((candidate) => candidate["task_id"] === taskId);
    return row && ingestOf(row);
  });
}

/** What belongs to a task and its robot, and not to the ingest. */
const TASK_COLUMNS = joined(
  [
    "trtc_task_id",
    "unsure_until",
    "settled_at",
    "heard_at",
    "media_state",
    "media_at",
    "media_failures",
    "failures_after",
  ].map((column) => raw(`${column} = other.${column}`)),
  ", ",
);

/** The row is as it was read, and nothing asks for its end. */
export const maySwap = (row: Ingest, known: Ingest, at: Date): boolean =>
  row.fence === known.fence &&
  row.stepFence === known.stepFence &&
  JSON.stringify(row.play) === JSON.stringify(known.play) &&
  playsOn(row, at);

/** Nothing asks for its end, and no instance works on it. */
export function playsOn(row: Ingest, at: Date): boolean {
  const { state, stopAskedAt, endCause, pausedAt } = row;
  const isAsked = stopAskedAt !== null || endCause !== null || pausedAt !== null;
  return state === "running" && !isAsked && !isHeld(row, at);
}

/** An instance ends it, or carries out a step or an update. */
export const isHeld = ({ leaseUntil, stepLeaseUntil }: Ingest, at: Date): boolean =>
  [leaseUntil, stepLeaseUntil].some((until) => until !== null && until > at);
