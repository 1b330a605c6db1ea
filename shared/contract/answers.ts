/**
 * The answer of each action, as data. The OpenAPI document shows these schemas, and tests check the
 * use cases against them. An answer may gain fields later, so clients must accept unknown fields.
 * No field is ever removed, and a field without a value is null.
 */
import type { Static, TSchema } from "@sinclair/typebox";
import * as Type from "@sinclair/typebox";
import { COST } from "./cost.js";
import { FIELDS } from "./fields.js";
import { orNull, PROGRAMME_ANSWERS } from "./programme-answers.js";
import {
  type Action,
  END_REASONS,
  type EndReason,
  MEDIA_STATES,
  type MediaState,
  STATES,
  type State,
} from "./schemas.js";
import { SCHEDULE_ANSWERS } from "./schedules/answers.js";
import { TIMELINE_ANSWER } from "./timeline.js";

const STATUSES = ["InProgress", "NotExist"] as const;

export { END_REASONS, MEDIA_STATES };

const instant = (description: string) => Type.String({ format: "date-time", description });

const { cn } = FIELDS;

const TaskId = Type.String({
  pattern: "^ing-[0-9a-z]{26}$",
  description:
    "The ingest's id. It is ours and never changes. Send it to stop, change or describe it.",
});

const TrtcTaskId = Type.String({
  description:
    "TRTC's own id of the task. It has no meaning once the task has ended. null before it started.",
});

const UserId = Type.String({
  description: "The robot user that plays the stream. The others in the room see this id.",
});

const Deadline = instant("The latest instant at which the ingest is stopped.");

const Status = Type.Unsafe<(typeof STATUSES)[number]>({
  type: "string",
  enum: STATUSES,
  description: "The status that TRTC gives: NotExist once the ingest has ended.",
});

/** Only some starts have it: it reports what the caller does not expect. */
const Warning = Type.Optional(
  Type.String({
    description:
      "Present only when the caller's longest ingest ends it earlier than requested. Names the instant requested and the instant granted.",
  }),
);

/** Present when the ingest is scheduled, or when a ClientToken is sent again and it no longer plays. */
const NOT_PLAYING = {
  State: Type.Optional(
    Type.Unsafe<State>({
      type: "string",
      enum: STATES,
      description:
        "Present only when the ingest is scheduled, or when a ClientToken is sent again and its ingest is ending or has ended.",
    }),
  ),
  EndReason: Type.Optional(
    Type.Unsafe<EndReason>({
      type: "string",
      enum: END_REASONS,
      description: "Present when the ingest has ended or is ending: why.",
    }),
  ),
  StartTime: Type.Optional(
    instant("Present only when the ingest is scheduled: when it will start."),
  ),
};

const numberOrNull = (description: string) => orNull(Type.Number({ description }));

const VIDEO = Type.Object(
  {
    Codec: Type.String({ description: "h264 or vp8." }),
    Width: numberOrNull("Pixels. null where the source does not say."),
    Height: numberOrNull("Pixels. null where the source does not say."),
    FrameRate: numberOrNull("Frames a second, measured over its first frames."),
  },
  { description: "The picture that is played. null: sound alone." },
);

const AUDIO = Type.Object(
  {
    Codec: Type.String({ description: "aac, opus or mp3." }),
    Channels: numberOrNull("null where the source does not say."),
    SampleRate: numberOrNull("Hertz. null where the source does not say."),
  },
  { description: "The sound that is played. null: the picture alone." },
);

const MEDIA = Type.Object(
  {
    Container: Type.String({
      description: "mp4 (M4A too), mov, mkv, webm, mp3, mpegts, flv or hls.",
    }),
    DurationSeconds: numberOrNull(
      "The length of one round. null: live, or its end was not found within the limits.",
    ),
    Video: orNull(VIDEO),
    Audio: orNull(AUDIO),
  },
  {
    description:
      "What the start found in the headers of its source. null: it did not read them, the source could not be checked, an update has changed StreamUrl since, or there is a Playlist.",
  },
);

/** What was found in the headers of a source. */
export type SourceMedia = Static<typeof MEDIA>;

/** One ingest in full: an entry of a list, and the answer of a describe. */
export const INGEST = Type.Object({
  TaskId,
  TrtcTaskId: orNull(TrtcTaskId),
  Status,
  State: Type.Unsafe<State>({
    type: "string",
    enum: STATES,
    description:
      "The ingest's state. States only move forward; only a scheduled start that did not succeed goes from starting back to scheduled.",
  }),
  EndReason: orNull(
    Type.Unsafe<EndReason>({
      type: "string",
      enum: [...END_REASONS, null],
      description:
        "Why it ended. stopped: a request, a dismissed room, a removed robot, or 12 hours of pause ended it; expired: its deadline passed; finished: the media ended; failed: TRTC refused it, or could not open the media; lost: TRTC no longer knows the task and gave no reason; empty: the room had no viewer for StopWhenEmptySeconds.",
    }),
  ),
  EndDetail: orNull(
    Type.String({ description: "Why it ended, in one sentence. null before the end." }),
  ),
  FailureCode: orNull(
    Type.String({
      description:
        "The code of the refused start. FailedOperation.SourceNotOpened when TRTC could not open the media.",
    }),
  ),
  Caller: Type.String({ description: "The Id of the caller that started it." }),
  ClientToken: orNull(
    Type.String({ description: "The ClientToken of its start, if the start had one." }),
  ),
  SdkAppId: cn.SdkAppId,
  RoomId: cn.RoomId,
  RoomIdType: cn.RoomIdType,
  UserId,
  StreamUrl: Type.String({
    ...cn.StreamUrl,
    description: "What plays now. Of a Playlist: its item, the backup or the filler.",
  }),
  RepeatNum: cn.RepeatNum,
  ...PROGRAMME_ANSWERS,
  CreateTime: instant("When the start was requested."),
  StartTime: orNull(
    instant(
      "When TRTC was called to play it. MaxDuration counts from this instant. Of a scheduled ingest: when it will start.",
    ),
  ),
  ScheduleId: orNull(
    Type.String({ description: "The schedule that it is an occurrence of. null: none." }),
  ),
  OccurrenceTime: orNull(
    instant("The StartTime of its occurrence, which the schedule's rules give. null: none."),
  ),
  ScheduledTime: orNull(instant("The StartTime of its request. null: it started at once.")),
  IsPaused: Type.Boolean({ description: "Whether an update paused it." }),
  Media: orNull(MEDIA),
  MediaState: orNull(
    Type.Unsafe<MediaState>({
      type: "string",
      enum: [...MEDIA_STATES, null],
      description:
        "The state of the media in TRTC's last callback. connecting: no callback yet; playing: TRTC opened it; retrying: TRTC is opening it again; failed: TRTC could not open it, and the third failure ends the ingest. null where no callbacks arrive.",
    }),
  ),
  MediaTime: orNull(instant("Since when the media is in this state, by TRTC's clock.")),
  Deadline,
  ExtendableUntil: instant("The latest instant that an update can move the deadline to."),
  StopWhenEmptySeconds: orNull(
    Type.Integer({ description: "How long the room may have no viewer. null: without limit." }),
  ),
  EndTime: orNull(instant("When it ended.")),
  Cost: COST,
});

/** The answers by action, without the RequestId that every answer carries. */
export const ANSWERS = {
  StartStreamIngest: Type.Object({
    TaskId,
    TrtcTaskId: orNull(TrtcTaskId),
    UserId,
    Deadline,
    Warning,
    ...NOT_PLAYING,
  }),
  StopStreamIngest: Type.Object({}),
  UpdateStreamIngest: Type.Object({ Status, Deadline }),
  DescribeStreamIngest: INGEST,
  ListStreamIngests: Type.Object({
    Ingests: Type.Array(INGEST, { description: "Newest first." }),
    NextCursor: orNull(
      Type.String({ description: "Send it as Cursor for the next page. null on the last page." }),
    ),
  }),
  DescribeIngestTimeline: TIMELINE_ANSWER,
  ...SCHEDULE_ANSWERS,
} satisfies Record<Action, TSchema>;
