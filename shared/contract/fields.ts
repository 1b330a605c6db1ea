/**
 * Every field of the contract, defined once: its type, range and meaning, per site where the sites
 * differ. The actions (schemas.ts) and TRTC's emulator both use these definitions.
 *
 * Sources: the API pages of both sites. For identifiers: TRTC's "concepts", its FAQ and the client
 * SDKs; the narrower rule applies.
 */
import * as Type from "@sinclair/typebox";
import { SITE_FACTS, type Site } from "./sites.js";

/** 2^32 - 1, the largest SdkAppId that the binary part of a UserSig can carry. */
const UINT32_MAX = 4_294_967_295;

/** The FAQ says 4294967295, the client SDKs 4294967294. The lower value is safe in both. */
export const NUMERIC_ROOM_MAX = 4_294_967_294;

/** The letters, digits, space and signs that a string room may contain. */
export const STRING_ROOM_PATTERN = "^[A-Za-z0-9 !#$%&()+\\-:;<=.>?@\\[\\]^_{}|~,]{1,64}$";

/** Seven days: TRTC's longest MaxDuration, and therefore the longest life of one task. */
export const MAX_DURATION_MINUTES = 10_080;

/** The longest ingest that a caller may be allowed: fresh tasks follow each other for 366 days. */
export const LONGEST_INGEST_MINUTES = 527_040;

/** RoomIdType 1, which is TRTC's documented default. */
export const NUMERIC_ROOM = 1;
export const STRING_ROOM = 0;

const TEMPOS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2] as const;

/**
 * TRTC's signed texts are base64 with `*`, `-` and `_`. Real ones have fewer than 500 characters.
 */
const SIGNED_TEXT = { pattern: "^[A-Za-z0-9*\\-_]+$", maxLength: 2048 };

const INSTANT = {
  maxLength: 40,
  pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,9})?)?(Z|[+-]\\d{2}:\\d{2})$",
};

const common = {
  SdkAppId: Type.Integer({
    minimum: 1,
    maximum: UINT32_MAX,
    description: "The TRTC application.",
  }),
  RoomId: Type.String({
    minLength: 1,
    maxLength: 64,
    description: "The room; a string also for a numeric room.",
  }),
  RoomIdType: Type.Unsafe<0 | 1>({
    type: "integer",
    enum: [STRING_ROOM, NUMERIC_ROOM],
    description: "0: string room; 1: 32-bit integer room.",
  }),
  UserId: Type.String({
    pattern: "^[A-Za-z0-9_-]{1,32}$",
    description: "The robot user that enters the room to play the stream.",
  }),
  UserSig: Type.String({ ...SIGNED_TEXT, description: "The robot's signed login." }),
  PrivateMapKey: Type.String({
    ...SIGNED_TEXT,
    description: "The robot's signed permission, needed under advanced permission control only.",
  }),
  StreamUrl: Type.String({
    minLength: 1,
    maxLength: 2048,
    description: "Absolute http, https, rtmp or rtmps URL of the media.",
  }),
  SeekSecond: Type.Integer({
    minimum: 0,
    maximum: 2_147_483_647,
    description: "Start playing at this second of the media.",
  }),
  AutoPush: Type.Boolean({
    description: "Relay the room to the CDN; must be enabled in the console.",
  }),
  RepeatNum: Type.Integer({
    minimum: -1,
    maximum: 1000,
    not: { const: 0 },
    description: "How many times the media plays (1); -1: a loop, until its deadline.",
  }),
  MaxDuration: Type.Integer({
    minimum: 1,
    maximum: MAX_DURATION_MINUTES,
    description: "The longest the ingest may last, in minutes from its start, for every source.",
  }),
  StopWhenEmptySeconds: Type.Integer({
    minimum: 0,
    maximum: 86_400,
    description:
      "Ends the ingest when the room has no viewer for this many seconds, counted from the start or from the last viewer's exit; 0: never. Needs callbacks. Default: the application's, or 0.",
  }),
  IsPause: Type.Boolean({
    description: "true pauses, false resumes. A paused task is still billed.",
  }),
  TaskId: Type.String({
    pattern: "^[\\x21-\\x7e]{1,256}$",
    description: "The ingest's TaskId; TRTC's own task id is accepted too.",
  }),
  ClientToken: Type.String({
    pattern: "^[\\x20-\\x7e]{1,64}$",
    description:
      "Names this request: sending the same token and the same request again starts or changes nothing twice.",
  }),
  Sequence: Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description:
      "Orders the caller's updates of this ingest. An update takes effect only if its number is greater than that of every earlier one.",
  }),
  ProbeSource: Type.Boolean({
    description:
      "Read the headers of StreamUrl, or of each item, first, and refuse what TRTC would not play.",
  }),
  StopTime: Type.String({
    ...INSTANT,
    description: "The instant the ingest must be over, in ISO 8601 with its offset.",
  }),
  StartTime: Type.String({
    ...INSTANT,
    description:
      "The instant at which the ingest starts, at most 14 days ahead, in ISO 8601 with its offset. The ingest is `scheduled` until then. Without it the ingest starts now.",
  }),
  StartWindowSeconds: Type.Integer({
    minimum: 1,
    maximum: 86_400,
    description:
      "How long after StartTime a start that does not succeed is tried again. Afterwards the ingest has failed.",
  }),
  ExtendableUntil: Type.String({
    ...INSTANT,
    description:
      "The latest instant that an update may move the deadline to, in ISO 8601 with its offset. TRTC itself ends a loop there, should all functions be gone.",
  }),
};

/** Fields that only the Chinese site has, as of 2026-08. */
const cnOnly = {
  EnableProgress: Type.Boolean({ description: "Send the position to the players as custom data." }),
  Tempo: Type.Unsafe<(typeof TEMPOS)[number]>({
    type: "number",
    enum: TEMPOS,
    description: "Playing speed.",
  }),
  IdleTimeout: Type.Integer({
    minimum: 0,
    maximum: 600,
    description: "TRTC ends the task when it was idle for this many seconds.",
  }),
};

const volume = (site: Site) =>
  Type.Integer({
    minimum: 0,
    maximum: SITE_FACTS[site].volumeMax,
    description: "Loudness; 100 is the source's own.",
  });

export const FIELDS = {
  intl: { ...common, Volume: volume("intl") },
  cn: { ...common, ...cnOnly, Volume: volume("cn") },
};
