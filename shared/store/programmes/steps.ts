/**
 * The statements of a programme's step: one before the call to TRTC, and one after it. A step has a
 * claim of its own, so it never delays a stop. Each write of a step makes its claim outdated.
 */
import { addMs } from "../../clock.js";
import type { Query } from "../engine/database.js";
import type { Slot } from "../engine/database-time.js";
import { bind, raw, run, sql } from "../engine/sql.js";
import { type Ingest, ingestOf } from "../ingests/ingest-row.js";
import { failuresAmong } from "../ingests/media.js";
import { mediaAfterUpdate } from "../ingests/updates.js";
import { withOutboxEvent } from "../outbox/with-outbox-event.js";
import {
  SLOT_COLUMNS,
  slotNow,
  slotOf,
  type SlotTime,
  type SlotWait,
  takeSlotSql,
} from "../slots.js";
import type { OnAir, Programme } from "./programme-row.js";

/** A step as one instance claimed it. */
export type ClaimedStep = Pick<Ingest, "taskId" | "stepFence">;

export interface BegunStep {
  ingest: Ingest;
  /** Absent when the step needs none, or when none was near enough. */
  slot: Slot | undefined;
}

export interface StepAttempt extends SlotWait {
  claimed: ClaimedStep & Pick<Ingest, "account" | "callerId">;
  at: Date;
  leaseMs: number;
  /** Whether it calls UpdateStreamIngest. */
  needsSlot: boolean;
}

/**
 * Renews the claim, reads the row again, and takes a slot. `undefined` when the claim has another
 * holder, the step has moved, or the ingest no longer runs.
 */
export async function beginStep(
  query: Query,
  { claimed, at, leaseMs, needsSlot, waitMaxMs, now, readSlot }: StepAttempt & SlotTime,
): Promise<BegunStep | undefined> {
  const time = bind(now);
  const [begun] = await run(
    query,
    sql`with t as (select ${slotNow(time)} as now),
     begun as (
       update ingest set step_lease_until = ${addMs(at, leaseMs)}
       where task_id = ${claimed.taskId} and step_fence = ${claimed.stepFence}
         and state = 'running' and step_at <= ${at}
       returning *
     ),
     calling as (select * from begun where ${needsSlot}::boolean),
     slot as (${takeSlotSql(sql`calling`, time, {
       account: bind(claimed.account),
       action: raw("'UpdateStreamIngest'"),
       waitMaxMs: bind(waitMaxMs),
       caller: sql`${claimed.callerId}::text`,
     })})
     select begun.*, ${SLOT_COLUMNS} from begun left join slot on true`,
    "kept",
  );
  return begun && { ingest: ingestOf(begun), slot: slotOf(begun, readSlot) };
}

/** What a step has changed. */
export interface Stepped extends ClaimedStep {
  at: Date;
  programme: Programme;
  onAir: OnAir;
  /** When the next step is due; null: there is none. */
  stepAt: Date | null;
  /** Set when another source plays now. */
  streamUrl?: string | undefined;
  /** Failures until then no longer count. */
  failuresAfter?: Date | undefined;
}

/** `item`: another item is on air. `source`: another source of the same item is. */
export type StepNews = "item" | "source" | "none";

/**
 * Writes a step and gives its claim back. `undefined` when the claim has another holder, or when the
 * ingest no longer runs: the source that was put in ends with the task.
 */
export async function markStepped(
  query: Query,
  { taskId, stepFence, at, programme, onAir, stepAt, streamUrl, failuresAfter }: Stepped,
  news: StepNews,
): Promise<Ingest | undefined> {
  const after = sql`greatest(failures_after, ${bind(failuresAfter ?? null)}::timestamptz)`;
  const play = streamUrl === undefined ? {} : { StreamUrl: streamUrl };
  const isOther = sql`${streamUrl !== undefined}::boolean`;
  const [row] = await run(
    query,
    withOutboxEvent(news === "source" ? "ingest.source" : "ingest.item", {
      happenedAt: sql`${at}::timestamptz`,
      besides: ON_AIR_FACTS,
      isNews: sql`${news !== "none"}::boolean`,
      set: sql`programme = ${JSON.stringify(programme)}::jsonb, on_air = ${JSON.stringify(onAir)}::jsonb,
            step_at = ${stepAt}, step_lease_until = null, step_fence = step_fence + 1,
            play = play || ${JSON.stringify(play)}::jsonb, media = ${mediaAfterUpdate(play)},
            media_state = case when ${isOther} and media_state in ('failed', 'retrying')
                               then 'connecting' else media_state end,
            media_failures = ${failuresAmong(sql`media_failures`, after)}, failures_after = ${after}`,
      where: sql`task_id = ${bind(taskId)} and step_fence = ${bind(stepFence)} and state = 'running'`,
    }),
    "kept",
  );
  return row && ingestOf(row);
}

/** What an event says about the source that is on air, besides the facts of every event. */
export const ON_AIR_FACTS = [
  "on_air",
  `case when (on_air ->> 'index')::int < 0 then programme -> 'leaving'
        else programme -> 'items' -> (on_air ->> 'index')::int end ->> 'Title' as item_title`,
];

/** Gives a claim back. The step is due at `stepAt`; `undefined`: when it was due before. */
export async function releaseStep(
  query: Query,
  { taskId, stepFence, stepAt }: ClaimedStep & { stepAt?: Date | undefined },
): Promise<void> {
  await run(
    query,
    sql`update ingest
     set step_lease_until = null, step_at = coalesce(${stepAt ?? null}::timestamptz, step_at)
     where task_id = ${taskId} and step_fence = ${stepFence} and state = 'running'`,
  );
}

/**
 * Claims a step before its time: a source has failed, so the next decision is due now. It takes the
 * step from any other holder. `undefined` when the ingest does not run.
 */
export async function claimStep(
  query: Query,
  { taskId, at, leaseMs }: { taskId: string; at: Date; leaseMs: number },
): Promise<Ingest | undefined> {
  const [row] = await run(
    query,
    sql`update ingest
     set step_at = ${at}, step_fence = step_fence + 1, step_lease_until = ${addMs(at, leaseMs)}
     where task_id = ${taskId} and state = 'running' and programme is not null and successor_of is null
     returning *`,
  );
  return row && ingestOf(row);
}
