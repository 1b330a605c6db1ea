/**
 * The events that callers receive. The statement that changes an ingest writes its event
 * (with-outbox-event.ts). The delivery sends it later, until it arrives or is given up
 * (deliveries.ts).
 */
import { sql } from "../engine/sql.js";

export const NOTIFICATION_TYPES = [
  "ingest.scheduled",
  "ingest.started",
  "ingest.media",
  "ingest.ended",
  "ingest.item",
  "ingest.source",
  "ingest.restarted",
  // Their task_id is the id of a schedule.
  "schedule.missed",
  "schedule.paused",
  // Their task_id names a budget, its period and who hears of it.
  "budget.warning",
  "budget.spent",
] as const;
export type NotificationType = (typeof NOTIFICATION_TYPES)[number];

/** How long after the change an event is tried, unless an operator sends it again. */
export const GIVE_UP_AFTER = sql`interval '1 day'`;
