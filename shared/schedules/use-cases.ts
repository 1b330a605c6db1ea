/** The use cases by their action, for the functions that serve those of schedules. */
import { startIngest } from "../ingest/start/start.js";
import { stopIngest } from "../ingest/stop/stop.js";
import { updateIngest } from "../ingest/update/update.js";
import type { UseCases } from "../ingest/use-cases.js";
import { createSchedule } from "./actions/create.js";
import { deleteSchedule } from "./actions/delete.js";
import { describeSchedule } from "./actions/describe.js";
import { listOccurrences } from "./actions/list-occurrences.js";
import { listSchedules } from "./actions/list.js";
import { previewSchedule } from "./actions/preview.js";
import { runSchedule } from "./actions/run.js";
import { skipOccurrence } from "./actions/skip.js";
import { updateSchedule } from "./actions/update.js";

export const scheduleUseCases = {
  CreateIngestSchedule: createSchedule,
  UpdateIngestSchedule: updateSchedule,
  DeleteIngestSchedule: deleteSchedule,
  DescribeIngestSchedule: describeSchedule,
  ListIngestSchedules: listSchedules,
  PreviewIngestSchedule: previewSchedule,
  RunIngestSchedule: runSchedule,
  SkipIngestOccurrence: skipOccurrence,
  ListIngestOccurrences: listOccurrences,
} satisfies UseCases;

/** What a message of an event may ask for. A dead letter that is replayed asks for the same. */
export const eventUseCases = {
  StartStreamIngest: startIngest,
  StopStreamIngest: stopIngest,
  UpdateStreamIngest: updateIngest,
  ...scheduleUseCases,
} satisfies UseCases;
