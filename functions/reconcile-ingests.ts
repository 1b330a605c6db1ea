/** Brings rows and TRTC back into agreement after a failure. A timer calls it. */
import { reconcileIngests } from "../shared/ingest/reconcile/reconcile.js";
import { openServices } from "../shared/runtime/services.js";
import { timerFunction } from "../shared/runtime/timer.js";

/** Tests and the local runtime pass their own services. */
export const makeHandler = timerFunction("reconcile-ingests", reconcileIngests);

/** The cloud's entry point. Services open once per instance, on the first event. */
export const handler = makeHandler(openServices("reconcile-ingests"));
