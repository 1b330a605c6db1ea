/** UserSig: the signed login of one user in one TRTC application. It names no room. */
import { unixSeconds } from "../../clock.js";
import { openEnvelope, sealEnvelope } from "./tls-envelope.js";
import { type Holder, expiresAtSeconds, holderFault, instantOf } from "./tls-holder.js";
import { type Verdict, refused } from "../tencent/verdict.js";

export interface UserSigRequest extends Holder {
  /** The application's SDKSecretKey, used as text although it looks like hex. */
  secretKey: string;
  lifetimeSeconds: number;
}

export type UserSigFault =
  "malformed" | "forged" | "foreign-app" | "foreign-user" | "expired" | "carries-user-buf";

/**
 * Throws a RangeError for an empty key, an id that is not plain text, or a lifetime below a second.
 */
export function signUserSig(request: UserSigRequest, now: Date): string {
  const { sdkAppId, secretKey, userId, lifetimeSeconds } = request;
  const issuedAtSeconds = unixSeconds(now);
  return sealEnvelope({ userId, sdkAppId, issuedAtSeconds, lifetimeSeconds }, secretKey);
}

/**
 * Checks whether a UserSig belongs to this user and application and is still valid. A PrivateMapKey
 * in its place "carries a userbuf" and is refused, as by Tencent's own verifier.
 */
export function verifyUserSig(
  userSig: string,
  { secretKey, ...holder }: Holder & { secretKey: string },
  now: Date,
): Verdict<{ issuedAt: Date; expiresAt: Date }, UserSigFault> {
  const opened = openEnvelope(userSig, secretKey);
  if (!opened.ok) return opened;
  const { claims } = opened;
  const fault = holderFault(claims, holder, now);
  if (fault) return refused(fault);
  if (claims.userBuf !== undefined) return refused("carries-user-buf");
  return {
    ok: true,
    issuedAt: instantOf(claims.issuedAtSeconds),
    expiresAt: instantOf(expiresAtSeconds(claims)),
  };
}
