/**
 * Rows as after months of use. There are several callers, and the bench's own has half of the rows.
 * There are thousands of rooms. Nearly all ingests have ended, for every reason. The newest still
 * run, with deadlines far ahead, one second apart.
 */
import type { Query } from "../shared/store/engine/database.js";
import { CALLER, accountOf, sdkAppIdOf } from "./accounts.js";

/** The number of running ingests per thousand rows. */
const RUNNING_PER_MILLE = 6;

const runningOf = (rows: number): number => Math.floor((rows * RUNNING_PER_MILLE) / 1000);

export const ROOMS = 20_000;

/** The first deadline of the running ingests. Each next one is a second later. */
export const FIRST_DEADLINE = new Date("2040-01-01T00:00:00Z");

const CREATED_FROM = new Date("2026-01-01T00:00:00Z");

/** The database limits our statements to a time that suits milliseconds. */
const ROWS_AT_ONCE = 50_000;

/** A database with this many rows. */
export interface Stored {
  databaseUrl: string;
  rows: number;
}

export async function seed(
  query: Query,
  rows: number,
  running: number = runningOf(rows),
): Promise<void> {
  const ended = rows - running;
  // Their history is not measured, and would take most of the time.
  await query("alter table ingest disable trigger user");
  for (let from = 0; from < rows; from += ROWS_AT_ONCE) {
    const to = Math.min(rows, from + ROWS_AT_ONCE) - 1;
    await query(INSERT, [
      from,
      to,
      ended,
      CALLER.id,
      accountOf(0),
      sdkAppIdOf(0),
      CREATED_FROM,
      FIRST_DEADLINE,
    ]);
  }
  await query("alter table ingest enable trigger user");
  await query("analyze ingest");
}

/** Two rows are ten seconds apart. Ids sort by time, like real ones. */
const INSERT = `
  insert into ingest (
    task_id, caller_id, account, site, region, sdk_app_id, room_id, room_id_type, robot_user_id,
    play, request_hash, state, end_reason, trtc_task_id, created_at, started_at, latest_at,
    deadline_at, ended_at
  )
  select 'ing-' || name, case when n % 2 = 0 then $4 else 'caller-' || n % 9 end, $5, 'cn',
         'ap-guangzhou', $6::bigint, 'room-' || n % ${ROOMS}, 0, 'robot_' || name,
         '{"StreamUrl": "https://media.example.com/clip.mp4", "RepeatNum": -1}',
         md5(n::text), case when ended then 'ended' else 'running' end,
         case when ended then (array['stopped', 'expired', 'finished', 'failed', 'lost'])[n % 5 + 1] end,
         'trtc-' || md5('task' || n), created_at, created_at, deadline_at, deadline_at,
         case when ended then created_at + interval '30 minutes' end
  from (
    select n, n < $3 as ended,
           $7::timestamptz + n * interval '10 seconds' as created_at,
           case when n < $3 then $7::timestamptz + n * interval '10 seconds' + interval '90 minutes'
                else $8::timestamptz + (n - $3) * interval '1 second' end as deadline_at,
           '0' || lpad(n::text, 11, '0') || substr(md5('ulid' || n), 1, 14) as name
    from generate_series($1::integer, $2::integer) as n
  ) as generated`;

/** TaskIds of the bench's caller that have ended, from all parts of the table. */
export async function endedTaskIds(query: Query, count: number): Promise<string[]> {
  const rows = await query(
    `select task_id from ingest where caller_id = $1 and state = 'ended'
     order by random()
     limit $2`,
    [CALLER.id, count],
  );
  return rows.map((row) => String(row["task_id"]));
}
