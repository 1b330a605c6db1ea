/** What the ingests of all callers have cost, by the day of UTC. */
import type { Query } from "./engine/database.js";
import { joined, run, sql } from "./engine/sql.js";

export interface DayCost {
  /** As 2026-01-31. */
  day: string;
  microUsd: number;
  playedMs: number;
  /** Those that ended on this day. */
  ingests: number;
}

/** Only days on which something played, oldest first. */
export async function costsForOperator(
  query: Query,
  {
    callerId,
    sdkAppId,
    from,
  }: { callerId?: string | undefined; sdkAppId?: number | undefined; from: string },
): Promise<DayCost[]> {
  const where = [sql`day >= ${from}::date`];
  if (callerId !== undefined) where.push(sql`caller_id = ${callerId}`);
  if (sdkAppId !== undefined) where.push(sql`sdk_app_id = ${sdkAppId}`);
  const rows = await run(
    query,
    sql`select to_char(day, 'YYYY-MM-DD') as day, sum(micro_usd) as micro_usd,
            sum(played_ms) as played_ms, sum(ingests) as ingests
     from spend_day
     where ${joined(where, " and ")}
     group by day
     order by day`,
  );
  return rows.map((row) => ({
    day: String(row["day"]),
    microUsd: Number(row["micro_usd"]),
    playedMs: Number(row["played_ms"]),
    ingests: Number(row["ingests"]),
  }));
}
