/**
 * The bytes of one answer as they come, for as long as it is worth waiting. A source that never
 * ends is left once enough of it is known. A body that is shorter than announced just ends.
 */

export interface Patience {
  /** Aborts when the reader should accept what it knows. */
  late: AbortSignal;
  /** Whether the known facts suffice. Called only after that signal. */
  isEnough: () => boolean;
  /** Reading stopped before the end. */
  wasLeft: boolean;
}

export async function* patientChunks(
  body: AsyncIterable<Uint8Array>,
  patience: Patience,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const iterator = body[Symbol.asyncIterator]();
  const { late } = patience;
  let onLate: () => void = () => undefined;
  const becameLate = new Promise<"late">((resolve) => {
    onLate = () => resolve("late");
    late.addEventListener("abort", onLate, { once: true });
  });
  let hasBegun = false;
  try {
    for (;;) {
      if (late.aborted && patience.isEnough()) {
        patience.wasLeft = true;
        return;
      }
      const next = iterator.next().catch((error: unknown) => {
        // The Content-Length is wrong or the connection was cut. The bytes so far must suffice.
        if (hasBegun && !signal.aborted) {
          patience.wasLeft = true;
          return { done: true } as const;
        }
        throw error;
      });
      const first = late.aborted ? await next : await Promise.race([next, becameLate]);
      if (first === "late" && patience.isEnough()) {
        next.catch(() => undefined);
        patience.wasLeft = true;
        return;
      }
      const read = await next;
      if (read.done) return;
      hasBegun = true;
      yield read.value;
    }
  } finally {
    late.removeEventListener("abort", onLate);
    void iterator.return?.().catch(() => undefined);
  }
}
