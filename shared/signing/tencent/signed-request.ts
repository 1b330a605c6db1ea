/**
 * Code that the signatures of Tencent Cloud API 3.0 share: the signed message, its written forms,
 * and the five minutes.
 */
import { unixSeconds } from "../../clock.js";

export interface HttpMessage {
  method: string;
  /** As on the request line: with its leading slash, not decoded. */
  path: string;
  /** Raw, without the question mark. */
  query: string;
  /** By lower-case name. */
  headers: Readonly<Record<string, string>>;
  body: Buffer;
}

/**
 * How far a timestamp may be off in either direction. Beyond it Tencent answers
 * AuthFailure.SignatureExpire.
 */
const TOLERANCE_SECONDS = 300;

export const isInTime = (timestampSeconds: number, now: Date): boolean =>
  Math.abs(unixSeconds(now) - timestampSeconds) <= TOLERANCE_SECONDS;

/** Reads Unix seconds in plain decimal form. Anything else is undefined. */
export const readTimestamp = (text: string | undefined): number | undefined =>
  text !== undefined && /^[1-9][0-9]{0,11}$/.test(text) ? Number(text) : undefined;

/** A Node SDK signs the host without the port that it then sends. Go and Python sign both. */
export const hostForms = (host: string): string[] => distinct([host, host.replace(/:[0-9]+$/, "")]);

/**
 * Every SDK signs its own path, which is `/`. A function URL or a gateway may add a path in front.
 * The signer may or may not know that path.
 */
export const pathForms = (path: string): string[] => distinct([path, "/"]);

export const distinct = (texts: readonly string[]): string[] => [...new Set(texts)];
