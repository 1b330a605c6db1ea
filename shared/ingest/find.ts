/** The ingest that a request names, if it is the caller's own. */
import { ApiError } from "../contract/errors.js";
import type { Ingest } from "../store/ingests/ingest-row.js";
import type { Call, Services } from "./services.js";

type Naming =
  "StopStreamIngest" | "UpdateStreamIngest" | "DescribeStreamIngest" | "DescribeIngestTimeline";

/** The answer for another caller's or application's ingest is the same as for an unknown TaskId. */
export async function findOwn(
  { store }: Services,
  { caller, request, application }: Call<Naming>,
): Promise<Ingest> {
  const ingest = await store.ingests.find({ callerId: caller.Id, taskId: request.TaskId });
  const granted = application ? [application.SdkAppId] : caller.SdkAppIds;
  if (ingest && granted.includes(ingest.sdkAppId)) return ingest;
  throw new ApiError(
    "FailedOperation.TaskNotExist",
    "The caller has no such ingest in this application: send a TaskId that StartStreamIngest or ListStreamIngests gave.",
  );
}
