/**
 * The StreamUrl of a stored object. It comes from the rule, or it is the object's own address,
 * presigned.
 */
import { MINUTE_MS } from "../clock.js";
import { ApiError } from "../contract/errors.js";
import { MAX_DURATION_MINUTES } from "../contract/fields.js";
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
  /** The URL without a signature. */
  StreamUrl: string;
  /** We sign this for each call to TRTC. It is absent for a public URL. */
  source?: StoredSource;
}

/** Throws ApiError when no URL exists, or when TRTC does not accept it. */
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
  // A trial signature finds problems before we write a row.
  const lastsMinutes = Math.min(caller.maxDurationMinutes, MAX_DURATION_MINUTES);
  const signed = presign(services, source, lastsMinutes * MINUTE_MS);
  return { StreamUrl: signed.slice(0, signed.indexOf("?")), source };
}

/**
 * The object's identity, for any signature of its URL. It shows whether two starts are the same.
 */
export const objectName = ({ storage, bucket, key }: EventObject): string =>
  `${storage}://${bucket}/${key}`;
