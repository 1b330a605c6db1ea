/**
 * TC3-HMAC-SHA256, the signature of Tencent Cloud API 3.0.
 * Source: "Signature Algorithm v3" (trtc.io/document/34264). Where the published SDKs do otherwise
 * than the page, our verifier takes both.
 */
import { createHmac } from "node:crypto";
import { unixSeconds } from "../../clock.js";
import { readAuthorization, schemeOf } from "./authorization.js";
import { equalInConstantTime } from "../constant-time.js";
import { type HttpMessage, isInTime, readTimestamp } from "./signed-request.js";
import { canonicalRequest, canonicalRequestForms, sha256Hex } from "./tc3-canonical.js";
import { type Verdict, refused } from "./verdict.js";

export interface Tc3Signer {
  secretId: string;
  secretKey: string;
  /** The product, for the credential scope: `trtc` for TRTC. */
  service: string;
  /** Lower-case names; Content-Type and Host, as the SDKs do, unless told otherwise. */
  signedHeaders?: readonly string[];
}

export interface Tc3Signed {
  /** What to send: the message with X-TC-Timestamp and Authorization set. */
  message: HttpMessage;
  authorization: string;
  canonicalRequest: string;
  stringToSign: string;
  /** Lower-case hex. */
  signature: string;
}

/** What an Authorization header says of itself. Nothing of it is proven yet. */
export interface Tc3Claim {
  secretId: string;
  /** UTC, as 2019-02-25. */
  date: string;
  service: string;
  signedHeaders: readonly string[];
  signature: string;
  /** X-TC-Timestamp, Unix seconds. */
  timestamp: number;
}

export type Tc3Fault = "malformed" | "expired" | "wrong-service" | "forged";

const REQUIRED_HEADERS = ["content-type", "host"];
const CREDENTIAL = /^([^/\s]+)\/(\d{4}-\d\d-\d\d)\/([^/\s]+)\/tc3_request$/;

/**
 * Signs a message that is otherwise ready to be sent. With the header
 * `x-tc-content-sha256: UNSIGNED-PAYLOAD` its body stays out of the signature. An X-TC-Token is
 * sent as it is, and signed only if `signedHeaders` names it. Throws a RangeError for an empty
 * key, and for a header that is to be signed but is not there.
 */
export function signTc3(message: HttpMessage, signer: Tc3Signer, now: Date): Tc3Signed {
  const { secretId, secretKey, service } = signer;
  if (secretKey === "") throw new RangeError("The secret key is empty.");
  const timestamp = unixSeconds(now);
  const scope = { date: utcDate(timestamp), service };
  const headers = { ...message.headers, "x-tc-timestamp": String(timestamp) };
  const signedHeaders = [...(signer.signedHeaders ?? REQUIRED_HEADERS)].sort();
  const missing = signedHeaders.find((name) => !Object.hasOwn(headers, name));
  if (missing) throw new RangeError(`The header ${missing} is to be signed but is not there.`);
  const canonical = canonicalRequest({ ...message, headers }, signedHeaders);
  const stringToSign = stringToSignOf(canonical, { ...scope, timestamp });
  const signature = hmac(tc3Keys(secretKey, scope).signing, stringToSign).toString("hex");
  const authorization =
    `TC3-HMAC-SHA256 Credential=${secretId}/${scope.date}/${service}/tc3_request, ` +
    `SignedHeaders=${signedHeaders.join(";")}, Signature=${signature}`;
  const signed = { ...message, headers: { ...headers, authorization } };
  return { message: signed, authorization, canonicalRequest: canonical, stringToSign, signature };
}

/** Undefined when the message is not signed with TC3: it may be with something else. */
export function readTc3({
  headers,
}: Pick<HttpMessage, "headers">): Verdict<{ claim: Tc3Claim }, "malformed"> | undefined {
  if (schemeOf(headers["authorization"]) !== "tc3-hmac-sha256") return undefined;
  const { parameters } = readAuthorization(headers["authorization"] ?? "") ?? {};
  const [, secretId, date, service] = CREDENTIAL.exec(parameters?.get("credential") ?? "") ?? [];
  const names = parameters?.get("signedheaders") ?? "";
  const signature = parameters?.get("signature") ?? "";
  const timestamp = readTimestamp(headers["x-tc-timestamp"]);
  if (!secretId || !date || !service || timestamp === undefined) return refused("malformed");
  if (!/^[a-z0-9_;-]+$/.test(names) || !/^[0-9a-f]{64}$/.test(signature)) {
    return refused("malformed");
  }
  const signedHeaders = names.split(";");
  return { ok: true, claim: { secretId, date, service, signedHeaders, signature, timestamp } };
}

/**
 * Whether the holder of one of these keys signed this message, within five minutes of `now`.
 * Several keys are for the days of a rotation. Each is tried in every form of the message whatever
 * came before, so that the time taken tells nothing about a key. `service` demands a product; by
 * default any will do, because the SDKs take it from the host, and `127` from 127.0.0.1.
 *
 * As with Tencent itself, only the method, the query, the body and the signed headers are proven,
 * and an SDK does not sign X-TC-Action.
 */
export function verifyTc3(
  message: HttpMessage,
  claim: Tc3Claim,
  { secretKeys, service }: { secretKeys: readonly string[]; service?: string | undefined },
  now: Date,
): Verdict<unknown, Tc3Fault> {
  if (!isSound(message, claim)) return refused("malformed");
  if (!isInTime(claim.timestamp, now)) return refused("expired");
  if (claim.date !== utcDate(claim.timestamp)) return refused("malformed");
  if (service !== undefined && claim.service !== service) return refused("wrong-service");
  const texts = canonicalRequestForms(message, claim.signedHeaders).map((canonical) =>
    stringToSignOf(canonical, claim),
  );
  const matches = secretKeys.flatMap((secretKey) => {
    const { signing } = tc3Keys(secretKey, claim);
    return texts.map((text) => {
      const same = equalInConstantTime(hmac(signing, text).toString("hex"), claim.signature);
      return same && secretKey !== ""; // with an empty key everybody could sign
    });
  });
  return matches.includes(true) ? { ok: true } : refused("forged");
}

/**
 * The three steps from a secret key to the key that signs a day's requests to one product; each
 * is an HMAC-SHA256.
 */
export function tc3Keys(secretKey: string, { date, service }: { date: string; service: string }) {
  const forDate = hmac(`TC3${secretKey}`, date);
  const forService = hmac(forDate, service);
  return { forDate, forService, signing: hmac(forService, "tc3_request") };
}

function isSound(message: HttpMessage, { signedHeaders }: Tc3Claim): boolean {
  const { method, path, query, headers } = message;
  if (!REQUIRED_HEADERS.every((name) => signedHeaders.includes(name))) return false;
  if (!signedHeaders.every((name) => Object.hasOwn(headers, name))) return false;
  const values = signedHeaders.map((name) => headers[name] ?? "");
  // The canonical request is made of lines: a break inside one could pass for the next.
  return ![method, path, query, ...values].some((text) => /[\r\n]/.test(text));
}

const stringToSignOf = (
  canonical: string,
  { timestamp, date, service }: Pick<Tc3Claim, "timestamp" | "date" | "service">,
): string =>
  `TC3-HMAC-SHA256\n${timestamp}\n${date}/${service}/tc3_request\n${sha256Hex(canonical)}`;

const utcDate = (timestampSeconds: number): string =>
  new Date(timestampSeconds * 1000).toISOString().slice(0, 10);

const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac("sha256", key).update(text).digest();
