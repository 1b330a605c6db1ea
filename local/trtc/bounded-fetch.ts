/**
 * `fetch` that cannot be kept busy: what it reads over all its requests is limited, and so is its
 * time. Redirects are followed to http and https only, twenty at most, as the Fetch standard says.
 */
export interface BoundedFetch {
  fetch: typeof fetch;
  /** Aborts when the bytes or the time are used up: whatever is still being read then fails. */
  signal: AbortSignal;
}

/** One budget for everything that is fetched with it. */
export function boundedFetch(limits: { bytesMax: number; timeLimitMs: number }): BoundedFetch {
  const spent = new AbortController();
  const signal = AbortSignal.any([spent.signal, AbortSignal.timeout(limits.timeLimitMs)]);
  let bytesLeft = limits.bytesMax;

  const countBytes = () =>
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytesLeft -= chunk.byteLength;
        if (bytesLeft < 0) spent.abort(new Error(`More than ${limits.bytesMax} bytes to read.`));
        else controller.enqueue(chunk);
      },
    });

  return {
    signal,
    async fetch(input, init = {}) {
      const signals = init.signal ? [signal, init.signal] : [signal];
      const response = await fetch(input, { ...init, signal: AbortSignal.any(signals) });
      if (!response.body) return response;
      // A new Response would lose its address, which a playlist's relative addresses start from.
      return Object.defineProperty(response, "body", {
        value: response.body.pipeThrough(countBytes()),
      });
    },
  };
}
