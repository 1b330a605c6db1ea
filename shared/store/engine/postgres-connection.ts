/**
 * The options of a connection. In `pg`, the TLS parameters of a URL override every option. So they
 * are taken out of the URL and passed as options, together with DATABASE_CA.
 */
import type { ConnectionOptions } from "node:tls";
import type pg from "pg";
import ConnectionParameters from "pg/lib/connection-parameters";
import type { DatabaseAddress } from "../../config/database/address.js";

interface Transport {
  host: string;
  ssl: ConnectionOptions | false;
  sslNegotiation: string | undefined;
}

/** Throws the error of `pg` for a URL or a certificate file that it cannot read. */
export function connectionOptions(address: string | DatabaseAddress): pg.PoolConfig {
  const { url } = parts(address);
  const { ssl, sslNegotiation } = transportOf(address);
  const direct =
    ssl !== false && sslNegotiation === "direct" ? { sslnegotiation: "direct" as const } : {};
  return { connectionString: withoutTls(url), ssl, ...direct };
}

export interface ConnectionFacts {
  /** For a Unix socket, its folder. */
  host: string;
  /** `any-name`: a trusted authority has signed the certificate, but its name is not checked. */
  tls: "none" | "unverified" | "any-name" | "verified";
}

/** Does not connect; throws as `connectionOptions` does. */
export function connectionFacts(address: string | DatabaseAddress): ConnectionFacts {
  const { host, ssl } = transportOf(address);
  if (ssl === false) return { host, tls: "none" };
  if (ssl.rejectUnauthorized === false) return { host, tls: "unverified" };
  return { host, tls: ssl.checkServerIdentity ? "any-name" : "verified" };
}

const parts = (address: string | DatabaseAddress): DatabaseAddress =>
  typeof address === "string" ? { url: address } : address;

/** Reads the URL and PGSSLMODE as `pg` does. With DATABASE_CA, authority and name are checked. */
function transportOf(address: string | DatabaseAddress): Transport {
  const { url, ca } = parts(address);
  const {
    host,
    ssl,
    sslnegotiation: sslNegotiation,
  } = new ConnectionParameters(url) as unknown as {
    host: string;
    ssl: boolean | ConnectionOptions | undefined;
    sslnegotiation: string | undefined;
  };
  // `pg` takes an empty value as no TLS.
  const asked = ssl === true ? {} : ssl || false;
  if (ca !== undefined) {
    // `pg` makes the key non-enumerable, so a spread would lose it.
    const { cert, key } = asked === false ? {} : asked;
    const own = { ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
    return { host, ssl: { ...own, ca, rejectUnauthorized: true }, sslNegotiation };
  }
  if (asked === false) return { host, ssl: false, sslNegotiation };
  // NODE_TLS_REJECT_UNAUTHORIZED=0 is meant for other connections, and must not weaken this one.
  asked.rejectUnauthorized ??= true;
  return { host, ssl: asked, sslNegotiation };
}

const TLS_PARAMETERS = [
  "sslmode",
  "ssl",
  "sslcert",
  "sslkey",
  "sslrootcert",
  "sslnegotiation",
  "uselibpqcompat",
];

/** A URL that only `pg` can parse stays as it is. */
function withoutTls(url: string): string {
  if (!URL.canParse(url)) return url;
  const parsed = new URL(url);
  for (const name of TLS_PARAMETERS) parsed.searchParams.delete(name);
  return parsed.href;
}
