/** Moves what a database knows of an account's applications besides ingests and schedules. */
import type { Query } from "../engine/database.js";
import { raw, run, sql } from "../engine/sql.js";
import { columnsOf } from "./move.js";

interface Queries {
  from: Query;
  to: Query;
}

/**
 * Who is in which room. Events reach both databases while the account moves, so what the new one knows
 * already is newer. The old rows go by themselves.
 */
export async function copyAudience(
  { from, to }: Queries,
  sdkAppIds: readonly number[],
): Promise<void> {
  const sent = await textsOf(from, "room_audience", sdkAppIds);
  const columns = await columnsOf(to, "room_audience");
  await run(
    to,
    sql`insert into room_audience (${raw(columns)})
     select ${raw(columns)} from unnest(${sent}::text[]) as sent (row)
     cross join lateral jsonb_populate_record(null::room_audience, sent.row::jsonb)
     on conflict do nothing`,
  );
}

/** The shards of moved rows. Ends of ingests write smaller ones. */
const MOVED_SHARDS = 16;

/**
 * Copies what was spent, in one transaction of the new database. The rows get shards of their own, so
 * that a second copy writes the same ones again. Nothing of the account ends in the old database any
 * more, so no sum grows meanwhile. Returns what `dropSpending` takes.
 */
export async function copySpending(
  { from, to }: Queries,
  sdkAppIds: readonly number[],
): Promise<string[]> {
  const before = await movedSpending(to, sdkAppIds);
  const sent = await textsOf(from, "spend_day", sdkAppIds);
  const columns = await columnsOf(to, "spend_day");
  await run(
    to,
    sql`insert into spend_day (${raw(columns)})
     select ${raw(columns)} from unnest(${sent}::text[]) as sent (row)
     cross join lateral jsonb_populate_record(
       null::spend_day,
       sent.row::jsonb || jsonb_build_object('shard', (sent.row::jsonb ->> 'shard')::integer + ${raw(MOVED_SHARDS)})
     )
     on conflict (caller_id, day, sdk_app_id, shard) do update set
       ingests = excluded.ingests, played_ms = excluded.played_ms, micro_usd = excluded.micro_usd`,
  );
  // A trigger has counted them as spent now. The old database has counted them when they were.
  const after = await movedSpending(to, sdkAppIds);
  const [ms, usd] = [before.ms - after.ms, before.usd - after.usd];
  await run(to, sql`select count_spend(${ms}, ${usd})`);
  return sent;
}

export async function dropSpending(from: Query, sent: string[]): Promise<void> {
  await run(
    from,
    sql`delete from spend_day where to_jsonb(spend_day)::text = any(${sent}::text[])`,
  );
}

async function movedSpending(query: Query, sdkAppIds: readonly number[]) {
  const [row] = await run(
    query,
    sql`select coalesce(sum(played_ms), 0)::float8 as ms, coalesce(sum(micro_usd), 0)::float8 as usd
     from spend_day
     where sdk_app_id = any(${sdkAppIds}::bigint[]) and shard >= ${raw(MOVED_SHARDS)}`,
  );
  return { ms: Number(row?.["ms"]), usd: Number(row?.["usd"]) };
}

async function textsOf(
  query: Query,
  table: string,
  sdkAppIds: readonly number[],
): Promise<string[]> {
  const rows = await run(
    query,
    sql`select to_jsonb(known)::text as row from ${raw(table)} as known where sdk_app_id = any(${sdkAppIds}::bigint[])`,
  );
  return rows.map((row) => String(row["row"]));
}
