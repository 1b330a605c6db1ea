/**
 * The statement that changes an ingest also writes its event (transactional outbox). There is no
 * change without its event and no event without its change. When several statements compete to
 * make a change, the one that makes it writes the event.
 */
import { joined, NOTHING, raw, type Sql, sql } from "../engine/sql.js";
import { BY_ACTOR } from "../history/actor.js";
import { GIVE_UP_AFTER, type NotificationType } from "./outbox.js";

/** The columns of `ingest` that an event keeps, as they are after the change. Never what is played. */
const FACTS = [
  "trtc_task_id",
  "sdk_app_id",
  "room_id",
  "room_id_type",
  "robot_user_id",
  "state",
  "end_reason",
  "failure_code",
  "failure_message",
  "end_cause",
  "starts_at",
  "started_at",
  "stop_asked_at",
  "deadline_at",
  "due_at",
  "ended_at",
  "paused_at",
  "empty_seconds",
  "occurrence",
  "media",
  "prices",
  "cardinality(media_failures) as failures",
];

/** An event is not tried before the earlier ones of its ingest, so that no delivery reads it in vain. */
const BEFORE_IT = sql`(
  select max(try_at) from outbox as before
  where before.task_id = changed.task_id and before.dead_at is null
)`;

const OUTBOX_COLUMNS = raw(
  "task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at",
);

interface OutboxEvent {
  /** When it happened: a column, or a value. */
  happenedAt: string | Sql;
  /** Columns that this type of event keeps in addition to `FACTS`. */
  besides?: readonly string[];
  /** Whether the event is written, decided on the row before the change; absent: always. */
  isNews?: Sql;
}

interface Change extends OutboxEvent {
  set: Sql;
  where: Sql;
  /** A `with` part whose rows the change uses. */
  from?: Sql;
  /** A second event of the same change. */
  next?: OutboxEvent & { type: NotificationType };
  /** `with` parts before the change. */
  with?: readonly Sql[];
  /** `with` parts after the change, which can read `changed`. */
  and?: readonly Sql[];
  /** The columns of `changed` that are returned. */
  select?: Sql;
}

const ALL_COLUMNS = sql`*`;

/**
 * The statement that changes an ingest and writes its event; it returns the changed row. Of two
 * concurrent statements with the same news, the second counts nothing and finds the event written.
 */
export const withOutboxEvent = (type: NotificationType, change: Change): Sql => {
  const { set, where, from, next } = change;
  const { with: before = [], and: after = [], select = ALL_COLUMNS } = change;
  const news = countOf(change);
  const nextNews = next ? countOf(next) : raw("0");
  const events = [
    eventOf(type, change, { position: raw("notified - next_news"), count: raw("news") }),
  ];
  if (next) {
    events.push(eventOf(next.type, next, { position: raw("notified"), count: raw("next_news") }));
  }
  return sql`with ${joined(
    before.map((part) => sql`${part},`),
    "\n",
  )}
     before_change as (
       select task_id, ${news} as news, ${nextNews} as next_news
       from ingest${from ? sql`, ${from}` : NOTHING} where ${where}
     ),
     changed as (
       update ingest set ${set}, notified = notified + ${news} + ${nextNews}, ${BY_ACTOR}
       ${from ? sql`from ${from}` : NOTHING}
       where ${where}
       returning ingest.*
     ),
     events as (
       insert into outbox (${OUTBOX_COLUMNS})
       ${joined(events, "\nunion all\n")}
       on conflict (task_id, position) do nothing
     )${joined(
       after.map((part) => sql`, ${part}`),
       "\n",
     )}
     select ${select} from changed`;
};

const countOf = ({ isNews }: OutboxEvent): Sql =>
  sql`case when ${isNews ?? raw("true")} then 1 else 0 end`;

const eventOf = (
  type: NotificationType,
  event: OutboxEvent,
  { position, count }: Record<"position" | "count", Sql>,
): Sql => sql`
  ${eventColumns(type, event, position)}
  from changed join before_change using (task_id)
  where notified is not null and ${count} > 0`;

const eventColumns = (
  type: NotificationType,
  { happenedAt, besides = [] }: OutboxEvent,
  position: Sql,
): Sql => {
  const time = typeof happenedAt === "string" ? raw(happenedAt) : happenedAt;
  return sql`select task_id, ${position}, caller_id, '${raw(type)}', ${time},
         (select to_jsonb(fact) from (select ${raw([...FACTS, ...besides].join(", "))}) as fact),
         greatest(${time}, ${BEFORE_IT}), ${time} + ${GIVE_UP_AFTER}`;
};

/** The event of a new row, which the statement calls `changed`. */
export const firstEvent = (type: NotificationType, event: OutboxEvent): Sql => sql`
       insert into outbox (${OUTBOX_COLUMNS})
       ${eventColumns(type, event, raw("notified"))}
       from changed
       where notified is not null`;
