/** ListStreamIngests: lists the caller's ingests, newest first. TRTC has no such action. */
import { listIngests } from "../shared/ingest/list.js";
import { httpFunction } from "../shared/runtime/http.js";
import { openServices } from "../shared/runtime/services.js";

/** Tests and the local runtime pass their own services. */
export const makeHandler = httpFunction("list-ingests", { ListStreamIngests: listIngests });

/** The cloud's entry point. Services open once per instance, on the first event. */
export const handler = makeHandler(openServices("list-ingests"));
