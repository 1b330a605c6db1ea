/** `Budgets` of a caller or an application: what may be spent in a day and a month of UTC. */
import type { Static } from "@sinclair/typebox";
import * as Type from "@sinclair/typebox";
import { MINUTE_MS } from "../../clock.js";
import { CLOSED } from "../setting-types.js";
import { MICRO_USD } from "./micro-usd.js";

const usd = Type.Optional(Type.Number({ minimum: 0, maximum: 10_000_000 }));

export const budgetsSchema = Type.Object(
  {
    DailyUsd: usd,
    /** Minutes in rooms, of all its ingests together. */
    DailyMinutes: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000_000 })),
    MonthlyUsd: usd,
    /** Stops what plays once a budget is spent. Without it, only new starts are refused. */
    Enforce: Type.Optional(Type.Boolean()),
  },
  CLOSED,
);

type Budgets = Static<typeof budgetsSchema>;

/** Says what is wrong with the settings, beyond their schema. */
export function budgetsFault(budgets: Budgets | undefined): string | undefined {
  if (!budgets) return undefined;
  const { DailyUsd, DailyMinutes, MonthlyUsd } = budgets;
  if ([DailyUsd, DailyMinutes, MonthlyUsd].some((most) => most !== undefined)) return undefined;
  return "Budgets has no budget: send DailyUsd, DailyMinutes or MonthlyUsd, or leave Budgets out";
}

/** Whose ingests a budget counts: those of a caller, or those of an application. */
export type BudgetOwner = { callerId: string } | { sdkAppId: number };

export type Budget = BudgetOwner & {
  /** null: no limit. */
  dailyMicroUsd: number | null;
  dailyMs: number | null;
  monthlyMicroUsd: number | null;
  isEnforced: boolean;
};

const limitsOf = ({ DailyUsd, DailyMinutes, MonthlyUsd, Enforce = false }: Budgets) => ({
  dailyMicroUsd: microUsdOf(DailyUsd),
  dailyMs: DailyMinutes === undefined ? null : DailyMinutes * MINUTE_MS,
  monthlyMicroUsd: microUsdOf(MonthlyUsd),
  isEnforced: Enforce,
});

const microUsdOf = (amount: number | undefined): number | null =>
  amount === undefined ? null : Math.round(amount * MICRO_USD);

interface Owners {
  caller?: { Id: string; Budgets?: Budgets } | undefined;
  application?: { SdkAppId: number; Budgets?: Budgets } | undefined;
}

/** The budgets that an ingest counts for: those of its caller, then those of its application. */
export function budgetsFor({ caller, application }: Owners): Budget[] {
  const budgets: Budget[] = [];
  if (caller?.Budgets) budgets.push({ callerId: caller.Id, ...limitsOf(caller.Budgets) });
  if (application?.Budgets) {
    budgets.push({ sdkAppId: application.SdkAppId, ...limitsOf(application.Budgets) });
  }
  return budgets;
}
