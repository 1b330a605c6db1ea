/** Ends every ingest at its deadline. A timer calls it. */
import { expireIngests } from "../shared/ingest/stop/expire.js";
import { openServices } from "../shared/runtime/services.js";
import { timerFunction } from "../shared/runtime/timer.js";

/** Tests and the local runtime pass their own services. */
export const makeHandler = timerFunction("expire-ingests", expireIngests);

/** The cloud's entry point. Services open once per instance, on the first event. */
export const handler = makeHandler(openServices("expire-ingests"));
