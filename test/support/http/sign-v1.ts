/** A caller's side of Tencent Cloud's older signature, written apart from the code that checks it. */
import { createHmac } from "node:crypto";
import type { V1Request } from "../../../shared/signing/tencent/v1.js";

/** Throws a RangeError for an empty key. */
export function signV1(
  { method, host, path = "/", parameters }: V1Request,
  secretKey: string,
): { signature: string; stringToSign: string } {
  if (secretKey === "") throw new RangeError("The secret key is empty.");
  const pairs = Object.keys(parameters)
    .filter((name) => name !== "Signature")
    .sort()
    .map((name) => `${name}=${parameters[name] ?? ""}`);
  const stringToSign = `${method}${host}${path}?${pairs.join("&")}`;
  const hash = parameters["SignatureMethod"] === "HmacSHA256" ? "sha256" : "sha1";
  const signature = createHmac(hash, secretKey).update(stringToSign).digest("base64");
  return { signature, stringToSign };
}
