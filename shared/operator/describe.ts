/**
 * DescribeIngest and DescribeTimeline: one ingest of any caller, and what happened to it. They read
 * the row and ask nothing of TRTC, because a console asks again and again.
 */
import { ApiError } from "../contract/errors.js";
import type { Services } from "../ingest/services.js";
import { timelinePage, timelineOf } from "../ingest/timeline.js";
import type { Ingest } from "../store/ingests/ingest-row.js";
import { presentForOperator } from "./present.js";
import type { OperatorCall } from "./request.js";

export async function describeForOperator(
  services: Services,
  { request }: OperatorCall<"DescribeIngest">,
) {
  const ingest = await readAny(services, request.TaskId);
  return { Ingest: presentForOperator(ingest, services.clock.now()) };
}

export async function timelineForOperator(
  services: Services,
  { request }: OperatorCall<"DescribeTimeline">,
) {
  const page = timelinePage(request);
  return timelineOf(services, await readAny(services, request.TaskId), page);
}

async function readAny({ store }: Services, taskId: string): Promise<Ingest> {
  const ingest = await store.ingests.read(taskId);
  if (ingest && ingest.successorOf === null) return ingest;
  throw new ApiError("FailedOperation.TaskNotExist", NO_SUCH_INGEST);
}

export const NO_SUCH_INGEST =
  "No caller has such an ingest: send a TaskId that ListIngests gave. An ended ingest goes after RETENTION_DAYS.";
