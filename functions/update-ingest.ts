/** UpdateStreamIngest: changes what an ingest plays, pauses it, or moves its deadline. */
import { updateIngest } from "../shared/ingest/update/update.js";
import { httpFunction } from "../shared/runtime/http.js";
import { openServices } from "../shared/runtime/services.js";

/** Tests and the local runtime pass their own services. */
export const makeHandler = httpFunction("update-ingest", { UpdateStreamIngest: updateIngest });

/** The cloud's entry point. Services open once per instance, on the first event. */
export const handler = makeHandler(openServices("update-ingest"));
