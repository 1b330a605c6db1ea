/**
 * TC3-HMAC-SHA256, the signature of Tencent Cloud API 3.0. Source: "Signature Algorithm v3"
 * (trtc.io/document/34264). Where the SDKs differ from the page, the verifier accepts both.
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
  /** Lower-case names. Default: Content-Type and Host, as in the SDKs. */
  signedHeaders?: readonly string[];
}

export interface Tc3Signed {
  /** The message to send, with X-TC-Timestamp and Authorization set. */
  message: HttpMessage;
  authorization: string;
  canonicalRequest: string;
  stringToSign: string;
  /** Lower-case hex. */
  signature: string;
}

/** The claims of an Authorization header. Nothing is proven yet. */
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
 * Signs a message that is otherwise ready to send. With the header `x-tc-content-sha256:
 * UNSIGNED-PAYLOAD` the signature leaves the body out. An X-TC-Token is sent as it is, and signed
 * only if `signedHeaders` names it. Throws a RangeError for an empty key, or for a missing header
 * that is to be signed.
 */
export function signTc3(message: HttpMessage, signer: Tc3Signer, now: Date): Tc3Signed {
  const { secretId, secretKey, service } = signer;
  if (secretKey === "") throw new RangeError("The secret key is empty.");
  const timestamp = unixSeconds(now);
  const scope = { date: utcDate(timestamp), service };
  const headers = { ...message.headers, "x-tc-timestamp": String(timestamp) };
  const signedHeaders = [...(signer.signedHeaders ?? REQUIRED_HEADERS)].sort();
  const missing = signedHeaders.find((name) => !Object.hasOwn(headers, name));
  if (missing) throw new RangeError(`The header ${missing} is to be signed but is missing.`);
  const canonical = canonicalRequest({ ...message, headers }, signedHeaders);
  const stringToSign = stringToSignOf(canonical, { ...scope, timestamp });
  const signature = hmac(tc3Keys(secretKey, scope).signing, stringToSign).toString("hex");
  const authorization =
    `TC3-HMAC-SHA256 Credential=${secretId}/${scope.date}/${service}/tc3_request, ` +
    `SignedHeaders=${signedHeaders.join(";")}, Signature=${signature}`;
  const signed = { ...message, headers: { ...headers, authorization } };
  return { message: signed, authorization, canonicalRequest: canonical, stringToSign, signature };
}

/** Undefined when the message is not signed with TC3. It may have another signature. */
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
 * Checks whether the holder of one of these keys signed this message within five minutes of `now`.
 * Several keys serve during a rotation. Each key is tried in every form, so the time taken reveals
 * nothing about a key. `service` requires a product. By default any product passes, because the
 * SDKs take it from the host: `127` from 127.0.0.1.
 *
 * As with Tencent itself, the signature proves only the method, the query, the body and the signed
 * headers. An SDK does not sign X-TC-Action.
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
      return same && secretKey !== ""; // with an empty key anyone could sign
    });
  });
  return matches.includes(true) ? { ok: true } : refused("forged");
}

/** Derives the key that signs one day's requests to one product: three steps of HMAC-SHA256. */
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
  // The canonical request consists of lines, so a line break in a value could fake the next line.
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
