/**
 * The fields of a start that plays more than one source, or for longer than one task of TRTC. None
 * of them has a default in its schema: most may only be sent beside another one.
 */
import * as Type from "@sinclair/typebox";
import { FIELDS } from "./fields.js";
import type { Site } from "./sites.js";

const CLOSED = { additionalProperties: false };

const optional = Type.Optional;

const PLAYLIST_MAX = 100;

const ITEM_FAILURES = ["Skip", "Retry", "Filler", "End"] as const;
export type OnItemFailure = (typeof ITEM_FAILURES)[number];

const PREFERENCES = ["Primary", "Equal"] as const;
export type SourcePreference = (typeof PREFERENCES)[number];

/** A week: an item that lasts longer is the whole ingest. */
const PLAY_SECONDS_MAX = 604_800;

const { StreamUrl, RepeatNum, SeekSecond } = FIELDS.cn;

const source = (description: string) => Type.String({ ...StreamUrl, description });

const times = (description: string) => Type.Integer({ ...RepeatNum, description });

const itemFields = (site: Site) => ({
  StreamUrl: source("Absolute http, https, rtmp or rtmps URL of the item."),
  Title: optional(
    Type.String({
      // Neither control characters nor half of a surrogate pair, which JSON in a database refuses.
      pattern: "^[^\\u0000-\\u001f\\u007f-\\u009f\\ud800-\\udfff]{1,128}$",
      description: "A name of the item, for describe, list and notifications.",
    }),
  ),
  SeekSecond: optional(SeekSecond),
  PlaySeconds: optional(
    Type.Integer({
      minimum: 1,
      maximum: PLAY_SECONDS_MAX,
      description:
        "How long the item is on air. Default: its own length, from SeekSecond on, as often as RepeatNum says. A live item needs it.",
    }),
  ),
  RepeatNum: optional(
    times(
      "How many times the media plays (1); -1: until PlaySeconds are over, which it then needs.",
    ),
  ),
  Volume: optional(FIELDS[site].Volume),
});

const ITEMS = {
  intl: Type.Object(itemFields("intl"), CLOSED),
  cn: Type.Object({ ...itemFields("cn"), Tempo: optional(FIELDS.cn.Tempo) }, CLOSED),
};

const playlist = (site: Site) =>
  Type.Array(ITEMS[site], {
    minItems: 1,
    maxItems: PLAYLIST_MAX,
    description: "What plays, in this order, instead of StreamUrl.",
  });

const common = {
  PlaylistRepeatNum: times("How many times the list plays (1); -1: until the deadline."),
  StartIndex: Type.Integer({
    minimum: 0,
    maximum: PLAYLIST_MAX - 1,
    description: "The item that plays first (0), counted from 0.",
  }),
  OnItemFailure: Type.Unsafe<OnItemFailure>({
    type: "string",
    enum: ITEM_FAILURES,
    description:
      "What follows when the source of an item fails, and BackupStreamUrl too. Skip (the default): the next item; Retry: the same one; Filler: FillerStreamUrl, until the item is back or over; End: the ingest ends as failed.",
  }),
  FillerStreamUrl: source(
    "Plays while an item fails, if OnItemFailure says so, and from the end of the list to the deadline. Without it the ingest ends with its list.",
  ),
  BackupStreamUrl: source("Plays while the main source fails."),
  SourceClearSeconds: Type.Integer({
    minimum: 5,
    maximum: 600,
    description: "How long the main source must be healthy before it comes back (30).",
  }),
  SourcePreference: Type.Unsafe<SourcePreference>({
    type: "string",
    enum: PREFERENCES,
    description:
      "Primary (the default): the main source comes back as soon as it is healthy; Equal: only when the backup fails.",
  }),
  KeepAlive: Type.Boolean({
    description:
      "Start the ingest again when TRTC ends it unasked before its deadline. Default: true with Playlist, and for a StopTime beyond seven days; else false.",
  }),
  RestartsPerHour: Type.Integer({
    minimum: 1,
    maximum: 60,
    description: "How often an hour KeepAlive starts it again (12).",
  }),
};

const REFRESHES = ["AfterCurrent", "Now"] as const;
type PlaylistRefresh = (typeof REFRESHES)[number];

/** The fields of an update of a programme, besides those that it shares with a start. */
const edits = {
  PlaylistRefresh: Type.Unsafe<PlaylistRefresh>({
    type: "string",
    enum: REFRESHES,
    description:
      "When Playlist replaces the list: AfterCurrent (usual) when the item on air is over, or Now.",
  }),
  SkipItem: Type.Boolean({ description: "true: play the next item of the list now." }),
  ItemIndex: Type.Integer({
    minimum: 0,
    maximum: PLAYLIST_MAX - 1,
    description: "Play this item of the list now, from its beginning; counted from 0.",
  }),
};

const insert = (site: Site) => ({
  ...ITEMS[site],
  description:
    "An item that plays after the one on air. The list then goes on, and the item stays in it.",
});

export const EDIT_FIELDS = {
  intl: { InsertNext: insert("intl"), ...edits },
  cn: { InsertNext: insert("cn"), ...edits },
};

export const PROGRAMME_FIELDS = {
  intl: { Playlist: playlist("intl"), ...common },
  cn: { Playlist: playlist("cn"), ...common },
};
