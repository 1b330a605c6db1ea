/** How far each budget is spent, as reconcile-ingests last saw it. */
import type { BudgetOwner } from "../../config/money/budgets.js";
import type { BudgetName } from "../budgets/spending.js";
import type { Query, Row } from "../engine/database.js";
import { run, sql } from "../engine/sql.js";

export interface BudgetStanding {
  owner: BudgetOwner;
  budget: BudgetName;
  /** Micro-USD, or milliseconds of DailyMinutes. */
  most: number;
  /** It may be more than `most`: what plays goes on, unless the budget has Enforce. */
  spent: number;
}

/** Two runs, where an operator lets reconcile-ingests run every 15 minutes. An older figure is gone. */
const WATCHED_WITHIN = sql`interval '30 minutes'`;

/** The budgets that one answer names. */
const BUDGETS_MAX = 100;

/** Of the present day and month. The one that is spent furthest comes first. */
export async function readBudgets(query: Query): Promise<BudgetStanding[]> {
  const rows = await run(
    query,
    sql`select budget, caller_id, sdk_app_id, most, spent
     from budget_standing cross join budget_period(now()) as present
     where period = case budget when 'MonthlyUsd' then present.month else present.day end
       and watched_at > now() - ${WATCHED_WITHIN}
     order by spent::float8 / greatest(most, 1) desc, scope, budget
     limit ${BUDGETS_MAX}`,
  );
  return rows.map((row) => ({
    owner: ownerOf(row),
    budget: row["budget"] as BudgetName,
    most: Number(row["most"]),
    spent: Number(row["spent"]),
  }));
}

const ownerOf = (row: Row): BudgetOwner => {
  const callerId = row["caller_id"] as string | null;
  return callerId === null ? { sdkAppId: Number(row["sdk_app_id"]) } : { callerId };
};
