/** Stops an ingest because of an event. */
import type { Ingest } from "../store/ingests/ingest-row.js";
import type { StopCause } from "../store/ingests/stops.js";
import { endTask, stopTiming } from "../ingest/stop/end-task.js";
import { logTrtcFailure } from "../ingest/log-trtc-failure.js";
import type { EventResult } from "./types.js";
import type { Services } from "../ingest/services.js";

/**
 * Writes the stop at once, so the row is due. The next run of expire-ingests completes a failed
 * follow-up. Returns no follow-up when another instance holds the row.
 */
export async function stopForEvent(
  services: Services,
  { taskId }: Pick<Ingest, "taskId">,
  { timeLeftMs, ...why }: StopCause & { timeLeftMs: () => number },
): Promise<EventResult["followUp"]> {
  const { store, clock, trtc } = services;
  await trtc.ready();
  const askedAt = clock.now();
  const begun = await store.ingests.beginStop({
    taskId,
    ...why,
    ...stopTiming(askedAt, timeLeftMs),
  });
  if (!begun) return undefined;
  return async (left) => {
    try {
      await endTask(services, { ...begun, askedAt, timeLeftMs: left });
    } catch (error) {
      logTrtcFailure(services, begun.ingest, error);
    }
  };
}
