/** Plans the occurrences of schedules, and settles them. A timer calls it. */
import { openServices } from "../shared/runtime/services.js";
import { timerFunction } from "../shared/runtime/timer.js";
import { planSchedules } from "../shared/schedules/planning/plan-schedules.js";

/** Tests and the local runtime pass their own services. */
export const makeHandler = timerFunction("plan-schedules", planSchedules);

/** The cloud's entry point. Services open once per instance, on the first event. */
export const handler = makeHandler(openServices("plan-schedules"));
