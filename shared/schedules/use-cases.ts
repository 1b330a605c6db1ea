/** The use cases of schedules by their action, for the functions that serve them. */
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
