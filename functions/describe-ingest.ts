/** DescribeStreamIngest: reports whether an ingest plays, when it ends, and why it ended. */
import { describeIngest } from "../shared/ingest/describe.js";
import { httpFunction } from "../shared/runtime/http.js";
import { openServices } from "../shared/runtime/services.js";

/** Tests and the local runtime pass their own services. */
export const makeHandler = httpFunction("describe-ingest", {
  DescribeStreamIngest: describeIngest,
});

/** The cloud's entry point. Services open once per instance, on the first event. */
export const handler = makeHandler(openServices("describe-ingest"));
