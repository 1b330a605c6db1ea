/** Notifications that no receiver took for a day: the other way of the same post. */
import type { Clock } from "../../shared/clock.js";
import type { DeadNotification } from "../../shared/store/outbox/deliveries.js";
import type { Store } from "../../shared/store/store.js";

/** The receiver sees it as `webhook-id`. */
const idOf = ({ taskId, position }: Pick<DeadNotification, "taskId" | "position">): string =>
  `${taskId}-${position}`;

export const shownNotification = (of: DeadNotification) => ({
  id: idOf(of),
  type: of.type,
  caller: of.callerId,
  happenedAt: of.happenedAt.toISOString(),
  deadAt: of.deadAt.toISOString(),
  reason: of.deadReason,
  attempts: of.attempts,
});

export const notificationLine = (of: DeadNotification): string =>
  `${idOf(of)}  ${of.type}  ${of.callerId}  ${of.deadAt.toISOString()}  ${of.deadReason}`;

/** Says of each whether it was there; deliver-notifications then sends it, for another day. */
export async function resend(
  store: Store,
  ids: readonly string[],
  clock: Clock,
): Promise<{ id: string; outcome: "sent again" | "not there" }[]> {
  const results = [];
  for (const id of ids) {
    const [, taskId = "", position = "0"] = /^(ing-[0-9a-z]+)-(\d{1,9})$/.exec(id) ?? [];
    const key = { taskId, position: Number(position), at: clock.now() };
    const isThere = await store.outbox.revive(key);
    results.push({ id, outcome: isThere ? ("sent again" as const) : ("not there" as const) });
  }
  return results;
}
