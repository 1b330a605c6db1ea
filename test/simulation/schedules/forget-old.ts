/** What is over for days has no effect, and would make each look at the tables slower. */
import type { Tables } from "../model/tables.js";
import { DAY_MS } from "./drawn/span.js";

/** Longer than functions are away. No planning looks so far back. */
const SETTLED_KEPT_MS = 5 * DAY_MS;

const ENDED_KEPT_MS = 2 * DAY_MS;

export function forgetOld(
  { ingests, occurrences }: Tables,
  rows: Map<string, unknown>,
  nowMs: number,
): void {
  for (const [key, { settledAt }] of occurrences) {
    if (nowMs - (settledAt?.getTime() ?? nowMs) > SETTLED_KEPT_MS) occurrences.delete(key);
  }
  const isOpen = new Set(
    [...occurrences.values()].filter(({ settledAt }) => !settledAt).map(({ taskId }) => taskId),
  );
  for (const [taskId, { state, endedAt, lateStartUntil }] of ingests) {
    const isOver = state === "ended" && lateStartUntil === null && !isOpen.has(taskId);
    if (!isOver || nowMs - (endedAt?.getTime() ?? nowMs) < ENDED_KEPT_MS) continue;
    ingests.delete(taskId);
    rows.delete(taskId);
  }
}
