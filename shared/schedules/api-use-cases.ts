/** Every public action with its use case: what the functions `api` and `console` serve. */
import { describeIngest } from "../ingest/describe.js";
import { listIngests } from "../ingest/list.js";
import { startIngest } from "../ingest/start/start.js";
import { stopIngest } from "../ingest/stop/stop.js";
import { describeTimeline } from "../ingest/timeline.js";
import { updateIngest } from "../ingest/update/update.js";
import type { UseCases } from "../ingest/use-cases.js";
import { scheduleUseCases } from "./use-cases.js";

export const apiUseCases: UseCases = {
  StartStreamIngest: startIngest,
  StopStreamIngest: stopIngest,
  UpdateStreamIngest: updateIngest,
  DescribeStreamIngest: describeIngest,
  ListStreamIngests: listIngests,
  DescribeIngestTimeline: describeTimeline,
  ...scheduleUseCases,
};
