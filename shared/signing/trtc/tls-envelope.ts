/**
 * The envelope that UserSig and PrivateMapKey share, Tencent's "TLS signature" version 2.0. It is a
 * JSON object with an HMAC-SHA256 over its own fields, as zlib, in Tencent's own base64. Source:
 * Tencent's published signers, tls-sig-api-v2 for Node.js and tls-sig-api-v2-golang.
 */
import { isUtf8 } from "node:buffer";
import { createHmac } from "node:crypto";
import { equalInConstantTime } from "../constant-time.js";
import { inflateAtMost, zlibStored } from "./stored-zlib.js";
import { type Verdict, refused } from "../tencent/verdict.js";

export interface TlsClaims {
  userId: string;
  sdkAppId: number;
  /** Unix time. */
  issuedAtSeconds: number;
  lifetimeSeconds: number;
  /** Standard base64. Only a PrivateMapKey has one. */
  userBuf?: string;
}

/** Several times the length that TRTC's limits allow. A longer text is refused unread. */
const TEXT_LENGTH_MAX = 4096;
/** Even with generous escapes and spaces the claims stay well below this. */
const JSON_BYTES_MAX = 8192;
/** The year 5138: far beyond any real claim, and the sum of two is still a valid instant. */
const SECONDS_MAX = 99_999_999_999;

/** Throws a RangeError for claims that a verifier could not read back unchanged. */
export function sealEnvelope(claims: TlsClaims, secretKey: string): string {
  requireSealable(claims, secretKey);
  const json = JSON.stringify({
    "TLS.ver": "2.0",
    "TLS.identifier": claims.userId,
    "TLS.sdkappid": claims.sdkAppId,
    "TLS.time": claims.issuedAtSeconds,
    "TLS.expire": claims.lifetimeSeconds,
    "TLS.userbuf": claims.userBuf, // JSON leaves an undefined one out
    "TLS.sig": macOf(claims, secretKey),
  });
  const text = toTencentBase64(zlibStored(Buffer.from(json)));
  if (text.length > TEXT_LENGTH_MAX) throw new RangeError("The ids are too long to be signed.");
  return text;
}

/**
 * Returns the claims of an envelope once its MAC proves them. "malformed": the text is not an
 * envelope. "forged": the sealer did not have the key, or somebody changed the envelope. Never
 * throws.
 */
export function openEnvelope(
  text: string,
  secretKey: string,
): Verdict<{ claims: TlsClaims }, "malformed" | "forged"> {
  const document = readDocument(text);
  if (!document) return refused("malformed");
  const { claims, mac } = document;
  // With an empty key anyone could sign, so such a key proves nothing.
  if (secretKey === "" || !equalInConstantTime(macOf(claims, secretKey), mac)) {
    return refused("forged");
  }
  return { ok: true, claims };
}

function macOf(claims: TlsClaims, secretKey: string): string {
  const lines =
    `TLS.identifier:${claims.userId}\n` +
    `TLS.sdkappid:${claims.sdkAppId}\n` +
    `TLS.time:${claims.issuedAtSeconds}\n` +
    `TLS.expire:${claims.lifetimeSeconds}\n` +
    (claims.userBuf === undefined ? "" : `TLS.userbuf:${claims.userBuf}\n`);
  return createHmac("sha256", secretKey).update(lines).digest("base64");
}

function requireSealable(claims: TlsClaims, secretKey: string): void {
  const { userId, sdkAppId, issuedAtSeconds, lifetimeSeconds } = claims;
  if (secretKey === "") throw new RangeError("The application's secret key is empty.");
  if (!isPlainText(userId)) throw new RangeError("UserId has to be plain, non-empty text.");
  if (!isWithin(sdkAppId, 1, 0xffff_ffff)) throw new RangeError("SdkAppId is out of range.");
  if (!isWithin(issuedAtSeconds, 0, SECONDS_MAX)) throw new RangeError("Time is out of range.");
  if (!isWithin(lifetimeSeconds, 1, SECONDS_MAX)) throw new RangeError("Lifetime is out of range.");
}

function readDocument(text: string): { claims: TlsClaims; mac: string } | undefined {
  const zipped = text.length <= TEXT_LENGTH_MAX ? fromTencentBase64(text) : undefined;
  const json = zipped && inflateAtMost(JSON_BYTES_MAX, zipped);
  const fields = json && isUtf8(json) ? parseObject(json.toString()) : undefined;
  return fields && readFields(fields);
}

function readFields(fields: Record<string, unknown>) {
  const {
    "TLS.ver": version,
    "TLS.identifier": userId,
    "TLS.sdkappid": sdkAppId,
    "TLS.time": issuedAtSeconds,
    "TLS.expire": lifetimeSeconds,
    "TLS.userbuf": userBuf,
    "TLS.sig": mac,
  } = fields;
  if (version !== "2.0" || !isPlainText(userId) || typeof mac !== "string") return undefined;
  if (!isWithin(sdkAppId, 0, SECONDS_MAX)) return undefined;
  if (!isWithin(issuedAtSeconds, 0, SECONDS_MAX)) return undefined;
  if (!isWithin(lifetimeSeconds, 0, SECONDS_MAX)) return undefined;
  const claims = { userId, sdkAppId, issuedAtSeconds, lifetimeSeconds };
  if (userBuf === undefined) return { claims, mac };
  return isBase64(userBuf) ? { claims: { ...claims, userBuf }, mac } : undefined;
}

function parseObject(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

/**
 * The MAC covers lines, so a line break in an id could shift the border between two fields. A lone
 * surrogate has no bytes of its own. A signed text may contain neither.
 */
const isPlainText = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && !/[\p{Cc}\p{Surrogate}]/u.test(value);

const isWithin = (value: unknown, least: number, most: number): value is number =>
  Number.isInteger(value) && Number(value) >= least && Number(value) <= most;

const isBase64 = (value: unknown): value is string =>
  typeof value === "string" && Buffer.from(value, "base64").toString("base64") === value;

/** Standard base64 with three other signs. It is not the URL-safe alphabet of RFC 4648. */
const toTencentBase64 = (bytes: Buffer): string =>
  bytes.toString("base64").replace(/\+/g, "*").replace(/\//g, "-").replace(/=/g, "_");

/** Undefined unless the text is the only encoding of its bytes, so each envelope has one form. */
function fromTencentBase64(text: string): Buffer | undefined {
  const standard = text.replace(/\*/g, "+").replace(/-/g, "/").replace(/_/g, "=");
  const bytes = Buffer.from(standard, "base64");
  return toTencentBase64(bytes) === text ? bytes : undefined;
}
