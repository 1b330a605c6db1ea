/**
 * What a caller or an application has spent in the present day and month of UTC, by the database's
 * clock, and what it will have spent when all that runs has reached its deadline. The sums are SQL
 * functions of migration 24, so that a start's bundle does not carry them. They read the live ingests,
 * and for each caller up to 16 rows of each day.
 */
import type { Budget, BudgetOwner } from "../../config/money/budgets.js";
import { bind, type Sql, sql } from "../engine/sql.js";

/** The owner as two columns. */
export const partsOf = (owner: BudgetOwner): [callerId: string | null, sdkAppId: number | null] =>
  "callerId" in owner ? [owner.callerId, null] : [null, owner.sdkAppId];

/** Names an owner in our tables. */
export const scopeOf = (owner: BudgetOwner): string =>
  "callerId" in owner ? `caller ${owner.callerId}` : `application ${owner.sdkAppId}`;

export const ownedBy = (owner: BudgetOwner): Sql =>
  "callerId" in owner
    ? sql`caller_id = ${bind(owner.callerId)}`
    : sql`sdk_app_id = ${bind(owner.sdkAppId)}`;

/** One row. Expects `t(now)`. Ingests of `ending` count until now. */
export function spendingOf(owner: BudgetOwner, ending: readonly string[] = []): Sql {
  const [callerId, sdkAppId] = partsOf(owner);
  return sql`spending(${callerId}::text, ${sdkAppId}::bigint, ${ending}::text[], t.now)`;
}

/** The limits of a budget, each with what counts for it. */
export const BUDGETS = [
  { name: "DailyUsd", limit: "dailyMicroUsd", spent: "day_usd", cost: "day_cost" },
  { name: "DailyMinutes", limit: "dailyMs", spent: "day_ms", cost: "day_cost_ms" },
  { name: "MonthlyUsd", limit: "monthlyMicroUsd", spent: "month_usd", cost: "month_cost" },
] as const satisfies readonly { limit: keyof Budget; [more: string]: string }[];

export type BudgetName = (typeof BUDGETS)[number]["name"];
