/**
 * A refusal as TRTC sends it: a code and a sentence. The sentences are the emulator's own. TRTC
 * does not publish its sentences as a list, and clients should act on codes only.
 */
import { ApiError } from "../../shared/contract/errors.js";

const SENTENCES: Readonly<Record<string, string>> = {
  "FailedOperation.NotAllowed": "The application may not put media streams into rooms.",
  "FailedOperation.NotRtmpFunction": "The RTMP function is not enabled for the application.",
  "FailedOperation.RestrictedConcurrency": "The account plays as many streams as it may at once.",
  "FailedOperation.TaskExist": "A task of this robot already exists.",
  "FailedOperation.TaskFinished": "The task has ended.",
  "FailedOperation.TaskNotExist": "The task does not exist, or has ended.",
  "FailedOperation.RoomNotExist": "The room does not exist.",
  "FailedOperation.QueryTaskInfoFailed": "The task could not be looked up.",
  "InternalError.HttpParseFailed": "The HTTP request could not be parsed.",
  "InternalError.DBError": "The database could not be queried.",
  "InvalidParameter.BodyParamsError": "The parameters could not be parsed from the body.",
  "InvalidParameter.RoomId": "RoomId is wrong.",
  "InvalidParameter.SdkAppId": "SdkAppId is wrong: there is no such application.",
  "InvalidParameter.StreamUrl": "StreamUrl is not an absolute http, https, rtmp or rtmps URL.",
  "InvalidParameter.StrRoomId": "RoomId is wrong for a string room.",
  "InvalidParameter.TaskId": "TaskId is wrong.",
  "MissingParameter.RoomId": "RoomId is missing.",
  "MissingParameter.SdkAppId": "SdkAppId is missing.",
  "MissingParameter.TaskId": "TaskId is missing.",
  "ResourceInsufficient.RequestRejection": "Resources are insufficient for the request.",
  "AuthFailure.InvalidAuthorization": "The request's authorization cannot be read.",
  "AuthFailure.InvalidSecretId": "The SecretId is not one of a cloud API key.",
  "AuthFailure.SecretIdNotFound": "The SecretId is not found.",
  "AuthFailure.SignatureExpire": "The signature's time is more than five minutes off.",
  "AuthFailure.SignatureFailure": "The signature does not match this request and key.",
  "AuthFailure.TokenFailure": "The token is wrong.",
  "UnauthorizedOperation.SdkAppId": "The account does not own this SdkAppId.",
  InvalidAction: "There is no such action.",
  NoSuchVersion: "There is no such version of the API.",
  UnsupportedProtocol: "Only GET and POST are supported.",
  RequestLimitExceeded: "The action is called more often than it may be in one second.",
  RequestSizeLimitExceeded: "The request is too large.",
  InternalError: "An internal error occurred.",
};

export const refusal = (code: string, sentence?: string): ApiError =>
  new ApiError(code, sentence ?? SENTENCES[code] ?? `The request was refused: ${code}.`);
