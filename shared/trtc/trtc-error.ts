/**
 * The four shapes in which Tencent's SDK reports that a call did not succeed, made one:
 * an exception with TRTC's code; one with an HTTP status only; one with a message only (time-out,
 * refused or cut connection); and errors of the parsing below it that are none of the SDK's own.
 *
 * What matters to us is one thing: did TRTC certainly not act, or can nobody say?
 */
import { ApiError } from "../contract/errors.js";

export type Outcome =
  /** TRTC did not act. */
  | "refused"
  /** TRTC may have acted: a start must be settled, everything else may be sent again. */
  | "unknown";

export class TrtcError extends Error {
  override readonly name = "TrtcError";
  readonly code: string;
  readonly outcome: Outcome;

  constructor(code: string, message: string, outcome: Outcome, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    this.outcome = outcome;
  }
}

/** Codes that TRTC answers after something broke inside: the call may have been carried out. */
const BROKE_INSIDE = /^(InternalError|ServiceUnavailable|ResourceUnavailable)(\.|$)/;

/** TRTC speaks of our own cloud keys: nothing that a caller sends can put that right. */
const OUR_KEYS = /^(AuthFailure|UnauthorizedOperation)(\.|$)/;

/**
 * The connection was never made, so nothing was sent. The call that failed is named, since the same
 * error of a `read` comes after sending. Of a host with several addresses Node gives no reason at
 * all, and only of connecting.
 */
const NEVER_SENT = /\b(connect|getaddrinfo) E[A-Z_]+\b|failed, reason: $/;

export function trtcErrorOf(error: unknown): TrtcError {
  const { code, httpCode, message } = error as {
    code?: unknown;
    httpCode?: number;
    message?: string;
  };
  const text = message ?? String(error);
  const isFetchError = error instanceof Error && error.name === "FetchError";
  if (typeof code === "string" && OUR_KEYS.test(code)) {
    return notCalled(`TRTC refused our account's keys: ${code}: ${text}`, error);
  }
  if (typeof code === "string" && !isFetchError) {
    return new TrtcError(code, text, BROKE_INSIDE.test(code) ? "unknown" : "refused", error);
  }
  if (httpCode !== undefined) {
    return new TrtcError("InternalError", `TRTC answered HTTP ${httpCode}`, "unknown", error);
  }
  if (NEVER_SENT.test(text)) {
    return notCalled("TRTC cannot be reached", error);
  }
  return new TrtcError("InternalError", `TRTC gave no answer: ${text}`, "unknown", error);
}

/** TRTC certainly did not act, and why is ours to mend: the caller only hears to come again. */
export const notCalled = (message: string, cause: unknown): TrtcError =>
  new TrtcError("ServiceUnavailable", message, "refused", cause);

/** For the log: TRTC may repeat a URL of the caller's, whose query may hold a signature. */
export const withoutQueries = (text: string): string => text.replace(/\?[^\s"']+/g, "?…");

/**
 * What the caller reads: TRTC's own code and words where it gave them, since they know best; where
 * it gave none, ours.
 */
export function apiErrorOf(error: TrtcError): ApiError {
  const spoke = error.outcome === "refused" && error.code !== "ServiceUnavailable";
  // Its words may quote what was sent; the caller gets them, the log does not.
  const words = spoke ? "" : `: ${withoutQueries(error.message)}`;
  const detail = `TRTC: ${error.code} (${error.outcome})${words}`;
  return new ApiError(error.code, spoke ? error.message : undefined, { detail, cause: error });
}
