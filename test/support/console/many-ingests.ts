/** Many ingests at once, without a start for each. */
import type { Database } from "../../../shared/store/engine/database.js";

/** Rows as the first one, with ids of their own. */
export async function copyIngest(
  { query }: Database,
  taskId: string,
  { count, from = 1 }: { count: number; from?: number },
): Promise<void> {
  const columns = await query(
    "select column_name as name from information_schema.columns where table_name = 'ingest' and is_generated = 'NEVER'",
  );
  const own = ["task_id", "robot_user_id", "trtc_task_id", "request_key"];
  const names = columns.map(({ name }) => String(name)).filter((name) => !own.includes(name));
  await query(
    `insert into ingest (task_id, robot_user_id, trtc_task_id, ${names.join(", ")})
     select 'ing-' || lpad(n::text, 26, '0'), 'robot_' || n, 'task-' || n, ${names.join(", ")}
     from ingest, generate_series($3::int, $3::int + $2::int - 1) n where task_id = $1`,
    [taskId, count, from],
  );
}
