/**
 * Verifies that a callback comes from TRTC. `Sign` covers the received bytes, with a key of the
 * application in the header `SdkAppId`. The body is not parsed before this check.
 */
import { ApiError } from "../../contract/errors.js";
import { verifyCallback } from "../../signing/trtc/callback.js";
import type { Config } from "../../config/configuration.js";
import type { HttpRequest } from "../http-event.js";

/** TRTC's longest callback has half a kilobyte. */
export const CALLBACK_MAX_BYTES = 64 * 1024;

/**
 * Returns the SdkAppId. Throws ApiError. Only its detail, which goes to the log, gives the reason.
 */
export function verifiedSender(
  { applications }: Pick<Config, "applications">,
  { method, headers, body }: HttpRequest,
): number {
  if (method !== "POST") throw new ApiError("UnsupportedProtocol", "Send POST.");
  if (body.length > CALLBACK_MAX_BYTES) {
    throw new ApiError("RequestSizeLimitExceeded", "A callback has at most 64 KB.");
  }
  const { sdkappid = "", sign } = headers;
  const application = /^\d{1,10}$/.test(sdkappid) ? applications.get(Number(sdkappid)) : undefined;
  if (!application) throw refusal("no application of ours");
  const sender = `application ${application.SdkAppId}`;
  if (application.CallbackKeys === undefined) throw refusal(`${sender} has no CallbackKeys`);
  if (sign === undefined || sign === "") throw refusal(`${sender}: not signed`);
  if (verifyCallback(application.CallbackKeys, body, sign)) return application.SdkAppId;
  throw refusal(`${sender}: signed with another key, or over another body`);
}

/** All refusals are equal, so a stranger learns nothing from them. */
const refusal = (detail: string): ApiError =>
  new ApiError("AuthFailure.SignatureFailure", undefined, { detail });
