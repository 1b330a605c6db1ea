/**
 * One occurrence takes the place of another one in the room: it gets the task and its robot, so the
 * robot stays. The task plays the former source until the winner's step, which is due at once.
 */
import { addMs } from "../../clock.js";
import type { Budget } from "../../config/money/budgets.js";
import { budgetParts, fromNow, withinBudgets } from "../budgets/within-budgets.js";
import type { Database, Query } from "../engine/database.js";
import { bind, raw, run, sql } from "../engine/sql.js";
import { type Ingest, ingestOf, isScheduled } from "../ingests/ingest-row.js";
import { withOutboxEvent } from "../outbox/with-outbox-event.js";
import type { OnAir, Programme } from "../programmes/programme-row.js";
import { ON_AIR_FACTS } from "../programmes/steps.js";
import { lockPair, playsOn } from "../programmes/successors.js";
import { slotNow, type SlotTime } from "../slots.js";
import { withCut } from "./overlap.js";
import type { CutReason } from "./schedule-row.js";

export interface TakeOver {
  /** As this instance claimed it. */
  winner: Ingest;
  /** As it was read. Any step, update or stop since then prevents the change. */
  loser: Ingest;
  reason: CutReason;
  /** What the winner plays. */
  programme: Programme;
  onAir: OnAir;
  streamUrl: string;
  /** The latest deadline that the task allows. */
  latestAt: Date;
  at: Date;
  /** The claim of the winner's step. */
  leaseMs: number;
  /** What the winner counts for, in place of the loser; absent: nothing. */
  budgets?: readonly Budget[] | undefined;
}

/**
 * The winner as it runs; `undefined` when one of the rows has changed, or is to end, or when it would
 * pass a budget. Both fences grow, so that an instance that knows the rows as they were changes
 * nothing. The loser gives its place of MaxIngests away too.
 */
export const takeOver = (
  { transaction }: Pick<Database, "transaction">,
  takeOverBy: TakeOver & Pick<SlotTime, "now">,
): Promise<Ingest | undefined> =>
  transaction(async (query) => {
    const { winner, loser, reason, programme, onAir, streamUrl, latestAt, at, leaseMs } =
      takeOverBy;
    // An update takes the turn and then its row, in one statement. The same order has no deadlock.
    if (!(await keepsBudgets(query, takeOverBy))) return undefined;
    const [next, before] = await lockPair(query, winner, loser);
    if (!next || !before || !mayStart(next, winner) || !mayLeave(before, loser, at))
      return undefined;
    // The index of live robots is checked row by row, so the loser ends first.
    await run(
      query,
      withOutboxEvent("ingest.ended", {
        happenedAt: "ended_at",
        set: sql`state = 'ended', end_reason = 'stopped', end_cause = 'cut',
              occurrence = ${withCut({ reason, by: winner.taskId })},
              stop_asked_at = ${at}, ended_at = ${at}, lease_until = null, fence = fence + 1,
              step_at = null, step_lease_until = null, step_fence = step_fence + 1,
              trtc_task_id = null, unsure_until = null, settled_at = null`,
        where: sql`task_id = ${loser.taskId}`,
      }),
    );
    const now = bind(at);
    const [row] = await run(
      query,
      withOutboxEvent("ingest.started", {
        happenedAt: sql`${now}::timestamptz`,
        besides: ON_AIR_FACTS,
        set: sql`state = 'running', started_at = ${now}, latest_at = ${latestAt},
              robot_user_id = ${before.robotUserId}, trtc_task_id = ${before.trtcTaskId},
              unsure_until = ${before.lateStartUntil}, settled_at = ${before.reconciledAt},
              heard_at = ${before.lastSeenAt},
              advance_at = null, advance_lease_until = null, advance_fence = advance_fence + 1,
              lease_until = null, fence = fence + 1, failure_code = null, failure_message = null,
              empty_at = ${now}::timestamptz + empty_seconds * interval '1 second',
              media_state = ${before.mediaState === null ? null : "connecting"},
              media_at = case when ${before.mediaState === null}::boolean then null else ${now}::timestamptz end,
              media_failures = '{}', failures_after = ${before.mediaAt},
              programme = ${JSON.stringify(programme)}::jsonb, on_air = ${JSON.stringify(onAir)}::jsonb,
              play = play || ${JSON.stringify({ StreamUrl: streamUrl })}::jsonb,
              step_at = ${now}, step_lease_until = ${addMs(at, leaseMs)}, step_fence = step_fence + 1`,
        where: sql`task_id = ${winner.taskId}`,
      }),
    );
    await run(
      query,
      sql`update caller_place set task_id = ${winner.taskId}
       where caller_id = ${loser.callerId} and task_id = ${loser.taskId}`,
    );
    return row && ingestOf(row);
  });

/** The loser counts until now. False also when another start has taken the turn of a budget. */
async function keepsBudgets(
  query: Query,
  { winner, loser, budgets = [], now }: TakeOver & Pick<SlotTime, "now">,
): Promise<boolean> {
  if (budgets.length === 0) return true;
  const parts = budgetParts({
    budgets,
    candidate: fromNow(sql`task_id = ${winner.taskId}`),
    ending: [loser.taskId],
    allowed: raw("true"),
  });
  const [row] = await run(
    query,
    sql`with t as (select ${slotNow(bind(now))} as now),
     ${parts}
     kept as (select ${withinBudgets(budgets)} as yes)
     select yes from kept`,
  );
  return row?.["yes"] === true;
}

/** It waits for the attempt of this instance, and no start of its own robot can still arrive. */
export const mayStart = (row: Ingest, known: Ingest): boolean =>
  isScheduled(row) && row.advanceFence === known.advanceFence && row.lateStartUntil === null;

export const mayLeave = (row: Ingest, known: Ingest, at: Date): boolean =>
  row.fence === known.fence && row.stepFence === known.stepFence && playsOn(row, at);
