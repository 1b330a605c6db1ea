/**
 * What one visit to a source may cost: so many bytes and so long, over all its connections. When
 * it is spent, everything that is still open ends, so that no server can keep the emulator busy.
 */
import { SourceError } from "./media.js";
import { causeOf } from "./cause.js";

export interface Limits {
  bytesMax: number;
  /** Bytes that are only passed over, and not kept, come on top of the others. */
  passedBytesMax?: number;
  timeLimitMs: number;
}

export interface Budget {
  /** Aborts when the budget is spent, and when the visit is over. */
  signal: AbortSignal;
  /** Aborts when a source that shows no end has been read for long enough to call it live. */
  late: AbortSignal;
  /** Returns whether they may still be used. */
  spend: (bytes: number) => boolean;
  /** So many of the next bytes are passed over: they count apart. */
  allowSkipped: (bytes: number) => void;
  /** Rejects when the budget is spent, even if the work should not notice. */
  within: <T>(work: Promise<T>) => Promise<T>;
  /** What went wrong on the network: a reader above it may only see that bytes are missing. */
  noteFailure: (error: SourceError) => void;
  /** Something else is tried in its place. */
  forgetFailure: () => void;
  /** Whatever was thrown, as the reason for which the source was not opened. */
  explain: (error: unknown) => SourceError;
  close: () => void;
}

/** A quarter of the time: a live source plays well before somebody loses patience. */
const LATE_SHARE = 0.25;

export function openBudget({ bytesMax, passedBytesMax = 0, timeLimitMs }: Limits): Budget {
  const spent = new AbortController();
  const timeUp = AbortSignal.timeout(timeLimitMs);
  const signal = AbortSignal.any([spent.signal, timeUp]);
  const seconds = timeLimitMs / 1000;
  const late = AbortSignal.timeout(timeLimitMs * LATE_SHARE);
  let bytesLeft = bytesMax;
  let passedBytesLeft = passedBytesMax;
  let failure: SourceError | undefined;

  return {
    signal,
    late,
    allowSkipped(bytes) {
      const passed = Math.min(bytes, passedBytesLeft);
      passedBytesLeft -= passed;
      bytesLeft += passed;
    },
    spend(bytes) {
      bytesLeft -= bytes;
      if (bytesLeft < 0) {
        const message = `More than ${bytesMax} bytes would have to be read.`;
        spent.abort(new SourceError("unsupported", message, "bytes"));
      }
      return bytesLeft >= 0;
    },
    within: (work) =>
      new Promise((resolve, reject) => {
        const fail = () => reject(new Error("The budget is spent."));
        if (signal.aborted) fail();
        else signal.addEventListener("abort", fail, { once: true });
        work.then(resolve, reject).finally(() => signal.removeEventListener("abort", fail));
      }),
    noteFailure(error) {
      if (!signal.aborted) failure ??= error;
    },
    forgetFailure() {
      failure = undefined;
    },
    explain(error) {
      if (failure) return failure;
      if (error instanceof SourceError) return error;
      if (spent.signal.reason instanceof SourceError) return spent.signal.reason;
      if (timeUp.aborted) {
        const message = `It was not opened within ${seconds} seconds.`;
        return new SourceError("unreachable", message, "time");
      }
      return new SourceError("unsupported", causeOf(error));
    },
    close: () => spent.abort(new Error("The visit is over.")),
  };
}
