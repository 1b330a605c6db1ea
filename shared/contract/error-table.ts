/**
 * Every error code that a caller can receive, as data. They are TRTC's own codes for the four
 * ingest actions, and the common codes of Tencent Cloud API 3.0.
 *
 * Sources: the error lists of StartStreamIngest, StopStreamIngest, UpdateStreamIngest and
 * DescribeStreamIngest (TRTC 2019-07-22). "Common Error Codes" of Tencent Cloud API 3.0.
 *
 * `status` is the HTTP status for a plain HTTP client; signed callers get 200, as from Tencent.
 * `retry` says whether the same request can succeed later without a change. `advice` says what to
 * send or do instead.
 */
export interface ErrorRow {
  status: number;
  retry: boolean;
  advice: string;
}

const again = (status: number, advice: string): ErrorRow => ({ status, retry: true, advice });
const final = (status: number, advice: string): ErrorRow => ({ status, retry: false, advice });

const table = {
  // TRTC: why it refuses a task
  "FailedOperation.NotAllowed": final(
    403,
    "TRTC does not allow this operation for the application: unlock media stream ingest in the TRTC console, or open a ticket.",
  ),
  "FailedOperation.NotRtmpFunction": final(
    403,
    "The application may not use RTMP: enable the RTMP function in the TRTC console, or send an http(s) StreamUrl.",
  ),
  "FailedOperation.RestrictedConcurrency": again(
    429,
    "The account plays as many streams at once as TRTC allows: stop one, wait, or ask Tencent to raise the limit.",
  ),
  "FailedOperation.TaskExist": final(
    409,
    "This robot already plays in a room: stop that ingest first, or leave UserId out to get a robot of its own.",
  ),
  "FailedOperation.TaskFinished": final(
    409,
    "The ingest has already ended: start a new one with StartStreamIngest.",
  ),
  "FailedOperation.TaskNotExist": final(
    404,
    "There is no such ingest, or it has ended: send the TaskId that StartStreamIngest or ListStreamIngests gave.",
  ),
  "FailedOperation.QueryTaskInfoFailed": again(
    503,
    "TRTC could not look the task up: send the same request again.",
  ),
  "InternalError.HttpParseFailed": again(502, "TRTC could not read the request: send it again."),
  "InternalError.InternalError": again(502, "TRTC failed inside: send the same request again."),
  "InternalError.DBError": again(502, "TRTC's database failed: send the same request again."),
  "InvalidParameter.BodyParamsError": final(
    400,
    "The body could not be read: send one JSON object with Content-Type application/json.",
  ),
  "InvalidParameter.RoomId": final(
    400,
    'RoomId is wrong: with RoomIdType 1 send a number from 1 to 4294967294 as a string, for example "8489".',
  ),
  "InvalidParameter.StrRoomId": final(
    400,
    "RoomId is wrong: with RoomIdType 0 send 1 to 64 letters, digits or the signs that TRTC allows.",
  ),
  "InvalidParameter.SdkAppId": final(
    400,
    "SdkAppId is wrong: send the application's number, for example 1400000000.",
  ),
  "InvalidParameter.StreamUrl": final(
    400,
    "StreamUrl is wrong: send an absolute http, https, rtmp or rtmps URL of at most 2048 characters.",
  ),
  "InvalidParameter.TaskId": final(
    400,
    "TaskId is wrong: send the TaskId that StartStreamIngest gave.",
  ),
  "InvalidParameter.UserId": final(
    400,
    "UserId is wrong: send 1 to 32 letters, digits, underscores or hyphens, or leave it out.",
  ),
  "InvalidParameter.UserSig": final(
    400,
    "UserSig is expired or wrong: sign it anew for this UserId and SdkAppId, or leave UserSig out and it is signed for you.",
  ),
  "InvalidParameter.PrivateMapKey": final(
    400,
    "PrivateMapKey is expired or wrong: sign it anew for this UserId and room, or leave it out and it is signed for you.",
  ),
  "InvalidParameter.OutOfRange": final(
    400,
    "A value is out of its range: send one inside the range.",
  ),
  "MissingParameter.RoomId": final(400, "RoomId is missing: send the room's id as a string."),
  "MissingParameter.SdkAppId": final(
    400,
    "SdkAppId is missing: send the number of the application.",
  ),
  "MissingParameter.TaskId": final(
    400,
    "TaskId is missing: send the TaskId that StartStreamIngest gave.",
  ),
  "ResourceInsufficient.RequestRejection": again(
    503,
    "TRTC has no room for another task now: wait a little and send the same request again.",
  ),

  // Common: authentication and permissions
  "AuthFailure.InvalidAuthorization": final(
    401,
    "The Authorization header cannot be read: send `TC3-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…` or `Bearer <key>`.",
  ),
  "AuthFailure.InvalidSecretId": final(401, "The SecretId is not one of a cloud API key."),
  "AuthFailure.MFAFailure": final(401, "Multi-factor authentication failed."),
  "AuthFailure.SecretIdNotFound": final(
    401,
    "No caller has this SecretId or key: check it for typing errors and for the right environment.",
  ),
  "AuthFailure.SignatureExpire": final(
    401,
    "The signature's timestamp is more than five minutes off: set the clock right and sign anew.",
  ),
  "AuthFailure.SignatureFailure": final(
    401,
    "The signature does not match: check the key, and that nothing changes the body or the host on the way.",
  ),
  "AuthFailure.TokenFailure": again(401, "The temporary token is wrong or over: get a new one."),
  "AuthFailure.UnauthorizedOperation": final(403, "The key may not do this."),
  UnauthorizedOperation: final(
    403,
    "The caller may not do this: ask for a wider grant, or stay inside it.",
  ),
  "UnauthorizedOperation.SdkAppId": final(
    403,
    "The caller may not use this SdkAppId: send one of its own applications.",
  ),

  // Common: the action and its version
  ActionOffline: final(410, "This action is no longer offered."),
  InvalidAction: final(
    400,
    "There is no such action: send StartStreamIngest, StopStreamIngest, UpdateStreamIngest, DescribeStreamIngest, DescribeIngestTimeline, ListStreamIngests or one of schedules as X-TC-Action.",
  ),
  NoSuchVersion: final(400, "There is no such version: send X-TC-Version 2019-07-22."),
  NoSuchProduct: final(400, "There is no such product: sign for the service `trtc`."),
  UnsupportedRegion: final(400, "This action does not work in that region: send ap-singapore."),
  UnsupportedProtocol: final(405, "Send GET or POST."),
  UnsupportedOperation: final(400, "The operation is not supported."),

  // Common: the request itself
  InvalidParameter: final(400, "A field is wrong."),
  InvalidParameterValue: final(400, "A field has a wrong value."),
  MissingParameter: final(400, "A field is missing."),
  UnknownParameter: final(400, "There is no such field: leave it out."),
  InvalidRequest: final(400, "The request cannot be read."),
  RequestSizeLimitExceeded: final(413, "The request is too large: send at most 1 MB."),
  ResponseSizeLimitExceeded: final(500, "The answer would be too large: ask for less."),

  // Common: temporary conditions
  RequestLimitExceeded: again(
    429,
    "Too many calls: TRTC takes 20 a second of each action. Wait a little and send the same request again.",
  ),
  "RequestLimitExceeded.GlobalRegionUinLimitExceeded": again(
    429,
    "The account calls too often over all regions: wait a little and send the same request again.",
  ),
  "RequestLimitExceeded.IPLimitExceeded": again(
    429,
    "This address calls too often: wait a little and send the same request again.",
  ),
  "RequestLimitExceeded.UinLimitExceeded": again(
    429,
    "The account calls too often: wait a little and send the same request again.",
  ),
  LimitExceeded: again(429, "A quota is used up: free some of it, or ask for more."),
  "LimitExceeded.Budget": again(
    429,
    "It would pass a budget: send an earlier end, or stop another ingest first.",
  ),
  ResourceInsufficient: again(503, "Resources are short: wait and send the same request again."),
  ResourceInUse: again(409, "Something else is at work on it: wait and send the request again."),
  ResourceNotFound: final(404, "There is no such thing."),
  ResourceUnavailable: again(503, "It is not available now: send the same request again."),
  ServiceUnavailable: again(503, "The service is not available now: send the same request again."),
  InternalError: again(500, "The outcome is not known: send the same request again."),
  FailedOperation: final(400, "The operation failed."),
  DryRunOperation: final(400, "This was a dry run."),
  IpInBlacklist: final(403, "This address is on a deny list."),
  IpNotInWhitelist: final(403, "This address is not on the allow list."),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof table;

export const ERROR_TABLE: Readonly<Record<ErrorCode, ErrorRow>> = table;

/**
 * The row of any code, including codes that Tencent adds later: `A.B` falls back to `A`. An unknown
 * code is final, because repeating a refused request without a change does not help.
 */
export function errorRow(code: string): ErrorRow {
  const family = code.split(".", 1)[0] ?? code;
  return ownRow(code) ?? ownRow(family) ?? final(500, "TRTC refused the request.");
}

/** A code comes from outside, so `constructor` must not match an inherited property. */
function ownRow(code: string): ErrorRow | undefined {
  const rows: Readonly<Record<string, ErrorRow>> = ERROR_TABLE;
  return Object.hasOwn(rows, code) ? rows[code] : undefined;
}
