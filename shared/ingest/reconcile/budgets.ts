/**
 * Warns of budgets that are nearly or wholly spent, and stops what plays where a spent one has
 * Enforce. A report is made once for each level. The stops follow from what is spent, so the next
 * run continues what a crash left.
 */
import { addMs, DAY_MS } from "../../clock.js";
import { type Budget, budgetsFor } from "../../config/money/budgets.js";
import { forgetSpending } from "../../store/budgets/retention.js";
import { type BudgetState, listLive, watchBudget } from "../../store/budgets/watch.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import { budgetAmount, budgetOwner } from "../budgets.js";
import type { Services } from "../services.js";
import { askStop } from "../stop/ask-stop.js";
import { stopNow } from "../stop/stop-now.js";
import { CLAIMS, inBatches, type Outcome, type ReconcileRun } from "./run.js";

/** Spending stays for thirteen months, so that a month can be compared with the year before. */
const KEPT_MS = 400 * DAY_MS;

/** Once a day is enough, so most runs send nothing. */
const QUIET_HOUR = 3;

/** Returns how many levels it has reported. */
export async function watchBudgets(services: Services, run: ReconcileRun): Promise<number> {
  const { config, store, clock } = services;
  const receivers = [...config.callers.values()]
    .filter(({ receiver }) => receiver !== undefined)
    .map(({ Id }) => Id);
  const budgets = [
    ...[...config.callers.values()].flatMap((caller) => budgetsFor({ caller })),
    ...[...config.applications.values()].flatMap((application) => budgetsFor({ application })),
  ];
  let reported = 0;
  for (const budget of budgets) {
    if (!run.hasTime()) break;
    const hearing =
      "callerId" in budget ? receivers.filter((id) => id === budget.callerId) : receivers;
    const states = await store.budgets.run(watchBudget, { budget, receivers: hearing });
    const news = states.filter((state) => state.reported !== null);
    for (const state of news) report(services, budget, state);
    reported += news.length;
    if (budget.isEnforced && states.some(isSpent)) await stopAll(services, budget, run);
  }
  if (clock.now().getUTCHours() === QUIET_HOUR) {
    await store.budgets.run(forgetSpending, { before: addMs(clock.now(), -KEPT_MS) });
  }
  return reported;
}

const isSpent = ({ spent, limit }: BudgetState): boolean => spent > 0 && spent >= limit;

/** Each row is taken once, because its stop is written before TRTC is called. */
const stopAll = (services: Services, owner: Budget, run: ReconcileRun): Promise<void> =>
  inBatches(run, {
    claim: () => services.store.budgets.run(listLive, { owner, limit: CLAIMS }),
    work: (ingest) => stopOne(services, ingest, run.timeLeftMs),
  });

async function stopOne(
  services: Services,
  ingest: Ingest,
  timeLeftMs: () => number,
): Promise<Outcome> {
  const cause = "budget";
  const asked = await askStop(services, ingest, { cause });
  if (asked.state === "ended") return "stopped";
  // Its start is under way, and ends as soon as its outcome is known.
  if (asked.state === "starting") return "unsettled";
  await services.trtc.ready();
  return (await stopNow(services, asked, { cause, timeLeftMs })) ? "stopped" : "refused";
}

function report({ log }: Services, budget: Budget, { name, spent, limit, reported }: BudgetState) {
  const caller = "callerId" in budget ? budget.callerId : undefined;
  const outcome = reported === 100 ? "BudgetSpent" : "BudgetWarning";
  const amount = budgetAmount(name);
  const detail = `${name} of ${budgetOwner(budget)}: ${amount(spent)} of ${amount(limit)}`;
  log({ level: "warn", caller, outcome, detail });
}
