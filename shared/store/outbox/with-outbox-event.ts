/**
 * An event is written by the very statement that changes the ingest: there is no change without its
 * event, no event without its change, and of those who race to make a change the one who makes it
 * writes the event.
 */
import { GIVE_UP_AFTER, type NotificationType } from "./outbox.js";

/** Kept with each event: columns of `ingest` as the change leaves them. Never what is played. */
const FACTS = [
  ...["trtc_task_id", "sdk_app_id", "room_id", "room_id_type", "robot_user_id", "state"],
  ...[
    "end_reason",
    "failure_code",
    "failure_message",
    "end_cause",
    "started_at",
    "stop_asked_at",
    "deadline_at",
    "due_at",
    "ended_at",
  ],
  ...["paused_at", "empty_seconds", "cardinality(media_failures) as failures"],
];

/** Not tried before what it has to wait for is: whoever looks for events does not find it in vain. */
const BEFORE_IT = `(
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)`;

interface Told {
  /** When it happened: a column, by its name. */
  happenedAt: string;
  /** Columns that this type of event tells besides the usual ones. */
  besides?: readonly string[];
  /** Of the row as it was: whether it is told at all. */
  isNews?: string;
}

interface Change extends Told {
  set: string;
  where: string;
  /** A part of the statement whose rows the change is made from. */
  from?: string;
  /** An event that comes after it, of the same change. */
  next?: Told & { type: NotificationType };
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
export const withOutboxEvent = (type: NotificationType, change: Change): string => {
  const { set, where, from, next } = change;
  const { with: before = [], and: after = [], select = "*" } = change;
  const others = from === undefined ? "" : `, ${from}`;
  const news = countOf(change);
  const nextNews = next ? countOf(next) : "0";
  const events = [eventOf(type, change, { position: "notified - next_news", count: "news" })];
  if (next) events.push(eventOf(next.type, next, { position: "notified", count: "next_news" }));
  return [
    "with",
    ...before.map((part) => `${part},`),
    `told_of as (
       select task_id, ${news} as news, ${nextNews} as next_news from ingest${others} where ${where}
     ),
     changed as (
       update ingest set ${set}, notified = notified + ${news} + ${nextNews}
       ${from === undefined ? "" : `from ${from}`}
       where ${where}
       returning ingest.*
     ),
     noted as (
       insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
       ${events.join("\nunion all\n")}
       on conflict (task_id, position) do nothing
     )`,
    ...after.map((part) => `, ${part}`),
    `select ${select} from changed`,
  ].join("\n");
};

const countOf = ({ isNews = "true" }: Told): string => `case when ${isNews} then 1 else 0 end`;

const eventOf = (
  type: NotificationType,
  { happenedAt, besides = [] }: Told,
  { position, count }: Record<"position" | "count", string>,
): string => `
  select task_id, ${position}, caller_id, '${type}', ${happenedAt},
         (select to_jsonb(fact) from (select ${[...FACTS, ...besides].join(", ")}) as fact),
         greatest(${happenedAt}, ${BEFORE_IT}), ${happenedAt} + ${GIVE_UP_AFTER}
  from changed join told_of using (task_id)
  where notified is not null and ${count} > 0`;
