/** One schema per schedule action and site, as schemas.ts has them for the ingest actions. */
import type { Static } from "@sinclair/typebox";
import * as Type from "@sinclair/typebox";
import { pageOf, roomFilter } from "../list-fields.js";
import { usually } from "../start-fields.js";
import {
  SCHEDULE_DEFAULTS as usual,
  SCHEDULE_FIELDS as f,
  SHOWN_OCCURRENCE_STATES,
  type ShownOccurrenceState,
} from "./fields.js";
import { SCHEDULED_INGEST } from "./ingest.js";

const CLOSED = { additionalProperties: false };

const optional = Type.Optional;

const create = (site: "intl" | "cn") =>
  Type.Object(
    {
      Name: f.Name,
      Comment: optional(f.Comment),
      Ingest: SCHEDULED_INGEST[site],
      TimeZone: f.TimeZone,
      Windows: f.Windows,
      StartTime: optional(f.StartTime),
      EndTime: optional(f.EndTime),
      ExcludeDates: optional(f.ExcludeDates),
      OverlapPolicy: usually(f.OverlapPolicy, usual.OverlapPolicy),
      Priority: usually(f.Priority, usual.Priority),
      CatchupSeconds: optional(f.CatchupSeconds),
      LateStart: usually(f.LateStart, usual.LateStart),
      StartJitterSeconds: usually(f.StartJitterSeconds, usual.StartJitterSeconds),
      PauseAfterFailures: usually(f.PauseAfterFailures, usual.PauseAfterFailures),
      State: usually(f.State, usual.State),
      ClientToken: optional(f.ClientToken),
    },
    CLOSED,
  );

/** An update changes what is sent. So none of its fields has a default. */
const changes = (site: "intl" | "cn") => ({
  Name: optional(f.Name),
  Comment: optional(f.Comment),
  Ingest: optional(SCHEDULED_INGEST[site]),
  TimeZone: optional(f.TimeZone),
  Windows: optional(f.Windows),
  StartTime: optional(f.StartTime),
  EndTime: optional(f.EndTime),
  ExcludeDates: optional(f.ExcludeDates),
  OverlapPolicy: optional(f.OverlapPolicy),
  Priority: optional(f.Priority),
  CatchupSeconds: optional(f.CatchupSeconds),
  LateStart: optional(f.LateStart),
  StartJitterSeconds: optional(f.StartJitterSeconds),
  PauseAfterFailures: optional(f.PauseAfterFailures),
  State: optional(f.State),
});

const update = (site: "intl" | "cn") =>
  Type.Object(
    { ScheduleId: f.ScheduleId, ...changes(site), ClientToken: optional(f.ClientToken) },
    CLOSED,
  );

/** `ScheduleId`, or the fields of a schedule that does not exist yet. */
const preview = (site: "intl" | "cn") =>
  Type.Object(
    {
      ScheduleId: optional(f.ScheduleId),
      ...changes(site),
      From: optional(f.From),
      Count: usually(f.Count, usual.Count),
    },
    CLOSED,
  );

const named = Type.Object({ ScheduleId: f.ScheduleId }, CLOSED);

const remove = Type.Object(
  { ScheduleId: f.ScheduleId, StopRunning: usually(f.StopRunning, usual.StopRunning) },
  CLOSED,
);

const run = Type.Object(
  {
    ScheduleId: f.ScheduleId,
    DurationSeconds: optional({
      ...f.DurationSeconds,
      description: "How long it plays, in seconds. Default: as long as the next window.",
    }),
    ClientToken: optional(f.ClientToken),
  },
  CLOSED,
);

const skip = Type.Object(
  {
    ScheduleId: f.ScheduleId,
    StartTime: Type.String({
      ...f.StartTime,
      description: "The StartTime of the occurrence, as PreviewIngestSchedule answers it.",
    }),
  },
  CLOSED,
);

const listSchedules = Type.Object(
  {
    ...roomFilter("schedules"),
    Name: optional({ ...f.Name, description: "Only the schedule of this name." }),
    State: optional({ ...f.State, description: "Only schedules in this state." }),
    ...pageOf("schedules"),
  },
  CLOSED,
);

const listOccurrences = Type.Object(
  {
    ScheduleId: optional({ ...f.ScheduleId, description: "Only occurrences of this schedule." }),
    ...roomFilter("occurrences"),
    State: optional(
      Type.Unsafe<ShownOccurrenceState>({
        type: "string",
        enum: SHOWN_OCCURRENCE_STATES,
        description: "Only occurrences in this state.",
      }),
    ),
    From: optional({
      ...f.From,
      description: "Only occurrences that start at or after this instant.",
    }),
    To: optional({ ...f.From, description: "Only occurrences that start before this instant." }),
    ...pageOf("occurrences"),
  },
  CLOSED,
);

const onBoth = <Schema>(schema: Schema) => ({ intl: schema, cn: schema });

export const SCHEDULE_SCHEMAS = {
  CreateIngestSchedule: { intl: create("intl"), cn: create("cn") },
  UpdateIngestSchedule: { intl: update("intl"), cn: update("cn") },
  DeleteIngestSchedule: onBoth(remove),
  DescribeIngestSchedule: onBoth(named),
  ListIngestSchedules: onBoth(listSchedules),
  PreviewIngestSchedule: { intl: preview("intl"), cn: preview("cn") },
  RunIngestSchedule: onBoth(run),
  SkipIngestOccurrence: onBoth(skip),
  ListIngestOccurrences: onBoth(listOccurrences),
};

type Schemas = typeof SCHEDULE_SCHEMAS;

export type ScheduleAction = keyof Schemas;

export const isScheduleAction = (action: string): action is ScheduleAction =>
  Object.hasOwn(SCHEDULE_SCHEMAS, action);

/** As in `Requests`: the Chinese site's schema has the fields of both. */
export type ScheduleRequests = { [A in ScheduleAction]: Static<Schemas[A]["cn"]> };
