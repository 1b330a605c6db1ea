/**
 * Keeps starts and moved deadlines within budgets, on any instances at once. The statement that
 * begins a start sums what is spent and planned, and takes the turn of each budget's owner, but only
 * as it saw it. Another start since then has taken that turn, so this one begins nothing. It tries
 * again, and then sees the other one.
 */
import type { Budget } from "../../config/money/budgets.js";
import type { Query, Row } from "../engine/database.js";
import { bind, joined, raw, run, type Sql, sql } from "../engine/sql.js";
import { slotNow } from "../slots.js";
import { BUDGETS, type BudgetName, scopeOf, spendingOf } from "./spending.js";

export interface Candidate {
  /** A `select` of `from_at`, `to_at` and `per_minute`; no row: there is nothing to begin. */
  candidate: Sql;
  /** TaskIds of ingests that count until now: the candidate plays from then on. */
  ending?: readonly string[] | undefined;
}

/** A row that is to play until `toAt`; absent: until its deadline. */
export const fromNow = (where: Sql, toAt: Sql = sql`deadline_at`): Sql => sql`
       select t.now as from_at, ${toAt} as to_at, micro_usd_per_minute(prices, media) as per_minute
       from ingest cross join t where ${where}`;

/** An ingest whose deadline is to come later. It counts once, with the later one. */
export const movedTo = ({
  taskId,
  deadlineAt,
  ending = [],
}: {
  taskId: string;
  deadlineAt: Date;
  ending?: readonly string[] | undefined;
}): Candidate => ({
  candidate: fromNow(sql`task_id = ${taskId}`, sql`${deadlineAt}::timestamptz`),
  ending: [taskId, ...ending],
});

interface BudgetSql extends Candidate {
  budgets: readonly Budget[];
  /** True when nothing else prevents the start. */
  allowed: Sql;
}

const fits = ({ limit, spent, cost }: (typeof BUDGETS)[number], budget: Budget): Sql[] =>
  budget[limit] === null
    ? []
    : [sql`${raw(spent)}_planned + ${raw(cost)} <= ${budget[limit]}::bigint`];

const fitting = (budget: Budget, ending: Candidate["ending"]): Sql => {
  const scope = bind(scopeOf(budget));
  const conditions = BUDGETS.flatMap((limit) => fits(limit, budget));
  return sql`
       select ${scope}::text as scope,
              coalesce((select version from budget_turn where budget_turn.scope = ${scope}), 0) as version
       from candidate cross join t
       cross join lateral cost_in_period(from_at, to_at, per_minute, t.now) as cost
       cross join lateral ${spendingOf(budget, ending)} as spending
       where ${joined(conditions, " and ")}`;
};

/** `with` parts that take the turns; see `withinBudgets`. They expect `t(now)` before them. */
export const budgetParts = ({ budgets, candidate, ending, allowed }: BudgetSql): Sql => sql`
     candidate as (${candidate}),
     fitting as (${joined(
       budgets.map((budget) => fitting(budget, ending)),
       "\nunion all\n",
     )}),
     turn as (
       insert into budget_turn as held (scope, version)
       select scope, version + 1 from fitting cross join t
       where (select count(*) from fitting) = ${raw(budgets.length)} and ${allowed}
       order by scope
       on conflict (scope) do update set version = excluded.version
         where held.version = excluded.version - 1
       returning scope
     ),`;

/** Every owner's turn was taken. */
export const withinBudgets = (budgets: readonly Budget[]): Sql =>
  sql`(select count(*) from turn) = ${raw(budgets.length)}`;

export interface OverBudget {
  outcome: "over-budget";
  budget: Budget;
  name: BudgetName;
  /** Micro-USD, or milliseconds of DailyMinutes. */
  limit: number;
  spent: number;
  /** What runs will still cost in the period. */
  ahead: number;
  /** What this one would cost in the period. */
  cost: number;
  /** When the next period begins. */
  endsAt: Date;
}

/** The first budget that would be passed. `undefined`: none, so another start took the turn. */
export async function overBudget(
  query: Query,
  { budgets, candidate, ending, now }: Candidate & { budgets: readonly Budget[]; now: Date | null },
): Promise<OverBudget | undefined> {
  for (const budget of budgets) {
    const [row] = await run(
      query,
      sql`with t as (select ${slotNow(bind(now))} as now),
     candidate as (${candidate})
     select spending.*, cost.*, period.day_to, period.month_to
     from candidate cross join t cross join budget_period(t.now) as period
     cross join lateral cost_in_period(from_at, to_at, per_minute, t.now) as cost
     cross join lateral ${spendingOf(budget, ending)} as spending`,
    );
    const refusal = row && refusalIn(row, budget);
    if (refusal) return refusal;
  }
  return undefined;
}

function refusalIn(row: Row, budget: Budget): OverBudget | undefined {
  const number = (column: string) => Number(row[column]);
  const passed = BUDGETS.find(({ limit, spent, cost }) => {
    const most = budget[limit];
    return most !== null && number(`${spent}_planned`) + number(cost) > most;
  });
  if (!passed) return undefined;
  const spent = number(passed.spent);
  return {
    outcome: "over-budget",
    budget,
    name: passed.name,
    limit: budget[passed.limit] ?? 0,
    spent,
    ahead: number(`${passed.spent}_planned`) - spent,
    cost: number(passed.cost),
    endsAt: row[passed.name === "MonthlyUsd" ? "month_to" : "day_to"] as Date,
  };
}
