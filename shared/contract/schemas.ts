/**
 * One schema per action and site. The TypeScript type, the request check and the OpenAPI document
 * all come from it. Unknown fields are refused, never dropped.
 */
import type { Static, TSchema } from "@sinclair/typebox";
import * as Type from "@sinclair/typebox";
import { FIELDS } from "./fields.js";
import { pageOf, roomFilter } from "./list-fields.js";
import { EDIT_FIELDS, PROGRAMME_FIELDS } from "./programme-fields.js";
import { SCHEDULE_SCHEMAS, type ScheduleRequests } from "./schedules/schemas.js";
import { START_FIELDS } from "./start-fields.js";

/** A call may contain the fields of its schema and no others. */
const CLOSED = { additionalProperties: false };

const TIMELINE = Type.Object(
  { SdkAppId: Type.Optional(FIELDS.cn.SdkAppId), TaskId: FIELDS.cn.TaskId, ...pageOf("events") },
  CLOSED,
);

const optional = <T extends TSchema>(schema: T) => Type.Optional(schema);

const update = (site: "intl" | "cn") => {
  const f = FIELDS[site];
  const programme = { ...PROGRAMME_FIELDS[site], ...EDIT_FIELDS[site] };
  return {
    SdkAppId: optional(f.SdkAppId),
    TaskId: f.TaskId,
    StreamUrl: optional(f.StreamUrl),
    Volume: optional(f.Volume),
    IsPause: optional(f.IsPause),
    StartTime: optional(f.StartTime),
    MaxDuration: optional(f.MaxDuration),
    StopTime: optional(f.StopTime),
    Playlist: optional(programme.Playlist),
    PlaylistRefresh: optional(programme.PlaylistRefresh),
    PlaylistRepeatNum: optional(programme.PlaylistRepeatNum),
    InsertNext: optional(programme.InsertNext),
    SkipItem: optional(programme.SkipItem),
    ItemIndex: optional(programme.ItemIndex),
    SeekSecond: optional({
      ...f.SeekSecond,
      description:
        "Play this second of the item on air. TRTC needs a fresh task for it, so there is a short gap.",
    }),
    BackupStreamUrl: optional(programme.BackupStreamUrl),
    FillerStreamUrl: optional(programme.FillerStreamUrl),
    OnItemFailure: optional(programme.OnItemFailure),
    Sequence: optional(f.Sequence),
    ClientToken: optional(f.ClientToken),
  };
};

const { cn } = FIELDS;

const named = Type.Object({ SdkAppId: optional(cn.SdkAppId), TaskId: cn.TaskId }, CLOSED);

export const STATES = ["scheduled", "starting", "running", "stopping", "ended"] as const;
export type State = (typeof STATES)[number];

export const END_REASONS = ["stopped", "expired", "finished", "failed", "lost", "empty"] as const;
export type EndReason = (typeof END_REASONS)[number];

export const MEDIA_STATES = ["connecting", "playing", "retrying", "failed"] as const;
export type MediaState = (typeof MEDIA_STATES)[number];

const list = Type.Object(
  {
    ...roomFilter("ingests"),
    State: optional(
      Type.Unsafe<State>({
        type: "string",
        enum: STATES,
        description: "Only ingests in this state.",
      }),
    ),
    EndReason: optional(
      Type.Unsafe<EndReason>({
        type: "string",
        enum: END_REASONS,
        description: "Only ingests that ended for this reason.",
      }),
    ),
    MediaState: optional(
      Type.Unsafe<MediaState>({
        type: "string",
        enum: MEDIA_STATES,
        description: "Only ingests whose media is in this state.",
      }),
    ),
    ClientToken: optional(cn.ClientToken),
    ...pageOf("ingests"),
  },
  CLOSED,
);

export const SCHEMAS = {
  StartStreamIngest: {
    intl: Type.Object(START_FIELDS.intl, CLOSED),
    cn: Type.Object(START_FIELDS.cn, CLOSED),
  },
  StopStreamIngest: { intl: named, cn: named },
  UpdateStreamIngest: {
    intl: Type.Object(update("intl"), CLOSED),
    cn: Type.Object(
      {
        ...update("cn"),
        EnableProgress: optional(cn.EnableProgress),
        Tempo: optional(cn.Tempo),
      },
      CLOSED,
    ),
  },
  DescribeStreamIngest: { intl: named, cn: named },
  ListStreamIngests: { intl: list, cn: list },
  DescribeIngestTimeline: { intl: TIMELINE, cn: TIMELINE },
  ...SCHEDULE_SCHEMAS,
};

export type Action = keyof typeof SCHEMAS;

export const ACTIONS = Object.keys(SCHEMAS) as Action[];

export const isAction = (name: string): name is Action => Object.hasOwn(SCHEMAS, name);

/**
 * The request types of the use cases. The Chinese site's schema has every field, so its type serves
 * both.
 */
export interface Requests extends ScheduleRequests {
  StartStreamIngest: Static<(typeof SCHEMAS.StartStreamIngest)["cn"]>;
  StopStreamIngest: Static<typeof named>;
  UpdateStreamIngest: Static<(typeof SCHEMAS.UpdateStreamIngest)["cn"]>;
  DescribeStreamIngest: Static<typeof named>;
  ListStreamIngests: Static<typeof list>;
  DescribeIngestTimeline: Static<typeof TIMELINE>;
}
