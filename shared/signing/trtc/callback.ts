/**
 * The `Sign` header of TRTC's callbacks: base64 of HMAC-SHA256 over the raw body. Its key is set in
 * the console and has up to 32 letters and digits. Source: "Verify Signature" of TRTC's event
 * callback pages (trtc.io/document/39558 and 62717).
 */
import { createHmac } from "node:crypto";
import { equalInConstantTime } from "../constant-time.js";

export const signCallback = (key: string, rawBody: Buffer): string =>
  createHmac("sha256", key).update(rawBody).digest("base64");

/**
 * Verifies the bytes as they came: TRTC indents its JSON with tabs, which parsing would lose. The
 * signature contains no time, so a repeated copy passes too: deduplicate by EventMsTs. An empty key
 * verifies nothing, because anyone could sign with it. Each key is compared, so the time does not
 * reveal which key matched.
 */
export function verifyCallback(
  keys: readonly string[],
  rawBody: Buffer,
  sign: string | undefined,
): boolean {
  if (sign === undefined) return false;
  const matches = keys.map((key) => {
    const same = equalInConstantTime(signCallback(key, rawBody), sign);
    return same && key !== "";
  });
  return matches.includes(true);
}
