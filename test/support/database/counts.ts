/** The counts of metrics, compared with the rows that they count. */
import type { Database, Row } from "../../../shared/store/engine/database.js";

/**
 * How many ingests have begun and not ended, by the counts and by the rows. Retention deletes ended
 * rows only, so both are equal at any time. A successor counts nothing.
 */
export async function begunAndNotEnded({ query }: Pick<Database, "query">): Promise<Row> {
  const [row = {}] = await query(`
    select (select coalesce(sum(case name when 'starts' then value else -value end), 0)::int
            from metric_count where (name = 'starts' and label = 'started') or name = 'ends')
             as by_counts,
           (select count(*)::int from ingest
            where started_at is not null and state <> 'ended' and successor_of is null) as by_rows`);
  return row;
}
