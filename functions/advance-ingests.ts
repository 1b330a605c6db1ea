/** Starts scheduled ingests at their StartTime, and takes programmes from item to item. A timer calls it. */
import { advanceIngests } from "../shared/ingest/advance.js";
import { openServices } from "../shared/runtime/services.js";
import { timerFunction } from "../shared/runtime/timer.js";

/** Tests and the local runtime pass their own services. */
export const makeHandler = timerFunction("advance-ingests", advanceIngests);

/** The cloud's entry point. Services open once per instance, on the first event. */
export const handler = makeHandler(openServices("advance-ingests"));
