/** The fields of a start by site. A schedule's Ingest has the same, without its times. */
import type { Static, TSchema } from "@sinclair/typebox";
import * as Type from "@sinclair/typebox";
import { FIELDS, NUMERIC_ROOM } from "./fields.js";
import { PROGRAMME_FIELDS } from "./programme-fields.js";

const optional = Type.Optional;

/**
 * Says what a start does without the field. Only a start has defaults. An update does not change
 * missing fields, but a client generated from OpenAPI would send each default.
 */
export const usually = <T extends TSchema>(schema: T, value: Static<T>) =>
  Type.Optional({ ...schema, default: value });

const start = (site: "intl" | "cn") => {
  const f = FIELDS[site];
  const programme = PROGRAMME_FIELDS[site];
  return {
    SdkAppId: optional(f.SdkAppId),
    RoomId: f.RoomId,
    RoomIdType: usually(f.RoomIdType, NUMERIC_ROOM),
    UserId: optional(f.UserId),
    UserSig: optional(f.UserSig),
    StreamUrl: optional(f.StreamUrl),
    PrivateMapKey: optional(f.PrivateMapKey),
    SeekSecond: optional(f.SeekSecond),
    AutoPush: optional(f.AutoPush),
    RepeatNum: optional(f.RepeatNum),
    MaxDuration: optional(f.MaxDuration),
    Volume: usually(f.Volume, 100),
    StartTime: optional(f.StartTime),
    StartWindowSeconds: optional(f.StartWindowSeconds),
    StopTime: optional(f.StopTime),
    ExtendableUntil: optional(f.ExtendableUntil),
    StopWhenEmptySeconds: optional(f.StopWhenEmptySeconds),
    ProbeSource: usually(f.ProbeSource, false),
    ClientToken: optional(f.ClientToken),
    Playlist: optional(programme.Playlist),
    PlaylistRepeatNum: optional(programme.PlaylistRepeatNum),
    StartIndex: optional(programme.StartIndex),
    OnItemFailure: optional(programme.OnItemFailure),
    FillerStreamUrl: optional(programme.FillerStreamUrl),
    BackupStreamUrl: optional(programme.BackupStreamUrl),
    SourceClearSeconds: optional(programme.SourceClearSeconds),
    SourcePreference: optional(programme.SourcePreference),
    KeepAlive: optional(programme.KeepAlive),
    RestartsPerHour: optional(programme.RestartsPerHour),
  };
};

const { cn } = FIELDS;

export const START_FIELDS = {
  intl: start("intl"),
  cn: {
    ...start("cn"),
    EnableProgress: usually(cn.EnableProgress, false),
    Tempo: usually(cn.Tempo, 1),
    IdleTimeout: optional(cn.IdleTimeout),
  },
};
