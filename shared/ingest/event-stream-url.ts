/** The StreamUrl of a stored object: as its rule gives it, or its own address, presigned. */
import { addMs, MINUTE_MS } from "../clock.js";
import { ApiError } from "../errors.js";
import { presignCos } from "../signing/cos-url.js";
import { presignS3 } from "../signing/s3-url.js";
import type { Caller } from "../validation/configuration.js";
import type { Rule } from "../validation/event-rules.js";
import type { EventObject } from "./event-message.js";
import { checkKey, publicUrl } from "./event-rule.js";
import type { Services } from "./services.js";

/** What TRTC takes, and so what the contract takes. */
const URL_MAX = 2048;

/** The storage's clock may be behind ours. */
const SKEW_MS = MINUTE_MS;

/** A start may wait for its slot, and TRTC comes back for a source that broke off. */
const MARGIN_MS = 15 * MINUTE_MS;

interface Played {
  rule: Rule;
  object: EventObject;
  caller: Caller;
}

/** Throws ApiError when there can be no URL, or none that TRTC takes. */
export function streamUrlOf(services: Services, { rule, object, caller }: Played): string {
  checkKey(object);
  if (rule.StreamUrl !== undefined) return publicUrl(rule.StreamUrl, object);
  const region = rule.Region ?? object.region;
  if (region === undefined) {
    throw new ApiError(
      "InvalidParameter.StreamUrl",
      "The event does not name the bucket's region: set Region in the rule.",
    );
  }
  const { storage, bucket, key } = object;
  const credential = services.storageCredential(storage, rule.Account);
  const now = services.machineClock.now();
  const minutes = Math.min(rule.MaxDuration ?? Infinity, caller.maxDurationMinutes);
  // It must outlive the ingest: a loop fetches its source anew each time.
  const times = {
    from: addMs(now, storage === "cos" ? -SKEW_MS : 0),
    until: addMs(now, minutes * MINUTE_MS + MARGIN_MS),
  };
  const sign = storage === "cos" ? presignCos : presignS3;
  const url = sign({ bucket, region, key }, credential, times);
  if (url.length <= URL_MAX) return url;
  throw new ApiError(
    "InvalidParameter.StreamUrl",
    `The presigned URL is longer than the ${URL_MAX} characters that TRTC takes, mostly by a role's session token: name fixed keys by Account in the rule, or a public StreamUrl.`,
  );
}

/** What the object is called, however its URL is signed: what makes two starts of it the same. */
export const objectName = ({ storage, bucket, key }: EventObject): string =>
  `${storage}://${bucket}/${key}`;
