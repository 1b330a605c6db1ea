/** Whether a budget is nearly spent, as reconcile-ingests last saw it. */
import { budgetAmount, budgetOwner } from "../ingest/budgets.js";
import type { BudgetStanding } from "../store/health/budgets.js";
import { counted, pass, type Row, warn } from "./row.js";

/** `budget.warning` tells the caller of it there too. */
const LOW = 0.8;

/** No row where there is no budget. A budget of 0 is a lock: it is not spent. */
export function budgetRows(budgets: readonly BudgetStanding[]): Row[] {
  const check = "budgets";
  const spendable = budgets.filter(({ most }) => most > 0);
  const low = spendable.filter((standing) => shareOf(standing) >= LOW);
  if (low.length > 0) return low.map((standing) => warn(check, finding(standing), ADVICE));
  const [furthest] = spendable;
  if (furthest === undefined) return [];
  const count = counted(spendable.length, "budget");
  return [pass(check, `${count}, and the one that is spent furthest: ${finding(furthest)}`)];
}

const ADVICE =
  "stop what need not play, or raise it in Budgets: once it is spent, starts are refused until its day or month of UTC ends";

const shareOf = ({ most, spent }: BudgetStanding): number => spent / most;

function finding(standing: BudgetStanding): string {
  const { owner, budget, most, spent } = standing;
  const [has, all] = [spent, most].map(budgetAmount(budget));
  const percent = Math.floor(shareOf(standing) * 100);
  return `${budget} of ${budgetOwner(owner)} is spent to ${percent} %: ${has} of ${all}`;
}
