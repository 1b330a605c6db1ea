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
  /** In capitals. */
  method: string;
  /** The Host header. */
  host: string;
  /** `/` unless given. */
  path?: string;
  /** Decoded, one value each; a `Signature` among them is passed over. */
  parameters: Readonly<Record<string, string>>;
}

/** What the parameters say of themselves. Nothing of it is proven yet. */
export interface V1Claim {
  secretId: string;
  signature: string;
  /** Anything but HmacSHA256 means HmacSHA1, as at Tencent. */
  method: "HmacSHA1" | "HmacSHA256";
  /** Unix seconds. */
  timestamp: number;
  /** Digits; some SDKs send more than a number can hold. */
  nonce: string;
}

export type V1Fault = "expired" | "forged";

/** Throws a RangeError for an empty key. */
export function signV1(
  request: V1Request,
  secretKey: string,
): { signature: string; stringToSign: string } {
  if (secretKey === "") throw new RangeError("The secret key is empty.");
  const { method, host, path = "/", parameters } = request;
  const stringToSign = textOf({ method, host, path, parameters: signedPairs(parameters) });
  const algorithm = methodOf(parameters["SignatureMethod"]);
  return { signature: mac(algorithm, { secretKey, stringToSign }), stringToSign };
}

/**
 * Undefined when the parameters carry neither a Signature nor a SecretId: the request is not
 * signed this way. One without the other, or without its time and nonce, is malformed.
 */
export function readV1(
  parameters: Readonly<Record<string, string>>,
): Verdict<{ claim: V1Claim }, "malformed"> | undefined {
  const { Signature, SecretId: secretId, Nonce: nonce, Timestamp } = parameters;
  if (Signature === undefined && secretId === undefined) return undefined;
  // Ruby's base64 ends with a line feed, and has one in every 60 characters.
  const signature = Signature?.replace(/[\r\n]/g, "");
  const timestamp = readTimestamp(Timestamp);
  if (!signature || !secretId || timestamp === undefined) return refused("malformed");
  // "A random positive integer", says the page; the Node.js SDKs draw a 0 once in 131,070 calls.
  if (!nonce || !/^[0-9]{1,20}$/.test(nonce)) return refused("malformed");
  const method = methodOf(parameters["SignatureMethod"]);
  return { ok: true, claim: { secretId, signature, method, timestamp, nonce } };
}

export interface V1Proof {
  /** What the signature covers: without empty parameters, where their signer left them out. */
  signed: Readonly<Record<string, string>>;
}

/**
 * Whether the holder of one of these keys signed these parameters, within five minutes of `now`.
 * Several keys are for the days of a rotation. Each is tried in every form, whatever the others
 * gave, so that the time tells nothing about a key.
 *
 * Values are signed as they are, not encoded, so `a=1&b=2` may be one value or two parameters. For
 * five minutes, a recorded request can be cut in another way. TC3 has no such gap.
 */
export function verifyV1(
  request: V1Request,
  claim: V1Claim,
  { secretKeys }: { secretKeys: readonly string[] },
  now: Date,
): Verdict<V1Proof, V1Fault> {
  if (!isInTime(claim.timestamp, now)) return refused("expired");
  // The Go SDK sends empty parameters but leaves them out of what it signs; the others sign them.
  const all = signedPairs(request.parameters);
  const filled = all.filter(([, value]) => value !== "");
  const [isAll, isFilled] = [all, filled].map((pairs) => {
    const matches = secretKeys.flatMap((secretKey) =>
      stringForms(request, pairs).map((stringToSign) => {
        const expected = mac(claim.method, { secretKey, stringToSign });
        const same = equalInConstantTime(expected, claim.signature);
        return same && secretKey !== ""; // with an empty key everybody could sign
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

/** By name in ASCII order, as the page asks, capitals before small letters. */
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
