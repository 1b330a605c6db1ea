/**
 * What callers are to be told. An event is written by the very statement that changes the ingest:
 * there is no change without its event, no event without its change, and of those who race to make
 * a change the one who makes it writes the event.
 */
import { addMs } from "../clock.js";
import type { Query, Row } from "./database.js";

export const NOTIFICATION_TYPES = ["ingest.started", "ingest.media", "ingest.ended"] as const;
export type NotificationType = (typeof NOTIFICATION_TYPES)[number];

/** Kept with each event: columns of `ingest` as the change leaves them. Never what is played. */
const FACTS = [
  ...["trtc_task_id", "sdk_app_id", "room_id", "room_id_type", "robot_user_id", "state"],
  ...["end_reason", "failure_code", "started_at", "deadline_at", "due_at", "ended_at"],
];

/** From the change on: who could not be told by then never is, unless it is asked for. */
const GIVE_UP_AFTER = "interval '1 day'";

/** Not tried before what it has to wait for is: whoever looks for events does not find it in vain. */
const BEFORE_IT = `(
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)`;

interface Change {
  set: string;
  where: string;
  /** When it happened: a column, by its name. */
  happenedAt: string;
  /** Columns that this type of event tells besides the usual ones. */
  besides?: readonly string[];
  /** Of the row as it was: whether it is told at all. */
  isNews?: string;
  /** Parts of the statement that it builds on, and that go with it: of the latter `changed` is in view. */
  with?: readonly string[];
  and?: readonly string[];
  /** What of `changed` is returned. */
  select?: string;
}

/**
 * The statement that changes an ingest and writes its event; returns the row as it is then. Of two
 * at once that tell the same news the second counts nothing, and finds its event written.
 */
export const noted = (type: NotificationType, change: Change): string => {
  const { set, where, happenedAt, besides = [], isNews = "true" } = change;
  const { with: before = [], and: after = [], select = "*" } = change;
  return [
    "with",
    ...before.map((part) => `${part},`),
    `told_of as (select task_id, ${isNews} as is_news from ingest where ${where}),
     changed as (
       update ingest set ${set}, notified = notified + case when ${isNews} then 1 else 0 end
       where ${where}
       returning *
     ),
     noted as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
       select task_id, notified, caller_id, '${type}', ${happenedAt},
              (select to_jsonb(fact) from (select ${[...FACTS, ...besides].join(", ")}) as fact),
              greatest(${happenedAt}, ${BEFORE_IT}), ${happenedAt} + ${GIVE_UP_AFTER}
       from changed join told_of using (task_id)
       where notified is not null and is_news
       on conflict (task_id, position) do nothing
     )`,
    ...after.map((part) => `, ${part}`),
    `select ${select} from changed`,
  ].join("\n");
};

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
  /** This one included; says which claim a result is of. */
  attempts: number;
  /** The end of the claim. */
  tryAt: Date;
  giveUpAt: Date;
}

export interface DeadNotification extends Notification {
  deadAt: Date;
  deadReason: string;
}

export type Outbox = ReturnType<typeof makeOutbox>;

export const makeOutbox = (query: Query) => ({
  callersWaiting: callersWaiting.bind(undefined, query),
  claim: claim.bind(undefined, query),
  remove: remove.bind(undefined, query),
  postpone: postpone.bind(undefined, query),
  bury: bury.bind(undefined, query),
  dropOf: dropOf.bind(undefined, query),
  listDead: listDead.bind(undefined, query),
  revive: revive.bind(undefined, query),
  forgetDead: forgetDead.bind(undefined, query),
});

/** Who has something to be told now, whoever waits longest first. */
async function callersWaiting(query: Query, at: Date): Promise<string[]> {
  const rows = await query(
    `select caller_id from outbox
     where dead_at is null and try_at <= $1
     group by caller_id
     order by min(try_at)`,
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

/** Gives it up, for whoever looks after the functions to see. */
async function bury(
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
