/** Presents an ingest to its caller: TRTC's field names where they exist, and our own fields. */
import type { State } from "../contract/schemas.js";
import { type Ingest, isScheduled } from "../store/ingests/ingest-row.js";
import { costOf } from "./cost.js";
import { endDetailOf, failureCodeOf } from "./end-detail.js";
import { presentProgramme } from "./programme/present-programme.js";
import { ownToken } from "./start/plan-start.js";

export type Status = "InProgress" | "NotExist";

export const statusOf = ({ state }: Ingest): Status =>
  state === "ended" ? "NotExist" : "InProgress";

/** The row of a scheduled ingest is `starting`. */
const stateOf = (ingest: Pick<Ingest, "state" | "advanceAt" | "startedAt">): State =>
  isScheduled(ingest) ? "scheduled" : ingest.state;

/** `now` says where a programme is, and what the ingest has cost so far. */
export function present(ingest: Ingest, now: Date) {
  return {
    TaskId: ingest.taskId,
    TrtcTaskId: ingest.trtcTaskId,
    Status: statusOf(ingest),
    State: stateOf(ingest),
    EndReason: ingest.state === "ended" ? ingest.endReason : null,
    EndDetail: endDetailOf(ingest),
    FailureCode: failureCodeOf(ingest),
    Caller: ingest.callerId,
    ClientToken: ownToken(ingest.clientToken),
    SdkAppId: ingest.sdkAppId,
    RoomId: ingest.roomId,
    RoomIdType: ingest.roomIdType,
    UserId: ingest.robotUserId,
    ...presentProgramme(ingest, now),
    CreateTime: ingest.createdAt.toISOString(),
    StartTime: (ingest.startedAt ?? ingest.startsAt)?.toISOString() ?? null,
    ScheduleId: ingest.occurrence?.scheduleId ?? null,
    OccurrenceTime: ingest.occurrence?.nominalAt ?? null,
    ScheduledTime: ingest.startsAt?.toISOString() ?? null,
    IsPaused: ingest.pausedAt !== null,
    Media: ingest.media,
    MediaState: ingest.mediaState,
    MediaTime: ingest.mediaAt?.toISOString() ?? null,
    Deadline: ingest.deadlineAt.toISOString(),
    ExtendableUntil: ingest.latestAt.toISOString(),
    StopWhenEmptySeconds: ingest.emptySeconds,
    EndTime: ingest.endedAt?.toISOString() ?? null,
    Cost: costOf(ingest, now),
  };
}

export type PresentedIngest = ReturnType<typeof present>;
