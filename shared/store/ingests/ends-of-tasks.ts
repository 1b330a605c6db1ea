/** For a room's page on one machine: which ingests play these tasks. */
import type { Query } from "../engine/database.js";
import { type Ingest, ingestOf } from "./ingest-row.js";

/** Those that are found; the pages show the others without. */
export async function ingestsOfTasks(
  query: Query,
  trtcTaskIds: readonly string[],
): Promise<Ingest[]> {
  const rows = await query("select * from ingest where trtc_task_id = any($1::text[])", [
    trtcTaskIds,
  ]);
  return rows.map(ingestOf);
}
