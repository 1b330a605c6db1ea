/** The owner and the expiry of an opened envelope: checks that UserSig and PrivateMapKey share. */
import { unixSeconds } from "../../clock.js";
import type { TlsClaims } from "./tls-envelope.js";

export interface Holder {
  sdkAppId: number;
  userId: string;
}

/**
 * Returns the first fault of the claims, in the order of Tencent's own verifier. Undefined: no
 * fault.
 */
export function holderFault(
  claims: TlsClaims,
  holder: Holder,
  now: Date,
): "foreign-app" | "foreign-user" | "expired" | undefined {
  if (claims.sdkAppId !== holder.sdkAppId) return "foreign-app";
  if (claims.userId !== holder.userId) return "foreign-user";
  // The last second is still valid. A future time of issue is accepted, as at Tencent, because a
  // signer's clock may be slightly ahead.
  return unixSeconds(now) <= expiresAtSeconds(claims) ? undefined : "expired";
}

export const expiresAtSeconds = (claims: TlsClaims): number =>
  claims.issuedAtSeconds + claims.lifetimeSeconds;

/** Turns Unix time into a Date. */
export const instantOf = (seconds: number): Date => new Date(seconds * 1000);
