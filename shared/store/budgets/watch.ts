/**
 * Reports a budget that is spent to 80 % or 100 %. One statement sums what is spent, writes it down
 * for metrics, notes the level, and writes the event. So each level is reported once in its period. An application's budget that is
 * spent while nothing is live there is in the log only.
 */
import type { Budget, BudgetOwner } from "../../config/money/budgets.js";
import type { Query, Row } from "../engine/database.js";
import { bind, joined, raw, run, type Sql, sql } from "../engine/sql.js";
import { type Ingest, ingestOf } from "../ingests/ingest-row.js";
import { PLAYS } from "../ingests/quotas.js";
import { GIVE_UP_AFTER } from "../outbox/outbox.js";
import { slotNow } from "../slots.js";
import { BUDGETS, type BudgetName, ownedBy, partsOf, scopeOf, spendingOf } from "./spending.js";

export interface Watched {
  budget: Budget;
  /** Callers with a receiver that may hear of it. Those without a live ingest do not. */
  receivers: readonly string[];
}

export interface BudgetState {
  name: BudgetName;
  /** Micro-USD, or milliseconds of DailyMinutes. */
  limit: number;
  spent: number;
  /** The level that this statement has reported; null: none, or an earlier one did. */
  reported: 80 | 100 | null;
}

/** One row for each limit that the budget has. */
const limitsOf = (budget: Budget): Sql => {
  const rows = BUDGETS.flatMap(({ name, limit, spent }) => {
    const most = budget[limit];
    const period = name === "MonthlyUsd" ? "month" : "day";
    return most === null
      ? []
      : [
          sql`select '${raw(name)}' as budget, ${most}::bigint as most, ${raw(spent)} as spent,
                ${raw(period)} as period, ${raw(period)}_from as from_at, ${raw(period)}_to as to_at
         from spending cross join period`,
        ];
  });
  return joined(rows, "\nunion all\n         ");
};

/** A caller's budget is its own; of an application's, those hear that have something live there. */
const hears = (owner: BudgetOwner): Sql =>
  "callerId" in owner
    ? sql`receiver.caller_id = ${bind(owner.callerId)}`
    : sql`exists (
         select from ingest
         where ingest.caller_id = receiver.caller_id and ${ownedBy(owner)} and ${PLAYS}
       )`;

const text = (value: string | null): Sql => sql`${bind(value)}::text`;

export async function watchBudget(
  query: Query,
  { budget, receivers, now }: Watched & { now: Date | null },
): Promise<BudgetState[]> {
  const scope = text(scopeOf(budget));
  const [callerId, sdkAppId] = partsOf(budget);
  const rows = await run(
    query,
    sql`with t as (select ${slotNow(bind(now))} as now),
     period as (select period.* from t cross join budget_period(t.now) as period),
     spending as (select spending.* from t cross join ${spendingOf(budget)} as spending),
     counted as (${limitsOf(budget)}),
     standing as (
       insert into budget_standing as known
         (scope, budget, caller_id, sdk_app_id, period, most, spent, watched_at)
       select ${scope}, budget, ${callerId}::text, ${sdkAppId}::bigint, period, most, spent, t.now
       from counted cross join t
       order by budget
       on conflict (scope, budget) do update
       set period = excluded.period, most = excluded.most, spent = excluded.spent,
           watched_at = excluded.watched_at
       where known.watched_at <= excluded.watched_at
     ),
     noticed as (
       insert into budget_notice (scope, budget, period, level, noticed_at)
       select ${scope}, budget, period, level, t.now
       from counted cross join t cross join (values (80), (100)) as levels (level)
       where spent > 0 and spent * 100 >= most * level
       order by budget, level
       on conflict do nothing
       returning budget, period, level
     ),
     news as (
       select budget, max(level) as level from noticed group by budget
     ),
     events as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
       select 'budget-' || md5(concat_ws(' ', ${scope}, budget, counted.period, receiver.caller_id)),
              case level when 80 then 1 else 2 end, receiver.caller_id,
              case level when 80 then 'budget.warning' else 'budget.spent' end, t.now,
              jsonb_build_object(
                'caller_id', ${text(callerId)}, 'sdk_app_id', ${sdkAppId}::bigint, 'budget', budget,
                'most', most, 'spent', spent, 'from_at', from_at, 'to_at', to_at,
                'is_enforced', ${budget.isEnforced}::boolean
              ),
              t.now, t.now + ${GIVE_UP_AFTER}
       from news join counted using (budget) cross join t
       cross join unnest(${receivers}::text[]) as receiver (caller_id)
       where ${hears(budget)}
       on conflict (task_id, position) do nothing
     )
     select counted.budget, most, spent, news.level from counted left join news using (budget)`,
  );
  return rows.map(stateOf);
}

const stateOf = (row: Row): BudgetState => ({
  name: row["budget"] as BudgetName,
  limit: Number(row["most"]),
  spent: Number(row["spent"]),
  reported: row["level"] === null ? null : (Number(row["level"]) as 80 | 100),
});

/** The ingests that a budget counts and whose end was not asked for yet. */
export async function listLive(
  query: Query,
  { owner, limit }: { owner: BudgetOwner; limit: number },
): Promise<Ingest[]> {
  const rows = await run(
    query,
    sql`select * from ingest
     where ${ownedBy(owner)} and ${PLAYS} and state in ('starting', 'running') and stop_asked_at is null
     order by task_id
     limit ${limit}`,
  );
  return rows.map(ingestOf);
}
