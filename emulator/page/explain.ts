/** What a view says of the ingests behind its tasks, which TRTC itself knows nothing of. */
import { SECOND_MS } from "../../shared/clock.js";
import type { IngestView, RobotView } from "./view.js";

/** By TRTC's TaskId; what it cannot find it leaves out. */
export type FindIngests = (taskIds: string[]) => Promise<ReadonlyMap<string, IngestView>>;

interface Shown {
  at: string;
  live: RobotView[];
  ended: RobotView[];
}

/** A page is shown without, when nobody can say. */
export async function explained<View extends Shown>(
  view: View,
  findIngests: FindIngests | undefined,
): Promise<View> {
  if (!findIngests) return view;
  const taskIds = [...view.live, ...view.ended].map(({ taskId }) => taskId);
  const found = await findIngests(taskIds).catch(() => new Map<string, IngestView>());
  const explain = (robot: RobotView): RobotView => {
    const ingest = found.get(robot.taskId);
    return ingest ? { ...robot, ingest, endsBy: soonest(robot, ingest, view.at) } : robot;
  };
  return { ...view, live: view.live.map(explain), ended: view.ended.map(explain) };
}

/** A loop's cap is rounded up to the minute: the deadline comes first. */
function soonest({ endsBy, ended }: RobotView, { deadline }: IngestView, at: string) {
  if (ended) return null;
  const inSeconds = (Date.parse(deadline) - Date.parse(at)) / SECOND_MS;
  return endsBy && endsBy.inSeconds < inSeconds ? endsBy : { inSeconds, reason: "deadline" };
}
