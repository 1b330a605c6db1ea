/**
 * Whose an opened envelope is, and until when: the checks that UserSig and PrivateMapKey share.
 */
import { unixSeconds } from "../../clock.js";
import type { TlsClaims } from "./tls-envelope.js";

export interface Holder {
  sdkAppId: number;
  userId: string;
}

/** What speaks against the claims, in the order of Tencent's own verifier; undefined if nothing does. */
export function holderFault(
  claims: TlsClaims,
  holder: Holder,
  now: Date,
): "foreign-app" | "foreign-user" | "expired" | undefined {
  if (claims.sdkAppId !== holder.sdkAppId) return "foreign-app";
  if (claims.userId !== holder.userId) return "foreign-user";
  // The last second is still valid. A time of issue that lies ahead passes, as at Tencent, because
  // a signer's clock may run a little before the verifier's.
  return unixSeconds(now) <= expiresAtSeconds(claims) ? undefined : "expired";
}

export const expiresAtSeconds = (claims: TlsClaims): number =>
  claims.issuedAtSeconds + claims.lifetimeSeconds;

/** The instant of a Unix time. */
export const instantOf = (seconds: number): Date => new Date(seconds * 1000);
