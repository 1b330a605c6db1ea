/**
 * How a connection is made. `pg` lets what a URL says of TLS win over every option, so that part is
 * taken out of the URL, and handed over with what DATABASE_CA adds.
 */
import type { ConnectionOptions } from "node:tls";
import pg from "pg";
import type { DatabaseAddress } from "../../config/database-address.js";

interface Transport {
  host: string;
  ssl: ConnectionOptions | false;
  sslNegotiation: string;
}

/** Throws what `pg` says of a URL, or of a certificate's file, that it cannot read. */
export function connectionOptions(address: string | DatabaseAddress): pg.PoolConfig {
  const { url } = parts(address);
  const { ssl, sslNegotiation } = transportOf(address);
  const direct =
    ssl !== false && sslNegotiation === "direct" ? { sslnegotiation: "direct" as const } : {};
  return { connectionString: withoutTls(url), ssl, ...direct };
}

export interface ConnectionFacts {
  /** Of a socket of this machine, its folder. */
  host: string;
  /** `any-name`: signed by a trusted authority, for any server of that authority's. */
  tls: "none" | "unverified" | "any-name" | "verified";
}

/** Without connecting; throws as `connectionOptions` does. */
export function connectionFacts(address: string | DatabaseAddress): ConnectionFacts {
  const { host, ssl } = transportOf(address);
  if (ssl === false) return { host, tls: "none" };
  if (ssl.rejectUnauthorized === false) return { host, tls: "unverified" };
  return { host, tls: ssl.checkServerIdentity ? "any-name" : "verified" };
}

const parts = (address: string | DatabaseAddress): DatabaseAddress =>
  typeof address === "string" ? { url: address } : address;

/** What `pg` makes of the URL and of PGSSLMODE. An authority of one's own is checked in full. */
function transportOf(address: string | DatabaseAddress): Transport {
  const { url, ca } = parts(address);
  const { host, ssl, sslNegotiation } = new pg.Client({ connectionString: url }) as unknown as {
    host: string;
    ssl: boolean | ConnectionOptions;
    sslNegotiation: string;
  };
  const asked = ssl === true ? {} : ssl;
  if (ca !== undefined) {
    // `pg` hides the key, so a copy of the object has none.
    const { cert, key } = asked === false ? {} : asked;
    const own = { ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
    return { host, ssl: { ...own, ca, rejectUnauthorized: true }, sslNegotiation };
  }
  if (asked === false) return { host, ssl: false, sslNegotiation };
  // NODE_TLS_REJECT_UNAUTHORIZED=0 is meant for something else, and may not weaken this.
  asked.rejectUnauthorized ??= true;
  return { host, ssl: asked, sslNegotiation };
}

const TLS_PARAMETERS = [
  ...["sslmode", "ssl", "sslcert", "sslkey", "sslrootcert", "sslnegotiation", "uselibpqcompat"],
];

/** A URL that only `pg` can read is left as it is. */
function withoutTls(url: string): string {
  if (!URL.canParse(url)) return url;
  const parsed = new URL(url);
  for (const name of TLS_PARAMETERS) parsed.searchParams.delete(name);
  return parsed.href;
}
