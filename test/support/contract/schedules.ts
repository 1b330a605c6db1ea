/** The required fields of the schedule actions. */
import type { ScheduleAction } from "../../../shared/contract/schedules/schemas.js";

export const SCHEDULE_ID = "schedule-01kb0q6t4c8x2m5vj9w3r7n1ye";

const named = { ScheduleId: SCHEDULE_ID };

export const SCHEDULE_INGEST = {
  SdkAppId: 1400000000,
  RoomId: "8489",
  StreamUrl: "https://media.example/clip.mp4",
};

export const REQUIRED_OF_SCHEDULES = {
  CreateIngestSchedule: {
    Name: "Lessons",
    Ingest: SCHEDULE_INGEST,
    TimeZone: "Europe/Berlin",
    Windows: [{ Recurrence: "0 9 * * 1-5", DurationSeconds: 3600 }],
  },
  UpdateIngestSchedule: named,
  DeleteIngestSchedule: named,
  DescribeIngestSchedule: named,
  ListIngestSchedules: {},
  PreviewIngestSchedule: {},
  RunIngestSchedule: named,
  SkipIngestOccurrence: { ...named, StartTime: "2026-01-05T08:00:00Z" },
  ListIngestOccurrences: {},
} satisfies Record<ScheduleAction, Record<string, unknown>>;
