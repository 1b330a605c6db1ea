/**
 * What callers are told: events that wait until they are delivered or given up. They are written
 * with the change that they tell of (noted.ts), and sent afterwards (deliveries.ts).
 */
export const NOTIFICATION_TYPES = ["ingest.started", "ingest.media", "ingest.ended"] as const;
export type NotificationType = (typeof NOTIFICATION_TYPES)[number];

/** From the change on: who could not be told by then never is, unless it is asked for. */
export const GIVE_UP_AFTER = "interval '1 day'";
