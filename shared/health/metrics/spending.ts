/** What ingests played and cost, and what is left of each budget. */
import { MINUTE_MS } from "../../clock.js";
import { MICRO_USD } from "../../config/money/micro-usd.js";
import type { BudgetStanding } from "../../store/health/budgets.js";
import type { SpendCounts } from "../../store/health/spending.js";
import { counter, type Family, gauge, type Labels } from "./family.js";

export const spendingFamilies = ({ playedMs, microUsd }: SpendCounts): Family[] => [
  counter(
    { name: "minutes", help: "Minutes that ended ingests have played." },
    playedMs / MINUTE_MS,
  ),
  counter({ name: "spend_usd", help: "What ended ingests have cost." }, microUsd / MICRO_USD),
];

export function budgetFamilies(budgets: readonly BudgetStanding[]): Family[] {
  const isMinutes = ({ budget }: BudgetStanding) => budget === "DailyMinutes";
  const minutes = budgets.filter(isMinutes);
  const usd = budgets.filter((standing) => !isMinutes(standing));
  const limits = (unit: number) => (standing: BudgetStanding) => ({
    labels: labelsOf(standing),
    value: standing.most / unit,
  });
  const remains = (unit: number) => (standing: BudgetStanding) => ({
    labels: labelsOf(standing),
    value: (standing.most - standing.spent) / unit,
  });
  return [
    gauge(
      { name: "budget_limit_usd", help: "Budgets of the present day or month, in USD." },
      usd.map(limits(MICRO_USD)),
    ),
    gauge(
      {
        name: "budget_remaining_usd",
        help: "What is left of them, as reconcile-ingests last saw it. Below 0: more was spent. At most 100 budgets, the most spent ones.",
      },
      usd.map(remains(MICRO_USD)),
    ),
    gauge(
      { name: "budget_limit_minutes", help: "Budgets of the present day, in minutes." },
      minutes.map(limits(MINUTE_MS)),
    ),
    gauge(
      {
        name: "budget_remaining_minutes",
        help: "What is left of them, as reconcile-ingests last saw it. Below 0: more was played.",
      },
      minutes.map(remains(MINUTE_MS)),
    ),
  ];
}

const labelsOf = ({ owner, budget }: BudgetStanding): Labels =>
  "callerId" in owner
    ? { caller: owner.callerId, budget }
    : { application: String(owner.sdkAppId), budget };
