/** Checks with TRTC whether running tasks without recent events still exist. */
import { addMs, MINUTE_MS } from "../../clock.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import { logTrtcFailure } from "../log-trtc-failure.js";
import type { Services } from "../services.js";
import { checkTask } from "../stop/check-task.js";
import { BATCH_MAX, CLAIMS, type Outcome, type ReconcileRun } from "./run.js";

/** A running task is checked when TRTC last reported it this long ago. */
const QUIET_MS = 5 * MINUTE_MS;

/** At most half of the calls that TRTC allows. Callers' own requests find free slots. */
const CHECK_SPACING_MS = 110;

/** Checks one task after the other, in slots that no caller waits for. */
export async function checkStaleTasks(services: Services, run: ReconcileRun): Promise<void> {
  const { store, clock } = services;
  for (let checked = 0; checked < BATCH_MAX; checked += CLAIMS) {
    const at = clock.now();
    const quietSince = addMs(at, -QUIET_MS);
    const stale = await store.ingests.claimStaleTasks({ at, quietSince, limit: CLAIMS });
    for (const ingest of stale) {
      if (!run.hasTime()) return;
      run.count(await checkStaleTask(services, ingest, run.timeLeftMs));
      await clock.sleep(CHECK_SPACING_MS);
    }
    if (stale.length < CLAIMS) return;
  }
}

async function checkStaleTask(
  services: Services,
  ingest: Ingest,
  timeLeftMs: () => number,
): Promise<Outcome> {
  try {
    const answer = await checkTask(services, ingest, { timeLeftMs, waitMaxMs: 0 });
    return answer === "there" ? "described" : "gone";
  } catch (error) {
    logTrtcFailure(services, ingest, error);
    return "refused";
  }
}
