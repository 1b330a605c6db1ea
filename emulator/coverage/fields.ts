/**
 * What each field does in the emulator. The compiler refuses a field that this page does not name.
 */
import type { TRTC_SCHEMAS, TrtcAction } from "../api/schemas.js";

type Schemas = typeof TRTC_SCHEMAS;

/** The fields of both sites. */
type FieldOf<A extends TrtcAction> =
  keyof Schemas[A]["intl"]["properties"] | keyof Schemas[A]["cn"]["properties"];

const SdkAppId = "An application of this emulator. It decides the site, and thereby the fields.";
const TaskId = "Found as long as the task runs, and for a while after its end.";
const StreamUrl =
  "Opened and read, within limits of bytes and time. The media decides how it plays (below).";
const Volume = "Kept and shown; the page of the room plays at it.";
const EnableProgress = "Checked, kept and shown; no progress is sent.";
const Tempo = "Seconds of media a second.";
const userIds = "1 to 10 users; those that are robots in the room are removed.";
const numericRoom = "A numeric room.";
const stringRoom = "A string room.";

export const FIELD_EFFECTS: { readonly [A in TrtcAction]: Readonly<Record<FieldOf<A>, string>> } = {
  StartStreamIngest: {
    SdkAppId,
    RoomId: "In the form of its RoomIdType. The first robot creates the room.",
    RoomIdType: '123 and "123" are two rooms.',
    UserId: "The robot. A switch decides what a second one of the same name does.",
    UserSig: "Verified: key, application, user, lifetime.",
    PrivateMapKey: "Verified where the application has advanced permission control on.",
    StreamUrl,
    SeekSecond: "Where the first round begins; at or past the end, it is over at once.",
    AutoPush: "Checked, kept and shown; nothing is relayed to a CDN.",
    RepeatNum: "Rounds; -1 is a loop.",
    MaxDuration: "Ends a loop to the millisecond; accepted and ignored for any other RepeatNum.",
    Volume,
    EnableProgress,
    Tempo,
    IdleTimeout: "Ends the task. A switch decides what counts as idle.",
  },
  StopStreamIngest: { SdkAppId, TaskId },
  UpdateStreamIngest: {
    SdkAppId,
    TaskId,
    StreamUrl: `${StreamUrl} Another one starts over, with all its rounds. Switches have other readings.`,
    Volume,
    IsPause: "Stands still; on the Chinese site the task ends after 12 hours of it.",
    EnableProgress,
    Tempo,
  },
  DescribeStreamIngest: { SdkAppId, TaskId },
  RemoveUser: { SdkAppId, RoomId: numericRoom, UserIds: userIds },
  RemoveUserByStrRoomId: { SdkAppId, RoomId: stringRoom, UserIds: userIds },
  DismissRoom: { SdkAppId, RoomId: `${numericRoom} Every robot in it ends its task.` },
  DismissRoomByStrRoomId: { SdkAppId, RoomId: `${stringRoom} Every robot in it ends its task.` },
};

/** Fields of Tencent's SDKs and older pages. They are refused as `UnknownParameter`. */
export const FIELDS_REFUSED = {
  SourceUrl: "Removed by Tencent: StreamUrl replaces it.",
  VideoEncodeParams: "Removed by Tencent.",
  AudioEncodeParams: "Removed by Tencent.",
} as const;
