/**
 * Starts, updates or stops ingests from COS/S3 objects, queue messages and CloudEvents. Messages
 * also write and run schedules.
 */
import { eventFunction } from "../shared/runtime/event.js";
import { openServices } from "../shared/runtime/services.js";
import { eventUseCases } from "../shared/schedules/use-cases.js";

/** Tests and the local runtime pass their own services. */
export const makeHandler = eventFunction("cloud-event", eventUseCases);

/** The cloud's entry point. Services open once per instance, on the first event. */
export const handler = makeHandler(openServices("cloud-event"));
