/**
 * Rows as after months of use: ended ingests of 200 days with their history, what schedules and
 * budgets keep of them, and the few rows that are live. The live rows are the same in number,
 * however many have ended. Caller 0 and its room have the names of the store's samples.
 */
import type { Query } from "../../../shared/store/engine/database.js";
import { statementsOf } from "../../../shared/store/schema/migrate.js";

/** The tables that grow with the ended rows. */
const GROWING = ["ingest", "ingest_event", "occurrence", "spend_day", "outbox"];

const CALLERS = 200;
const DAYS = 200;
const LIVE = 3000;
const SCHEDULED = 1000;

const AT_ONCE = 250_000;

export interface OldRows {
  ended: number;
  /** The newest row ended an hour before it. */
  now: Date;
  onProgress?: (line: string) => void;
}

/** Expects a migrated database without rows. Its statements take minutes for 10,000,000 rows. */
export async function addOldRows(
  query: Query,
  { ended, now, onProgress = () => undefined }: OldRows,
): Promise<void> {
  const instant = `timestamptz '${now.toISOString()}'`;
  const indexes = await query(INDEXES, [GROWING]);
  // Compiling a statement takes longer than a small table does.
  await query("set jit = off");
  // With wal_level = minimal, what a transaction has emptied and filled needs no WAL.
  await query("begin");
  await query(`truncate ${GROWING.join()}, schedule`);
  // Triggers would take hours, and indexes are built at once much faster than row by row.
  for (const table of GROWING) await query(`alter table ${table} disable trigger user`);
  for (const { name } of indexes) await query(`drop index ${String(name)}`);
  for (let from = 1; from <= ended; from += AT_ONCE) {
    const to = Math.min(ended, from + AT_ONCE - 1);
    onProgress(`${to.toLocaleString("en-US")} of ${ended.toLocaleString("en-US")} rows`);
    await query(endedIngests({ instant, ended, from, to }));
    await query(eventsOf(from, to));
  }
  for (const statement of statementsOf(besides(instant, ended))) await query(statement);
  for (const { name, definition } of indexes) {
    onProgress(`index ${String(name)}`);
    await query(String(definition));
  }
  for (const table of GROWING) await query(`alter table ${table} enable trigger user`);
  await query("commit");
  onProgress("vacuum");
  await query("vacuum analyze");
}

const INDEXES = `
  select indexrelid::regclass as name, pg_get_indexdef(indexrelid) as definition
  from pg_index
  where indrelid = any($1::regclass[]) and not indisprimary
  order by indexrelid`;

/** A number below \`most\`, always the same for n. */
const draw = (seed: number, most: number): string =>
  `(hashint8extended(n, ${seed}) & 1048575) % ${most}`;

/** One caller has a sixth of the rows. */
const CALLER = `floor(${CALLERS} * power((hashint8extended(n, 1) & 1048575) / 1048576.0::float8, 3))::integer`;

const named = (prefix: string, number: string): string =>
  `case ${number} when 0 then '${prefix}' else '${prefix}-' || ${number} end`;

const PLAY = `'{"StreamUrl":"https://media.example.com/live/lessons/2026/lesson.m3u8?token=abcdef","RepeatNum":-1,"Volume":80,"AutoPush":true}'::jsonb`;
const BY = `'{"kind":"caller","id":"caller","function":"start-ingest","from":"111.206.96.145","requestId":"5f3c1e0a-4bb1-4c5c-9f7f-2f1a7d0a3c11"}'::jsonb`;
const COLUMNS = `task_id, caller_id, account, site, region, sdk_app_id, room_id, room_id_type, robot_user_id,
  play, client_token, request_hash, created_at, created_by, latest_at, deadline_at, notified`;

/** The owner, the room and the robot of row n; a tenth of the robots are named by their callers. */
const row = (prefix: string): string => `
  '${prefix}' || lpad(n::text, 10, '0') || substr(md5(n::text), 1, 14), ${named("caller", "c")},
  case c % 4 when 0 then 'intl' else 'account-' || c % 4 end, 'intl', 'ap-singapore',
  1400000000 + c % 20, ${named("room", "room")}, 0,
  case when robot < 0 then 'robot_' || substr(md5('${prefix}' || n), 1, 26) else ${named("robot", "robot")} end,
  ${PLAY}, case when kind < 60 then md5('${prefix}' || n) end, md5(n::text) || md5('hash' || n),
  at, ${BY}, at + interval '1 day', at + interval '2 hours', case when kind < 70 then 2 end`;

const drawn = (at: string, robot = "-1"): string => `
  select n, ${CALLER} as c, ${draw(2, 2000)} as room, ${draw(3, 100)} as kind, ${at} as at,
         ${robot} as robot`;

/** A robot that its caller names plays again and again, but only once at a time. */
const NAMED_ROBOT = `case when ${draw(4, 10)} = 0 then ${draw(5, 500)} else -1 end`;

function endedIngests(rows: { instant: string; ended: number; from: number; to: number }): string {
  const { instant, ended, from, to } = rows;
  return `
  insert into ingest (${COLUMNS}, state, end_reason, trtc_task_id, started_at, stop_asked_at, ended_at,
    fence, heard_at, media_state, media_at, programme, occurrence, successor_of, failure_code)
  select ${row("ing-0")}, 'ended',
    case when kind < 45 then 'expired' when kind < 80 then 'stopped' when kind < 92 then 'finished'
         when kind < 97 then 'failed' when kind < 99 then 'lost' else 'empty' end,
    case when kind not between 92 and 94 then 'trtc-' || md5('task' || n) end,
    case when kind not between 92 and 94 then at + interval '1 second' end,
    case when kind < 80 then at + kind * interval '1 minute' end, at + kind * interval '1 minute',
    3, at + interval '5 minutes', case when kind % 2 = 0 then 'playing' end,
    case when kind % 2 = 0 then at + interval '2 seconds' end,
    case when kind % 20 = 7 then '{"items":[{"streamUrl":"https://media.example.com/a.mp4","LengthSeconds":600},{"streamUrl":"https://media.example.com/b.mp4","LengthSeconds":900}],"rounds":1}'::jsonb end,
    case when n % 10 = 3 then jsonb_build_object('scheduleId', 'schedule-' || n % 2000, 'nominalAt', at) end,
    case when n % 100 = 50 then 'ing-0' || lpad((n - 1)::text, 10, '0') || substr(md5((n - 1)::text), 1, 14) end,
    case when kind between 92 and 94 then 'FailedOperation.StreamUrl' end
  from (${drawn(`${instant} - interval '3 hours' - (${ended} - n) * (interval '${DAYS} days' / ${ended})`, NAMED_ROBOT)}
        from generate_series(${from}, ${to}) as n) as drawn`;
}

/** The first and the last of a life of three to five. */
const eventsOf = (from: number, to: number): string => `
  insert into ingest_event (task_id, sequence, happened_at, type, actor, before, after)
  select 'ing-0' || lpad(n::text, 10, '0') || substr(md5(n::text), 1, 14), event.*
  from generate_series(${from}, ${to}) as n
  cross join (values
    (1, timestamptz '2026-01-01', 'created', '{"id":"caller","kind":"caller"}'::jsonb, '{}'::jsonb, '{"State":"starting","UserId":"robot_01jf0c7d6h9t3c5m8k2q4v6x8z","RepeatNum":-1}'::jsonb),
    (2, timestamptz '2026-01-01', 'ended', '{"id":"expire-ingests","kind":"timer"}', '{"State":"running"}', '{"State":"ended","EndReason":"expired"}')
  ) as event (sequence, happened_at, type, actor, before, after)`;

/** What is live, and what other tables keep of the ended. */
const besides = (instant: string, ended: number): string => `
  insert into ingest (${COLUMNS}, state, trtc_task_id, started_at, heard_at, media_state, media_at)
  select ${row("ing-1")}, 'running', 'trtc-live-' || n, at, at, 'playing', at
  from (${drawn(`${instant} - n * interval '2 seconds'`)} from generate_series(1::bigint, ${LIVE}) as n) as drawn
  on conflict do nothing;

  insert into ingest (${COLUMNS}, state, starts_at, start_by, asked, advance_at)
  select ${row("ing-2")}, 'starting', at, at, '{}', at
  from (${drawn(`${instant} + n * interval '1 minute'`)} from generate_series(1::bigint, ${SCHEDULED}) as n) as drawn
  on conflict do nothing;

  insert into schedule (schedule_id, caller_id, sdk_app_id, room_id, room_id_type, name, comment, state, definition,
    request_hash, revision, tzdata, planned_until, plan_at, created_at, updated_at)
  select ${named("schedule", "n")}, ${named("caller", "c")}, 1400000000 + c % 20, ${named("room", "room")}, 0, 'lesson ' || n, '',
    'Enabled', '{}', md5(n::text), 1, '2026a', ${instant} + interval '1 day', ${instant} + n * interval '1 minute',
    ${instant} - interval '200 days', ${instant} - interval '200 days'
  from (${drawn(instant)} from generate_series(0::bigint, 1999) as n) as drawn;

  insert into occurrence (schedule_id, nominal_at, starts_at, ends_at, revision, state, task_id, started_at, ended_at, settled_at)
  select ${named("schedule", "n % 2000")}, at, at, at + interval '1 hour', 1, 'Done',
    'ing-0' || lpad((10 * n + 3)::text, 10, '0') || substr(md5((10 * n + 3)::text), 1, 14), at, at + interval '1 hour', at + interval '1 hour'
  from (select n, ${instant} - interval '3 hours' - (${ended / 10} - n) * (interval '${DAYS} days' / ${ended / 10}) as at
        from generate_series(0::bigint, ${ended / 10 - 1}) as n) as drawn;

  insert into occurrence (schedule_id, nominal_at, starts_at, ends_at, revision, state)
  select ${named("schedule", "n")}, at, at, at + interval '1 hour', 1, 'Planned'
  from (select n, ${instant} + n * interval '30 seconds' as at from generate_series(0::bigint, 1999) as n) as drawn;

  insert into spend_day (caller_id, day, sdk_app_id, shard, ingests, played_ms, micro_usd)
  select ${named("caller", "c")}, (${instant} at time zone 'UTC')::date - day, 1400000000 + c % 20, shard, 3, 3600000, 90000
  from generate_series(0, ${CALLERS - 1}) as c, generate_series(0, ${DAYS}) as day, generate_series(0, 15) as shard
  where (c * 31 + day * 17 + shard) % 16 < greatest(1, ${ended / 600_000} / sqrt(c + 1.0::float8));

  insert into outbox (task_id, position, caller_id, type, happened_at, facts, attempts, try_at, give_up_at, dead_at, dead_reason)
  select 'ing-0' || lpad((${ended} - n)::text, 10, '0') || substr(md5((${ended} - n)::text), 1, 14), 2, ${named("caller", "n % 200")}, 'ingest.ended', at,
    jsonb_build_object('state', 'ended', 'task', n, 'end_reason', 'expired', 'robot_user_id', md5(n::text)), 30, at, at,
    at + interval '1 day', 'refused'
  from (select n, ${instant} - n * interval '30 days' / ${Math.ceil(ended / 700)} as at from generate_series(1::bigint, ${Math.ceil(ended / 700)}) as n) as drawn;

  insert into outbox (task_id, position, caller_id, type, happened_at, facts, try_at, give_up_at)
  select 'ing-1' || lpad(n::text, 10, '0') || substr(md5(n::text), 1, 14), 1, ${named("caller", "n % 200")}, 'ingest.started', ${instant},
    '{"state":"running"}', ${instant}, ${instant} + interval '1 day'
  from generate_series(1::bigint, 500) as n;

  insert into room_audience (sdk_app_id, room_id, user_id, is_present, event_at)
  select 1400000000 + n % 20, ${named("room", "n % 2000")}, 'viewer-' || n, n % 3 = 0, ${instant} - n * interval '1 second'
  from generate_series(0::bigint, 20000) as n;

  insert into used_signature (signature, used_at, request_hash)
  select md5(n::text) || md5('s' || n), ${instant} - n * interval '100 milliseconds', md5(n::text)
  from generate_series(0, 5000) as n;

  insert into unclaimed_task (sdk_app_id, trtc_task_id, first_seen_at, last_seen_at, ended_at, stop_asked_at)
  select 1400000000 + n % 20, 'unclaimed-' || n, ${instant} - n * interval '1 minute', ${instant} - n * interval '1 minute', ${instant}, 'infinity'
  from generate_series(1, 1000) as n;
`;
