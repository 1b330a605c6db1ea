/**
 * Serves every action on one URL. `X-TC-Action` or `Action` chooses the action. An unmodified
 * Tencent SDK calls this function when its endpoint is set to it.
 */
import { httpFunction } from "../shared/runtime/http.js";
import { openServices } from "../shared/runtime/services.js";
import { apiUseCases } from "../shared/schedules/api-use-cases.js";

/** Tests and the local runtime pass their own services. */
export const makeHandler = httpFunction("api", apiUseCases);

/** The cloud's entry point. Services open once per instance, on the first event. */
export const handler = makeHandler(openServices("api"));
