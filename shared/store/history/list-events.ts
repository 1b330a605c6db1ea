/** Reads the history of an ingest. */
import type { Query } from "../engine/database.js";
import { run, sql } from "../engine/sql.js";
import type { IngestEvent } from "./ingest-event.js";

/** Oldest first. */
export async function listEvents(
  query: Query,
  { taskId, after, limit }: { taskId: string; after: number; limit: number },
): Promise<IngestEvent[]> {
  const rows = await run(
    query,
    sql`select * from ingest_event
     where task_id = ${taskId} and sequence > ${after}
     order by sequence
     limit ${limit}`,
  );
  return rows.map(({ task_id, happened_at, ...row }) => ({
    ...row,
    taskId: task_id,
    happenedAt: happened_at,
  })) as unknown as IngestEvent[];
}
