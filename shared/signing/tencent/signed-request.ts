/**
 * What the signatures of Tencent Cloud API 3.0 have in common: the signed message, its possible
 * spellings, and the five minutes.
 */
import { unixSeconds } from "../../clock.js";

export interface HttpMessage {
  method: string;
  /** As on the request line, with its leading slash, not decoded. */
  path: string;
  /** Raw, without the question mark. */
  query: string;
  /** By lower-case name. */
  headers: Readonly<Record<string, string>>;
  body: Buffer;
}

/** How far a timestamp may be off, either way, before Tencent answers AuthFailure.SignatureExpire. */
const TOLERANCE_SECONDS = 300;

export const isInTime = (timestampSeconds: number, now: Date): boolean =>
  Math.abs(unixSeconds(now) - timestampSeconds) <= TOLERANCE_SECONDS;

/** Unix seconds in their plain decimal form; undefined for anything else. */
export const readTimestamp = (text: string | undefined): number | undefined =>
  text !== undefined && /^[1-9][0-9]{0,11}$/.test(text) ? Number(text) : undefined;

/** A Node SDK signs the host without the port that it then sends; the Go and Python ones sign both. */
export const hostForms = (host: string): string[] => distinct([host, host.replace(/:[0-9]+$/, "")]);

/**
 * Every SDK signs the path that it was built for, which is `/`. A function URL or a gateway may
 * have a path of its own in front, which the signer did know of, or did not.
 */
export const pathForms = (path: string): string[] => distinct([path, "/"]);

export const distinct = (texts: readonly string[]): string[] => [...new Set(texts)];
