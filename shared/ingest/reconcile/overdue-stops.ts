/** Stops ingests that expire-ingests should have stopped before. */
import { addMs } from "../../clock.js";
import type { Services } from "../services.js";
import { stopOnTime } from "../stop/expire.js";
import { OVERDUE_MS, STOP_LEASE_MS } from "../timing.js";
import { CLAIMS, inBatches, type ReconcileRun } from "./run.js";

export const stopOverdue = (services: Services, run: ReconcileRun): Promise<void> =>
  inBatches(run, {
    claim() {
      const at = services.clock.now();
      const horizonAt = addMs(at, -OVERDUE_MS);
      return services.store.ingests.claimDue({
        at,
        horizonAt,
        limit: CLAIMS,
        leaseMs: STOP_LEASE_MS,
      });
    },
    async work(ingest) {
      const outcome = await stopOnTime(services, ingest, run.timeLeftMs);
      return outcome === "failed" || outcome === "returned" ? "refused" : "stopped";
    },
  });
