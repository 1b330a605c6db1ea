/**
 * Writes a stop. The row asks for the stop before TRTC is called. After a crash in between the row
 * is due, and the next run of expire-ingests stops it.
 */
import { addMs } from "../../clock.js";
import { IS_WATCHED } from "../room-events/audience.js";
import type { Query } from "../engine/database.js";
import { bind, raw, run, type Sql, sql } from "../engine/sql.js";
import { type EndCause, type EndReason, type Ingest, ingestOf } from "./ingest-row.js";
import type { Slot } from "../engine/database-time.js";
import { BY_ACTOR } from "../history/actor.js";
import { HAS_FAILED_FOR_GOOD } from "./media.js";
import { withOutboxEvent } from "../outbox/with-outbox-event.js";
import {
  SLOT_COLUMNS,
  slotNow,
  slotOf,
  type SlotTime,
  type SlotWait,
  takeSlotSql,
} from "../slots.js";

export interface BegunStop {
  ingest: Ingest;
  /** Absent when no slot was near enough. The row is due all the same. */
  slot: Slot | undefined;
}

interface Timing extends SlotTime, SlotWait {
  at: Date;
  leaseMs: number;
}

/** Why a stop is asked for. */
export interface StopCause {
  reason?: EndReason | undefined;
  cause?: EndCause | undefined;
}

const stopSlot = (now: Sql, waitMaxMs: number): Sql =>
  takeSlotSql(sql`asked`, now, {
    account: sql`asked.account`,
    action: raw("'StopStreamIngest'"),
    waitMaxMs: bind(waitMaxMs),
    caller: sql`(select caller_id from asked)`,
  });

/**
 * A caller or an event asks for the end. This takes the row over from any holder: a claim for the
 * deadline only waits to do the same. `undefined` when it is not running, or already being stopped.
 */
export async function beginStop(
  query: Query,
  {
    taskId,
    reason = "stopped",
    cause,
    at,
    leaseMs,
    waitMaxMs,
    now,
    readSlot,
  }: { taskId: string } & StopCause & Timing,
): Promise<BegunStop | undefined> {
  const time = bind(now);
  const asked = bind(at);
  const newCause = bind(cause ?? null);
  const [row] = await run(
    query,
    sql`with t as (select ${slotNow(time)} as now),
     asked as (
       update ingest
       set state = 'stopping', end_reason = coalesce(end_reason, ${reason}),
           end_cause = case when end_reason is not null then end_cause
                            when stop_asked_at is not null then coalesce(end_cause, ${newCause})
                            else coalesce(${newCause}, end_cause) end,
           stop_asked_at = coalesce(stop_asked_at, ${asked}::timestamptz),
           lease_until = ${addMs(at, leaseMs)}::timestamptz, fence = fence + 1, ${BY_ACTOR}
       where task_id = ${taskId}
         and (state = 'running'
              or (state = 'stopping' and coalesce(lease_until, ${asked}) <= ${asked}))
       returning *
     ),
     slot as (${stopSlot(time, waitMaxMs)})
     select asked.*, ${SLOT_COLUMNS} from asked left join slot on true`,
    "kept",
  );
  return row && { ingest: ingestOf(row), slot: slotOf(row, readSlot) };
}

/**
 * The deadline has come. The same statement checks the row again. `undefined` when nothing may be
 * stopped: the claim has another holder, the deadline has moved, or a viewer has come.
 */
export async function beginDueStop(
  query: Query,
  {
    taskId,
    fence,
    at,
    leaseMs,
    waitMaxMs,
    now,
    readSlot,
  }: { taskId: string; fence: number } & Timing,
): Promise<BegunStop | undefined> {
  const time = bind(now);
  const asked = bind(at);
  const [row] = await run(
    query,
    sql`with t as (select ${slotNow(time)} as now),
     asked as (
       update ingest
       set state = 'stopping',
           end_reason = coalesce(
             end_reason,
             case when stop_asked_at is not null then 'stopped'
                  when empty_at < deadline_at then 'empty' else 'expired' end
           ),
           stop_asked_at = coalesce(stop_asked_at, ${asked}::timestamptz),
           lease_until = ${addMs(at, leaseMs)}::timestamptz,
           fence = fence + 1, ${BY_ACTOR}
       where task_id = ${taskId} and fence = ${fence} and state in ('running', 'stopping')
         and (due_at <= ${asked} or (empty_at <= ${asked} and not ${IS_WATCHED}))
       returning *
     ),
     slot as (${stopSlot(time, waitMaxMs)})
     select asked.*, ${SLOT_COLUMNS} from asked left join slot on true`,
    "kept",
  );
  return row && { ingest: ingestOf(row), slot: slotOf(row, readSlot) };
}

/**
 * A caller or an event asks for the end of an ingest whose start is under way. The row remembers it:
 * a start that succeeds leaves a due row, one that fails is over, and reconcile-ingests does not
 * start it again. `undefined` when the start waits, is over, or has ended.
 */
export async function askStop(
  query: Query,
  { taskId, at, cause }: { taskId: string; at: Date } & Pick<StopCause, "cause">,
): Promise<Ingest | undefined> {
  const [row] = await run(
    query,
    sql`update ingest set stop_asked_at = coalesce(stop_asked_at, ${at}),
                       end_cause = coalesce(end_cause, ${cause ?? null}), ${BY_ACTOR}
     where task_id = ${taskId} and state = 'starting' and advance_at is null
     returning *`,
  );
  return row && ingestOf(row);
}

/** TRTC's Chinese site ends a task after a pause of 12 hours; TRTC's clock and ours may differ. */
const pausedTooLong = (at: Sql): Sql =>
  sql`(site = 'cn' and paused_at <= ${at}::timestamptz - interval '719 minutes')`;

/**
 * Ends the row; `undefined` when it has another holder. If TRTC ended the task and its source had
 * failed for good, the failure is the reason.
 */
export async function markEnded(
  query: Query,
  to: { taskId: string; fence: number; reason: EndReason; at: Date },
): Promise<Ingest | undefined> {
  const at = bind(to.at);
  const reason = bind(to.reason);
  const [row] = await run(
    query,
    withOutboxEvent("ingest.ended", {
      happenedAt: "ended_at",
      set: sql`state = 'ended', ended_at = ${at}, lease_until = null,
            end_reason = case when ${reason}::text not in ('finished', 'lost') then ${reason}
                              when ${HAS_FAILED_FOR_GOOD} then 'failed'
                              when ${pausedTooLong(at)} then 'stopped'
                              when end_cause = 'robot-removed' then 'stopped'
                              when ${reason} = 'lost' and end_cause = 'room-dismissed' then 'stopped'
                              else ${reason} end`,
      where: sql`task_id = ${to.taskId} and fence = ${to.fence} and state <> 'ended'`,
    }),
    "kept",
  );
  return row && ingestOf(row);
}

/**
 * Gives a claim back before its lease lapses: its work is not needed, or it failed. Failed work is
 * tried again at `retryAt` at the earliest.
 */
export async function release(
  query: Query,
  { taskId, fence, retryAt }: { taskId: string; fence: number; retryAt?: Date | undefined },
): Promise<void> {
  await run(
    query,
    sql`update ingest set lease_until = ${retryAt ?? null}
     where task_id = ${taskId} and fence = ${fence} and state <> 'ended'`,
  );
}
