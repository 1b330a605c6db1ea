/** A notification that had no answer: why, in a word for the log. Never with the receiver's URL. */
export class NotifyError extends Error {
  override readonly name = "NotifyError";
  /** `Timeout`, `PrivateHost`, or what Node.js calls it, as `ECONNREFUSED`. */
  readonly code: string;

  constructor(code: string) {
    super(`The receiver gave no answer: ${code}`);
    this.code = code;
  }
}

export function notifyErrorOf(error: unknown): NotifyError {
  if (error instanceof NotifyError) return error;
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (code === "ABORT_ERR" || name === "AbortError") return new NotifyError("Timeout");
  return new NotifyError(typeof code === "string" ? code : "NoAnswer");
}
