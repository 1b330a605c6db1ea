/** What a schedule does: as a request says it, and as its row stores it. */
import type { Window } from "../calendar/windows.js";
import { NUMERIC_ROOM } from "../contract/fields.js";
import { parseInstant } from "../contract/instants.js";
import type { Requests } from "../contract/schemas.js";
import { SCHEDULE_DEFAULTS as usual } from "../contract/schedules/fields.js";
import type { Definition, Schedule } from "../store/schedules/schedule-row.js";

type Create = Requests["CreateIngestSchedule"];

/** The fields that say what a schedule does. */
export type DefinitionFields = Omit<Create, "Name" | "Comment" | "State" | "ClientToken">;

/** What an update or a preview can send of them. */
export type DefinitionChanges = Partial<DefinitionFields>;

const FIELDS = [
  "Ingest",
  "TimeZone",
  "Windows",
  "StartTime",
  "EndTime",
  "ExcludeDates",
  "OverlapPolicy",
  "Priority",
  "CatchupSeconds",
  "LateStart",
  "StartJitterSeconds",
  "PauseAfterFailures",
] as const satisfies readonly (keyof DefinitionFields)[];

/** Throws ApiError where StartTime or EndTime is no existing date. */
export function definitionOf(fields: DefinitionFields): Definition {
  return {
    ingest: fields.Ingest,
    timeZone: fields.TimeZone,
    windows: fields.Windows.map(windowOf),
    startTime: instantOf("StartTime", fields.StartTime),
    endTime: instantOf("EndTime", fields.EndTime),
    excludeDates: fields.ExcludeDates ?? [],
    overlapPolicy: fields.OverlapPolicy ?? usual.OverlapPolicy,
    priority: fields.Priority ?? usual.Priority,
    catchupSeconds: fields.CatchupSeconds ?? null,
    lateStart: fields.LateStart ?? usual.LateStart,
    jitterSeconds: fields.StartJitterSeconds ?? usual.StartJitterSeconds,
    pauseAfterFailures: fields.PauseAfterFailures ?? usual.PauseAfterFailures,
  };
}

/** The definition with what was sent. A list or an object is replaced as a whole. */
export function changedDefinition(definition: Definition, changes: DefinitionChanges): Definition {
  const sent = FIELDS.filter((field) => changes[field] !== undefined);
  if (sent.length === 0) return definition;
  const changed = Object.fromEntries(sent.map((field) => [field, changes[field]]));
  return definitionOf({ ...fieldsOf(definition), ...changed });
}

/** The fields as they were sent, with the defaults of the others. */
export const fieldsOf = (definition: Definition): DefinitionFields => ({
  Ingest: definition.ingest as Create["Ingest"],
  TimeZone: definition.timeZone,
  Windows: definition.windows.map(windowFields),
  ...(definition.startTime !== null && { StartTime: definition.startTime }),
  ...(definition.endTime !== null && { EndTime: definition.endTime }),
  ExcludeDates: definition.excludeDates,
  OverlapPolicy: definition.overlapPolicy,
  Priority: definition.priority,
  ...(definition.catchupSeconds !== null && { CatchupSeconds: definition.catchupSeconds }),
  LateStart: definition.lateStart,
  StartJitterSeconds: definition.jitterSeconds,
  PauseAfterFailures: definition.pauseAfterFailures,
});

/** Where its occurrences play, as columns of its row. */
export const placeOf = ({
  ingest,
}: Pick<Definition, "ingest">): Pick<Schedule, "sdkAppId" | "roomId" | "roomIdType"> => {
  const { SdkAppId, RoomId, RoomIdType = NUMERIC_ROOM } = ingest as Create["Ingest"];
  return { sdkAppId: SdkAppId, roomId: RoomId, roomIdType: RoomIdType };
};

type WindowFields = Create["Windows"][number];

const windowOf = ({ Recurrence, StartAt, DurationSeconds, EndAt }: WindowFields): Window => ({
  ...(Recurrence !== undefined && { recurrence: Recurrence }),
  ...(StartAt !== undefined && { startAt: StartAt }),
  ...(DurationSeconds !== undefined && { durationSeconds: DurationSeconds }),
  ...(EndAt !== undefined && { endAt: EndAt }),
});

const windowFields = ({ recurrence, startAt, durationSeconds, endAt }: Window): WindowFields => ({
  ...(recurrence !== undefined && { Recurrence: recurrence }),
  ...(startAt !== undefined && { StartAt: startAt }),
  ...(durationSeconds !== undefined && { DurationSeconds: durationSeconds }),
  ...(endAt !== undefined && { EndAt: endAt }),
});

function instantOf(field: "StartTime" | "EndTime", text: string | undefined): string | null {
  return text === undefined ? null : parseInstant(field, text).toISOString();
}
