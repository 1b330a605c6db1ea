/** StopStreamIngest: ends an ingest now. A second stop is a success. */
import { stopIngest } from "../shared/ingest/stop/stop.js";
import { httpFunction } from "../shared/runtime/http.js";
import { openServices } from "../shared/runtime/services.js";

/** Tests and the local runtime pass their own services. */
export const makeHandler = httpFunction("stop-ingest", { StopStreamIngest: stopIngest });

/** The cloud's entry point. Services open once per instance, on the first event. */
export const handler = makeHandler(openServices("stop-ingest"));
