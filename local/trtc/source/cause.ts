/** Why the network failed, in words: `fetch failed` hides it a level or two below. */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return causeOf(error.cause);
  // Of several addresses that were all tried in vain, only the code is told.
  return error.message || ("code" in error ? String(error.code) : error.name);
}
