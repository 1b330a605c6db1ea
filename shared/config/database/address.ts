/** The database's address: its URL, and the certificates that its server is checked against. */
import type { Environment } from "../environment.js";
import { ConfigError, readUrl } from "../read-variables.js";
import { readDatabaseCa } from "./ca.js";
import { parametersOf } from "./parameters.js";

export interface DatabaseAddress {
  url: string;
  /** The only trusted certificates, in PEM. Absent: the public authorities. */
  ca?: string | undefined;
}

/** For commands, which take every URL that `pg` takes. Throws ConfigError. */
export function readDatabaseAddress(env: Environment): DatabaseAddress | undefined {
  const url = env["DATABASE_URL"] ?? "";
  if (url === "") return undefined;
  refuseUnknownSsl("DATABASE_URL", url);
  return { url, ca: readDatabaseCa(env) };
}

export function readDatabaseUrl(env: Environment): string | undefined {
  const url = readUrl(env, "DATABASE_URL", ["postgres:", "postgresql:"]);
  if (url !== undefined) refuseUnknownSsl("DATABASE_URL", url);
  return url;
}

/** `pg` takes any other text for an object and fails while it connects. */
const SSL_VALUES = new Set(["true", "1", "0", "no-verify"]);

/** `place`: the variable, or the entry in it. */
export function refuseUnknownSsl(place: string, url: string): void {
  const ssl = parametersOf(url).get("ssl");
  if (ssl === null || SSL_VALUES.has(ssl)) return;
  throw new ConfigError(`${place} has an unknown value of ssl: set sslmode=verify-full instead`);
}
