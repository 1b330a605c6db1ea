/** Who can read the database's password in transit, or receive it in the database's place. */
import ipaddr from "ipaddr.js";
import type { ConnectionFacts } from "../../shared/store/engine/postgres-connection.js";
import { fail, pass, type Row } from "../../shared/health/row.js";

const VERIFY_IN_FULL =
  "set sslmode=verify-full in DATABASE_URL, and DATABASE_CA if the database has an authority of its own";

export function checkTransport({ host, tls }: ConnectionFacts): Row {
  const check = "database: TLS";
  if (tls === "verified") return pass(check, "encrypted, and the server's certificate is checked");
  if (isThisMachine(host)) return pass(check, "not needed: the database is on this machine");
  return fail(check, FOUND[tls], VERIFY_IN_FULL);
}

const FOUND = {
  none: "not encrypted: anyone on the network path reads the password and every row",
  unverified: "encrypted, but any server that answers is trusted and receives the password",
  "any-name": "encrypted, but any server with a certificate of the same authority is trusted",
};

/** A socket in the file system, or an address that never leaves the machine. */
export function isThisMachine(host: string): boolean {
  if (host.startsWith("/") || host.startsWith("@")) return true;
  const name = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  if (!ipaddr.isValid(name)) return name === "localhost";
  return ipaddr.process(name).range() === "loopback";
}
