/** What the functions do, as rows: health and the doctor show the same ones. */
import type { Query } from "../store/engine/database.js";
import { readBacklog } from "../store/health/backlog.js";
import { readBudgets } from "../store/health/budgets.js";
import { countGivenUp, readDeliveries } from "../store/health/deliveries.js";
import { readSlotUse } from "../store/health/slots.js";
import { readTimerRuns } from "../store/health/timer-runs.js";
import { readTrtcAnswers } from "../store/health/trtc-answers.js";
import { budgetRows } from "./budgets.js";
import { deliveryRows } from "./deliveries.js";
import { lateWork } from "./late-work.js";
import { pass, type Row } from "./row.js";
import { type Ticks, timerRows } from "./timers.js";
import { slotRows, trtcRow } from "./trtc.js";

export const workRows = async (
  query: Query,
  { ticks, graceMs }: { ticks: Ticks; graceMs: number },
): Promise<Row[]> => {
  const timers = await readTimerRuns(query);
  return [
    pass("database: version", `migrated, at version ${timers.migration}`),
    ...timerRows(timers, ticks),
    ...lateWork(await readBacklog(query, { graceMs })),
    ...deliveryRows(await readDeliveries(query), await countGivenUp(query)),
    ...budgetRows(await readBudgets(query)),
    ...slotRows(await readSlotUse(query)),
    trtcRow(await readTrtcAnswers(query)),
  ];
};
