/** The words and examples of the schedule actions in the OpenAPI document. */
import type { Static } from "@sinclair/typebox";
import { STRING_ROOM } from "../fields.js";
import type {
  OccurrenceAnswer,
  PreviewedOccurrence,
  SCHEDULE_ANSWERS,
  ScheduleAnswer,
  ScheduleConflict,
} from "../schedules/answers.js";
import type { ScheduleAction } from "../schedules/schemas.js";
import type { ActionPage } from "./action-page.js";

const SCHEDULE_ID = "schedule-01kb0q6t4c8x2m5vj9w3r7n1ye";

const NAMED = { ScheduleId: SCHEDULE_ID };

const INGEST = {
  SdkAppId: 1400000000,
  RoomId: "live-8489",
  RoomIdType: STRING_ROOM,
  StreamUrl: "rtmp://media.example.com/live/stage",
} as const;

/** Every weekday from nine to half past eleven in Berlin. */
const WEEKDAYS = {
  Name: "Morning lessons",
  Ingest: INGEST,
  TimeZone: "Europe/Berlin",
  Windows: [{ Recurrence: "0 9 * * 1-5", EndAt: "11:30" }],
};

const SCHEDULE: ScheduleAnswer = {
  ScheduleId: SCHEDULE_ID,
  Caller: "AKIDschool",
  Comment: "",
  State: "Enabled",
  PausedBecause: null,
  ...WEEKDAYS,
  StartTime: null,
  EndTime: null,
  ExcludeDates: ["2026-01-06"],
  OverlapPolicy: "StopOther",
  Priority: 50,
  CatchupSeconds: null,
  LateStart: "FromBeginning",
  StartJitterSeconds: 0,
  PauseAfterFailures: 0,
  Failures: 0,
  TzVersion: "2025b",
  CreateTime: "2026-01-01T12:00:00.000Z",
  UpdateTime: "2026-01-01T12:00:00.000Z",
};

const NEXT: PreviewedOccurrence[] = [
  {
    StartTime: "2026-01-05T08:00:00.000Z",
    EndTime: "2026-01-05T10:30:00.000Z",
    LocalStart: "2026-01-05T09:00:00+01:00",
    LocalEnd: "2026-01-05T11:30:00+01:00",
  },
  {
    StartTime: "2026-01-06T08:00:00.000Z",
    EndTime: "2026-01-06T10:30:00.000Z",
    LocalStart: "2026-01-06T09:00:00+01:00",
    LocalEnd: "2026-01-06T11:30:00+01:00",
    Skipped: "Excluded",
  },
];

const CONFLICT: ScheduleConflict = {
  ScheduleId: "schedule-01kb0q6t4c8x2m5vj9w3r7n1yf",
  Name: "Winter concert",
  StartTime: "2026-01-05T09:00:00.000Z",
  EndTime: "2026-01-05T10:00:00.000Z",
  Outcome:
    "This schedule's is cut when the other one starts: the OverlapPolicy of the later start is StopOther.",
};

const PLAYED: OccurrenceAnswer = {
  ScheduleId: SCHEDULE_ID,
  Name: WEEKDAYS.Name,
  StartTime: "2026-01-05T08:00:00.000Z",
  EndTime: "2026-01-05T10:30:00.000Z",
  State: "Done",
  Reason: "expired",
  Detail: "It played until the end of its window.",
  LatenessSeconds: 0.08,
  TaskId: "ing-01kb0q6t4c8x2m5vj9w3r7n1ye",
};

const SKIPPED: Static<(typeof SCHEDULE_ANSWERS)["SkipIngestOccurrence"]> = {
  ...PLAYED,
  StartTime: "2026-01-07T08:00:00.000Z",
  EndTime: "2026-01-07T10:30:00.000Z",
  State: "Skipped",
  Reason: "Asked",
  Detail: "SkipIngestOccurrence skipped it.",
  LatenessSeconds: null,
  TaskId: null,
};

const WRITTEN = { ...SCHEDULE, Occurrences: NEXT, Conflicts: [CONFLICT] };

export const SCHEDULE_PAGES: { readonly [A in ScheduleAction]: ActionPage<A> } = {
  CreateIngestSchedule: {
    summary: "Play an ingest again and again",
    description: `Plays Ingest in each of the Windows, by the clock of TimeZone, through changes of daylight saving too.

Each occurrence is planned 24 hours ahead as a scheduled ingest, which ListStreamIngests shows. Send a ClientToken, and the same request can be sent again after a lost answer.`,
    requests: {
      "weekdays from 09:00 to 11:30 in Berlin, except one": {
        ...WEEKDAYS,
        ExcludeDates: ["2026-01-06"],
        ClientToken: "morning-lessons",
      },
      "two hours on the first Sunday, above all others": {
        Name: "Sunday concert",
        Ingest: { ...INGEST, BackupStreamUrl: "https://media.example.com/wait.mp4" },
        TimeZone: "Australia/Lord_Howe",
        Windows: [{ Recurrence: "0 20 1-7 * 0", DurationSeconds: 7200 }],
        Priority: 100,
      },
      "once, and where it would be by then when it starts late": {
        Name: "Premiere",
        Ingest: INGEST,
        TimeZone: "Asia/Shanghai",
        Windows: [{ StartAt: "2026-02-17T20:00", DurationSeconds: 5400 }],
        LateStart: "AtPosition",
        CatchupSeconds: 600,
      },
    },
    answer: WRITTEN,
  },
  UpdateIngestSchedule: {
    summary: "Change, pause or resume a schedule",
    description:
      "Changes only what is sent. Ingest, Windows and ExcludeDates are replaced as a whole. Occurrences that have not started are planned anew; an occurrence that plays goes on.",
    requests: {
      "another end": { ...NAMED, Windows: [{ Recurrence: "0 9 * * 1-5", EndAt: "12:00" }] },
      "a pause": { ...NAMED, State: "Paused" },
    },
    answer: WRITTEN,
  },
  DeleteIngestSchedule: {
    summary: "Delete a schedule",
    description:
      "Cancels what has not started. What plays goes on to its end, unless StopRunning is true. Deleting a schedule twice succeeds.",
    requests: { "a schedule, and what plays of it": { ...NAMED, StopRunning: true } },
    answer: {},
  },
  DescribeIngestSchedule: {
    summary: "Look a schedule up",
    description: "Answers its fields, its next five occurrences, and what became of earlier ones.",
    requests: { "a schedule by its ScheduleId": NAMED },
    answer: {
      ...SCHEDULE,
      Occurrences: NEXT,
      Counts: { Planned: 1, Running: 0, Done: 41, Skipped: 2, Missed: 0, Failed: 1, Cut: 0 },
    },
  },
  ListIngestSchedules: {
    summary: "List the caller's schedules, newest first",
    description: "A caller sees its own schedules only. A schedule must match all filters.",
    requests: {
      "the newest twenty schedules": {},
      "what is scheduled in one room": { RoomId: "live-8489", RoomIdType: STRING_ROOM },
    },
    answer: { Schedules: [SCHEDULE], NextCursor: null },
  },
  PreviewIngestSchedule: {
    summary: "See when a schedule plays, without writing anything",
    description:
      "Takes a ScheduleId, or the fields of CreateIngestSchedule. Answers the next occurrences, those that are skipped, and conflicts with the caller's other schedules in the room.",
    requests: {
      "a schedule around a change of the clocks": {
        ...NAMED,
        From: "2026-03-28T00:00:00+01:00",
        Count: 5,
      },
      "a schedule that does not exist yet": WEEKDAYS,
    },
    answer: { Occurrences: NEXT, Conflicts: [CONFLICT] },
  },
  RunIngestSchedule: {
    summary: "Play a schedule now, once",
    description:
      "Starts its Ingest now, for DurationSeconds or as long as its next window. A paused schedule can be run too.",
    requests: { "a schedule for ten minutes": { ...NAMED, DurationSeconds: 600 } },
    answer: {
      ...PLAYED,
      StartTime: "2026-01-02T12:00:00.000Z",
      EndTime: "2026-01-02T12:10:00.000Z",
      State: "Running",
      Reason: "Run",
      Detail: "RunIngestSchedule started it.",
    },
  },
  SkipIngestOccurrence: {
    summary: "Leave one occurrence out",
    description:
      "The occurrence does not start. It may be any number of days ahead, but not begun. Skipping it twice succeeds.",
    requests: { "the lesson of one day": { ...NAMED, StartTime: "2026-01-07T08:00:00Z" } },
    answer: SKIPPED,
  },
  ListIngestOccurrences: {
    summary: "List what was planned, and what became of it",
    description:
      "A caller sees its own occurrences only, for 90 days. An occurrence must match all filters.",
    requests: {
      "the latest twenty occurrences": {},
      "what was missed in January": {
        State: "Missed",
        From: "2026-01-01T00:00:00Z",
        To: "2026-02-01T00:00:00Z",
      },
    },
    answer: { Occurrences: [PLAYED], NextCursor: null },
  },
};
