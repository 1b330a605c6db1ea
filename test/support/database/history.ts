/** The history of ingests, compared with their rows. */
import type { Database, Row } from "../../../shared/store/engine/database.js";

/**
 * Ingests whose folded history is not what their row says: each value as the last event has it. A
 * successor has no history.
 */
export const differingHistories = ({ query }: Pick<Database, "query">): Promise<Row[]> =>
  query(`
    with latest as (
      select distinct on (task_id, key) task_id, key, value
      from ingest_event cross join lateral jsonb_each(after)
      order by task_id, key, sequence desc
    ),
    folded as (
      select task_id, jsonb_strip_nulls(jsonb_object_agg(key, value)) as facts
      from latest group by task_id
    ),
    present as (
      select task_id, jsonb_strip_nulls(without_secrets(ingest_facts(ingest))) as facts
      from ingest where successor_of is null
    )
    select task_id, folded.facts as folded, present.facts as present
    from present left join folded using (task_id)
    where folded.facts is distinct from present.facts`);
