/** shared/store/budgets: what was spent, what is planned, and who was warned. */
import { DAY_MS } from "../../../shared/clock.js";
import type { Budget, BudgetOwner } from "../../../shared/config/money/budgets.js";
import { microUsd, perMinute } from "../../../shared/ingest/cost.js";
import { BUDGETS } from "../../../shared/store/budgets/spending.js";
import type { BudgetState } from "../../../shared/store/budgets/watch.js";
import type { OverBudget } from "../../../shared/store/budgets/within-budgets.js";
import { waitsToStart } from "../../../shared/store/ingests/ingest-row.js";
import type { StoredIngest, Tables } from "./tables.js";

/** Milliseconds since 1970. */
interface Span {
  fromMs: number;
  toMs: number;
}

const dayOf = (nowMs: number): Span => {
  const fromMs = Math.floor(nowMs / DAY_MS) * DAY_MS;
  return { fromMs, toMs: fromMs + DAY_MS };
};

function monthOf(nowMs: number): Span {
  const now = new Date(nowMs);
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()];
  return { fromMs: Date.UTC(year, month), toMs: Date.UTC(year, month + 1) };
}

/** As `ms_between` of the database: its clock has parts of a millisecond. */
const msWithin = (one: Span, other: Span): number =>
  Math.ceil(Math.max(0, Math.min(one.toMs, other.toMs) - Math.max(one.fromMs, other.fromMs)));

const isOwned = (owner: BudgetOwner, row: { callerId: string; sdkAppId: number }): boolean =>
  "callerId" in owner ? row.callerId === owner.callerId : row.sdkAppId === owner.sdkAppId;

/** It takes a place of MaxIngests. */
const plays = (row: StoredIngest): boolean =>
  row.state !== "ended" &&
  row.successorOf === null &&
  (!waitsToStart(row) || row.startedAt !== null);

export interface Candidate {
  budgets: readonly Budget[];
  span: Span | undefined;
  perMinute: number;
  ending?: readonly string[] | undefined;
}

function spendingOf(
  { ingests, spent }: Tables,
  owner: BudgetOwner,
  { nowMs, ending = [] }: { nowMs: number; ending?: readonly string[] | undefined },
) {
  const [day, month] = [dayOf(nowMs), monthOf(nowMs)];
  const past = [...spent.values()].filter((part) => isOwned(owner, part));
  const ofDay = past.filter(({ dayMs }) => dayMs === day.fromMs);
  const ofMonth = past.filter(({ dayMs }) => dayMs >= month.fromMs && dayMs <= day.fromMs);
  const playing = [...ingests.values()].filter((row) => isOwned(owner, row) && plays(row));
  const rows = playing.map((row) => {
    const { startedAt, startsAt, createdAt, dueAt, taskId } = row;
    const endMs = ending.includes(taskId) ? nowMs : Math.max(nowMs, dueAt.getTime());
    const done = startedAt && { fromMs: startedAt.getTime(), toMs: nowMs };
    const whole = { fromMs: (startedAt ?? startsAt ?? createdAt).getTime(), toMs: endMs };
    return { done, whole, rate: perMinute(row.prices, row.media) };
  });
  const usdIn = (period: Span, what: "done" | "whole") =>
    sum(rows.map((row) => (row[what] ? microUsd(msWithin(row[what], period), row.rate) : 0)));
  const msIn = (period: Span, what: "done" | "whole") =>
    sum(rows.map((row) => (row[what] ? msWithin(row[what], period) : 0)));
  const dayUsd = sum(ofDay.map((part) => part.microUsd));
  const dayMs = sum(ofDay.map((part) => part.ms));
  const monthUsd = sum(ofMonth.map((part) => part.microUsd));
  return {
    day_usd: [dayUsd + usdIn(day, "done"), dayUsd + usdIn(day, "whole")],
    day_ms: [dayMs + msIn(day, "done"), dayMs + msIn(day, "whole")],
    month_usd: [monthUsd + usdIn(month, "done"), monthUsd + usdIn(month, "whole")],
  } as const;
}

const sum = (amounts: readonly number[]): number => amounts.reduce((all, one) => all + one, 0);

/** The first budget that the candidate would pass. */
export function overBudget(
  tables: Tables,
  { budgets, span, perMinute: rate, ending }: Candidate,
  nowMs: number,
): OverBudget | undefined {
  for (const budget of budgets) {
    if (!span) continue;
    const spending = spendingOf(tables, budget, { nowMs, ending });
    const [dayMs, monthMs] = [msWithin(span, dayOf(nowMs)), msWithin(span, monthOf(nowMs))];
    const costs = {
      day_cost: microUsd(dayMs, rate),
      day_cost_ms: dayMs,
      month_cost: microUsd(monthMs, rate),
    };
    for (const { name, limit, spent, cost } of BUDGETS) {
      const most = budget[limit];
      const [done, planned] = spending[spent];
      if (most === null || planned + costs[cost] <= most) continue;
      const { toMs } = name === "MonthlyUsd" ? monthOf(nowMs) : dayOf(nowMs);
      return {
        outcome: "over-budget",
        budget,
        name,
        limit: most,
        spent: done,
        ahead: planned - done,
        cost: costs[cost],
        endsAt: new Date(toMs),
      };
    }
  }
  return undefined;
}

/** It plays from now to the deadline. */
export function plannedOf(
  { ingests }: Tables,
  { taskId, deadlineAt }: { taskId: string; deadlineAt?: Date | undefined },
  nowMs: number,
): Pick<Candidate, "span" | "perMinute"> {
  const row = ingests.get(taskId);
  const toMs = (deadlineAt ?? row?.deadlineAt)?.getTime();
  return {
    span: row && toMs !== undefined ? { fromMs: nowMs, toMs } : undefined,
    perMinute: row ? perMinute(row.prices, row.media) : 0,
  };
}

export function watch(
  tables: Tables,
  { budget }: { budget: Budget },
  nowMs: number,
): BudgetState[] {
  const spending = spendingOf(tables, budget, { nowMs });
  return BUDGETS.flatMap(({ name, limit, spent: column }) => {
    const most = budget[limit];
    if (most === null) return [];
    const [spent] = spending[column];
    const { fromMs } = name === "MonthlyUsd" ? monthOf(nowMs) : dayOf(nowMs);
    const levels = ([80, 100] as const).filter((level) => {
      const key = JSON.stringify([ownerText(budget), name, fromMs, level]);
      if (spent === 0 || spent * 100 < most * level || tables.notices.has(key)) return false;
      tables.notices.add(key);
      return true;
    });
    return [{ name, limit: most, spent, reported: levels.at(-1) ?? null }];
  });
}

const ownerText = (owner: BudgetOwner): string =>
  "callerId" in owner ? owner.callerId : String(owner.sdkAppId);

export const live = (
  { ingests }: Tables,
  { owner, limit }: { owner: BudgetOwner; limit: number },
): StoredIngest[] =>
  [...ingests.values()]
    .filter(
      (row) =>
        isOwned(owner, row) &&
        plays(row) &&
        (row.state === "starting" || row.state === "running") &&
        row.stopAskedAt === null,
    )
    .sort((one, other) => (one.taskId < other.taskId ? -1 : 1))
    .slice(0, limit);

/** What the trigger does when an ingest ends. */
export function countSpending({ spent }: Pick<Tables, "spent">, row: StoredIngest): void {
  const { startedAt, endedAt, callerId, sdkAppId } = row;
  if (!startedAt || !endedAt || row.successorOf !== null) return;
  const whole = { fromMs: startedAt.getTime(), toMs: endedAt.getTime() };
  for (let day = dayOf(whole.fromMs); day.fromMs <= whole.toMs; day = dayOf(day.toMs)) {
    const key = JSON.stringify([callerId, sdkAppId, day.fromMs]);
    const ms = msWithin(whole, day);
    const before = spent.get(key) ?? { callerId, sdkAppId, dayMs: day.fromMs, ms: 0, microUsd: 0 };
    const cost = microUsd(ms, perMinute(row.prices, row.media));
    spent.set(key, { ...before, ms: before.ms + ms, microUsd: before.microUsd + cost });
  }
}
