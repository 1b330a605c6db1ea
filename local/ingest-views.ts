/** The ingests behind TRTC's tasks for the room pages, in the form of our own answers. */
import { present } from "../shared/ingest/present.js";
import type { Query } from "../shared/store/engine/database.js";
import { ingestsOfTasks } from "../shared/store/ingests/ends-of-tasks.js";
import type { IngestView } from "../emulator/page/view.js";

/** By TRTC's TaskId. */
export async function ingestViews(
  query: Query,
  trtcTaskIds: readonly string[],
  now: Date,
): Promise<Map<string, IngestView>> {
  const views = new Map<string, IngestView>();
  for (const ingest of await ingestsOfTasks(query, trtcTaskIds)) {
    const { TrtcTaskId, TaskId: taskId, Deadline: deadline, ...end } = present(ingest, now);
    const { EndReason: endReason, EndDetail: endDetail } = end;
    if (TrtcTaskId !== null) views.set(TrtcTaskId, { taskId, deadline, endReason, endDetail });
  }
  return views;
}
