/**
 * Names of updates, each a ClientToken or a signature: one is claimed before TRTC is asked, so that
 * two instances with the same request do not both carry it out.
 */
import type { Query } from "./engine/database.js";

/** A claim on a name. */
export interface UseClaim {
  signature: string;
  /** Of a ClientToken. */
  requestHash?: string | undefined;
  at: Date;
  leaseUntil: Date;
}

/** What is written with the update's effect. */
export interface UseDone {
  leaseUntil: Date;
  /** X-TC-Timestamp, where the signature has nothing finer. */
  second?: number | undefined;
  arrivedAt: Date;
  traceId?: string | undefined;
}

export interface Use {
  requestHash: string | null;
  usedAt: Date;
  /** Somebody is at it until then; null: it took effect. */
  leaseUntil: Date | null;
  traces: string[];
}

export type ClaimedUse = "begun" | Use | undefined;

/** For `markUpdated`: the claim becomes a memory. Without a claim only an unknown name is taken. */
export const USED = `
  insert into used_signature (signature, used_at, traces)
  select $5, $4::timestamptz, array_remove(array[$10::text], null) where $5::text is not null
  on conflict (signature) do update
  set used_at = excluded.used_at, lease_until = null,
      traces = coalesce(used_signature.traces, '{}') || excluded.traces
  where used_signature.lease_until = $7::timestamptz
  returning 1`;

/** `begun`: it is ours. `undefined`: somebody has just given it back. */
export async function claimUse(
  query: Query,
  { signature, requestHash, at, leaseUntil }: UseClaim,
): Promise<ClaimedUse> {
  const begun = await query(
    `insert into used_signature (signature, used_at, request_hash, lease_until)
     values ($1, $2, $3, $4)
     on conflict (signature) do update set lease_until = excluded.lease_until
     where used_signature.lease_until <= $2
       and used_signature.request_hash is not distinct from excluded.request_hash
     returning 1`,
    [signature, at, requestHash ?? null, leaseUntil],
  );
  if (begun.length > 0) return "begun";
  const [row] = await query(
    "select request_hash, used_at, lease_until, traces from used_signature where signature = $1",
    [signature],
  );
  return (
    row && {
      requestHash: row["request_hash"] as string | null,
      usedAt: row["used_at"] as Date,
      leaseUntil: row["lease_until"] as Date | null,
      traces: (row["traces"] as string[] | null) ?? [],
    }
  );
}

/** Once more, if nobody has carried it out since `usedAt`. Says whether it is ours. */
export async function claimAgain(
  query: Query,
  { signature, usedAt, leaseUntil }: { signature: string; usedAt: Date; leaseUntil: Date },
): Promise<boolean> {
  const rows = await query(
    `update used_signature set lease_until = $3
     where signature = $1 and used_at = $2 and lease_until is null
     returning 1`,
    [signature, usedAt, leaseUntil],
  );
  return rows.length > 0;
}

/** It took no effect this time, so it may be sent again. A name that once took effect stays known. */
export async function releaseUse(
  query: Query,
  { signature, leaseUntil }: { signature: string; leaseUntil: Date },
): Promise<void> {
  await query(
    `with fresh as (
       delete from used_signature where signature = $1 and lease_until = $2 and traces is null
     )
     update used_signature set lease_until = null
     where signature = $1 and lease_until = $2 and traces is not null`,
    [signature, leaseUntil],
  );
}

/**
 * A signature older than its own five minutes is refused before anybody asks for it here. A
 * ClientToken is known for as long as an ingest can last.
 */
export async function forgetSignatures(query: Query, before: Date): Promise<void> {
  await query(
    `delete from used_signature
     where used_at < $1
       and (request_hash is null or used_at < $1::timestamptz - interval '8 days')`,
    [before],
  );
}
