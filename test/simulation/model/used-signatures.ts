/** shared/store/used-signatures.ts, statement by statement. */
import { addMs, MINUTE_MS } from "../../../shared/clock.js";
import type { ClaimedUse, Use, UseClaim } from "../../../shared/store/used-signatures.js";
import { isAtMost, type Tables } from "./tables.js";

const TOKEN_KEPT_MS = 8 * 24 * 60 * MINUTE_MS;

/** Set while the claim has not taken effect yet. */
const NOT_YET: string[] = [];

export function insertUse({ signatures }: Tables, claim: UseClaim): "begun" | undefined {
  const { signature, requestHash = null, at, leaseUntil } = claim;
  const known = signatures.get(signature);
  if (!known) {
    signatures.set(signature, { requestHash, usedAt: at, leaseUntil, traces: NOT_YET });
    return "begun";
  }
  if (!isAtMost(known.leaseUntil, at) || known.requestHash !== requestHash) return undefined;
  signatures.set(signature, { ...known, leaseUntil });
  return "begun";
}

export const findUse = ({ signatures }: Tables, signature: string): ClaimedUse =>
  signatures.get(signature);

export function claimAgain(
  { signatures }: Tables,
  { signature, usedAt, leaseUntil }: { signature: string; usedAt: Date; leaseUntil: Date },
): boolean {
  const known = signatures.get(signature);
  if (known?.usedAt.getTime() !== usedAt.getTime() || known.leaseUntil !== null) return false;
  signatures.set(signature, { ...known, leaseUntil });
  return true;
}

export function releaseUse(
  { signatures }: Tables,
  { signature, leaseUntil }: { signature: string; leaseUntil: Date },
): void {
  const known = signatures.get(signature);
  if (known?.leaseUntil?.getTime() !== leaseUntil.getTime()) return;
  if (known.traces === NOT_YET) signatures.delete(signature);
  else signatures.set(signature, { ...known, leaseUntil: null });
}

export function forgetSignatures({ signatures }: Tables, before: Date): void {
  for (const [signature, { usedAt, requestHash }] of signatures) {
    const keptUntil = requestHash === null ? usedAt : addMs(usedAt, TOKEN_KEPT_MS);
    if (keptUntil.getTime() < before.getTime()) signatures.delete(signature);
  }
}

/** The use before, if another request has had the name. */
export function useName(
  { signatures }: Tables,
  { signature, requestHash, at }: { signature: string; requestHash: string; at: Date },
): Pick<Use, "requestHash" | "usedAt"> | undefined {
  const known = signatures.get(signature);
  if (known) return { requestHash: known.requestHash, usedAt: known.usedAt };
  signatures.set(signature, { requestHash, usedAt: at, leaseUntil: null, traces: [] });
  return undefined;
}

/** What the name stood for. */
export function swapName(
  { signatures }: Tables,
  { signature, requestHash, at }: { signature: string; requestHash: string; at: Date },
): string | undefined {
  const known = signatures.get(signature);
  const { leaseUntil, traces } = known ?? { leaseUntil: null, traces: [] };
  signatures.set(signature, { requestHash, usedAt: at, leaseUntil, traces });
  return known?.requestHash ?? undefined;
}
