/**
 * StartStreamIngest: sends a robot user into a TRTC room to play one media URL. Every ingest has a
 * deadline, and expire-ingests stops it then.
 */
import { startIngest } from "../shared/ingest/start/start.js";
import { httpFunction } from "../shared/runtime/http.js";
import { openServices } from "../shared/runtime/services.js";

/** Tests and the local runtime pass their own services. */
export const makeHandler = httpFunction("start-ingest", { StartStreamIngest: startIngest });

/** The cloud's entry point. Services open once per instance, on the first event. */
export const handler = makeHandler(openServices("start-ingest"));
