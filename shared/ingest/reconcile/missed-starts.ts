/** Ends scheduled starts that advance-ingests should have tried before. */
import { addMs } from "../../clock.js";
import { endMissedStart } from "../start/scheduled-start.js";
import type { Services } from "../services.js";
import { OVERDUE_MS } from "../timing.js";
import { CLAIMS, inBatches, type ReconcileRun } from "./run.js";

export const endMissedStarts = (services: Services, run: ReconcileRun): Promise<void> =>
  inBatches(run, {
    claim() {
      const at = addMs(services.clock.now(), -OVERDUE_MS);
      return services.store.scheduled.listMissed({ at, limit: CLAIMS });
    },
    async work(ingest) {
      return (await endMissedStart(services, ingest)) === "failed" ? "failed" : "refused";
    },
  });
