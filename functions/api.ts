/**
 * Every action on one URL, chosen by `X-TC-Action` or `Action`: what an unmodified Tencent SDK
 * calls when its endpoint is set to this function.
 */
import { describeIngest } from "../shared/ingest/describe.js";
import { listIngests } from "../shared/ingest/list.js";
import { startIngest } from "../shared/ingest/start/start.js";
import { stopIngest } from "../shared/ingest/stop/stop.js";
import { updateIngest } from "../shared/ingest/update.js";
import { httpFunction } from "../shared/runtime/http.js";
import { openServices } from "../shared/runtime/services.js";

/** Tests and the local runtime bring their own services. */
export const makeHandler = httpFunction("api", {
  StartStreamIngest: startIngest,
  StopStreamIngest: stopIngest,
  UpdateStreamIngest: updateIngest,
  DescribeStreamIngest: describeIngest,
  ListStreamIngests: listIngests,
});

/** The cloud's entry point. Services open once per instance, on the first event. */
export const handler = makeHandler(openServices("api"));
