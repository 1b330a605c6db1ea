/** The StreamUrl of a stored object: as its rule gives it, or its own address, to be presigned. */
import { MINUTE_MS } from "../clock.js";
import { ApiError } from "../contract/errors.js";
import { encodeKey } from "../signing/storage/presigned.js";
import type { StoredSource } from "../store/ingests/ingest-row.js";
import type { Caller } from "../config/configuration.js";
import type { Rule } from "../config/event-rules.js";
import type { EventObject } from "./message.js";
import { checkKey, publicUrl } from "./rule.js";
import { presign } from "../ingest/start/presign.js";
import type { Services } from "../ingest/services.js";

interface Played {
  rule: Rule;
  object: EventObject;
  caller: Caller;
}

export interface ObjectUrl {
  /** Without a signature. */
  StreamUrl: string;
  /** What it is signed for at each call to TRTC; absent: it is public. */
  source?: StoredSource;
}

/** Throws ApiError when there can be no URL, or none that TRTC takes. */
export function streamUrlOf(services: Services, { rule, object, caller }: Played): ObjectUrl {
  checkKey(object);
  if (rule.StreamUrl !== undefined) return { StreamUrl: publicUrl(rule.StreamUrl, object) };
  const region = rule.Region ?? object.region;
  if (region === undefined) {
    throw new ApiError(
      "InvalidParameter.StreamUrl",
      "The event does not name the bucket's region: set Region in the rule.",
    );
  }
  const source: StoredSource = {
    Storage: object.storage,
    Bucket: object.bucket,
    Region: region,
    Key: encodeKey(object.key),
    ...(rule.Account === undefined ? {} : { Account: rule.Account }),
  };
  // Signed here to see that it can be: what stands in its way is known before a row is written.
  const signed = presign(services, source, caller.maxDurationMinutes * MINUTE_MS);
  return { StreamUrl: signed.slice(0, signed.indexOf("?")), source };
}

/** What the object is called, however its URL is signed: what makes two starts of it the same. */
export const objectName = ({ storage, bucket, key }: EventObject): string =>
  `${storage}://${bucket}/${key}`;
