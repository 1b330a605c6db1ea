/**
 * The actions of schedules, which play an ingest again and again. plan-schedules plans their
 * occurrences. With nine actions on one URL, `X-TC-Action` is required.
 */
import { scheduleUseCases } from "../shared/schedules/use-cases.js";
import { httpFunction } from "../shared/runtime/http.js";
import { openServices } from "../shared/runtime/services.js";

/** Tests and the local runtime pass their own services. */
export const makeHandler = httpFunction("schedules", scheduleUseCases);

/** The cloud's entry point. Services open once per instance, on the first event. */
export const handler = makeHandler(openServices("schedules"));
