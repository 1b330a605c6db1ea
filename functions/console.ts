/**
 * The console for people in a browser: its page, every public action and its own costs for a caller's
 * key, and for an operator's key the ingests of all callers and the health of the deployment. All have
 * one origin.
 */
import { operatorUseCases } from "../shared/operator/use-cases.js";
import { consoleFunction } from "../shared/runtime/console/console.js";
import { healthPath } from "../shared/runtime/health-path.js";
import { openServices } from "../shared/runtime/services.js";
import { apiUseCases } from "../shared/schedules/api-use-cases.js";

/** Tests and the local runtime pass their own services. */
export const makeHandler = consoleFunction("console", {
  api: apiUseCases,
  operator: operatorUseCases,
  health: healthPath,
});

/** The cloud's entry point. Services open once per instance, on the first event. */
export const handler = makeHandler(openServices("console"));
