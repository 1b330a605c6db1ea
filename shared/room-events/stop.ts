/** Stops an ingest because of an event. */
import type { Ingest } from "../store/ingests/ingest-row.js";
import type { StopCause } from "../store/ingests/stops.js";
import { beginStop } from "../ingest/stop/begin-stop.js";
import { endTask } from "../ingest/stop/end-task.js";
import { logTrtcFailure } from "../ingest/log-trtc-failure.js";
import type { EventResult } from "./types.js";
import type { Services } from "../ingest/services.js";

/**
 * Writes the stop at once, so the row is due. The next run of expire-ingests completes a failed
 * follow-up. Returns no follow-up when another instance holds the row.
 */
export async function stopForEvent(
  services: Services,
  ingest: Pick<Ingest, "taskId" | "fence">,
  stop: StopCause & { timeLeftMs: () => number },
): Promise<EventResult["followUp"]> {
  await services.trtc.ready();
  const begun = await beginStop(services, ingest, stop);
  if (!begun) return undefined;
  return async (left) => {
    try {
      await endTask(services, { ...begun, timeLeftMs: left });
    } catch (error) {
      logTrtcFailure(services, begun.ingest, error);
    }
  };
}
