/**
 * The only class for errors that a caller may read. Any other thrown value is a bug of ours. It
 * becomes `InternalError`, and its text goes to the log only.
 */
import { inspect } from "node:util";
import { type ErrorCode, errorRow } from "./error-table.js";

export class ApiError extends Error {
  override readonly name = "ApiError";
  /** A code of the error table, or a code of TRTC that the table does not have yet. */
  readonly code: string;
  /** For the log only. It is never sent to the caller. */
  readonly detail: string | undefined;

  constructor(
    code: ErrorCode | (string & {}),
    message?: string,
    { detail, cause }: { detail?: string; cause?: unknown } = {},
  ) {
    super(message ?? errorRow(code).advice, cause === undefined ? {} : { cause });
    this.code = code;
    this.detail = detail;
  }

  get status(): number {
    return errorRow(this.code).status;
  }

  get retry(): boolean {
    return errorRow(this.code).retry;
  }
}

/** Turns any thrown value into the error that the caller reads. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const detail = error instanceof Error ? (error.stack ?? error.message) : inspect(error);
  return new ApiError("InternalError", undefined, { detail, cause: error });
}
