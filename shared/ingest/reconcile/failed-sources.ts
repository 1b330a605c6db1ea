/** Stops ingests whose source has failed for good. */
import { addMs, SECOND_MS } from "../../clock.js";
import type { Services } from "../services.js";
import { endBegunStop } from "../stop/stop-now.js";
import { STOP_LEASE_MS } from "../timing.js";
import { CLAIMS, inBatches, type ReconcileRun } from "./run.js";

/**
 * After a third failure TRTC may try once more, three seconds later. The event of that try has
 * arrived by then.
 */
const LAST_TRY_MS = 10 * SECOND_MS;

export const stopFailedSources = (services: Services, run: ReconcileRun): Promise<void> =>
  inBatches(run, {
    claim() {
      const at = services.clock.now();
      const lastSeenBefore = addMs(at, -LAST_TRY_MS);
      const claims = { at, lastSeenBefore, limit: CLAIMS, leaseMs: STOP_LEASE_MS };
      return services.store.ingests.beginFailedSourceStops(claims);
    },
    async work(ingest) {
      const isStopped = await endBegunStop(services, ingest, run.timeLeftMs);
      return isStopped ? "stopped" : "refused";
    },
  });
