/**
 * The `Sign` header of TRTC's callbacks: base64 of HMAC-SHA256 over the raw body. The key is the
 * one in the console (up to 32 letters and digits). Source: "Verify Signature" of TRTC's event
 * callback pages (trtc.io/document/39558 and 62717).
 */
import { createHmac } from "node:crypto";
import { equalInConstantTime } from "../constant-time.js";

export const signCallback = (key: string, rawBody: Buffer): string =>
  createHmac("sha256", key).update(rawBody).digest("base64");

/**
 * Over the bytes as they came: TRTC indents its JSON with tabs, which parsing would lose. The
 * signature has no time in it, so a copy sent again verifies too: deduplicate by EventMsTs.
 * Nothing verifies with an empty key, because anybody could have signed with that. Each key is
 * compared with, so that the time does not tell which of them it was.
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
