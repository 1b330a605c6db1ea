/** What has happened since the database has counts. Triggers count, see migration 21. */
import type { Query } from "../engine/database.js";
import { run, sql } from "../engine/sql.js";

export interface MetricCount {
  name: string;
  label: string;
  value: number;
  /** What was measured of all of them together, in milliseconds. */
  totalMs: number;
}

/** By name and label. A thing that has not happened yet has no count. */
export async function readCounts(query: Query): Promise<MetricCount[]> {
  const rows = await run(
    query,
    sql`select name, label, sum(value)::float8 as value, sum(total_ms)::float8 as total_ms
     from metric_count group by name, label order by name, label`,
  );
  return rows.map((row) => ({
    name: String(row["name"]),
    label: String(row["label"]),
    value: Number(row["value"]),
    totalMs: Number(row["total_ms"]),
  }));
}
