/** Writes the stop of an ingest of any caller. It needs no key of TRTC: the timers carry it out. */
import type { Services } from "../ingest/services.js";
import { askStop } from "../ingest/stop/ask-stop.js";
import type { Ingest } from "../store/ingests/ingest-row.js";

/** expire-ingests takes the row at once. Its call to TRTC takes its own slot. */
const NO_LEASE = { leaseMs: 0, waitMaxMs: 0 };

/**
 * Writes the stop, as a request does before it calls TRTC. The timers carry it out, as they do for
 * a function that ended in between.
 */
export async function writeStop(services: Services, ingest: Ingest): Promise<void> {
  const { state, taskId } = await askStop(services, ingest);
  if (state !== "running") return;
  await services.store.ingests.beginStop({ taskId, at: services.clock.now(), ...NO_LEASE });
}
