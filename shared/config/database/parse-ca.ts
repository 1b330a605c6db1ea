/**
 * Reads DATABASE_CA: the only authorities whose certificates a database's server may show. A function
 * loads this file when the variable is set, so it shares no class of error with it: the fault is data.
 */
import { X509Certificate } from "node:crypto";
import type { Environment } from "../environment.js";
import { ConfigError } from "../read-variables.js";
import { caFault } from "./parameters.js";

/** Large enough for a bundle of many authorities, too small for most files named by mistake. */
const CA_MAX = 512 * 1024;

/** Returns PEM, or what is wrong. */
export function parseDatabaseCa(env: Environment): { pem: string } | { fault: string } {
  try {
    return { pem: pemOf(env["DATABASE_CA"] ?? "", env["DATABASE_URL"] ?? "") };
  } catch (error) {
    if (error instanceof ConfigError) return { fault: error.message };
    throw error;
  }
}

function pemOf(text: string, url: string): string {
  if (text.length > CA_MAX) refuse(`is longer than ${CA_MAX / 1024} kB`);
  const certificates = certificatesIn(text);
  const fault = caFault("DATABASE_URL", url);
  if (fault !== undefined) refuse(fault);
  return certificates.map((certificate) => certificate.toString()).join("");
}

const PEM = /-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g;

/**
 * Reads PEM, or base64 of PEM or DER. Line ends may be lost, or written as a backslash and a letter.
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
