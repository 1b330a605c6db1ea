/** The function of each action. `api` serves all actions. */
import type { Action } from "../../../shared/contract/schemas.js";

const SCHEDULES = "schedules";

export const FUNCTION_OF: Record<Action, string> = {
  StartStreamIngest: "start-ingest",
  StopStreamIngest: "stop-ingest",
  UpdateStreamIngest: "update-ingest",
  DescribeStreamIngest: "describe-ingest",
  ListStreamIngests: "list-ingests",
  DescribeIngestTimeline: "describe-ingest",
  CreateIngestSchedule: SCHEDULES,
  UpdateIngestSchedule: SCHEDULES,
  DeleteIngestSchedule: SCHEDULES,
  DescribeIngestSchedule: SCHEDULES,
  ListIngestSchedules: SCHEDULES,
  PreviewIngestSchedule: SCHEDULES,
  RunIngestSchedule: SCHEDULES,
  SkipIngestOccurrence: SCHEDULES,
  ListIngestOccurrences: SCHEDULES,
};

export const EVERY_FUNCTION = [...new Set(Object.values(FUNCTION_OF)), "api"];
