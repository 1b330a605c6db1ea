/** An event as its receiver gets it: CloudEvents 1.0, with field names of DescribeStreamIngest. */
import { type BudgetData, budgetDataOf } from "./budget-data.js";
import { type Billed, costOf, minutesOf } from "../ingest/cost.js";
import { endDetail, type EndFacts, failureCodeOf } from "../ingest/end-detail.js";
import type { Cost } from "../contract/cost.js";
import type { OnAir } from "../store/programmes/programme-row.js";
import type { Notification, NotificationKey } from "../store/outbox/deliveries.js";
import type { NotificationType } from "../store/outbox/outbox.js";

/** Every attempt has the same id, so a receiver can recognise an event that it already has. */
export const notificationId = ({ taskId, position }: NotificationKey): string =>
  `${taskId}-${position}`;

export function cloudEventOf(notification: Notification) {
  const { taskId, position, type, happenedAt } = notification;
  return {
    specversion: "1.0",
    id: notificationId(notification),
    source: sourceOf(notification),
    type,
    subject: taskId,
    time: happenedAt.toISOString(),
    datacontenttype: "application/json",
    // CloudEvents' extension "sequence": 1, 2, 3… for each source.
    sequence: String(position),
    sequencetype: "Integer",
    data: dataOf(notification) as EventData,
  };
}

function sourceOf({ taskId, type, facts }: Notification): string {
  const callerId = textOf(facts["caller_id"]);
  if (isOfBudget(type) && callerId !== null) return `/callers/${callerId}/budgets/${taskId}`;
  const kind = isOfBudget(type) ? "budgets" : isOfSchedule(type) ? "schedules" : "ingests";
  return `/applications/${String(facts["sdk_app_id"])}/${kind}/${taskId}`;
}

function dataOf(notification: Notification) {
  const { type } = notification;
  if (isOfBudget(type)) return budgetDataOf(notification);
  return isOfSchedule(type) ? scheduleDataOf(notification) : ingestDataOf(notification);
}

export type CloudEvent = ReturnType<typeof cloudEventOf>;

type EventData = Partial<
  ReturnType<typeof ingestDataOf> & ReturnType<typeof scheduleDataOf> & BudgetData
>;

const isOfBudget = (type: NotificationType): boolean => type.startsWith("budget.");

const isOfSchedule = (type: NotificationType): boolean => type.startsWith("schedule.");

/** Field names of ListIngestOccurrences, or of DescribeIngestSchedule for a pause. */
function scheduleDataOf({ type, facts }: Notification) {
  const schedule = {
    ScheduleId: String(facts["schedule_id"]),
    Name: String(facts["name"]),
    SdkAppId: Number(facts["sdk_app_id"]),
    RoomId: String(facts["room_id"]),
    RoomIdType: Number(facts["room_id_type"]),
  };
  const reason = textOf(facts["reason"]);
  const detail = textOf(facts["detail"]);
  if (type === "schedule.paused") {
    return {
      ...schedule,
      State: "Paused",
      PausedBecause: reason,
      Failures: Number(facts["failures"] ?? 0),
      FailureCode: textOf(facts["failure_code"]),
      Detail: detail,
    };
  }
  return {
    ...schedule,
    StartTime: instantOf(facts["nominal_at"])?.toISOString() ?? null,
    EndTime: instantOf(facts["ends_at"])?.toISOString() ?? null,
    State: "Missed",
    Reason: reason,
    Detail: detail,
  };
}

function ingestDataOf({ taskId, type, happenedAt, facts }: Notification) {
  const isEnded = facts["state"] === "ended";
  const [startedAt, endedAt] = [instantOf(facts["started_at"]), instantOf(facts["ended_at"])];
  const endFacts = endFactsOf(facts);
  return {
    TaskId: taskId,
    TrtcTaskId: textOf(facts["trtc_task_id"]),
    SdkAppId: Number(facts["sdk_app_id"]),
    RoomId: String(facts["room_id"]),
    RoomIdType: Number(facts["room_id_type"]),
    UserId: String(facts["robot_user_id"]),
    State: type === "ingest.scheduled" ? "scheduled" : String(facts["state"]),
    EndReason: isEnded ? textOf(facts["end_reason"]) : null,
    EndDetail: endDetail(endFacts),
    FailureCode: failureCodeOf(endFacts),
    StartTime: (startedAt ?? instantOf(facts["starts_at"]))?.toISOString() ?? null,
    Deadline: instantOf(facts["deadline_at"])?.toISOString() ?? null,
    EndTime: endedAt?.toISOString() ?? null,
    LatenessMs: isEnded ? latenessMs(facts) : null,
    UsageMinutes: endedAt ? usageMinutes(startedAt, endedAt) : null,
    Cost: costIn(facts, happenedAt),
    ...mediaOf(facts),
    ...onAirOf(facts),
  };
}

type Facts = Notification["facts"];

function endFactsOf(facts: Facts): EndFacts {
  const instant = (column: string) => instantOf(facts[column]) ?? null;
  return {
    endReason: textOf(facts["end_reason"]) as EndFacts["endReason"],
    endCause: textOf(facts["end_cause"]) as EndFacts["endCause"],
    failureCode: textOf(facts["failure_code"]),
    failureMessage: textOf(facts["failure_message"]),
    startsAt: instant("starts_at"),
    startedAt: instant("started_at"),
    // Every row has a deadline.
    deadlineAt: instant("deadline_at") ?? new Date(0),
    stopAskedAt: instant("stop_asked_at"),
    endedAt: instant("ended_at"),
    pausedAt: instant("paused_at"),
    emptySeconds: typeof facts["empty_seconds"] === "number" ? facts["empty_seconds"] : null,
    // Events from before the schedules have none.
    occurrence: (facts["occurrence"] ?? null) as EndFacts["occurrence"],
    failures: Number(facts["failures"] ?? 0),
  };
}

/**
 * Milliseconds between the due time and the end. The due time is the deadline, or the time of the
 * stop request. Null for other end reasons.
 */
function latenessMs(facts: Facts): number | null {
  const reason = facts["end_reason"];
  const [dueAt, endedAt] = [instantOf(facts["due_at"]), instantOf(facts["ended_at"])];
  if (
    (reason !== "expired" && reason !== "stopped") ||
    facts["stop_asked_at"] === null ||
    !dueAt ||
    !endedAt
  )
    return null;
  return Math.max(0, endedAt.getTime() - dueAt.getTime());
}

/** Minutes, rounded up to a hundredth. TRTC adds the seconds of a day and rounds the sum. */
function usageMinutes(startedAt: Date | undefined, endedAt: Date): number {
  if (!startedAt) return 0;
  return minutesOf(endedAt.getTime() - startedAt.getTime());
}

/** As it was at that moment. Null in an event from before the prices. */
function costIn(facts: Facts, at: Date): Cost | null {
  const prices = facts["prices"] as Billed["prices"] | undefined;
  if (!prices) return null;
  const billed: Billed = {
    prices,
    media: (facts["media"] ?? null) as Billed["media"],
    createdAt: at,
    startsAt: instantOf(facts["starts_at"]) ?? null,
    startedAt: instantOf(facts["started_at"]) ?? null,
    deadlineAt: instantOf(facts["deadline_at"]) ?? at,
    endedAt: instantOf(facts["ended_at"]) ?? null,
  };
  return costOf(billed, at);
}

/** Only events whose SQL statement selects `media_state` have these fields. */
const mediaOf = (facts: Facts): object =>
  "media_state" in facts
    ? {
        MediaState: textOf(facts["media_state"]),
        MediaTime: instantOf(facts["media_at"])?.toISOString() ?? null,
      }
    : {};

/** Only an ingest with a programme has these fields, in the events that say what is on air. */
function onAirOf(facts: Facts): object {
  const onAir = facts["on_air"] as OnAir | null | undefined;
  if (!onAir) return {};
  const { index, round, source, since, restarts, rolledOver } = onAir;
  return {
    Item: { Index: index, Title: textOf(facts["item_title"]), StartedAt: since },
    Round: round,
    Source: source,
    Restarts: restarts,
    RolledOver: rolledOver,
  };
}

const textOf = (value: unknown): string | null => (typeof value === "string" ? value : null);

const instantOf = (value: unknown): Date | undefined =>
  typeof value === "string" ? new Date(value) : undefined;
