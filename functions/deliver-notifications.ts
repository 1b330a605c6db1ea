/** Sends callers the events of their ingests. A timer calls it. */
import { deliverNotifications } from "../shared/notifications/deliver.js";
import { openServices } from "../shared/runtime/services.js";
import { timerFunction } from "../shared/runtime/timer.js";

/** Tests and the local runtime pass their own services. */
export const makeHandler = timerFunction("deliver-notifications", deliverNotifications);

/** The cloud's entry point. Services open once per instance, on the first event. */
export const handler = makeHandler(openServices("deliver-notifications"));
