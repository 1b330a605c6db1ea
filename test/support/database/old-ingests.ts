/** Tables of a deployment that has run for long. */
import type { Database } from "../../../shared/store/engine/database.js";

/** Ended ingests of the last 180 days, each with the first and the last event of its life. */
export async function addOldIngests({ query }: Database, rows: number): Promise<void> {
  await query("alter table ingest disable trigger user");
  await query(
    `insert into ingest (
       task_id, caller_id, account, site, region, sdk_app_id, room_id, room_id_type, robot_user_id,
       play, request_hash, state, end_reason, trtc_task_id, created_at, started_at, latest_at,
       deadline_at, stop_asked_at, ended_at, created_by
     )
     select 'old-' || n, 'caller-' || n % 100, 'intl', 'intl', 'ap-singapore', 1400000000,
       'room-' || n % 5000, 1, 'robot-' || n,
       '{"StreamUrl":"https://media.example.com/live/lesson.m3u8","RepeatNum":-1}',
       md5(n::text) || md5(n::text), 'ended', 'expired', md5(n::text), at, at,
       at + interval '2 hours', at + interval '1 hour', at + interval '1 hour',
       at + interval '1 hour', '{"kind":"caller","id":"caller","function":"start-ingest"}'
     from generate_series(1, $1::integer) as n
     cross join lateral (select now() - interval '2 hours' - n * interval '180 days' / $1 as at) as t`,
    [rows],
  );
  await query(
    `insert into ingest_event
     select task_id, event.sequence, created_at, event.type, created_by, '{}', ingest_facts(ingest)
     from ingest cross join (values (1, 'created'), (2, 'ended')) as event (sequence, type)
     where task_id like 'old-%'`,
  );
  await query("alter table ingest enable trigger user");
  await query("vacuum analyze ingest, ingest_event");
}
