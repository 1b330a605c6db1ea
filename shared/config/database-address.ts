/** The database's address, and the certificates that its server is checked against. */
import { X509Certificate } from "node:crypto";
import type { Environment } from "./environment.js";
import { ConfigError, readUrl } from "./read-variables.js";

export interface DatabaseAddress {
  url: string;
  /** The only trusted certificates, in PEM. Absent: the public authorities. */
  ca?: string | undefined;
}

/** For commands, which take every URL that `pg` takes. Throws ConfigError. */
export function readDatabaseAddress(env: Environment): DatabaseAddress | undefined {
  const url = env["DATABASE_URL"] ?? "";
  if (url === "") return undefined;
  refuseUnknownSsl(url);
  return { url, ca: readDatabaseCa(env) };
}

export function readDatabaseUrl(env: Environment): string | undefined {
  const url = readUrl(env, "DATABASE_URL", ["postgres:", "postgresql:"]);
  if (url !== undefined) refuseUnknownSsl(url);
  return url;
}

/** `pg` takes any other text for an object and fails while it connects. */
const SSL_VALUES = new Set(["true", "1", "0", "no-verify"]);

function refuseUnknownSsl(url: string): void {
  const ssl = parametersOf(url).get("ssl");
  if (ssl === null || SSL_VALUES.has(ssl)) return;
  throw new ConfigError(
    "DATABASE_URL has an unknown value of ssl: set sslmode=verify-full instead",
  );
}

/** Large enough for a bundle of many authorities, too small for most files named by mistake. */
const CA_MAX = 512 * 1024;

/** Returns PEM. Throws ConfigError. */
export function readDatabaseCa(env: Environment): string | undefined {
  const text = env["DATABASE_CA"] ?? "";
  if (text.trim() === "") return undefined;
  if (text.length > CA_MAX) refuse(`is longer than ${CA_MAX / 1024} kB`);
  const certificates = certificatesIn(text);
  const says = parametersOf(env["DATABASE_URL"] ?? "");
  const weaker = ["sslmode=disable", "sslmode=no-verify", "ssl=0", "ssl=no-verify"].find((text) => {
    const [name = "", value] = text.split("=");
    return says.get(name) === value;
  });
  if (weaker !== undefined) {
    refuse(`is set, but ${weaker} in DATABASE_URL checks no certificate: set sslmode=verify-full`);
  }
  if (says.has("sslrootcert")) {
    refuse("is set, and so is sslrootcert in DATABASE_URL: remove one of them");
  }
  return certificates.map((certificate) => certificate.toString()).join("");
}

const PEM = /-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g;

/**
 * Reads PEM (also with lost line ends, or `
 * ` in their place), or base64 of PEM or DER.
 */
function certificatesIn(text: string): X509Certificate[] {
  const inner = text.includes("-----BEGIN") ? text : decoded(text);
  if (typeof inner !== "string") return [parsed(inner)];
  if (inner.includes("PRIVATE KEY-----")) {
    refuse("holds a private key: send the certificate of the authority alone");
  }
  const bodies = [...inner.replaceAll(/\\r|\\n/g, "\n").matchAll(PEM)].map(([, body = ""]) => body);
  const begun = inner.split("-----BEGIN CERTIFICATE-----").length - 1;
  if (bodies.length === 0 || bodies.length !== begun) refuse("is not a PEM certificate");
  return bodies.map((body) => parsed(bytesOf(body)));
}

/** Returns the text of a PEM file, or the bytes of a certificate in DER. */
function decoded(text: string): string | Buffer {
  const bytes = bytesOf(text);
  const inner = bytes.toString("latin1");
  return inner.includes("-----BEGIN") ? inner : bytes;
}

function bytesOf(base64: string): Buffer {
  const text = base64.replaceAll(/\s|\\r|\\n/g, "");
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) refuse("is neither PEM nor base64");
  return Buffer.from(text, "base64");
}

function parsed(der: Buffer): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch {
    return refuse("holds something that is not a certificate");
  }
}

function refuse(problem: string): never {
  throw new ConfigError(
    `DATABASE_CA ${problem}. It takes the certificate of the database's authority in PEM, or in base64; put several one after another`,
  );
}

const parametersOf = (url: string): URLSearchParams =>
  URL.canParse(url) ? new URL(url).searchParams : new URLSearchParams();
