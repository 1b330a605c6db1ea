/** What of the outbox is sent when, for which caller first, and what becomes of it. */
import { addMs } from "../../clock.js";
import type { Query, Row } from "../engine/database.js";
import { GIVE_UP_AFTER, type NotificationType } from "./outbox.js";

export interface NotificationKey {
  taskId: string;
  position: number;
}

export interface Notification extends NotificationKey {
  callerId: string;
  type: NotificationType;
  happenedAt: Date;
  /** By column; instants as text. */
  facts: Readonly<Record<string, unknown>>;
  /** This one included, and those that it was put off with; says which claim a result is of. */
  attempts: number;
  /** The end of the claim. */
  tryAt: Date;
  giveUpAt: Date;
}

export interface DeadNotification extends Notification {
  deadAt: Date;
  deadReason: string;
}

export const makeOutbox = (query: Query) => ({
  callersWaiting: callersWaiting.bind(undefined, query),
  claim: claim.bind(undefined, query),
  remove: remove.bind(undefined, query),
  postpone: postpone.bind(undefined, query),
  postponeRest: postponeRest.bind(undefined, query),
  addDeadLetter: addDeadLetter.bind(undefined, query),
  dropOf: dropOf.bind(undefined, query),
  listDead: listDead.bind(undefined, query),
  revive: revive.bind(undefined, query),
  forgetDead: forgetDead.bind(undefined, query),
});

/**
 * Who has something to be told now: who has taken what was sent goes before who has not, and then
 * whoever waits longest.
 */
async function callersWaiting(query: Query, at: Date): Promise<string[]> {
  const rows = await query(
    `select caller_id from outbox
     where dead_at is null
     group by caller_id
     having min(try_at) <= $1
     order by count(*) filter (where attempts > 0), min(try_at)`,
    [at],
  );
  return rows.map((row) => String(row["caller_id"]));
}

/**
 * Claims a caller's events, of each ingest the first only: the next one waits until that is
 * delivered or given up. A claim lapses by itself; then the event is sent again.
 */
async function claim(
  query: Query,
  { callerId, at, leaseMs, limit }: { callerId: string; at: Date; leaseMs: number; limit: number },
): Promise<Notification[]> {
  const rows = await query(
    `update outbox set try_at = $3, attempts = attempts + 1
     where (task_id, position) in (
       select task_id, position from outbox as first
       where caller_id = $1 and dead_at is null and try_at <= $2
         and not exists (
           select from outbox as earlier
           where earlier.task_id = first.task_id and earlier.position < first.position
             and earlier.dead_at is null
         )
       order by try_at
       limit $4
       for update skip locked
     )
     returning *`,
    [callerId, at, addMs(at, leaseMs), limit],
  );
  return rows.map(notificationOf);
}

/** It is delivered, or not wanted: a fact, whoever has it claimed by now. */
async function remove(query: Query, { taskId, position }: NotificationKey): Promise<void> {
  await query("delete from outbox where task_id = $1 and position = $2", [taskId, position]);
}

/** What waits behind it is postponed as well, so that nobody looks at it in vain. */
async function postpone(
  query: Query,
  of: NotificationKey & { attempts: number; tryAt: Date },
): Promise<void> {
  await query(
    `update outbox set try_at = $4
     where task_id = $1 and position >= $2 and dead_at is null
       and exists (
         select from outbox as claimed
         where claimed.task_id = $1 and claimed.position = $2 and claimed.attempts = $3
       )`,
    [of.taskId, of.position, of.attempts, of.tryAt],
  );
}

/**
 * The caller takes nothing now: what else is due is put off as if it had been tried, for the pause
 * after so many attempts (the last one stands for all that follow). What is past its day stays due:
 * it is tried once more, and is dead then.
 */
async function postponeRest(
  query: Query,
  { callerId, at, pausesMs }: { callerId: string; at: Date; pausesMs: readonly number[] },
): Promise<void> {
  await query(
    `update outbox set
       attempts = attempts + 1,
       try_at = $2::timestamptz + interval '1 millisecond'
         * ($3::float8[])[least(attempts + 1, cardinality($3::float8[]))]
     where (task_id, position) in (
       select task_id, position from outbox
       where caller_id = $1 and dead_at is null and try_at <= $2 and give_up_at > $2
       for update skip locked
     )`,
    [callerId, at, pausesMs],
  );
}

/** Gives it up, for whoever looks after the functions to see. */
async function addDeadLetter(
  query: Query,
  of: NotificationKey & { attempts: number; reason: string; at: Date },
): Promise<void> {
  await query(
    `update outbox set dead_at = $4, dead_reason = $5
     where task_id = $1 and position = $2 and attempts = $3 and dead_at is null`,
    [of.taskId, of.position, of.attempts, of.at, of.reason],
  );
}

/** Deletes what waits for a caller whom nobody can tell; returns what that was. */
async function dropOf(
  query: Query,
  { callerId, at, limit }: { callerId: string; at: Date; limit: number },
): Promise<Notification[]> {
  const rows = await query(
    `delete from outbox
     where (task_id, position) in (
       select task_id, position from outbox
       where caller_id = $1 and dead_at is null and try_at <= $2
       order by try_at
       limit $3
       for update skip locked
     )
     returning *`,
    [callerId, at, limit],
  );
  return rows.map(notificationOf);
}

/** The latest first. */
async function listDead(
  query: Query,
  { callerId, limit }: { callerId?: string | undefined; limit: number },
): Promise<DeadNotification[]> {
  const rows = await query(
    `select * from outbox
     where dead_at is not null and ($1::text is null or caller_id = $1)
     order by dead_at desc, task_id, position
     limit $2`,
    [callerId ?? null, limit],
  );
  return rows.map((row) => ({
    ...notificationOf(row),
    deadAt: row["dead_at"] as Date,
    deadReason: String(row["dead_reason"]),
  }));
}

/** Sends a dead one again, for another day. Says whether there was one. */
async function revive(
  query: Query,
  { taskId, position, at }: NotificationKey & { at: Date },
): Promise<boolean> {
  const rows = await query(
    `update outbox
     set dead_at = null, dead_reason = null, attempts = 0, try_at = $3::timestamptz,
         give_up_at = $3::timestamptz + ${GIVE_UP_AFTER}
     where task_id = $1 and position = $2 and dead_at is not null
     returning task_id`,
    [taskId, position, at],
  );
  return rows.length > 0;
}

/** What was given up before then is not asked for any more. */
async function forgetDead(query: Query, before: Date): Promise<void> {
  await query("delete from outbox where dead_at < $1", [before]);
}

const notificationOf = (row: Row): Notification => ({
  taskId: String(row["task_id"]),
  position: Number(row["position"]),
  callerId: String(row["caller_id"]),
  type: row["type"] as NotificationType,
  happenedAt: row["happened_at"] as Date,
  facts: row["facts"] as Notification["facts"],
  attempts: Number(row["attempts"]),
  tryAt: row["try_at"] as Date,
  giveUpAt: row["give_up_at"] as Date,
});
