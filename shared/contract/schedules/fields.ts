/**
 * The fields of schedules. The calendar checks what a pattern cannot: that a time zone, a cron
 * expression or a date exists.
 */
import * as Type from "@sinclair/typebox";
import { FIELDS } from "../fields.js";

const CLOSED = { additionalProperties: false };

const optional = Type.Optional;

/** How an occurrence meets another one of the same priority in its room. */
export const OVERLAP_POLICIES = ["Skip", "StopOther", "Extend"] as const;
export type OverlapPolicy = (typeof OVERLAP_POLICIES)[number];

/** Where an occurrence begins that starts late. */
export const LATE_STARTS = ["FromBeginning", "AtPosition"] as const;
export type LateStart = (typeof LATE_STARTS)[number];

/** The states that a caller can see and set. */
export const SCHEDULE_SETTINGS = ["Enabled", "Paused"] as const;
export type ScheduleSetting = (typeof SCHEDULE_SETTINGS)[number];

export const SHOWN_OCCURRENCE_STATES = [
  "Planned",
  "Running",
  "Done",
  "Skipped",
  "Missed",
  "Failed",
  "Cut",
] as const;
export type ShownOccurrenceState = (typeof SHOWN_OCCURRENCE_STATES)[number];

/** 366 days. */
const LONGEST_SECONDS = 31_622_400;

/** Without control characters and halves of surrogate pairs, which JSON in a database refuses. */
const WORDS = "[^\\u0000-\\u001f\\u007f-\\u009f\\ud800-\\udfff]";

const SCHEDULE_ID = "^schedule-[0-9a-z]{26}$";

/** Whether a text has the form of a ScheduleId. */
export const isScheduleId = (text: string): boolean => new RegExp(SCHEDULE_ID).test(text);

const DurationSeconds = Type.Integer({
  minimum: 60,
  maximum: LONGEST_SECONDS,
  description: "How long each occurrence lasts, in elapsed seconds.",
});

const WINDOW = Type.Object(
  {
    Recurrence: optional(
      Type.String({
        pattern: "^[\\x20-\\x7e]{1,256}$",
        description:
          "A cron expression of five fields: minute, hour, day of month, month, day of week. A day must fit both of its fields.",
      }),
    ),
    StartAt: optional(
      Type.String({
        pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2})?$",
        maxLength: 19,
        description: "Instead of Recurrence: one local date and time, without an offset.",
      }),
    ),
    DurationSeconds: optional(DurationSeconds),
    EndAt: optional(
      Type.String({
        pattern: "^([01]\\d|2[0-3]):[0-5]\\d$",
        maxLength: 5,
        description:
          "Instead of DurationSeconds: the local time at which it ends. A time that is not after the start is on the next day.",
      }),
    ),
  },
  CLOSED,
);

const { StartTime, ClientToken } = FIELDS.cn;

const instant = (description: string) => Type.String({ ...StartTime, description });

export const SCHEDULE_FIELDS = {
  ScheduleId: Type.String({
    pattern: SCHEDULE_ID,
    maxLength: 35,
    description: "The schedule's id. CreateIngestSchedule and ListIngestSchedules give it.",
  }),
  Name: Type.String({
    pattern: `^${WORDS}{1,128}$`,
    description: "The schedule's name. Each schedule of a caller has another one.",
  }),
  Comment: Type.String({
    pattern: "^[^\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\ud800-\\udfff]{0,1024}$",
    description: "A note for people, of at most 1024 characters.",
  }),
  TimeZone: Type.String({
    pattern: "^[A-Za-z0-9_+\\-/]{1,64}$",
    description: "The IANA name of the time zone of all local times, for example Europe/Berlin.",
  }),
  Windows: Type.Array(WINDOW, {
    minItems: 1,
    maxItems: 20,
    description: "When the ingest plays: Recurrence or StartAt, with DurationSeconds or EndAt.",
  }),
  StartTime: instant("No occurrence starts before this instant, in ISO 8601 with its offset."),
  EndTime: instant("No occurrence starts at or after this instant, in ISO 8601 with its offset."),
  ExcludeDates: Type.Array(
    Type.String({
      pattern: "^\\d{4}-\\d{2}-\\d{2}$",
      maxLength: 10,
      description: "A local date.",
    }),
    {
      minItems: 0,
      maxItems: 366,
      description: "No occurrence starts on these local dates, for example holidays.",
    },
  ),
  OverlapPolicy: Type.Unsafe<OverlapPolicy>({
    type: "string",
    enum: OVERLAP_POLICIES,
    description:
      "What this occurrence does when another one of the same Priority plays in the room. Skip: it does not start; StopOther: it takes the other's place; Extend: the other plays until the later of both ends.",
  }),
  Priority: Type.Integer({
    minimum: 0,
    maximum: 100,
    description: "Of two occurrences in a room, the one of the higher Priority plays.",
  }),
  CatchupSeconds: Type.Integer({
    minimum: 0,
    maximum: LONGEST_SECONDS,
    description:
      "An occurrence that could not start in time still starts within these seconds. Default: as long as its window is open.",
  }),
  LateStart: Type.Unsafe<LateStart>({
    type: "string",
    enum: LATE_STARTS,
    description:
      "What a late occurrence plays. FromBeginning: everything; AtPosition: what would play by now, had it started in time.",
  }),
  StartJitterSeconds: Type.Integer({
    minimum: 0,
    maximum: 900,
    description:
      "Delays each start by up to this many seconds, so that many schedules do not start at once. An occurrence always has the same delay.",
  }),
  PauseAfterFailures: Type.Integer({
    minimum: 0,
    maximum: 1000,
    description: "Pauses the schedule after this many failures in a row; 0: never.",
  }),
  State: Type.Unsafe<ScheduleSetting>({
    type: "string",
    enum: SCHEDULE_SETTINGS,
    description: "Paused: no occurrence starts. What already plays goes on.",
  }),
  ClientToken,
  DurationSeconds,
  From: instant("The first instant of the answer, in ISO 8601 with its offset. Default: now."),
  Count: Type.Integer({
    minimum: 1,
    maximum: 100,
    description: "The largest number of occurrences in the answer.",
  }),
  StopRunning: Type.Boolean({
    description: "true: stop the occurrences that play, too.",
  }),
};

/** What a schedule does without these fields. CatchupSeconds: as long as its window is open. */
export const SCHEDULE_DEFAULTS = {
  Comment: "",
  OverlapPolicy: "StopOther",
  Priority: 50,
  LateStart: "FromBeginning",
  StartJitterSeconds: 0,
  PauseAfterFailures: 0,
  State: "Enabled",
  Count: 10,
  StopRunning: false,
} as const;
