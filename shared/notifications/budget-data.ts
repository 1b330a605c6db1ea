/** What a caller reads of a budget that is nearly or wholly spent. */
import { MINUTE_MS } from "../clock.js";
import { usdOf } from "../config/money/micro-usd.js";
import type { Notification } from "../store/outbox/deliveries.js";

export type BudgetData = ReturnType<typeof budgetDataOf>;

export function budgetDataOf({ type, facts }: Pick<Notification, "type" | "facts">) {
  const { caller_id: callerId, sdk_app_id: sdkAppId } = facts;
  const budget = String(facts["budget"]);
  const amountOf = (value: unknown): number =>
    budget === "DailyMinutes" ? Number(value) / MINUTE_MS : usdOf(Number(value));
  return {
    Caller: typeof callerId === "string" ? callerId : null,
    SdkAppId: typeof sdkAppId === "number" ? sdkAppId : null,
    Budget: budget,
    Percent: type === "budget.spent" ? 100 : 80,
    Limit: amountOf(facts["most"]),
    Spent: amountOf(facts["spent"]),
    PeriodStart: new Date(String(facts["from_at"])).toISOString(),
    PeriodEnd: new Date(String(facts["to_at"])).toISOString(),
    Enforce: facts["is_enforced"] === true,
  };
}
