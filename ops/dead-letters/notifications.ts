/** Notifications that no receiver accepted for a day. */
import type { Clock } from "../../shared/clock.js";
import type { DeadNotification } from "../../shared/store/outbox/deliveries.js";
import type { Store } from "../../shared/store/store.js";

/** The receiver sees it as `webhook-id`. */
const idOf = ({ taskId, position }: Pick<DeadNotification, "taskId" | "position">): string =>
  `${taskId}-${position}`;

export const shownNotification = (notification: DeadNotification) => ({
  id: idOf(notification),
  type: notification.type,
  caller: notification.callerId,
  happenedAt: notification.happenedAt.toISOString(),
  deadAt: notification.deadAt.toISOString(),
  reason: notification.deadReason,
  attempts: notification.attempts,
});

export const notificationLine = (notification: DeadNotification): string =>
  `${idOf(notification)}  ${notification.type}  ${notification.callerId}  ${notification.deadAt.toISOString()}  ${notification.deadReason}`;

/**
 * Reports for each id whether the notification exists. deliver-notifications then sends it for
 * another day.
 */
export async function resend(
  stores: readonly Store[],
  ids: readonly string[],
  clock: Clock,
): Promise<{ id: string; outcome: "sent again" | "not there" }[]> {
  const results = [];
  for (const id of ids) {
    const [, taskId = "", position = "0"] = /^(ing-[0-9a-z]+)-(\d{1,9})$/.exec(id) ?? [];
    const key = { taskId, position: Number(position), at: clock.now() };
    const revived = await Promise.all(stores.map((store) => store.outbox.revive(key)));
    const isThere = revived.includes(true);
    results.push({ id, outcome: isThere ? ("sent again" as const) : ("not there" as const) });
  }
  return results;
}
