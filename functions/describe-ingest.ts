/**
 * DescribeStreamIngest: reports whether an ingest plays, when it ends, and why it ended.
 * DescribeIngestTimeline: who changed it, when and how. A request without an action is the former.
 */
import { describeIngest } from "../shared/ingest/describe.js";
import { describeTimeline } from "../shared/ingest/timeline.js";
import { httpFunction } from "../shared/runtime/http.js";
import { openServices } from "../shared/runtime/services.js";

/** Tests and the local runtime pass their own services. */
export const makeHandler = httpFunction(
  "describe-ingest",
  { DescribeStreamIngest: describeIngest, DescribeIngestTimeline: describeTimeline },
  "DescribeStreamIngest",
);

/** The cloud's entry point. Services open once per instance, on the first event. */
export const handler = makeHandler(openServices("describe-ingest"));
