/** Ends the row of a task that TRTC no longer knows, or starts the ingest again. */
import { type Ingest, isRestarting } from "../../store/ingests/ingest-row.js";
import { TrtcError } from "../../trtc/trtc-error.js";
import { reasonWhenGone } from "../lifecycle.js";
import { giveBack } from "../outage.js";
import { restartInstead } from "../programme/restart.js";
import type { Services } from "../services.js";
import { heldMs, STOP_LEASE_MS } from "../timing.js";
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
  if (ingest.lateStartUntil === null) return endRow(services, ingest, timeLeftMs);
  // Two events of one end come at once. Without a claim, the removal of the second would end the
  // task that the first has started with the same robot.
  const claim = { taskId, fence, at: clock.now(), leaseMs: STOP_LEASE_MS };
  const claimed = await store.ingests.claimGone(claim);
  if (!claimed) return (await store.ingests.read(taskId)) ?? ingest;
  const leftMs = heldMs(services, claimed, timeLeftMs);
  try {
    await removeRobot(services, claimed, leftMs);
  } catch (error) {
    await giveBack(services, claimed, leftMs);
    if (error instanceof TrtcError) return claimed;
    throw error;
  }
  return endRow(services, claimed, timeLeftMs);
}

async function endRow(
  services: Services,
  ingest: Ingest,
  timeLeftMs: () => number,
): Promise<Ingest> {
  const { store, clock } = services;
  const { taskId, fence } = ingest;
  const restarted = await restartInstead(services, ingest, timeLeftMs);
  if (restarted) return restarted;
  const at = clock.now();
  // An earlier stop may have worked although its answer was lost. Its reason then counts.
  const reason = ingest.endReason ?? reasonWhenGone(ingest, at);
  const ended = await store.ingests.markEnded({ taskId, fence, reason, at });
  return ended ?? (await store.ingests.read(taskId)) ?? ingest;
}
