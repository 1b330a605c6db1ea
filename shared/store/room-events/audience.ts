/**
 * Records who is in a room, from TRTC's events about users that enter and leave. A user's last
 * event counts, by its own time. The type of the room is ignored. A numeric and a text room may
 * have the same id. A viewer in one of them then keeps an ingest in the other alive, and never ends
 * it. Only the closing of a room depends on its type: with an id of digits, only the numeric room
 * counts.
 */
import type { Database, Query } from "../engine/database.js";
import { bind, run, sql } from "../engine/sql.js";
import { type Ingest, ingestOf } from "../ingests/ingest-row.js";

interface Room {
  sdkAppId: number;
  roomId: string;
}

/** The user id of the row that says when the room was last closed. */
const NO_USER = "";

/** The difference between TRTC's clock and ours, plus the time that a robot needs to leave. */
const ROBOT_GONE = sql`interval '1 minute'`;

const ROBOT = sql`
      select from ingest as robot
      where robot.sdk_app_id = viewer.sdk_app_id and robot.robot_user_id = viewer.user_id
        and robot.room_id = viewer.room_id`;

/**
 * Viewers are users that are not our robots. After a robot is gone, a viewer may use its name. Live
 * robots and ended ones are two indexes: a name may have thousands of ended ones.
 */
const VIEWERS = sql`
  select viewer.*, closed.event_at as closed_at
  from room_audience as viewer
  left join room_audience as closed
    on closed.sdk_app_id = viewer.sdk_app_id and closed.room_id = viewer.room_id
       and closed.user_id = ''
       and (ingest.room_id_type = 1 or ingest.room_id !~ '^[0-9]+$')
  where viewer.sdk_app_id = ingest.sdk_app_id and viewer.room_id = ingest.room_id
    and not exists (${ROBOT} and robot.state <> 'ended')
    and not exists (
      ${ROBOT} and robot.state = 'ended' and robot.ended_at >= viewer.event_at - ${ROBOT_GONE}
    )`;

/** Whether `ingest` has a viewer. At equal times a return wins over the closing: it plays on. */
export const IS_WATCHED = sql`exists (
  select from (${VIEWERS}) as seen
  where seen.is_present and seen.event_at >= coalesce(seen.closed_at, '-infinity'))`;

/** `empty_seconds` after the last viewer left or the room was closed, and not before the start. */
const EMPTY_AT = sql`case when not ${IS_WATCHED} then
  greatest(
    ingest.started_at,
    (select max(greatest(case when not seen.is_present then seen.event_at end, seen.closed_at))
     from (${VIEWERS}) as seen)
  ) + ingest.empty_seconds * interval '1 second' end`;

export interface ViewerEvent extends Room {
  /** Absent: the event is about the whole room, which was closed. */
  userId?: string | undefined;
  isPresent: boolean;
  eventAt: Date;
}

/** Returns whether an ingest in the room stops when no viewer is there. */
export async function recordViewerEvent(
  query: Query,
  { sdkAppId, roomId, userId = NO_USER, isPresent, eventAt }: ViewerEvent,
): Promise<boolean> {
  const [app, room] = [bind(sdkAppId), bind(roomId)];
  const [row] = await run(
    query,
    sql`with recorded as (
       insert into room_audience as known (sdk_app_id, room_id, user_id, is_present, event_at)
       values (${app}, ${room}, ${userId}, ${isPresent}, ${eventAt})
       on conflict (sdk_app_id, room_id, user_id) do update
       set is_present = excluded.is_present, event_at = excluded.event_at
       where (excluded.event_at, excluded.is_present) > (known.event_at, known.is_present)
     )
     select exists (
       select from ingest
       where sdk_app_id = ${app} and room_id = ${room} and state <> 'ended'
         and empty_seconds is not null
     ) as has_ingest`,
  );
  return row?.["has_ingest"] === true;
}

/**
 * Sets when each running ingest of the room stops because it has no viewer; null while one is
 * there. It counts the viewers again under the locks of the rows. Without them, two viewers that
 * leave at once would each see the other.
 */
export const updateEmptyAt = (
  { transaction }: Pick<Database, "transaction">,
  { sdkAppId, roomId }: Room,
): Promise<Ingest[]> =>
  transaction(async (query) => {
    const here = sql`sdk_app_id = ${sdkAppId} and room_id = ${roomId} and state = 'running' and empty_seconds is not null`;
    await run(query, sql`select from ingest where ${here} order by task_id for update`);
    const rows = await run(
      query,
      sql`update ingest set empty_at = ${EMPTY_AT} where ${here} returning *`,
    );
    return rows.map(ingestOf);
  });

/**
 * Deletes users who left before `leftBefore`, in rooms where no ingest waits for viewers. Also
 * deletes every user whose last event is before `seenBefore`: the event of leaving was lost. The
 * closing of a room is kept as long as any earlier user is kept. Otherwise that user would count as
 * present again.
 */
export async function forgetAudience(
  query: Query,
  { leftBefore, seenBefore }: Record<"leftBefore" | "seenBefore", Date>,
): Promise<void> {
  await run(
    query,
    sql`delete from room_audience as known
     where event_at < ${seenBefore}
        or (event_at < ${leftBefore} and not is_present
            and not exists (
              select from ingest
              where ingest.sdk_app_id = known.sdk_app_id and ingest.room_id = known.room_id
                and state <> 'ended' and empty_seconds is not null)
            and not (user_id = '' and exists (
              select from room_audience as before
              where before.sdk_app_id = known.sdk_app_id and before.room_id = known.room_id
                and before.is_present and before.event_at < known.event_at)))`,
  );
}
