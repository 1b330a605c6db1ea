/** The operations on budgets, as the store has them. */
import type { Budget } from "../../config/money/budgets.js";
import type { Query } from "../engine/database.js";
import { sql } from "../engine/sql.js";
import type { SlotTime } from "../slots.js";
import { fromNow, movedTo, overBudget } from "./within-budgets.js";

interface Planned {
  taskId: string;
  /** Absent: the deadline that it has. */
  deadlineAt?: Date | undefined;
  budgets: readonly Budget[];
  /** Ingests that end when this one plays on. */
  ending?: readonly string[] | undefined;
}

export const makeBudgets = (query: Query, slotTime: () => SlotTime) => ({
  /** The first budget that an ingest would pass that plays from now to its deadline. */
  overBudget({ taskId, deadlineAt, budgets, ending }: Planned) {
    const planned = deadlineAt
      ? movedTo({ taskId, deadlineAt, ending })
      : { candidate: fromNow(sql`task_id = ${taskId}`), ending };
    return overBudget(query, { ...planned, budgets, now: slotTime().now });
  },
  /** For operations of reconcile-ingests, which the bundles of other functions do not carry. */
  run: <Asked, Answer>(
    operation: (query: Query, asked: Asked & Pick<SlotTime, "now">) => Promise<Answer>,
    asked: Asked,
  ): Promise<Answer> => operation(query, { ...asked, now: slotTime().now }),
});
