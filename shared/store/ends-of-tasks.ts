/** For a room's page on one machine: which ingests play these tasks, and when and why they end. */
import type { Query } from "./database.js";

export interface TaskOwner {
  taskId: string;
  deadline: string;
  endReason: string | null;
}

/** By TRTC's TaskId. */
export async function endsOfTasks(
  query: Query,
  trtcTaskIds: readonly string[],
): Promise<Map<string, TaskOwner>> {
  const rows = await query(
    `select task_id, trtc_task_id, deadline_at, case when state = 'ended' then end_reason end as ended_as
     from ingest where trtc_task_id = any($1::text[])`,
    [trtcTaskIds],
  );
  return new Map(
    rows.map((row) => [
      String(row["trtc_task_id"]),
      {
        taskId: String(row["task_id"]),
        deadline: (row["deadline_at"] as Date).toISOString(),
        endReason: row["ended_as"] as string | null,
      },
    ]),
  );
}
