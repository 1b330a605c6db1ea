/** Stops ingests whose source has failed for good. */
import { addMs, SECOND_MS } from "../../clock.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import { logTrtcFailure } from "../log-trtc-failure.js";
import type { Services } from "../services.js";
import { endTask, stopTiming } from "../stop/end-task.js";
import { STOP_LEASE_MS } from "../timing.js";
import { CLAIMS, inBatches, type Outcome, type ReconcileRun } from "./run.js";

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
    work: (ingest) => stopFailed(services, ingest, run.timeLeftMs),
  });

/** The stop has begun. If it fails, the row stays due. */
async function stopFailed(
  services: Services,
  ingest: Ingest,
  timeLeftMs: () => number,
): Promise<Outcome> {
  const { store, trtc, clock } = services;
  const askedAt = ingest.stopAskedAt ?? clock.now();
  const { account, callerId } = ingest;
  const { waitMaxMs } = stopTiming(askedAt, timeLeftMs);
  try {
    await trtc.ready();
    const slot = await store.slots.take({
      account,
      callerId,
      action: "StopStreamIngest",
      waitMaxMs,
    });
    await endTask(services, { ingest, slot, askedAt, timeLeftMs });
  } catch (error) {
    logTrtcFailure(services, ingest, error);
    return "refused";
  }
  return "stopped";
}
