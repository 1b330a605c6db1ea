/** The answers of the schedule actions, as data. answers.ts says what holds for all of them. */
import type { Static, TSchema } from "@sinclair/typebox";
import * as Type from "@sinclair/typebox";
import { orNull } from "../programme-answers.js";
import {
  SCHEDULE_FIELDS as f,
  SHOWN_OCCURRENCE_STATES,
  type ShownOccurrenceState,
} from "./fields.js";
import { SCHEDULED_INGEST } from "./ingest.js";
import type { ScheduleAction } from "./schemas.js";

const instant = (description: string) => Type.String({ format: "date-time", description });

const { ScheduleId, Name } = f;

const TaskId = Type.String({ pattern: "^ing-[0-9a-z]{26}$", description: "The ingest's id." });

const NextCursor = orNull(
  Type.String({ description: "Send it as Cursor for the next page. null on the last page." }),
);

/** An answer may hold fields of both sites, so this is no closed object. */
const INGEST = Type.Unsafe<Static<(typeof SCHEDULED_INGEST)["cn"]>>({
  type: "object",
  required: ["SdkAppId", "RoomId"],
  properties: SCHEDULED_INGEST.cn.properties,
  description: "The fields of each start, as they were sent.",
});

/** A schedule in full: an entry of a list, and a part of other answers. */
export const SCHEDULE = Type.Object({
  ScheduleId,
  Caller: Type.String({ description: "The Id of the caller that created it." }),
  Name,
  Comment: f.Comment,
  State: f.State,
  PausedBecause: orNull(
    Type.String({
      description: "Failures: PauseAfterFailures paused it. null: it is enabled, or a request did.",
    }),
  ),
  Ingest: INGEST,
  TimeZone: f.TimeZone,
  Windows: f.Windows,
  StartTime: orNull(instant("No occurrence starts before it. null: without limit.")),
  EndTime: orNull(instant("No occurrence starts at or after it. null: without limit.")),
  ExcludeDates: f.ExcludeDates,
  OverlapPolicy: f.OverlapPolicy,
  Priority: f.Priority,
  CatchupSeconds: orNull(
    Type.Integer({
      description: "How late an occurrence may start. null: as long as its window is open.",
    }),
  ),
  LateStart: f.LateStart,
  StartJitterSeconds: f.StartJitterSeconds,
  PauseAfterFailures: f.PauseAfterFailures,
  Failures: Type.Integer({ description: "How many occurrences in a row have failed." }),
  TzVersion: Type.String({
    description: "The version of the time zone data that its occurrences are planned with.",
  }),
  CreateTime: instant("When it was created."),
  UpdateTime: instant("When it was changed last."),
});

export type ScheduleAnswer = Static<typeof SCHEDULE>;

const StartTime = instant(
  "The start that the rules give, without jitter. It names the occurrence.",
);

/** One occurrence by the rules, which nothing has to have planned yet. */
export const PREVIEWED = Type.Object({
  StartTime,
  EndTime: instant("When it ends."),
  LocalStart: Type.String({
    description: "StartTime in the schedule's time zone, with its offset.",
  }),
  LocalEnd: Type.String({ description: "EndTime in the schedule's time zone, with its offset." }),
  Skipped: Type.Optional(
    Type.String({
      description:
        "Present only when it does not take place. DstGap: it would end at or before its start, because clocks change; Excluded: ExcludeDates has its date; Asked: SkipIngestOccurrence skipped it; Stopped: its ingest was stopped before its start.",
    }),
  ),
  Note: Type.Optional(
    Type.String({ description: "Present only when clocks change its start or its end: how." }),
  ),
});

export type PreviewedOccurrence = Static<typeof PREVIEWED>;

export const CONFLICT = Type.Object({
  ScheduleId: Type.String({ description: "Another schedule of the same room." }),
  Name: Type.String({ description: "Its name." }),
  StartTime: instant("When its occurrence starts, which overlaps one of these."),
  EndTime: instant("When that occurrence ends."),
  Outcome: Type.String({
    description: "Which of the two plays, by their Priority and OverlapPolicy, as a sentence.",
  }),
});

export type ScheduleConflict = Static<typeof CONFLICT>;

/** The reasons of each state. Those of Failed are codes of errors. */
const WHY = {
  Done: ["expired", "finished", "stopped", "empty", "lost"],
  Skipped: ["DstGap", "Excluded", "Asked", "Stopped", "Overlap", "LowerPriority", "Extended"],
  Missed: ["Late", "RobotBusy"],
  Cut: ["Overlap", "LowerPriority", "Extended"],
  Planned: ["Run", "RobotBusy"],
} as const;

/** Every word that a Reason may be. */
export const OCCURRENCE_REASONS: readonly string[] = [...new Set(Object.values(WHY).flat())];

const oneOf = (words: readonly string[]): string =>
  `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;

/** An occurrence that is planned, plays, or is over. */
export const OCCURRENCE = Type.Object({
  ScheduleId,
  Name,
  StartTime,
  EndTime: instant("When its window ends."),
  State: Type.Unsafe<ShownOccurrenceState>({
    type: "string",
    enum: SHOWN_OCCURRENCE_STATES,
    description:
      "Planned: it will start; Running: it plays; Done: it has played; Skipped: it did not start, as Reason says; Missed: it could not start in time; Failed: TRTC or a check refused it, or its media failed; Cut: another occurrence took its place.",
  }),
  Reason: orNull(
    Type.String({
      description: `Why it has its state: one of these words, or a code of an error. Done: ${oneOf(WHY.Done)}, as EndReason of an ingest; Skipped: ${oneOf(WHY.Skipped)}; Missed: ${oneOf(WHY.Missed)}; Cut: ${oneOf(WHY.Cut)}; Planned or Running: Run, when RunIngestSchedule started it, or RobotBusy. null: by its window, as planned.`,
    }),
  ),
  Detail: orNull(Type.String({ description: "The same in one sentence." })),
  LatenessSeconds: orNull(
    Type.Number({
      description: "How long after its planned start, jitter included, it began. null: it did not.",
    }),
  ),
  TaskId: orNull({ ...TaskId, description: "Its ingest. null: it has none." }),
});

export type OccurrenceAnswer = Static<typeof OCCURRENCE>;

const Occurrences = Type.Array(PREVIEWED, {
  description: "The next occurrences, at most five, and those that are skipped.",
});

const Conflicts = Type.Array(CONFLICT, {
  description: "Occurrences of the caller's other schedules in the room that overlap these.",
});

const count = (what: string) => Type.Integer({ description: `How many ${what}.` });

const COUNTS = Type.Object(
  {
    Planned: count("are planned"),
    Running: count("play"),
    Done: count("have played"),
    Skipped: count("were skipped"),
    Missed: count("were missed"),
    Failed: count("have failed"),
    Cut: count("were cut by another one"),
  },
  { description: "Its occurrences of the last 90 days and of the next day, by their state." },
);

const WRITTEN = Type.Object({ ...SCHEDULE.properties, Occurrences, Conflicts });

export const SCHEDULE_ANSWERS = {
  CreateIngestSchedule: WRITTEN,
  UpdateIngestSchedule: WRITTEN,
  DeleteIngestSchedule: Type.Object({}),
  DescribeIngestSchedule: Type.Object({ ...SCHEDULE.properties, Occurrences, Counts: COUNTS }),
  ListIngestSchedules: Type.Object({
    Schedules: Type.Array(SCHEDULE, { description: "Newest first." }),
    NextCursor,
  }),
  PreviewIngestSchedule: Type.Object({
    Occurrences: Type.Array(PREVIEWED, { description: "The next occurrences, earliest first." }),
    Conflicts,
  }),
  RunIngestSchedule: OCCURRENCE,
  SkipIngestOccurrence: OCCURRENCE,
  ListIngestOccurrences: Type.Object({
    Occurrences: Type.Array(OCCURRENCE, { description: "Latest start first." }),
    NextCursor,
  }),
} satisfies Record<ScheduleAction, TSchema>;

/** The answers of the use cases, by action. */
export type ScheduleAnswers = {
  [A in ScheduleAction]: Static<(typeof SCHEDULE_ANSWERS)[A]>;
};
