/**
 * Who is in a room, by what TRTC tells of users who enter and leave it. The last that was told of a
 * user counts, by its own time; whether the room is numeric is not asked: where two rooms share
 * their digits, whoever is in one of them keeps an ingest in the other alive, and never ends it.
 * Only the closing of a room is of one of them: of digits, the numeric one's is all that is kept.
 */
import type { Database, Query } from "../engine/database.js";
import { type Ingest, ingestOf } from "../ingests/ingest-row.js";

interface Room {
  sdkAppId: number;
  roomId: string;
}

/** The user of the row that says when the room was last closed. */
const NOBODY = "";

/** How far TRTC's clock and ours may be apart, and how long a robot takes to be gone. */
const ROBOT_GONE = "interval '1 minute'";

/** Viewers: our own robots are none. A name that a robot had once may be a viewer's after it. */
const VIEWERS = `
  select viewer.*, closed.event_at as closed_at
  from room_audience as viewer
  left join room_audience as closed
    on closed.sdk_app_id = viewer.sdk_app_id and closed.room_id = viewer.room_id
       and closed.user_id = '${NOBODY}'
       and (ingest.room_id_type = 1 or ingest.room_id !~ '^[0-9]+$')
  where viewer.sdk_app_id = ingest.sdk_app_id and viewer.room_id = ingest.room_id
    and not exists (
      select from ingest as robot
      where robot.sdk_app_id = viewer.sdk_app_id and robot.robot_user_id = viewer.user_id
        and robot.room_id = viewer.room_id
        and (robot.state <> 'ended' or viewer.event_at <= robot.ended_at + ${ROBOT_GONE})
    )`;

/** Whether somebody watches `ingest`. What is of one instant is taken for a return: it plays on. */
export const IS_WATCHED = `exists (
  select from (${VIEWERS}) as seen
  where seen.is_present and seen.event_at >= coalesce(seen.closed_at, '-infinity'))`;

/** When nobody is there: since the last one left or the room was closed, and not before the start. */
const EMPTY_AT = `case when not ${IS_WATCHED} then
  greatest(
    ingest.started_at,
    (select max(greatest(case when not seen.is_present then seen.event_at end, seen.closed_at))
     from (${VIEWERS}) as seen)
  ) + ingest.empty_seconds * interval '1 second' end`;

/** Returns whether anybody wants to know: an ingest there that stops when nobody is. */
export async function recordViewerEvent(
  query: Query,
  told: Room & { userId?: string | undefined; isPresent: boolean; eventAt: Date },
): Promise<boolean> {
  const [row] = await query(
    `with told as (
       insert into room_audience as known (sdk_app_id, room_id, user_id, is_present, event_at)
       values ($1, $2, $3, $4, $5)
       on conflict (sdk_app_id, room_id, user_id) do update
       set is_present = excluded.is_present, event_at = excluded.event_at
       where (excluded.event_at, excluded.is_present) > (known.event_at, known.is_present)
     )
     select exists (
       select from ingest
       where sdk_app_id = $1 and room_id = $2 and state <> 'ended' and empty_seconds is not null
     ) as wanted`,
    [told.sdkAppId, told.roomId, told.userId ?? NOBODY, told.isPresent, told.eventAt],
  );
  return row?.["wanted"] === true;
}

/**
 * When each running ingest of the room is to be stopped for want of viewers; null while somebody is
 * there. Counted anew, by who is there now, under the rows' locks: of two who leave at the same time
 * one would otherwise see the other still there.
 */
export const updateEmptyAt = (
  { transaction }: Pick<Database, "transaction">,
  { sdkAppId, roomId }: Room,
): Promise<Ingest[]> =>
  transaction(async (query) => {
    const here = `sdk_app_id = $1 and room_id = $2 and state = 'running' and empty_seconds is not null`;
    const room = [sdkAppId, roomId];
    await query(`select from ingest where ${here} order by task_id for update`, room);
    const rows = await query(
      `update ingest set empty_at = ${EMPTY_AT} where ${here} returning *`,
      room,
    );
    return rows.map(ingestOf);
  });

/**
 * Those who left before `leftBefore` rooms in which no ingest waits for viewers, and everybody who
 * was last told of so long ago that their leaving must have been lost. When a room was closed is
 * known for as long as anybody from before it is: who was there would be back otherwise.
 */
export async function forgetAudience(
  query: Query,
  { leftBefore, seenBefore }: Record<"leftBefore" | "seenBefore", Date>,
): Promise<void> {
  await query(
    `delete from room_audience as known
     where event_at < $2
        or (event_at < $1 and not is_present
            and not exists (
              select from ingest
              where ingest.sdk_app_id = known.sdk_app_id and ingest.room_id = known.room_id
                and state <> 'ended' and empty_seconds is not null)
            and not (user_id = '${NOBODY}' and exists (
              select from room_audience as before
              where before.sdk_app_id = known.sdk_app_id and before.room_id = known.room_id
                and before.is_present and before.event_at < known.event_at)))`,
    [leftBefore, seenBefore],
  );
}
