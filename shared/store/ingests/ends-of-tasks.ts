/** For a room's page on one machine: the ingests that play these tasks. */
import type { Query } from "../engine/database.js";
import { run, sql } from "../engine/sql.js";
import { type Ingest, ingestOf } from "./ingest-row.js";

/** Tasks without an ingest are left out; the page shows them without details. */
export async function ingestsOfTasks(
  query: Query,
  trtcTaskIds: readonly string[],
): Promise<Ingest[]> {
  const rows = await run(
    query,
    sql`select * from ingest where trtc_task_id = any(${trtcTaskIds}::text[])`,
  );
  return rows.map(ingestOf);
}
