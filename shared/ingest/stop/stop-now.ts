/** Ends a running ingest for a reason of our own. If a call fails, expire-ingests goes on. */
import type { Ingest } from "../../store/ingests/ingest-row.js";
import type { StopCause } from "../../store/ingests/stops.js";
import { logTrtcFailure } from "../log-trtc-failure.js";
import type { Services } from "../services.js";
import { slotWaitMaxMs } from "../trtc-call.js";
import { STOP_LEASE_MS } from "../timing.js";
import { beginStop } from "./begin-stop.js";
import { endTask } from "./end-task.js";

type Timed = StopCause & { timeLeftMs: () => number };

/** False when another instance holds the row, or when it does not run. */
export async function stopNow(
  services: Services,
  ingest: Pick<Ingest, "taskId" | "fence">,
  stop: Timed,
): Promise<boolean> {
  const { timeLeftMs } = stop;
  const begun = await beginStop(services, ingest, stop);
  if (!begun) return false;
  try {
    await endTask(services, { ...begun, timeLeftMs });
  } catch (error) {
    logTrtcFailure(services, begun.ingest, error);
  }
  return true;
}

/** The stop is written already. True when TRTC has carried it out. */
export async function endBegunStop(
  services: Services,
  ingest: Ingest,
  timeLeftMs: () => number,
): Promise<boolean> {
  const { store, trtc, clock } = services;
  const { account, callerId } = ingest;
  const waitMaxMs = slotWaitMaxMs(Math.min(timeLeftMs(), STOP_LEASE_MS));
  const askedAt = ingest.stopAskedAt ?? clock.now();
  const action = "StopStreamIngest";
  try {
    await trtc.ready();
    const slot = await store.slots.take({ account, callerId, action, waitMaxMs });
    await endTask(services, { ingest, slot, askedAt, timeLeftMs });
  } catch (error) {
    logTrtcFailure(services, ingest, error);
    return false;
  }
  return true;
}
