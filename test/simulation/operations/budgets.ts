/** Budgets, as operations of the store. A millisecond of these rows costs a quarter of a micro-USD. */
import fc from "../../support/properties.js";
import { addMs } from "../../../shared/clock.js";
import type { Budget, BudgetOwner } from "../../../shared/config/money/budgets.js";
import { forgetSpending } from "../../../shared/store/budgets/retention.js";
import { listLive, watchBudget } from "../../../shared/store/budgets/watch.js";
import { callerId, CALLERS, deadlineOf, leaseMs, newRow, startOf } from "./new-row.js";
import { type Operation, operation, SDK_APP_ID, soonMs, taskId } from "./operation.js";

const limit = fc.constantFrom(null, 2000, 9000, 40_000);

const LIMITS = {
  dailyMicroUsd: limit,
  dailyMs: limit.map((most) => most && 4 * most),
  monthlyMicroUsd: limit,
  isEnforced: fc.boolean(),
};

/** At least one limit, as the configuration asks for. */
const limits = fc
  .record(LIMITS)
  .map((drawn) => (hasLimit(drawn) ? drawn : { ...drawn, dailyMs: 36_000 }));

const hasLimit = ({
  dailyMicroUsd,
  dailyMs,
  monthlyMicroUsd,
}: Record<"dailyMicroUsd" | "dailyMs" | "monthlyMicroUsd", number | null>): boolean =>
  [dailyMicroUsd, dailyMs, monthlyMicroUsd].some((most) => most !== null);

const owner = fc.constantFrom<BudgetOwner>(
  { sdkAppId: SDK_APP_ID },
  ...CALLERS.map((id) => ({ callerId: id })),
);

const budget = fc.tuple(owner, limits).map(([whose, drawn]): Budget => ({ ...whose, ...drawn }));

/** Those of the caller and of the application, or one of them. */
const budgetsOf = (caller: string) =>
  fc.tuple(fc.option(limits), limits).map(([own, ofApplication]): Budget[] => {
    const ofAll = { sdkAppId: SDK_APP_ID, ...ofApplication };
    return own ? [{ callerId: caller, ...own }, ofAll] : [ofAll];
  });

const budgets = callerId.chain(budgetsOf);

export const budgetOperations: fc.Arbitrary<Operation>[] = [
  operation({ newRow, budgets, leaseMs }, (store, { newRow: row, ...more }, at) =>
    store.ingests.beginStart({ ...startOf(row, at), ...more, waitMaxMs: 60_000 }),
  ),
  operation(
    { taskId, budgets, leaseMs, advanceFence: fc.integer({ min: 0, max: 2 }) },
    async (store, { taskId: id, advanceFence, ...drawn }, at) => {
      const row = await store.ingests.read(id);
      const { callerId: caller = "one", account = "intl" } = row ?? {};
      return store.scheduled.begin({
        claimed: { taskId: id, advanceFence, callerId: caller, account },
        at: addMs(at, 5000),
        waitMaxMs: 60_000,
        quotas: {},
        ...drawn,
      });
    },
  ),
  operation({ taskId, budgets, soonMs }, (store, { taskId: id, soonMs: ms, ...drawn }, at) =>
    store.ingests.markUpdated({
      taskId: id,
      deadlineAt: deadlineOf(id, at, ms),
      play: {},
      signature: undefined,
      at,
      ...drawn,
    }),
  ),
  operation(
    { taskId, budgets, soonMs: fc.option(soonMs), endingId: fc.option(taskId) },
    (store, { taskId: id, soonMs: ms, endingId, ...drawn }, at) =>
      store.budgets.overBudget({
        taskId: id,
        ...(ms !== null && { deadlineAt: deadlineOf(id, at, ms) }),
        ...(endingId !== null && { ending: [endingId] }),
        ...drawn,
      }),
  ),
  operation({ budget }, (store, drawn) =>
    store.budgets.run(watchBudget, { ...drawn, receivers: CALLERS }),
  ),
  operation({ owner }, (store, drawn) => store.budgets.run(listLive, { ...drawn, limit: 3 })),
  operation({ soonMs }, (store, { soonMs: ms }, at) =>
    store.budgets.run(forgetSpending, { before: addMs(at, ms - 86_400_000) }),
  ),
];
