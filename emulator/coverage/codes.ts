/** Every error code: the page that lists it, and its cause in the emulator. */
import type { TrtcAction } from "../api/schemas.js";

/** The codes that each page lists. Of other actions only the known behaviour is imitated. */
export const DOCUMENTED_CODES = {
  StartStreamIngest: [
    "FailedOperation.NotAllowed",
    "FailedOperation.NotRtmpFunction",
    "FailedOperation.RestrictedConcurrency",
    "FailedOperation.TaskExist",
    "InternalError.HttpParseFailed",
    "InternalError.InternalError",
    "InvalidParameter.BodyParamsError",
    "InvalidParameter.RoomId",
    "InvalidParameter.StrRoomId",
    "InvalidParameter.SdkAppId",
    "InvalidParameter.StreamUrl",
    "InvalidParameter.TaskId",
    "InvalidParameter.UserSig",
    "MissingParameter.RoomId",
    "MissingParameter.SdkAppId",
    "MissingParameter.TaskId",
    "ResourceInsufficient.RequestRejection",
  ],
  StopStreamIngest: [
    "FailedOperation.TaskFinished",
    "InvalidParameter.BodyParamsError",
    "InvalidParameter.SdkAppId",
    "InvalidParameter.TaskId",
  ],
  UpdateStreamIngest: [
    "FailedOperation.TaskNotExist",
    "InternalError.DBError",
    "InvalidParameter.StreamUrl",
    "InvalidParameter.TaskId",
    "MissingParameter.SdkAppId",
    "MissingParameter.TaskId",
  ],
  DescribeStreamIngest: [
    "FailedOperation.QueryTaskInfoFailed",
    "InternalError.DBError",
    "InvalidParameter.TaskId",
    "MissingParameter.SdkAppId",
    "MissingParameter.TaskId",
  ],
} as const satisfies Partial<Record<TrtcAction, readonly string[]>>;

/** A client cannot cause these. A fault requests them. */
const ASKED_FOR = 'Only as a fault: `{"action": …, "kind": "error", "code": …}`.';

/** The cause of each code, in words. A code without a known cause says so. */
export const CODE_CAUSES: Readonly<Record<string, string>> = {
  "FailedOperation.NotAllowed": "The application has `ingest: false`.",
  "FailedOperation.NotRtmpFunction":
    "An rtmp or rtmps URL for an international application with `rtmp: false`.",
  "FailedOperation.QueryTaskInfoFailed": ASKED_FOR,
  "FailedOperation.RestrictedConcurrency":
    "The account plays as many tasks as the switch `concurrency` allows.",
  "FailedOperation.RoomNotExist": "RemoveUser or DismissRoom for a room without a robot.",
  "FailedOperation.TaskExist":
    "The switches `taskExistKey` and `sameRobot` find an earlier task in the way.",
  "FailedOperation.TaskFinished": "Stop of a task that has ended.",
  "FailedOperation.TaskNotExist": "Update of a task that has ended, with `updateAfterEnd: gone`.",
  "InternalError.DBError": ASKED_FOR,
  "InternalError.HttpParseFailed": ASKED_FOR,
  "InternalError.InternalError": ASKED_FOR,
  InternalError: "A bug of the emulator. Its log line has the stack.",
  "InvalidParameter.BodyParamsError": "The body is not a JSON object, or has another content type.",
  "InvalidParameter.OutOfRange": "A number out of its range.",
  "InvalidParameter.PrivateMapKey": "Not signed for this robot, room and application, or expired.",
  "InvalidParameter.RoomId": "Not a 32-bit integer, for RoomIdType 1.",
  "InvalidParameter.SdkAppId": "An application that the emulator does not have.",
  "InvalidParameter.StrRoomId":
    "More than 64 bytes, or a character that string rooms may not have.",
  "InvalidParameter.StreamUrl":
    "Not an absolute http, https, rtmp or rtmps URL; with `updateResolution: refused` also one with another picture size.",
  "InvalidParameter.TaskId": "Not a TaskId; for Stop and Update also one that never existed.",
  "InvalidParameter.UserIds": "Not a list of 1 to 10 users.",
  "InvalidParameter.UserSig": "Not signed for this robot and application, or expired.",
  InvalidParameter: "A value of another type.",
  InvalidParameterValue: "A value that does not exist, or has another form.",
  "MissingParameter.RoomId": "RoomId is missing.",
  "MissingParameter.SdkAppId": "SdkAppId is missing.",
  "MissingParameter.TaskId": "TaskId is missing.",
  "MissingParameter.UserIds": "UserIds is missing.",
  MissingParameter: "Any other field, or a common parameter, is missing.",
  "ResourceInsufficient.RequestRejection": ASKED_FOR,
  UnknownParameter: "A field that the action does not have on this site.",
  "AuthFailure.InvalidAuthorization": "A missing or unreadable signature.",
  "AuthFailure.InvalidSecretId": "Not the SecretId of a cloud API key.",
  "AuthFailure.SecretIdNotFound": "An account that the emulator does not have.",
  "AuthFailure.SignatureExpire": "A timestamp more than five minutes off, in either direction.",
  "AuthFailure.SignatureFailure": "The signature does not match the request and the key.",
  "AuthFailure.TokenFailure": "Temporary keys with a wrong or missing token.",
  "UnauthorizedOperation.SdkAppId": "The application's `secretIds` do not name the account.",
  InvalidAction: "An action that the emulator does not have.",
  NoSuchProduct: "Signed for another product than trtc.",
  NoSuchVersion: "Another version than 2019-07-22.",
  RequestLimitExceeded: "More calls within a second than the switch `callsPerSecond`, or a fault.",
  RequestSizeLimitExceeded: "A body over 10 MB, a form over 1 MB, or a query over 32 kB.",
  UnsupportedProtocol: "Neither GET nor POST.",
  UnsupportedRegion: "A region that the action's page does not list for the site.",
};
