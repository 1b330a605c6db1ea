/** Why the network failed, in words: `fetch failed` hides it a level or two below. */
import { isNativeError } from "node:util/types";

export function causeOf(error: unknown): string {
  if (!isNativeError(error)) return String(error);
  if (isNativeError(error.cause)) return causeOf(error.cause);
  // Of several addresses that were all tried in vain, only the code is told.
  return error.message || ("code" in error ? String(error.code) : error.name);
}
