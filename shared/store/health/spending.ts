/** What was played and spent since the database counts it. */
import type { Query } from "../engine/database.js";
import { run, sql } from "../engine/sql.js";

export interface SpendCounts {
  /** Of ended ingests. */
  playedMs: number;
  microUsd: number;
}

export async function readSpending(query: Query): Promise<SpendCounts> {
  const [row = {}] = await run(
    query,
    sql`select coalesce(sum(played_ms), 0)::float8 as played_ms,
            coalesce(sum(micro_usd), 0)::float8 as micro_usd
     from spend_count`,
  );
  return { playedMs: Number(row["played_ms"]), microUsd: Number(row["micro_usd"]) };
}
