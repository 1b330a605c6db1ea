/** A certificate for localhost, which only the processes of the bench trust. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";

export const CERTIFICATE = "localhost.crt";
export const KEY = "localhost.key";

/** Needs the program `openssl`. Elliptic curves, as cloud APIs use them. */
export function writeCertificate(folder: string): void {
  const request = ["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", KEY];
  const names = ["-addext", "subjectAltName=DNS:localhost", "-out", CERTIFICATE];
  execFileSync("openssl", [...request, ...key, ...names], { cwd: folder, stdio: "pipe" });
}

export const certificateIn = (folder: string): string => join(folder, CERTIFICATE);
