/**
 * The statements of a scheduled start. Its row is `starting` with `advance_at`, the time of the next
 * attempt, and without a lease. An attempt takes `advance_at` away and takes the lease. A refused
 * attempt gives the lease back and sets `advance_at` again.
 */
import { addMs } from "../../clock.js";
import type { Budget } from "../../config/money/budgets.js";
import type { Query } from "../engine/database.js";
import type { Slot } from "../engine/database-time.js";
import { bind, NOTHING, raw, run, type Sql, sql } from "../engine/sql.js";
import { BY_ACTOR } from "../history/actor.js";
import { withOutboxEvent } from "../outbox/with-outbox-event.js";
import {
  isSlotFar,
  SLOT_COLUMNS,
  slotNow,
  slotOf,
  type SlotTime,
  type SlotWait,
  takeSlotSql,
} from "../slots.js";
import { withCut } from "../schedules/overlap.js";
import type { Cut } from "../schedules/schedule-row.js";
import { type EndCause, type EndReason, type Ingest, ingestOf } from "./ingest-row.js";
import {
  budgetParts,
  fromNow,
  type OverBudget,
  overBudget,
  withinBudgets,
} from "../budgets/within-budgets.js";
import * as quota from "./quotas.js";
import { LATE_START_LEFT } from "./start-outcomes.js";
import { LATE_START_MS, TRIES_MAX } from "./starts.js";

export const IS_SCHEDULED = sql`state = 'starting' and advance_at is not null`;

export interface ScheduledAttempt extends SlotWait {
  /** The row as this instance claimed it. */
  claimed: Pick<Ingest, "taskId" | "advanceFence" | "callerId" | "account">;
  at: Date;
  leaseMs: number;
  quotas: quota.Quotas;
  budgets?: readonly Budget[] | undefined;
}

export type BegunAttempt =
  | { outcome: "begun"; ingest: Ingest; slot: Slot | undefined }
  | quota.OverQuota
  | OverBudget
  | { outcome: "no-slot" }
  | { outcome: "spared" };

/**
 * Begins an attempt: takes the row's lease, a place of the caller, and a slot, or none of them.
 * `spared`: the claim has another holder, the start has moved, or its caller has stopped it.
 */
export async function beginScheduledStart(
  query: Query,
  attempt: ScheduledAttempt & SlotTime,
): Promise<BegunAttempt> {
  const { claimed, quotas, budgets = [], waitMaxMs, now } = attempt;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const begun = await tryBegin(query, attempt);
    if (begun) return begun;
    if (!(await isStillDue(query, attempt))) return { outcome: "spared" };
    if (!quota.hasQuotas(quotas) && budgets.length === 0) return { outcome: "no-slot" };
    const candidate = fromNow(sql`task_id = ${claimed.taskId}`);
    const refusal =
      (await quota.refusalOf(query, { ...claimed, quotas, waitMaxMs, now })) ??
      (await overBudget(query, { budgets, candidate, now }));
    if (refusal) return refusal;
  }
  return { outcome: "no-slot" };
}

const isDue = (taskId: Sql, { fence, at }: Record<"fence" | "at", Sql>): Sql => sql`
  task_id = ${taskId} and advance_fence = ${fence} and state = 'starting' and advance_at <= ${at}`;

async function isStillDue(
  query: Query,
  { claimed, at }: Pick<ScheduledAttempt, "claimed" | "at">,
): Promise<boolean> {
  const due = isDue(bind(claimed.taskId), { fence: bind(claimed.advanceFence), at: bind(at) });
  const [row] = await run(query, sql`select task_id from ingest where ${due}`);
  return row !== undefined;
}

/**
 * The fence grows with the second attempt, so that the holder of the first changes nothing. The
 * claim stays until its lease ends, because the attempt may wait for its slot.
 */
async function tryBegin(
  query: Query,
  {
    claimed,
    at,
    leaseMs,
    quotas: { maxIngests },
    budgets = [],
    ...slotRequest
  }: ScheduledAttempt & SlotTime,
): Promise<BegunAttempt | undefined> {
  const now = bind(slotRequest.now);
  const taskId = bind(claimed.taskId);
  const caller = bind(claimed.callerId);
  const slot = {
    action: raw("'StartStreamIngest'"),
    account: bind(claimed.account),
    waitMaxMs: bind(slotRequest.waitMaxMs),
    caller: sql`${caller}::text`,
  };
  const due = isDue(taskId, { fence: bind(claimed.advanceFence), at: bind(at) });
  const isFar = isSlotFar(slot);
  const isFree = sql`not ${isFar} and exists (select from ingest where ${due})`;
  const spending = budgets.length > 0 && { budgets, candidate: fromNow(due), allowed: isFree };
  const limits = maxIngests !== undefined && {
    caller,
    taskId,
    maxIngests: sql`${maxIngests}::integer`,
    startsPerMinute: sql`null::integer`,
    allowed: spending ? sql`${isFree} and ${withinBudgets(budgets)}` : isFree,
  };
  const leaseUntil = addMs(at, leaseMs);
  const [row] = await run(
    query,
    sql`with t as (select ${slotNow(now)} as now),
     ${spending ? budgetParts(spending) : NOTHING}${limits ? quota.quotaParts(limits) : NOTHING}
     begun as (
       update ingest
       set advance_at = null, lease_until = ${leaseUntil},
           fence = case when failure_code is null then fence else fence + 1 end,
           unsure_until = greatest(unsure_until, ${addMs(leaseUntil, LATE_START_MS)}::timestamptz)
       from t
       where ${due} and not ${isFar}
       ${limits ? quota.withinQuotas(limits) : NOTHING}${spending ? sql` and ${withinBudgets(budgets)}` : NOTHING}
       returning ingest.*
     ),
     slot as (${takeSlotSql(sql`begun`, now, slot)})
     select begun.*, ${SLOT_COLUMNS} from begun left join slot on true`,
  );
  if (!row) return undefined;
  return { outcome: "begun", ingest: ingestOf(row), slot: slotOf(row, slotRequest.readSlot) };
}

export interface Refusal {
  code: string;
  message: string;
}

/**
 * An attempt certainly did not start a task. The start is due again at `advanceAt`. `undefined` when
 * the row has another holder, or when its caller has stopped it. The fence grows, so that the same
 * statement changes nothing where it arrives a second time: the start may have moved meanwhile.
 */
export async function reschedule(
  query: Query,
  {
    taskId,
    fence,
    advanceAt,
    code,
    message,
  }: Pick<Ingest, "taskId" | "fence"> & Refusal & { advanceAt: Date },
): Promise<Ingest | undefined> {
  const [row] = await run(
    query,
    sql`update ingest
     set advance_at = ${advanceAt}, advance_lease_until = null, lease_until = null,
         fence = fence + 1, unsure_until = ${LATE_START_LEFT},
         failure_code = ${code}, failure_message = ${message}, ${BY_ACTOR}
     where task_id = ${taskId} and fence = ${fence} and state = 'starting'
       and stop_asked_at is null
     returning *`,
  );
  return row && ingestOf(row);
}

/**
 * An attempt could not begin, because a quota or all slots are used. It gives the claim back, and
 * the start is due again at `advanceAt`.
 */
export async function postpone(
  query: Query,
  {
    taskId,
    advanceFence,
    advanceAt,
    code,
    message,
  }: Pick<Ingest, "taskId" | "advanceFence"> & Refusal & { advanceAt: Date },
): Promise<void> {
  await run(
    query,
    sql`update ingest
     set advance_at = ${advanceAt}, advance_lease_until = null,
         failure_code = ${code}, failure_message = ${message}, ${BY_ACTOR}
     where task_id = ${taskId} and advance_fence = ${advanceFence} and ${IS_SCHEDULED}`,
  );
}

/** Gives a claim back whose work is not needed. */
export async function releaseAdvance(
  query: Query,
  { taskId, advanceFence }: Pick<Ingest, "taskId" | "advanceFence">,
): Promise<void> {
  await run(
    query,
    sql`update ingest set advance_lease_until = null
     where task_id = ${taskId} and advance_fence = ${advanceFence}`,
  );
}

/** Ends a start before its first attempt, or between two; also one that was to start again. `undefined` when an attempt is under way. */
export async function cancelScheduled(
  query: Query,
  {
    taskId,
    at,
    cause,
    reason = "stopped",
    cut,
  }: { taskId: string; at: Date; cause?: EndCause | undefined; reason?: EndReason; cut?: Cut },
): Promise<Ingest | undefined> {
  const [row] = await run(
    query,
    withOutboxEvent("ingest.ended", {
      happenedAt: "ended_at",
      set: sql`state = 'ended', end_reason = ${reason}, end_cause = ${cause ?? null},
            stop_asked_at = coalesce(stop_asked_at, ${at}), ended_at = ${at}, advance_at = null${cut ? sql`, occurrence = ${withCut(cut)}` : NOTHING}`,
      where: sql`task_id = ${taskId} and ${IS_SCHEDULED}`,
    }),
  );
  return row && ingestOf(row);
}
