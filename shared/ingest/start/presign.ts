/**
 * Signs the URL of a stored object just before the call that needs it. The signature gives read
 * access, so it is never stored. The row has the address without it.
 */
import { addMs, MINUTE_MS } from "../../clock.js";
import { ApiError } from "../../contract/errors.js";
import { presignCos } from "../../signing/storage/cos-url.js";
import { presignS3 } from "../../signing/storage/s3-url.js";
import type { Play, StoredSource } from "../../store/ingests/ingest-row.js";
import { TrtcError } from "../../trtc/trtc-error.js";
import type { Services } from "../services.js";

/** The longest URL that TRTC and the contract accept. */
const URL_MAX = 2048;

/** The storage's clock may be behind ours. */
const SKEW_MS = MINUTE_MS;

/** TRTC reconnects to a source that broke off, even shortly before the end. */
const MARGIN_MS = 15 * MINUTE_MS;

/**
 * The URL is valid for `lastsMs` and a margin. Throws ApiError when no URL can be signed, or when
 * it is too long for TRTC.
 */
export function presign(services: Services, source: StoredSource, lastsMs: number): string {
  const { Storage, Bucket, Region, Key, Account } = source;
  const credential = services.storageCredential(Storage, Account);
  // Storage services check signatures against the real time.
  const now = services.machineClock.now();
  const times = {
    from: addMs(now, Storage === "cos" ? -SKEW_MS : 0),
    until: addMs(now, lastsMs + MARGIN_MS),
  };
  const sign = Storage === "cos" ? presignCos : presignS3;
  const object = { bucket: Bucket, region: Region, key: decodeURIComponent(Key) };
  const url = sign(object, credential, times);
  if (url.length <= URL_MAX) return url;
  throw new ApiError(
    "InvalidParameter.StreamUrl",
    `The presigned URL is longer than the ${URL_MAX} characters that TRTC takes, mostly by a role's session token: name fixed keys by Account in the rule, or a public StreamUrl.`,
  );
}

/**
 * Returns the fields that TRTC gets to play. A loop reads its source until the task ends, at
 * `until` at the latest. The signature outlives it. Throws TrtcError, since no call to TRTC was
 * made.
 */
export function playOfTask(services: Services, play: Play, until: Date): Omit<Play, "Stored"> {
  const { Stored: source, ...sent } = play;
  if (!source) return sent;
  try {
    const lastsMs = until.getTime() - services.clock.now().getTime();
    return { ...sent, StreamUrl: presign(services, source, lastsMs) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new TrtcError(error.code, error.message, "refused", error);
  }
}
