/** Presents schedules and occurrences to their caller. */
import type { PlannedWindow } from "../calendar/windows.js";
import { SECOND_MS } from "../clock.js";
import type {
  OccurrenceAnswer,
  PreviewedOccurrence,
  ScheduleAnswer,
} from "../contract/schedules/answers.js";
import type { ShownOccurrence } from "../store/schedules/occurrences.js";
import type { Schedule } from "../store/schedules/schedule-row.js";
import { fieldsOf } from "./definition.js";

export function presentSchedule(schedule: Schedule): ScheduleAnswer {
  const { definition } = schedule;
  return {
    ScheduleId: schedule.scheduleId,
    Caller: schedule.callerId,
    Name: schedule.name,
    Comment: schedule.comment,
    State: schedule.state === "Enabled" ? "Enabled" : "Paused",
    PausedBecause: schedule.pausedBecause,
    ...fieldsOf(definition),
    StartTime: definition.startTime,
    EndTime: definition.endTime,
    ExcludeDates: definition.excludeDates,
    OverlapPolicy: definition.overlapPolicy,
    Priority: definition.priority,
    CatchupSeconds: definition.catchupSeconds,
    LateStart: definition.lateStart,
    StartJitterSeconds: definition.jitterSeconds,
    PauseAfterFailures: definition.pauseAfterFailures,
    Failures: schedule.failures,
    TzVersion: schedule.tzdata,
    CreateTime: schedule.createdAt.toISOString(),
    UpdateTime: schedule.updatedAt.toISOString(),
  };
}

/** `skipped`: why it does not take place, where something other than the rules says so. */
export function presentWindow(
  { nominalAt, endsAt, localStart, localEnd, skipped: byRules, note }: PlannedWindow,
  skipped: string | undefined,
): PreviewedOccurrence {
  const reason = skipped ?? byRules;
  return {
    StartTime: nominalAt.toISOString(),
    EndTime: endsAt.toISOString(),
    LocalStart: localStart,
    LocalEnd: localEnd,
    ...(reason !== undefined && { Skipped: reason }),
    ...(note !== undefined && { Note: note }),
  };
}

/** Sentences for the reasons that have none of their own. */
const SENTENCES: Readonly<Record<string, string>> = {
  Asked: "SkipIngestOccurrence skipped it.",
  DstGap: "A change of the clocks leaves no time for it.",
  Excluded: "ExcludeDates has its date.",
  Stopped: "Its ingest was stopped before its start.",
  Late: "It could not start within CatchupSeconds.",
  RobotBusy: "Its UserId is in another ingest.",
  Run: "RunIngestSchedule started it.",
  expired: "It played until the end of its window.",
  finished: "Its media came to its end.",
  stopped: "StopStreamIngest or a stop of the schedule ended it.",
  empty: "Its room had no viewer.",
  lost: "TRTC ended it for an unknown reason.",
};

/** Another occurrence plays in its place. Its detail is the TaskId of that one. */
const OTHERS: Readonly<Record<string, string>> = {
  Overlap: "by the OverlapPolicy of the later start",
  LowerPriority: "which has the higher Priority",
  Extended: "which plays until the later of both ends",
};

function detailOf({ reason, detail }: ShownOccurrence): string | null {
  const other = OTHERS[reason ?? ""];
  if (other !== undefined && detail !== null) return `${detail} plays in its place, ${other}.`;
  return detail ?? SENTENCES[reason ?? ""] ?? null;
}

export function presentOccurrence(occurrence: ShownOccurrence): OccurrenceAnswer {
  const { startedAt, startsAt } = occurrence;
  return {
    ScheduleId: occurrence.scheduleId,
    Name: occurrence.name,
    StartTime: occurrence.nominalAt.toISOString(),
    EndTime: occurrence.endsAt.toISOString(),
    State: occurrence.state,
    Reason: occurrence.reason,
    Detail: detailOf(occurrence),
    LatenessSeconds:
      startedAt === null ? null : (startedAt.getTime() - startsAt.getTime()) / SECOND_MS,
    TaskId: occurrence.taskId,
  };
}
