/**
 * Serves every action on one URL. `X-TC-Action` or `Action` chooses the action. An unmodified
 * Tencent SDK calls this function when its endpoint is set to it.
 */
import { describeIngest } from "../shared/ingest/describe.js";
import { listIngests } from "../shared/ingest/list.js";
import { startIngest } from "../shared/ingest/start/start.js";
import { stopIngest } from "../shared/ingest/stop/stop.js";
import { scheduleUseCases } from "../shared/schedules/use-cases.js";
import { updateIngest } from "../shared/ingest/update/update.js";
import { httpFunction } from "../shared/runtime/http.js";
import { openServices } from "../shared/runtime/services.js";

/** Tests and the local runtime pass their own services. */
export const makeHandler = httpFunction("api", {
  StartStreamIngest: startIngest,
  StopStreamIngest: stopIngest,
  UpdateStreamIngest: updateIngest,
  DescribeStreamIngest: describeIngest,
  ListStreamIngests: listIngests,
  ...scheduleUseCases,
});

/** The cloud's entry point. Services open once per instance, on the first event. */
export const handler = makeHandler(openServices("api"));
