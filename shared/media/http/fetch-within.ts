/** A request whose answer must begin in time. Its body may take longer. */
import { SourceError } from "../media.js";

interface TimedRequest {
  init?: RequestInit;
  limitMs: number;
}

/** Throws a SourceError when no answer begins in time. */
export async function fetchWithin(
  fetch: typeof globalThis.fetch,
  address: string,
  { init = {}, limitMs }: TimedRequest,
): Promise<Response> {
  const tooLate = new AbortController();
  const limit = AbortSignal.timeout(limitMs);
  const abort = () => tooLate.abort();
  limit.addEventListener("abort", abort);
  const signals = init.signal ? [init.signal, tooLate.signal] : [tooLate.signal];
  try {
    return await fetch(address, { ...init, signal: AbortSignal.any(signals) });
  } catch (error) {
    if (!tooLate.signal.aborted) throw error;
    throw new SourceError("unreachable", "The server does not answer.");
  } finally {
    limit.removeEventListener("abort", abort);
  }
}
