/**
 * The statements of a stop. A stop is asked for in the row before TRTC hears of it, so that a
 * crash in between leaves a row that is due, and the next run of expire-ingests asks again.
 */
import { addMs } from "../../clock.js";
import { IS_WATCHED } from "../room-events/audience.js";
import type { Query } from "../engine/database.js";
import { type EndCause, type EndReason, type Ingest, ingestOf } from "./ingest-row.js";
import type { Slot } from "../engine/database-time.js";
import { hasFailedForGood } from "./media.js";
import { withOutboxEvent } from "../outbox/with-outbox-event.js";
import {
  SLOT_COLUMNS,
  SLOT_NOW,
  slotOf,
  type SlotTime,
  type SlotWait,
  takeSlotSql,
} from "../slots.js";

export interface BegunStop {
  ingest: Ingest;
  /** None was near enough: the row is due all the same. */
  slot: Slot | undefined;
}

interface Timing extends SlotTime, SlotWait {
  at: Date;
  leaseMs: number;
}

/** Why a stop is asked for. */
export interface Why {
  reason?: EndReason | undefined;
  cause?: EndCause | undefined;
}

const stopSlot = (waitMaxMs: string) =>
  takeSlotSql("asked", {
    ...{ account: "asked.account", action: "'StopStreamIngest'", waitMaxMs },
    caller: "(select caller_id from asked)",
  });

/**
 * Somebody asks for the end, or an event does: takes the row over from whoever holds it, since a claim for its
 * deadline only waits to do the same. Nothing when it is not running, or already being stopped.
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
  }: { taskId: string } & Why & Timing,
): Promise<BegunStop | undefined> {
  const [row] = await query(
    `with t as (select ${SLOT_NOW} as now),
     asked as (
       update ingest
       set state = 'stopping', end_reason = coalesce(end_reason, $6),
           end_cause = case when end_reason is not null then end_cause
                            when stop_asked_at is not null then coalesce(end_cause, $7)
                            else coalesce($7, end_cause) end,
           stop_asked_at = coalesce(stop_asked_at, $3::timestamptz),
           lease_until = $4::timestamptz, fence = fence + 1
       where task_id = $2
         and (state = 'running' or (state = 'stopping' and coalesce(lease_until, $3) <= $3))
       returning *
     ),
     slot as (${stopSlot("$5")})
     select asked.*, ${SLOT_COLUMNS} from asked left join slot on true`,
    [now, taskId, at, addMs(at, leaseMs), waitMaxMs, reason, cause ?? null],
  );
  return row && { ingest: ingestOf(row), slot: slotOf(row, readSlot) };
}

/**
 * The deadline has come: re-reads the row in the same breath. Nothing when the claim is no longer
 * ours, the deadline has moved or somebody has come, and then nothing may be stopped.
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
  const [row] = await query(
    `with t as (select ${SLOT_NOW} as now),
     asked as (
       update ingest
       set state = 'stopping',
           end_reason = coalesce(
             end_reason,
             case when stop_asked_at is not null then 'stopped'
                  when empty_at < deadline_at then 'empty' else 'expired' end
           ),
           stop_asked_at = coalesce(stop_asked_at, $4::timestamptz), lease_until = $5::timestamptz,
           fence = fence + 1
       where task_id = $2 and fence = $3 and state in ('running', 'stopping')
         and (due_at <= $4 or (empty_at <= $4 and not ${IS_WATCHED}))
       returning *
     ),
     slot as (${stopSlot("$6")})
     select asked.*, ${SLOT_COLUMNS} from asked left join slot on true`,
    [now, taskId, fence, at, addMs(at, leaseMs), waitMaxMs],
  );
  return row && { ingest: ingestOf(row), slot: slotOf(row, readSlot) };
}

/**
 * Somebody asks for the end of what has not started yet. It is remembered: whoever finishes the
 * start leaves a row that is due, and whoever settles it need not start again.
 */
export async function askStop(
  query: Query,
  { taskId, at, cause }: { taskId: string; at: Date } & Pick<Why, "cause">,
): Promise<Ingest | undefined> {
  const [row] = await query(
    `update ingest set stop_asked_at = coalesce(stop_asked_at, $2),
                       end_cause = coalesce(end_cause, $3)
     where task_id = $1 and state = 'starting'
     returning *`,
    [taskId, at, cause ?? null],
  );
  return row && ingestOf(row);
}

/** TRTC's Chinese site ends a task after twelve hours of pause; TRTC's clock and ours may differ. */
const PAUSED_TOO_LONG = "(site = 'cn' and paused_at <= $4::timestamptz - interval '719 minutes')";

/**
 * Says whether the row was still ours to end. The end of a source that had failed for good is that
 * failure, where nobody knows better.
 */
export async function markEnded(
  query: Query,
  to: { taskId: string; fence: number; reason: EndReason; at: Date },
): Promise<Ingest | undefined> {
  const [row] = await query(
    withOutboxEvent("ingest.ended", {
      happenedAt: "ended_at",
      set: `state = 'ended', ended_at = $4, lease_until = null,
            end_reason = case when $3::text not in ('finished', 'lost') then $3
                              when ${hasFailedForGood("ingest")} then 'failed'
                              when ${PAUSED_TOO_LONG} then 'stopped'
                              when end_cause = 'robot-removed' then 'stopped'
                              when $3 = 'lost' and end_cause = 'room-dismissed' then 'stopped'
                              else $3 end`,
      where: "task_id = $1 and fence = $2 and state <> 'ended'",
    }),
    [to.taskId, to.fence, to.reason, to.at],
  );
  return row && ingestOf(row);
}

/**
 * Gives a claim back before its lease lapses: what it was for need not be done, or could not be
 * and is to be tried again, but not before `retryAt`.
 */
export async function release(
  query: Query,
  claim: { taskId: string; fence: number; retryAt?: Date | undefined },
): Promise<void> {
  await query(
    `update ingest set lease_until = $3
     where task_id = $1 and fence = $2 and state <> 'ended'`,
    [claim.taskId, claim.fence, claim.retryAt ?? null],
  );
}
