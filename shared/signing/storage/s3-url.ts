/**
 * Presigned URLs of Amazon S3: anyone with the URL may read the object until it expires. Source:
 * "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)"
 * (docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html).
 */
import { createHash, createHmac } from "node:crypto";
import { SECOND_MS } from "../../clock.js";
import {
  encodeKey,
  percentEncode,
  type StorageCredential,
  type StoredObject,
} from "./presigned.js";

/** Seven days: S3 refuses a URL with a longer life. */
export const S3_EXPIRES_SECONDS_MAX = 604_800;

export interface S3Signing {
  host: string;
  /** Encoded, as on the request line. */
  path: string;
  region: string;
  expiresSeconds: number;
  at: Date;
}

/** Returns the whole query, including the signature. */
export function signS3Query(
  { host, path, region, expiresSeconds, at }: S3Signing,
  { secretId, secretKey, token }: StorageCredential,
): string {
  const time = at.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const date = time.slice(0, 8);
  const scope = `${date}/${region}/s3/aws4_request`;
  const query = Object.entries({
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": `${secretId}/${scope}`,
    "X-Amz-Date": time,
    "X-Amz-Expires": String(expiresSeconds),
    ...(token ? { "X-Amz-Security-Token": token } : {}),
    "X-Amz-SignedHeaders": "host",
  })
    .map(([name, value]) => `${name}=${percentEncode(value)}`)
    .join("&");
  const canonical = `GET\n${path}\n${query}\nhost:${host}\n\nhost\nUNSIGNED-PAYLOAD`;
  const hash = createHash("sha256").update(canonical).digest("hex");
  const key = [date, region, "s3", "aws4_request"].reduce<string | Buffer>(
    hmac,
    `AWS4${secretKey}`,
  );
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash}`).toString("hex");
  return `${query}&X-Amz-Signature=${signature}`;
}

/** A bucket name with dots matches no certificate as a host, so it goes into the path. */
export function s3Address({ bucket, region, key }: StoredObject): { host: string; path: string } {
  const s3 = `s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
  return bucket.includes(".")
    ? { host: s3, path: `/${bucket}/${encodeKey(key)}` }
    : { host: `${bucket}.${s3}`, path: `/${encodeKey(key)}` };
}

export function presignS3(
  object: StoredObject,
  credential: StorageCredential,
  { from, until }: { from: Date; until: Date },
): string {
  const address = s3Address(object);
  const seconds = Math.ceil((until.getTime() - from.getTime()) / SECOND_MS);
  const expiresSeconds = Math.min(Math.max(1, seconds), S3_EXPIRES_SECONDS_MAX);
  const signing = { ...address, region: object.region, expiresSeconds, at: from };
  return `https://${address.host}${address.path}?${signS3Query(signing, credential)}`;
}

const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac("sha256", key).update(text).digest();
