/** Starts, updates or stops ingests from COS/S3 objects, queue messages and CloudEvents. */
import { startIngest } from "../shared/ingest/start/start.js";
import { stopIngest } from "../shared/ingest/stop/stop.js";
import { scheduleUseCases } from "../shared/schedules/use-cases.js";
import { updateIngest } from "../shared/ingest/update/update.js";
import { eventFunction } from "../shared/runtime/event.js";
import { openServices } from "../shared/runtime/services.js";

/** Tests and the local runtime pass their own services. */
export const makeHandler = eventFunction("cloud-event", {
  StartStreamIngest: startIngest,
  StopStreamIngest: stopIngest,
  UpdateStreamIngest: updateIngest,
  ...scheduleUseCases,
});

/** The cloud's entry point. Services open once per instance, on the first event. */
export const handler = makeHandler(openServices("cloud-event"));
