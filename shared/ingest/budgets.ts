/** What a caller hears of budgets, and which of them a later deadline has to keep. */
import { MINUTE_MS } from "../clock.js";
import { type Budget, type BudgetOwner, budgetsFor } from "../config/money/budgets.js";
import { usdOf } from "../config/money/micro-usd.js";
import { ApiError } from "../contract/errors.js";
import type { OverBudget } from "../store/budgets/within-budgets.js";
import type { Ingest } from "../store/ingests/ingest-row.js";
import type { Refusal } from "../store/ingests/scheduled.js";
import type { Call, Services } from "./services.js";

type Asked = "start" | "deadline";

/** The figures of the budget that it would pass. */
export function budgetRefusal(over: OverBudget, asked: Asked): Refusal {
  const { budget, name, endsAt } = over;
  const [limit, spent, ahead, cost] = [over.limit, over.spent, over.ahead, over.cost].map(
    budgetAmount(name),
  );
  const [what, instead] = WORDS[asked];
  return {
    code: "LimitExceeded.Budget",
    message: `${what} would pass ${name} of ${budgetOwner(budget)}: the budget is ${limit}, spent so far: ${spent}, what runs will take ${ahead} more, and this would take ${cost}. Send ${instead}, stop another ingest, or wait until ${endsAt.toISOString()}.`,
  };
}

export function budgetError(over: OverBudget, asked: Asked): ApiError {
  const { code, message } = budgetRefusal(over, asked);
  return new ApiError(code, message);
}

const WORDS: Readonly<Record<Asked, [what: string, instead: string]>> = {
  start: ["The start", "an earlier StopTime or a shorter MaxDuration"],
  deadline: ["The later deadline", "an earlier one"],
};

/** Figures of one sum agree, so they are not rounded to cents. */
const usd = (microUsd: number): string =>
  `${usdOf(microUsd).toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 6, useGrouping: false })} USD`;
const minutes = (ms: number): string => `${Math.ceil((ms / MINUTE_MS) * 100) / 100} minutes`;

/** An amount of a budget for people. */
export const budgetAmount = (name: OverBudget["name"]): ((amount: number) => string) =>
  name === "DailyMinutes" ? minutes : usd;

/** The owner of a budget for people. */
export const budgetOwner = (owner: BudgetOwner): string =>
  "callerId" in owner ? `the caller ${owner.callerId}` : `the application ${owner.sdkAppId}`;

interface MovedDeadline {
  taskId: string;
  deadlineAt: Date | undefined;
  budgets: readonly Budget[];
}

/** What a moved deadline has to keep: nothing when it comes earlier, or when an operator moves it. */
export function budgetsOfMove(
  { config }: Pick<Services, "config">,
  { caller, isOperator = false }: Pick<Call<"UpdateStreamIngest">, "caller" | "isOperator">,
  { ingest, deadlineAt }: { ingest: Ingest; deadlineAt: Date | undefined },
): Budget[] {
  if (isOperator) return [];
  if (deadlineAt === undefined || deadlineAt <= ingest.deadlineAt) return [];
  return budgetsFor({ caller, application: config.applications.get(ingest.sdkAppId) });
}

/** What the ingest of a row counts for. */
export const budgetsOf = (
  { config }: Pick<Services, "config">,
  { callerId, sdkAppId }: Pick<Ingest, "callerId" | "sdkAppId">,
): Budget[] =>
  budgetsFor({
    caller: config.callers.get(callerId),
    application: config.applications.get(sdkAppId),
  });

/** Throws ApiError when the moved deadline would pass a budget. */
export async function checkBudgets(
  { store }: Pick<Services, "store">,
  { taskId, deadlineAt, budgets }: MovedDeadline,
): Promise<void> {
  if (deadlineAt === undefined || budgets.length === 0) return;
  const over = await store.budgets.overBudget({ taskId, deadlineAt, budgets });
  if (over) throw budgetError(over, "deadline");
}
