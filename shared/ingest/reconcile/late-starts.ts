/** Removes robots that a late start may have brought, when no start can arrive any more. */
import type { Ingest } from "../../store/ingests/ingest-row.js";
import { logTrtcFailure } from "../log-trtc-failure.js";
import type { Services } from "../services.js";
import { removeRobot } from "../stop/evict-robot.js";
import { heldMs, RESUME_LEASE_MS } from "../timing.js";
import { CLAIMS, inBatches, type Outcome, type ReconcileRun } from "./run.js";

export const removeLateRobots = (services: Services, run: ReconcileRun): Promise<void> => {
  const { store, clock } = services;
  return inBatches(run, {
    claim: () =>
      store.ingests.claimLateStarts({ at: clock.now(), limit: CLAIMS, leaseMs: RESUME_LEASE_MS }),
    work: (ingest) => removeLateRobot(services, ingest, run.timeLeftMs),
  });
};

async function removeLateRobot(
  services: Services,
  ingest: Ingest,
  timeLeftMs: () => number,
): Promise<Outcome> {
  const { taskId, fence } = ingest;
  try {
    await removeRobot(services, ingest, heldMs(services, ingest, timeLeftMs));
  } catch (error) {
    logTrtcFailure(services, ingest, error);
    return "refused";
  }
  await services.store.ingests.clearLateStart({ taskId, fence });
  return "cleared";
}
