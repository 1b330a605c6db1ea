/**
 * Presigned URLs of Tencent Cloud COS: anyone with the URL may read the object until it expires.
 * Source: "Request Signature" of the COS API (tencentcloud.com/document/product/436/7778).
 */
import { createHash, createHmac } from "node:crypto";
import { unixSeconds } from "../../clock.js";
import {
  encodeKey,
  percentEncode,
  type StorageCredential,
  type StoredObject,
} from "./presigned.js";

/** The signed parts of a request. Names and values are not encoded yet. */
export interface CosRequest {
  method: string;
  /** Decoded: `/in/电影.mp4`. */
  path: string;
  query: Readonly<Record<string, string>>;
  /** Only the signed headers. */
  headers: Readonly<Record<string, string>>;
}

export interface CosTimes {
  /** In seconds since 1970; both ends are included. */
  from: number;
  until: number;
}

/** The `q-…` fields, as in an Authorization header. */
export function signCos(
  request: CosRequest,
  { secretId, secretKey }: Pick<StorageCredential, "secretId" | "secretKey">,
  { from, until }: CosTimes,
): string {
  const keyTime = `${from};${until}`;
  const headers = listed(request.headers);
  const query = listed(request.query);
  const text = `${request.method.toLowerCase()}\n${request.path}\n${query.pairs}\n${headers.pairs}\n`;
  const hash = createHash("sha1").update(text).digest("hex");
  // COS uses the 40 hexadecimal digits of the sign key as text, not as bytes.
  const signature = hmac(hmac(secretKey, keyTime), `sha1\n${keyTime}\n${hash}\n`);
  return [
    "q-sign-algorithm=sha1",
    `q-ak=${secretId}`,
    `q-sign-time=${keyTime}`,
    `q-key-time=${keyTime}`,
    `q-header-list=${headers.names}`,
    `q-url-param-list=${query.names}`,
    `q-signature=${signature}`,
  ].join("&");
}

const cosHost = ({ bucket, region }: Omit<StoredObject, "key">): string =>
  `${bucket}.cos.${region}.myqcloud.com`;

/** `bucket` includes its APPID. The host is signed, so the URL works for this bucket only. */
export function presignCos(
  object: StoredObject,
  credential: StorageCredential,
  { from, until }: { from: Date; until: Date },
): string {
  const host = cosHost(object);
  const times = { from: unixSeconds(from), until: unixSeconds(until) };
  const request = { method: "get", path: `/${object.key}`, query: {}, headers: { host } };
  const fields = signCos(request, credential, times).split("&").map(encodeField);
  const token = credential.token ? [`x-cos-security-token=${percentEncode(credential.token)}`] : [];
  return `https://${host}/${encodeKey(object.key)}?${[...fields, ...token].join("&")}`;
}

function listed(values: Readonly<Record<string, string>>): { names: string; pairs: string } {
  const entries = Object.entries(values)
    .map(([name, value]) => [percentEncode(name).toLowerCase(), percentEncode(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    names: entries.map(([name]) => name).join(";"),
    pairs: entries.map(([name, value]) => `${name}=${value}`).join("&"),
  };
}

function encodeField(field: string): string {
  const [name = "", value = ""] = field.split("=", 2);
  return `${name}=${percentEncode(value)}`;
}

const hmac = (key: string, text: string): string =>
  createHmac("sha1", key).update(text).digest("hex");
