import { PrivateHostError } from "../network/public-lookup.js";

/** A notification without an answer. Its code is for the log and never has the receiver's URL. */
export class NotifyError extends Error {
  override readonly name = "NotifyError";
  /** `Timeout`, `PrivateHost`, or a code of Node.js such as `ECONNREFUSED`. */
  readonly code: string;

  constructor(code: string) {
    super(`The receiver gave no answer: ${code}`);
    this.code = code;
  }
}

export function notifyErrorOf(error: unknown): NotifyError {
  if (error instanceof NotifyError) return error;
  if (error instanceof PrivateHostError) return new NotifyError("PrivateHost");
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (code === "ABORT_ERR" || name === "AbortError") return new NotifyError("Timeout");
  return new NotifyError(typeof code === "string" ? code : "NoAnswer");
}
