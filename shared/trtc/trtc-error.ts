/**
 * Tencent's SDK reports a failed call in four forms. This file makes one of them. Three are
 * exceptions: with TRTC's code, with an HTTP status only, or with a message only (time-out, refused
 * or cut connection). The fourth is a parsing error that is not the SDK's own.
 *
 * The use cases need one fact: TRTC certainly did not act, or the outcome is unknown.
 */
import { ApiError } from "../contract/errors.js";

export type Outcome =
  /** TRTC did not act. */
  | "refused"
  /** TRTC may have acted: a start must be reconciled. Everything else may be sent again. */
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

/** Codes for a failure inside TRTC. TRTC may have carried out the call. */
const BROKE_INSIDE = /^(InternalError|ServiceUnavailable|ResourceUnavailable)(\.|$)/;

/** TRTC refuses our own cloud keys. The caller cannot correct that. */
const OUR_KEYS = /^(AuthFailure|UnauthorizedOperation)(\.|$)/;

/**
 * The connection was not made, so nothing was sent. The pattern names the failed system call,
 * because a `read` gives the same error after sending. For a host with several addresses Node gives
 * no reason, but only while connecting.
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

/** TRTC certainly did not act, for a reason on our side. The caller is asked to try again. */
export const notCalled = (message: string, cause: unknown): TrtcError =>
  new TrtcError("ServiceUnavailable", message, "refused", cause);

/**
 * The code that TRTC gave, or ours where it gave none. That of refused keys is not for callers.
 * `undefined`: the call did not leave, because it got no slot.
 */
export function answerCodeOf({ code, cause }: TrtcError): string | undefined {
  const { code: theirs } = (cause ?? {}) as { code?: unknown };
  if (typeof theirs === "string" && OUR_KEYS.test(theirs)) return theirs;
  return cause === undefined ? undefined : code;
}

/** For the log: TRTC may quote the caller's URL, whose query may hold a signature. */
export const withoutQueries = (text: string): string => text.replace(/\?[^\s"']+/g, "?…");

/** The error that the caller reads: TRTC's own code and message if it gave them, otherwise ours. */
export function apiErrorOf(error: TrtcError): ApiError {
  const spoke = error.outcome === "refused" && error.code !== "ServiceUnavailable";
  // TRTC's message may quote the request, so the caller gets it and the log does not.
  const words = spoke ? "" : `: ${withoutQueries(error.message)}`;
  const detail = `TRTC: ${error.code} (${error.outcome})${words}`;
  return new ApiError(error.code, spoke ? error.message : undefined, { detail, cause: error });
}
