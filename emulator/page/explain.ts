/** Adds to a view the ingests behind its tasks. TRTC itself does not know ingests. */
import { SECOND_MS } from "../../shared/clock.js";
import type { IngestView, RobotView } from "./view.js";

/** Finds ingests by TRTC's TaskId. Unknown tasks are left out. */
export type FindIngests = (taskIds: string[]) => Promise<ReadonlyMap<string, IngestView>>;

interface ViewOfRobots {
  at: string;
  live: RobotView[];
  ended: RobotView[];
}

/** If the ingests cannot be read, the page is shown without them. */
export async function withIngests<View extends ViewOfRobots>(
  view: View,
  findIngests: FindIngests | undefined,
): Promise<View> {
  if (!findIngests) return view;
  const taskIds = [...view.live, ...view.ended].map(({ taskId }) => taskId);
  const ingests = await findIngests(taskIds).catch(() => new Map<string, IngestView>());
  const withIngest = (robot: RobotView): RobotView => {
    const ingest = ingests.get(robot.taskId);
    return ingest ? { ...robot, ingest, endsBy: soonest(robot, ingest, view.at) } : robot;
  };
  return { ...view, live: view.live.map(withIngest), ended: view.ended.map(withIngest) };
}

/** TRTC's limit of a loop is rounded up to the minute, so the deadline comes first. */
function soonest({ endsBy, ended }: RobotView, { deadline }: IngestView, at: string) {
  if (ended) return null;
  const inSeconds = (Date.parse(deadline) - Date.parse(at)) / SECOND_MS;
  return endsBy && endsBy.inSeconds < inSeconds ? endsBy : { inSeconds, reason: "deadline" };
}
