/**
 * Tencent Cloud's older signature: HmacSHA1 or HmacSHA256 over the parameters of a form or a query.
 * The international Node.js SDK still uses it by default. Source: "Signature Algorithm v1"
 * (tencentcloud.com/document/product/647/34263), and the SDKs.
 */
import { createHmac } from "node:crypto";
import { equalInConstantTime } from "../constant-time.js";
import { distinct, hostForms, isInTime, pathForms, readTimestamp } from "./signed-request.js";
import { type Verdict, refused } from "./verdict.js";

export interface V1Request {
  /** In capital letters. */
  method: string;
  /** The Host header. */
  host: string;
  /** Default: `/`. */
  path?: string;
  /** Decoded, with one value each. A `Signature` among them is ignored. */
  parameters: Readonly<Record<string, string>>;
}

/** The claims of the parameters. Nothing is proven yet. */
export interface V1Claim {
  secretId: string;
  signature: string;
  /** Every value except HmacSHA256 means HmacSHA1, as at Tencent. */
  method: "HmacSHA1" | "HmacSHA256";
  /** Unix seconds. */
  timestamp: number;
  /** Digits. Some SDKs send more than a number can hold. */
  nonce: string;
}

export type V1Fault = "expired" | "forged";

/**
 * Undefined when the parameters have neither a Signature nor a SecretId: the request is not signed
 * this way. With one of the two only, or without time and nonce, it is malformed.
 */
export function readV1(
  parameters: Readonly<Record<string, string>>,
): Verdict<{ claim: V1Claim }, "malformed"> | undefined {
  const { Signature, SecretId: secretId, Nonce: nonce, Timestamp } = parameters;
  if (Signature === undefined && secretId === undefined) return undefined;
  // Ruby's base64 adds a line feed at the end and after every 60 characters.
  const signature = Signature?.replace(/[\r\n]/g, "");
  const timestamp = readTimestamp(Timestamp);
  if (!signature || !secretId || timestamp === undefined) return refused("malformed");
  // The page says "a random positive integer". The Node.js SDKs draw 0 once in 131,070 calls.
  if (!nonce || !/^[0-9]{1,20}$/.test(nonce)) return refused("malformed");
  const method = methodOf(parameters["SignatureMethod"]);
  return { ok: true, claim: { secretId, signature, method, timestamp, nonce } };
}

export interface V1Proof {
  /** The signed parameters. Empty ones are left out if their signer left them out. */
  signed: Readonly<Record<string, string>>;
}

/**
 * Checks whether the holder of one of these keys signed these parameters within five minutes of
 * `now`. Several keys serve during a rotation. Each key is tried in every form, so the time taken
 * reveals nothing about a key.
 *
 * Values are signed without encoding, so `a=1&b=2` may be one value or two parameters. Within five
 * minutes an attacker can split a recorded request differently. TC3 does not have this gap.
 */
export function verifyV1(
  request: V1Request,
  claim: V1Claim,
  { secretKeys }: { secretKeys: readonly string[] },
  now: Date,
): Verdict<V1Proof, V1Fault> {
  if (!isInTime(claim.timestamp, now)) return refused("expired");
  // The Go SDK sends empty parameters without signing them. The other SDKs sign them.
  const all = signedPairs(request.parameters);
  const filled = all.filter(([, value]) => value !== "");
  const [isAll, isFilled] = [all, filled].map((pairs) => {
    const matches = secretKeys.flatMap((secretKey) =>
      stringForms(request, pairs).map((stringToSign) => {
        const expected = mac(claim.method, { secretKey, stringToSign });
        const same = equalInConstantTime(expected, claim.signature);
        return same && secretKey !== ""; // with an empty key anyone could sign
      }),
    );
    return matches.includes(true);
  });
  if (isAll) return { ok: true, signed: Object.fromEntries(all) };
  return isFilled ? { ok: true, signed: Object.fromEntries(filled) } : refused("forged");
}

function stringForms({ method, host, path = "/" }: V1Request, parameters: Pairs): string[] {
  const forms = pathForms(path).flatMap((eachPath) =>
    hostForms(host).map((eachHost) =>
      textOf({ method, host: eachHost, path: eachPath, parameters }),
    ),
  );
  return distinct(forms);
}

type Pairs = readonly (readonly [name: string, value: string])[];

/** Sorted by name in ASCII order, as the page requires: capitals before small letters. */
const signedPairs = (parameters: V1Request["parameters"]): Pairs =>
  Object.entries(parameters)
    .filter(([name]) => name !== "Signature")
    .sort(([one], [other]) => (one < other ? -1 : 1));

const textOf = (form: { method: string; host: string; path: string; parameters: Pairs }): string =>
  `${form.method}${form.host}${form.path}?` +
  form.parameters.map(([name, value]) => `${name}=${value}`).join("&");

const methodOf = (name: string | undefined): V1Claim["method"] =>
  name === "HmacSHA256" ? "HmacSHA256" : "HmacSHA1";

const mac = (
  method: V1Claim["method"],
  { secretKey, stringToSign }: { secretKey: string; stringToSign: string },
): string =>
  createHmac(method === "HmacSHA256" ? "sha256" : "sha1", secretKey)
    .update(stringToSign)
    .digest("base64");
