/**
 * What callers are to be told. An event is written by the very statement that changes the ingest:
 * there is no change without its event, no event without its change, and of those who race to make
 * a change the one who makes it writes the event.
 */
export const NOTIFICATION_TYPES = ["ingest.started", "ingest.media", "ingest.ended"] as const;
export type NotificationType = (typeof NOTIFICATION_TYPES)[number];

/** Kept with each event: columns of `ingest` as the change leaves them. Never what is played. */
const FACTS = [
  ...["trtc_task_id", "sdk_app_id", "room_id", "room_id_type", "robot_user_id", "state"],
  ...["end_reason", "failure_code", "started_at", "deadline_at", "due_at", "ended_at"],
];

/** From the change on: who could not be told by then never is, unless it is asked for. */
export const GIVE_UP_AFTER = "interval '1 day'";

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
