/** What waits to be delivered, and what could not be. These statements change no row. */
import type { Query } from "../engine/database.js";
import { run, sql } from "../engine/sql.js";

export interface Deliveries {
  /** Notifications that wait, and the age of the oldest that is due. */
  waiting: number;
  oldestDueMs: number;
  /** The age of the oldest that waits. */
  oldestMs: number;
  /** Callers whose receiver did not take the last attempt, the most notifications first. */
  failing: { callerId: string; waiting: number; oldestMs: number }[];
  deadLetters: number;
  oldestDeadLetterMs: number;
}

/**
 * A claim counts its attempt before the answer, and holds the row for its lease. A first attempt that
 * failed is tried again within 5 seconds, which is less than a lease.
 */
const HAS_FAILED = sql`(attempts > 1 or (attempts = 1 and try_at <= now() + interval '5 seconds'))`;

/** The callers that one answer names. */
const FAILING_MAX = 10;

export async function readDeliveries(query: Query): Promise<Deliveries> {
  const [[row = {}], failing] = await Promise.all([
    run(
      query,
      sql`select (select count(*) from outbox where dead_at is null)::int as waiting,
            (select coalesce(extract(epoch from max(now() - try_at)) * 1000, 0) from outbox
             where dead_at is null and try_at < now())::float8 as oldest_due_ms,
            (select coalesce(extract(epoch from max(now() - happened_at)) * 1000, 0) from outbox
             where dead_at is null)::float8 as oldest_ms,
            (select count(*) from dead_letter where replayed_at is null)::int as dead_letters,
            (select coalesce(extract(epoch from max(now() - received_at)) * 1000, 0)
             from dead_letter where replayed_at is null)::float8 as oldest_dead_letter_ms`,
    ),
    run(
      query,
      sql`select caller_id, count(*)::int as waiting,
            (extract(epoch from max(now() - happened_at)) * 1000)::float8 as oldest_ms
     from outbox where dead_at is null
     group by caller_id having bool_or(${HAS_FAILED})
     order by waiting desc, caller_id
     limit ${FAILING_MAX}`,
    ),
  ]);
  return {
    waiting: Number(row["waiting"]),
    oldestDueMs: Number(row["oldest_due_ms"]),
    oldestMs: Number(row["oldest_ms"]),
    failing: failing.map((receiver) => ({
      callerId: String(receiver["caller_id"]),
      waiting: Number(receiver["waiting"]),
      oldestMs: Number(receiver["oldest_ms"]),
    })),
    deadLetters: Number(row["dead_letters"]),
    oldestDeadLetterMs: Number(row["oldest_dead_letter_ms"]),
  };
}

/** Notifications that were given up and are still kept. It reads them all, so metrics have a counter. */
export async function countGivenUp(query: Query): Promise<number> {
  const [row] = await run(
    query,
    sql`select count(*)::int as given_up from outbox where dead_at is not null`,
  );
  return Number(row?.["given_up"]);
}
