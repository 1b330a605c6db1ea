/** Whether callers' receivers take their notifications, and whether messages failed. */
import { MINUTE_MS } from "../clock.js";
import type { Deliveries } from "../store/health/deliveries.js";
import { counted, duration, fail, pass, type Row, warn } from "./row.js";

/** deliver-notifications runs every minute. */
const LATE_MS = 3 * MINUTE_MS;

/** `givenUp`: how many notifications were. */
export const deliveryRows = (deliveries: Deliveries, givenUp: number): Row[] => [
  ...notifications(deliveries, givenUp),
  deadLetters(deliveries),
];

function notifications({ waiting, oldestDueMs, failing }: Deliveries, givenUp: number): Row[] {
  const check = "notifications";
  const rows: Row[] = failing.map(({ callerId, waiting: count, oldestMs }) =>
    fail(
      check,
      `the receiver of ${callerId} does not take them: ${count} wait, the oldest for ${duration(oldestMs)}`,
      "ask the caller to mend its NotifyUrl; each is tried for a day",
    ),
  );
  if (rows.length === 0 && oldestDueMs > LATE_MS) {
    const finding = `${waiting} wait, the oldest for ${duration(oldestDueMs)}`;
    const advice = "deliver-notifications does not run: check its trigger and its log";
    rows.push(fail(check, finding, advice));
  }
  if (rows.length === 0) rows.push(pass(check, `${waiting} wait, none late`));
  if (givenUp > 0) {
    const finding = `${counted(givenUp, "notification")} given up`;
    rows.push(warn(check, finding, "see `npm run dead-letters -- notifications`"));
  }
  return rows;
}

function deadLetters({ deadLetters: count, oldestDeadLetterMs }: Deliveries): Row {
  const check = "dead letters";
  if (count === 0) return pass(check, "none");
  const finding = `${count}, the oldest for ${duration(oldestDeadLetterMs)}`;
  return warn(check, finding, "see `npm run dead-letters`, mend the cause, and replay them");
}
