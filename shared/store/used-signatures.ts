/**
 * The names of updates; a name is a ClientToken or a signature. An update claims its name before it
 * calls TRTC. So two instances with the same request do not both carry it out.
 */
import type { Query } from "./engine/database.js";
import { bind, run, type Sql, sql } from "./engine/sql.js";

/** A claim on a name. */
export interface UseClaim {
  signature: string;
  /** For a ClientToken. */
  requestHash?: string | undefined;
  at: Date;
  leaseUntil: Date;
}

/** The facts that are written with the update's effect. */
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
  /** The end of another request's claim; null: the update took effect. */
  leaseUntil: Date | null;
  traces: string[];
}

const TRUE = sql`true`;

export type ClaimedUse = "begun" | Use | undefined;

/**
 * For `markUpdated`: the claim becomes a record. Without a claim, only an unknown name is recorded.
 * `onlyIf`: the update has an effect.
 */
export const rememberUse = ({
  signature,
  at,
  use,
  onlyIf = TRUE,
}: {
  signature: Sql;
  at: Sql;
  use: UseDone | undefined;
  onlyIf?: Sql;
}): Sql => sql`
  insert into used_signature (signature, used_at, traces)
  select ${signature}, ${at}::timestamptz, array_remove(array[${use?.traceId ?? null}::text], null)
  where ${signature}::text is not null and ${onlyIf}
  on conflict (signature) do update
  set used_at = excluded.used_at, lease_until = null,
      traces = coalesce(used_signature.traces, '{}') || excluded.traces
  where used_signature.lease_until = ${use?.leaseUntil ?? null}::timestamptz
  returning 1`;

/** `begun`: the claim succeeded. `undefined`: another request has just given the name back. */
export async function claimUse(
  query: Query,
  { signature, requestHash, at, leaseUntil }: UseClaim,
): Promise<ClaimedUse> {
  const now = bind(at);
  const begun = await run(
    query,
    sql`insert into used_signature (signature, used_at, request_hash, lease_until)
     values (${signature}, ${now}, ${requestHash ?? null}, ${leaseUntil})
     on conflict (signature) do update set lease_until = excluded.lease_until
     where used_signature.lease_until <= ${now}
       and used_signature.request_hash is not distinct from excluded.request_hash
     returning 1`,
  );
  if (begun.length > 0) return "begun";
  const [row] = await run(
    query,
    sql`select request_hash, used_at, lease_until, traces from used_signature
     where signature = ${signature}`,
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

/**
 * Records a name in the transaction of its effect. Returns the use before, if another request has
 * had the name.
 */
export async function useName(
  query: Query,
  { signature, requestHash, at }: { signature: string; requestHash: string; at: Date },
): Promise<Pick<Use, "requestHash" | "usedAt"> | undefined> {
  const name = bind(signature);
  const used = await run(
    query,
    sql`insert into used_signature (signature, used_at, request_hash, traces)
     values (${name}, ${at}, ${requestHash}, '{}')
     on conflict (signature) do nothing
     returning 1`,
  );
  if (used.length > 0) return undefined;
  const [row] = await run(
    query,
    sql`select request_hash, used_at from used_signature where signature = ${name}`,
  );
  return {
    requestHash: (row?.["request_hash"] ?? null) as string | null,
    usedAt: (row?.["used_at"] ?? at) as Date,
  };
}

/** Records what a name stands for now, in the transaction of its effect. Returns what it stood for. */
export async function swapName(
  query: Query,
  { signature, requestHash, at }: { signature: string; requestHash: string; at: Date },
): Promise<string | undefined> {
  const name = bind(signature);
  const [row] = await run(
    query,
    sql`with former as (select request_hash from used_signature where signature = ${name})
     insert into used_signature (signature, used_at, request_hash, traces)
     values (${name}, ${at}, ${requestHash}, '{}')
     on conflict (signature) do update
     set used_at = excluded.used_at, request_hash = excluded.request_hash
     returning (select request_hash from former) as former`,
  );
  return (row?.["former"] ?? undefined) as string | undefined;
}

/** Claims a name again if no other request used it since `usedAt`. Returns whether it succeeded. */
export async function claimAgain(
  query: Query,
  { signature, usedAt, leaseUntil }: { signature: string; usedAt: Date; leaseUntil: Date },
): Promise<boolean> {
  const rows = await run(
    query,
    sql`update used_signature set lease_until = ${leaseUntil}
     where signature = ${signature} and used_at = ${usedAt} and lease_until is null
     returning 1`,
  );
  return rows.length > 0;
}

/** The update had no effect, so it may be sent again. A name that once took effect stays known. */
export async function releaseUse(
  query: Query,
  { signature, leaseUntil }: { signature: string; leaseUntil: Date },
): Promise<void> {
  const [name, until] = [bind(signature), bind(leaseUntil)];
  await run(
    query,
    sql`with fresh as (
       delete from used_signature
       where signature = ${name} and lease_until = ${until} and traces is null
     )
     update used_signature set lease_until = null
     where signature = ${name} and lease_until = ${until} and traces is not null`,
  );
}

/**
 * A signature that is older than five minutes is refused before it is looked up here. A ClientToken
 * stays known for as long as an ingest can last.
 */
export async function forgetSignatures(query: Query, before: Date): Promise<void> {
  const time = bind(before);
  await run(
    query,
    sql`delete from used_signature
     where used_at < ${time}
       and (request_hash is null or used_at < ${time}::timestamptz - interval '8 days')`,
  );
}
