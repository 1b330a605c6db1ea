/**
 * What each action answers, as data: the OpenAPI document shows it, and tests hold the use cases
 * to it. An answer may gain fields, so clients must not mind one they do not know; none is ever
 * taken away, and one without a value is null.
 */
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { FIELDS } from "./fields.js";
import {
  type Action,
  END_REASONS,
  type EndReason,
  MEDIA_STATES,
  type MediaState,
  STATES,
  type State,
} from "./schemas.js";

export const STATUSES = ["InProgress", "NotExist"] as const;

export { END_REASONS, MEDIA_STATES };

const instant = (description: string) => Type.String({ format: "date-time", description });

const orNull = <T extends TSchema>(schema: T) =>
  Type.Unsafe<Static<T> | null>({ ...schema, type: [schema["type"], "null"] });

const { cn } = FIELDS;

const TaskId = Type.String({
  pattern: "^ing-[0-9a-z]{26}$",
  description:
    "The ingest's id, ours and the same for all its life. Send it to stop, change or describe it.",
});

const TrtcTaskId = Type.String({
  description: "TRTC's own id of the task, which means nothing once the task has ended.",
});

const UserId = Type.String({
  description: "The robot user that plays the stream: what the others in the room see.",
});

const Deadline = instant("When the ingest is stopped at the latest.");

const Status = Type.Unsafe<(typeof STATUSES)[number]>({
  type: "string",
  enum: STATUSES,
  description: "TRTC's own word: NotExist once the ingest has ended.",
});

/** Not with every start: what its caller would not expect. */
const Warning = Type.Optional(
  Type.String({
    description:
      "In words, only where the caller's longest ingest makes it end earlier than was asked: the instant asked for, and the one granted.",
  }),
);

/** Where a ClientToken is sent again, and what it started plays no more. */
const ENDED = {
  State: Type.Optional(
    Type.Unsafe<State>({
      type: "string",
      enum: STATES,
      description: "Only where a ClientToken that is sent again finds its ingest ending or ended.",
    }),
  ),
  EndReason: Type.Optional(
    Type.Unsafe<EndReason>({
      type: "string",
      enum: END_REASONS,
      description: "With State: why it ended, or is being ended.",
    }),
  ),
};

/** One ingest, in full: an entry of a list, and the answer of a describe. */
export const INGEST = Type.Object({
  TaskId,
  TrtcTaskId: orNull(TrtcTaskId),
  Status,
  State: Type.Unsafe<State>({
    type: "string",
    enum: STATES,
    description: "Where the ingest is in its life; states only move forward.",
  }),
  EndReason: orNull(
    Type.Unsafe<EndReason>({
      type: "string",
      enum: [...END_REASONS, null],
      description:
        "Why it ended. stopped: it was asked for, the room was dismissed, somebody removed the robot, or TRTC ended it after 12 hours of pause; expired: its deadline; finished: the media came to its end; failed: TRTC refused it, or could not open the media; lost: TRTC knows the task no more and gave no reason; empty: nobody was there for StopWhenEmptySeconds.",
    }),
  ),
  EndDetail: orNull(Type.String({ description: "Why it ended, in one sentence; null before." })),
  FailureCode: orNull(
    Type.String({
      description:
        "The code that the start was refused with; FailedOperation.SourceNotOpened when TRTC could not open the media.",
    }),
  ),
  Caller: Type.String({ description: "The Id of the caller that started it." }),
  ClientToken: orNull(Type.String({ description: "The ClientToken of its start, if it had one." })),
  SdkAppId: cn.SdkAppId,
  RoomId: cn.RoomId,
  RoomIdType: cn.RoomIdType,
  UserId,
  StreamUrl: cn.StreamUrl,
  RepeatNum: cn.RepeatNum,
  CreateTime: instant("When it was asked for."),
  StartTime: orNull(instant("When TRTC was called to play it; MaxDuration counts from here.")),
  IsPaused: Type.Boolean({ description: "Whether an update has paused it." }),
  MediaState: orNull(
    Type.Unsafe<MediaState>({
      type: "string",
      enum: [...MEDIA_STATES, null],
      description:
        "How the media does, as TRTC last told it by callback. connecting: nothing told yet; playing: it was opened; retrying: TRTC opens it again, by itself; failed: it could not be opened, three times of which end the ingest. null where no callbacks come.",
    }),
  ),
  MediaTime: orNull(instant("When the media came to do so, by TRTC's clock.")),
  Deadline,
  ExtendableUntil: instant("The latest instant that an update can move the deadline to."),
  StopWhenEmptySeconds: orNull(
    Type.Integer({ description: "How long nobody may be in the room; null: for ever." }),
  ),
  EndTime: orNull(instant("When it had ended.")),
});

/** By action, without the RequestId that every answer carries. */
export const ANSWERS = {
  StartStreamIngest: Type.Object({ TaskId, TrtcTaskId, UserId, Deadline, Warning, ...ENDED }),
  StopStreamIngest: Type.Object({}),
  UpdateStreamIngest: Type.Object({ Status, Deadline }),
  DescribeStreamIngest: INGEST,
  ListStreamIngests: Type.Object({
    Ingests: Type.Array(INGEST, { description: "Newest first." }),
    NextCursor: orNull(
      Type.String({ description: "Send it as Cursor for the next page; null on the last one." }),
    ),
  }),
} satisfies Record<Action, TSchema>;
