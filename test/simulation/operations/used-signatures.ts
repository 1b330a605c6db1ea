/**
 * Keys of updates: operations claim, release and claim them again, with few keys and few leases.
 */
import fc from "../../support/properties.js";
import { addMs } from "../../../shared/clock.js";
import { type Operation, operation } from "./operation.js";

const T0_MS = Date.parse("2026-01-01T00:00:00Z");

const signature = fc.constantFrom("s1", "s2", "token t1");
const requestHash = fc.constantFrom(undefined, "h1", "h2");

/** Few and far apart, so that operations meet the same lease again. */
export const leaseUntil = fc
  .constantFrom(1, 10, 100)
  .map((days) => addMs(new Date(T0_MS), days * 86_400_000));

export const USE_OPERATIONS: fc.Arbitrary<Operation>[] = [
  operation({ signature, requestHash, leaseUntil }, (store, drawn, at) =>
    store.signatures.claim({ ...drawn, at }),
  ),
  operation({ signature, leaseUntil }, (store, drawn) => store.signatures.release(drawn)),
  operation({ signature, leaseUntil }, async (store, drawn, at) => {
    const known = await store.signatures.claim({ ...drawn, at });
    if (known === "begun" || known === undefined) return known;
    return store.signatures.claimAgain({ ...drawn, usedAt: known.usedAt });
  }),
];
