/** Ends the row of a task that TRTC no longer knows, or starts the ingest again. */
import { type Ingest, isRestarting } from "../../store/ingests/ingest-row.js";
import { TrtcError } from "../../trtc/trtc-error.js";
import { reasonWhenGone } from "../lifecycle.js";
import { restartInstead } from "../programme/restart.js";
import type { Services } from "../services.js";
import { removeRobot } from "./evict-robot.js";

/**
 * Returns the row as it is after the call. Another instance may have changed it, and its change
 * wins. A late start of the same robot may have ended the task. The robot is then removed first. If
 * that fails, the row does not change and is checked again.
 */
export async function endGone(
  services: Services,
  ingest: Ingest,
  timeLeftMs: () => number,
): Promise<Ingest> {
  const { store, clock } = services;
  const { taskId, fence } = ingest;
  // It is being started again, and this is its former task.
  if (isRestarting(ingest)) return ingest;
  try {
    if (ingest.lateStartUntil !== null) {
      // Two events of one end come at once. The first may have started the same robot again.
      const known = await store.ingests.read(taskId);
      if (known && known.fence !== fence) return known;
      await removeRobot(services, ingest, timeLeftMs);
    }
  } catch (error) {
    if (error instanceof TrtcError) return ingest;
    throw error;
  }
  const restarted = await restartInstead(services, ingest, timeLeftMs);
  if (restarted) return restarted;
  const at = clock.now();
  // An earlier stop may have worked although its answer was lost. Its reason then counts.
  const reason = ingest.endReason ?? reasonWhenGone(ingest, at);
  const ended = await store.ingests.markEnded({ taskId, fence, reason, at });
  return ended ?? (await store.ingests.read(taskId)) ?? ingest;
}
