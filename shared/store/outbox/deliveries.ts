/** Chooses which events of the outbox are sent when, and records what becomes of them. */
import { addMs } from "../../clock.js";
import type { Query, Row } from "../engine/database.js";
import { bind, run, sql } from "../engine/sql.js";
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
  /** Includes this attempt and postponed ones. It identifies the claim that a result belongs to. */
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
 * The callers with an event that is due. A caller that accepted its earlier events comes before a
 * caller that did not. Among equals, the longest waiting comes first.
 */
async function callersWaiting(query: Query, at: Date): Promise<string[]> {
  const rows = await run(
    query,
    sql`select caller_id from outbox
     where dead_at is null
     group by caller_id
     having min(try_at) <= ${at}
     order by count(*) filter (where attempts > 0), min(try_at)`,
  );
  return rows.map((row) => String(row["caller_id"]));
}

/**
 * Claims a caller's events. Of each ingest it takes only the first: the next one waits until that
 * one is delivered or given up. A claim lapses by itself; then the event is sent again.
 */
async function claim(
  query: Query,
  { callerId, at, leaseMs, limit }: { callerId: string; at: Date; leaseMs: number; limit: number },
): Promise<Notification[]> {
  const rows = await run(
    query,
    sql`update outbox set try_at = ${addMs(at, leaseMs)}, attempts = attempts + 1
     where (task_id, position) in (
       select task_id, position from outbox as first
       where caller_id = ${callerId} and dead_at is null and try_at <= ${at}
         and not exists (
           select from outbox as earlier
           where earlier.task_id = first.task_id and earlier.position < first.position
             and earlier.dead_at is null
         )
       order by try_at
       limit ${limit}
       for update skip locked
     )
     returning *`,
  );
  return rows.map(notificationOf);
}

/** The event is delivered or no longer needed. That holds also under a later claim. */
async function remove(query: Query, { taskId, position }: NotificationKey): Promise<void> {
  await run(query, sql`delete from outbox where task_id = ${taskId} and position = ${position}`);
}

/** Later events of the same ingest are postponed too, so that no run reads them in vain. */
async function postpone(
  query: Query,
  { taskId, position, attempts, tryAt }: NotificationKey & Pick<Notification, "attempts" | "tryAt">,
): Promise<void> {
  const [task, from] = [bind(taskId), bind(position)];
  await run(
    query,
    sql`update outbox set try_at = ${tryAt}
     where task_id = ${task} and position >= ${from} and dead_at is null
       and exists (
         select from outbox as claimed
         where claimed.task_id = ${task} and claimed.position = ${from}
           and claimed.attempts = ${attempts}
       )`,
  );
}

/**
 * The caller accepts nothing now, so its other due events are postponed as if they had been tried.
 * `pausesMs` has the pause after each number of attempts; the last one counts for all further
 * attempts. An event that is past its last day stays due: it is tried once more and then given up.
 */
async function postponeRest(
  query: Query,
  { callerId, at, pausesMs }: { callerId: string; at: Date; pausesMs: readonly number[] },
): Promise<void> {
  const now = bind(at);
  const pauses = sql`${pausesMs}::float8[]`;
  await run(
    query,
    sql`update outbox set
       attempts = attempts + 1,
       try_at = ${now}::timestamptz + interval '1 millisecond'
         * (${pauses})[least(attempts + 1, cardinality(${pauses}))]
     where (task_id, position) in (
       select task_id, position from outbox
       where caller_id = ${callerId} and dead_at is null and try_at <= ${now} and give_up_at > ${now}
       for update skip locked
     )`,
  );
}

/** Gives an event up and keeps it for the operator. */
async function addDeadLetter(
  query: Query,
  {
    taskId,
    position,
    attempts,
    reason,
    at,
  }: NotificationKey & { attempts: number; reason: string; at: Date },
): Promise<void> {
  await run(
    query,
    sql`update outbox set dead_at = ${at}, dead_reason = ${reason}
     where task_id = ${taskId} and position = ${position} and attempts = ${attempts}
       and dead_at is null`,
  );
}

/** Deletes and returns due events of a caller that has no address any more. */
async function dropOf(
  query: Query,
  { callerId, at, limit }: { callerId: string; at: Date; limit: number },
): Promise<Notification[]> {
  const rows = await run(
    query,
    sql`delete from outbox
     where (task_id, position) in (
       select task_id, position from outbox
       where caller_id = ${callerId} and dead_at is null and try_at <= ${at}
       order by try_at
       limit ${limit}
       for update skip locked
     )
     returning *`,
  );
  return rows.map(notificationOf);
}

/** The latest first. */
async function listDead(
  query: Query,
  { callerId, limit }: { callerId?: string | undefined; limit: number },
): Promise<DeadNotification[]> {
  const caller = bind(callerId ?? null);
  const rows = await run(
    query,
    sql`select * from outbox
     where dead_at is not null and (${caller}::text is null or caller_id = ${caller})
     order by dead_at desc, task_id, position
     limit ${limit}`,
  );
  return rows.map((row) => ({
    ...notificationOf(row),
    deadAt: row["dead_at"] as Date,
    deadReason: String(row["dead_reason"]),
  }));
}

/** Tries an event that was given up for one more day. Returns whether there was one. */
async function revive(
  query: Query,
  { taskId, position, at }: NotificationKey & { at: Date },
): Promise<boolean> {
  const now = bind(at);
  const rows = await run(
    query,
    sql`update outbox
     set dead_at = null, dead_reason = null, attempts = 0, try_at = ${now}::timestamptz,
         give_up_at = ${now}::timestamptz + ${GIVE_UP_AFTER}
     where task_id = ${taskId} and position = ${position} and dead_at is not null
     returning task_id`,
  );
  return rows.length > 0;
}

/** Deletes events that were given up before this time. */
async function forgetDead(query: Query, before: Date): Promise<void> {
  await run(query, sql`delete from outbox where dead_at < ${before}`);
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
