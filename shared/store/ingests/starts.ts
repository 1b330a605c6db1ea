/** Writes the row of a start, before the call to TRTC. */
import { addMs, MINUTE_MS } from "../../clock.js";
import type { Budget } from "../../config/money/budgets.js";
import type { Query } from "../engine/database.js";
import { bind, joined, NOTHING, raw, run, type Sql, sql, type Value } from "../engine/sql.js";
import { type Conflict, findConflict } from "./conflicts.js";
import { type Ingest, ingestOf } from "./ingest-row.js";
import type { Slot } from "../engine/database-time.js";
import { CREATED_BY } from "../history/actor.js";
import {
  NEW_COLUMN_TYPES,
  NEW_COLUMNS,
  type NewColumn,
  type NewIngest,
  newRowOf,
  type Schedule,
} from "./new-row.js";
import { firstEvent } from "../outbox/with-outbox-event.js";
import * as quota from "./quotas.js";
import {
  budgetParts,
  type OverBudget,
  overBudget,
  withinBudgets,
} from "../budgets/within-budgets.js";
import { isSlotFar, SLOT_COLUMNS, slotNow, slotOf, type SlotTime, takeSlotSql } from "../slots.js";

/**
 * TRTC may carry out a start this long after it was sent. Its signature is valid for five minutes,
 * and the two clocks may differ by one minute.
 */
export const LATE_START_MS = 6 * MINUTE_MS;

export type BegunStart =
  | { outcome: "begun"; ingest: Ingest; slot: Slot | undefined }
  | { outcome: "scheduled"; ingest: Ingest }
  | Conflict
  | quota.OverQuota
  | OverBudget
  | { outcome: "no-slot" };

type StartRequest = NewIngest & { leaseMs: number; waitMaxMs: number } & SlotTime;

/** A start that loses its place to another one tries the next place. */
export const TRIES_MAX = 100;

/** Begins or schedules a start, or says what prevents it. */
export async function beginStart(query: Query, start: StartRequest): Promise<BegunStart> {
  const { schedule } = start;
  const quotas = countedQuotas(start);
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const begun = schedule
      ? await trySchedule(query, { ...start, schedule })
      : await tryBegin(query, start);
    if (begun) return begun;
    const conflict = await findConflict(query, start);
    if (conflict) return conflict;
    const budgets = budgetsOf(start);
    if (!quota.hasQuotas(quotas) && budgets.length === 0) return { outcome: "no-slot" };
    const refusal =
      (await quota.refusalOf(query, { ...start, quotas })) ??
      (await overBudget(query, { ...spendingFrom(start), now: start.now }));
    if (refusal) return refusal;
  }
  return { outcome: "no-slot" };
}

/** A scheduled start takes its place of `MaxIngests` when it starts. */
export const countedQuotas = ({ quotas = {}, schedule }: NewIngest): quota.Quotas =>
  schedule ? { startsPerMinute: quotas.startsPerMinute } : quotas;

/** A scheduled start counts for its budgets when it starts. */
const budgetsOf = ({ budgets = [], schedule }: NewIngest): readonly Budget[] =>
  schedule ? [] : budgets;

const spendingFrom = (start: NewIngest) => ({
  budgets: budgetsOf(start),
  candidate: sql`
       select ${start.createdAt}::timestamptz as from_at, ${start.deadlineAt}::timestamptz as to_at,
              micro_usd_per_minute(${JSON.stringify(start.prices)}::jsonb, ${jsonOf(start.media)}::jsonb) as per_minute`,
});

type Names = Record<"taskId" | "caller" | "account" | "app" | "robot" | "token", Sql>;

/** The columns of every new row, in the order of `valuesOf`. */
const COLUMNS = raw(NEW_COLUMNS.join(", "));

/** A value that the statement uses at several places has one number at all of them. */
function valuesOf(start: NewIngest, { taskId, caller, account, app, robot, token }: Names): Sql {
  const named: Partial<Record<NewColumn, Sql>> = {
    task_id: taskId,
    caller_id: caller,
    account,
    sdk_app_id: app,
    robot_user_id: robot,
    client_token: token,
  };
  const row = newRowOf(start);
  const values = NEW_COLUMNS.map((column) => {
    const type = raw(NEW_COLUMN_TYPES[column]);
    const known = named[column];
    if (known) return sql`${known}::${type}`;
    const value = row[column];
    return sql`${NEW_COLUMN_TYPES[column] === "jsonb" ? jsonOf(value) : (value as Value)}::${type}`;
  });
  return joined(values, ", ");
}

const jsonOf = (value: unknown): string | null => (value ? JSON.stringify(value) : null);

/** An ended ingest had this robot. */
const mayStillEnter = ({ app, robot }: Pick<Names, "app" | "robot">): Sql => sql`exists (
         select from ingest where sdk_app_id = ${app} and robot_user_id = ${robot} and state = 'ended'
           and unsure_until is not null
       )`;

/** A live ingest has it, or an ended one had. Each part is an index: most robots have ended rows only. */
const isBusy = ({ app, robot }: Pick<Names, "app" | "robot">): Sql => sql`exists (
      select from ingest where sdk_app_id = ${app} and robot_user_id = ${robot}
        and (state <> 'ended' or (state = 'ended' and unsure_until is not null)))`;

/** One statement writes the row, with a lease, and takes a slot: it does both or neither. */
async function tryBegin(query: Query, start: StartRequest): Promise<BegunStart | undefined> {
  const leaseUntil = addMs(start.createdAt, start.leaseMs);
  const now = bind(start.now);
  const taskId = bind(start.taskId);
  const caller = bind(start.callerId);
  const account = bind(start.account);
  const app = bind(start.sdkAppId);
  const robot = bind(start.robotUserId);
  const token = bind(start.clientToken);
  const slot = {
    action: raw("'StartStreamIngest'"),
    account,
    waitMaxMs: bind(start.waitMaxMs),
    caller: sql`${caller}::text`,
  };
  const isFar = isSlotFar(slot);
  const { quotas = {} } = start;
  const isFree = sql`not ${isFar}
    and not exists (select from ingest where task_id = ${taskId} or (caller_id = ${caller} and client_token = ${token}))
    and not ${isBusy({ app, robot })}`;
  const spending = budgetsOf(start).length > 0 && { ...spendingFrom(start), allowed: isFree };
  const limits = quota.hasQuotas(quotas) && {
    caller,
    taskId,
    maxIngests: sql`${quotas.maxIngests ?? null}::integer`,
    startsPerMinute: sql`${quotas.startsPerMinute ?? null}::integer`,
    allowed: spending ? sql`${isFree} and ${withinBudgets(spending.budgets)}` : isFree,
  };
  const [row] = await run(
    query,
    sql`with t as (select ${slotNow(now)} as now),
     ${spending ? budgetParts(spending) : NOTHING}${limits ? quota.quotaParts(limits) : NOTHING}
     begun as (
       insert into ingest (
         ${COLUMNS}, lease_until, unsure_until, notified, created_by
       )
       select ${valuesOf(start, { taskId, caller, account, app, robot, token })},
              ${leaseUntil}::timestamptz, ${addMs(leaseUntil, LATE_START_MS)}::timestamptz,
              case when ${start.notify ?? false} then 0 end, ${CREATED_BY}
       from t
       where not ${isFar}
       ${limits ? quota.withinQuotas(limits) : NOTHING}${spending ? sql` and ${withinBudgets(spending.budgets)}` : NOTHING}
       and not ${mayStillEnter({ app, robot })}
       on conflict do nothing
       returning *
     ),
     slot as (${takeSlotSql(sql`begun`, now, slot)})
     select begun.*, ${SLOT_COLUMNS} from begun left join slot on true`,
    "kept",
  );
  if (!row) return undefined;
  return { outcome: "begun", ingest: ingestOf(row), slot: slotOf(row, start.readSlot) };
}

/**
 * Writes the row of a later start. It takes a lane of `StartsPerMinute` now, and its place of
 * `MaxIngests` when it starts. It has no lease, so reconcile-ingests does not take it up.
 */
async function trySchedule(
  query: Query,
  start: StartRequest & { schedule: Schedule },
): Promise<BegunStart | undefined> {
  const { schedule, quotas = {} } = start;
  const taskId = bind(start.taskId);
  const caller = bind(start.callerId);
  const app = bind(start.sdkAppId);
  const robot = bind(start.robotUserId);
  const token = bind(start.clientToken);
  const startsAt = bind(schedule.startsAt);
  const limits = quotas.startsPerMinute !== undefined && {
    caller,
    taskId,
    maxIngests: sql`null::integer`,
    startsPerMinute: sql`${quotas.startsPerMinute}::integer`,
    allowed: sql`not exists (select from ingest where task_id = ${taskId} or (caller_id = ${caller} and client_token = ${token}))
    and not ${isBusy({ app, robot })}`,
  };
  const names = { taskId, caller, account: bind(start.account), app, robot, token };
  const [row] = await run(
    query,
    sql`with t as (select ${slotNow(bind(start.now))} as now),
     ${limits ? quota.quotaParts(limits) : NOTHING}
     changed as (
       insert into ingest (
         ${COLUMNS}, starts_at, start_by, asked, advance_at, advance_lease_until, notified, created_by
       )
       select ${valuesOf(start, names)},
              ${startsAt}::timestamptz, ${schedule.startBy}::timestamptz,
              ${JSON.stringify(schedule.asked)}::jsonb, ${startsAt}::timestamptz,
              ${schedule.heldUntil}::timestamptz, case when ${start.notify ?? false} then 1 end,
              ${CREATED_BY}
       from t
       where not ${mayStillEnter({ app, robot })}
       ${limits ? quota.withinQuotas(limits) : NOTHING}
       on conflict do nothing
       returning *
     ),
     events as (${firstEvent("ingest.scheduled", { happenedAt: "created_at" })})
     select * from changed`,
  );
  return row && { outcome: "scheduled", ingest: ingestOf(row) };
}
