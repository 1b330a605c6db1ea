/** The text of a network failure. `fetch failed` hides it one or two levels below. */
import { isNativeError } from "node:util/types";

export function causeOf(error: unknown): string {
  if (!isNativeError(error)) return String(error);
  if (isNativeError(error.cause)) return causeOf(error.cause);
  // When several addresses all failed, the error has only a code.
  return error.message || ("code" in error ? String(error.code) : error.name);
}
