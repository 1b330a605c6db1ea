/** The requests of operators, who act for all callers: one schema for each action of the console. */
import type { Static } from "@sinclair/typebox";
import * as Type from "@sinclair/typebox";
import { FIELDS } from "./fields.js";
import { pageOf, roomFilter } from "./list-fields.js";
import { SCHEDULE_FIELDS } from "./schedules/fields.js";

const CLOSED = { additionalProperties: false };

const optional = Type.Optional;

const { TaskId } = FIELDS.cn;

const CallerId = Type.String({
  minLength: 1,
  maxLength: 128,
  description: "Only of this caller.",
});

/** The room in a list of all callers, without its kind. */
const { SdkAppId, RoomId } = roomFilter("ingests");

/** A console shows more at once than a caller asks for. */
const LIMIT_MAX = 500;

const page = (things: string) => ({
  Limit: optional(
    Type.Integer({
      minimum: 1,
      maximum: LIMIT_MAX,
      default: 100,
      description: `The largest number of ${things} in the answer.`,
    }),
  ),
  Cursor: pageOf(things).Cursor,
});

const LISTED = ["live", "ended"] as const;

const TaskIds = Type.Array(TaskId, {
  minItems: 1,
  maxItems: 100,
  uniqueItems: true,
  description: "The ingests, of any callers.",
});

const MONTH_SECONDS = 30 * 24 * 3600;

export const OPERATOR_SCHEMAS = {
  ListIngests: Type.Object(
    {
      CallerId: optional(CallerId),
      SdkAppId,
      RoomId,
      State: optional(
        Type.Unsafe<(typeof LISTED)[number]>({
          type: "string",
          enum: LISTED,
          default: "live",
          description: "live: those that have not ended.",
        }),
      ),
      IsTroubled: optional(
        Type.Boolean({ description: "true: only those that something is wrong with." }),
      ),
      ...page("ingests"),
    },
    CLOSED,
  ),
  DescribeIngest: Type.Object({ TaskId }, CLOSED),
  DescribeTimeline: Type.Object({ TaskId, ...pageOf("events") }, CLOSED),
  StopIngests: Type.Object({ TaskIds }, CLOSED),
  MoveIngests: Type.Object(
    {
      TaskIds,
      BySeconds: Type.Integer({
        minimum: -MONTH_SECONDS,
        maximum: MONTH_SECONDS,
        not: { const: 0 },
        description: "How far the deadline moves; negative: to an earlier time.",
      }),
      KeepStart: optional(
        Type.Boolean({
          description:
            "true: only the end of a scheduled ingest moves. false: its start moves with it.",
        }),
      ),
    },
    CLOSED,
  ),
  ListSchedules: Type.Object(
    {
      CallerId: optional(CallerId),
      SdkAppId,
      RoomId,
      State: optional(SCHEDULE_FIELDS.State),
      ...page("schedules"),
    },
    CLOSED,
  ),
  ListOccurrences: Type.Object(
    {
      CallerId,
      From: optional({
        ...SCHEDULE_FIELDS.From,
        description: "Only occurrences that start at this instant or later.",
      }),
      To: optional({
        ...SCHEDULE_FIELDS.From,
        description: "Only occurrences that start before this instant.",
      }),
      ...pageOf("occurrences"),
    },
    CLOSED,
  ),
  PreviewSchedule: Type.Object(
    {
      CallerId,
      ScheduleId: SCHEDULE_FIELDS.ScheduleId,
      From: optional(SCHEDULE_FIELDS.From),
      Count: optional(SCHEDULE_FIELDS.Count),
    },
    CLOSED,
  ),
  DescribeCosts: Type.Object(
    {
      CallerId: optional(CallerId),
      SdkAppId,
      Days: Type.Integer({
        minimum: 1,
        maximum: 92,
        description: "The number of days of UTC, up to the present one.",
      }),
    },
    CLOSED,
  ),
};

type Schemas = typeof OPERATOR_SCHEMAS;

export type OperatorAction = keyof Schemas;

export type OperatorRequests = { [A in OperatorAction]: Static<Schemas[A]> };

export const isOperatorAction = (name: string): name is OperatorAction =>
  Object.hasOwn(OPERATOR_SCHEMAS, name);
