/**
 * The limits of one visit to a source, in bytes and time over all its connections. When a limit is
 * reached, all open connections end, so no server can keep the reader busy.
 */
import { SourceError } from "./media.js";
import { causeOf } from "./cause.js";

export interface Limits {
  bytesMax: number;
  /** Bytes that are skipped and not kept have this extra limit. */
  passedBytesMax?: number;
  timeLimitMs: number;
}

export interface Budget {
  bytesMax: number;
  /** Aborts when a limit is reached, and when the visit ends. */
  signal: AbortSignal;
  /** Aborts when a source without a visible end was read long enough to count as live. */
  late: AbortSignal;
  /** Returns whether the bytes may still be used. */
  spend: (bytes: number) => boolean;
  /** Allows the next bytes as skipped ones, which count separately. */
  allowSkipped: (bytes: number) => void;
  /** Rejects when a limit is reached, even if the work does not notice. */
  within: <T>(work: Promise<T>) => Promise<T>;
  /** Records a network failure, since a reader above may only notice missing bytes. */
  noteFailure: (error: SourceError) => void;
  /** Forgets the failure, because another address is tried. */
  forgetFailure: () => void;
  /** Turns any thrown value into the reason why the source was not opened. */
  explain: (error: unknown) => SourceError;
  close: () => void;
}

/** A quarter of the time, so that a live source starts quickly. */
const LATE_SHARE = 0.25;

export function openBudget({ bytesMax, passedBytesMax = 0, ...limits }: Limits): Budget {
  // A timer takes whole milliseconds.
  const timeLimitMs = Math.floor(limits.timeLimitMs);
  const spent = new AbortController();
  const timeUp = AbortSignal.timeout(timeLimitMs);
  const signal = AbortSignal.any([spent.signal, timeUp]);
  const seconds = timeLimitMs / 1000;
  const late = AbortSignal.timeout(Math.floor(timeLimitMs * LATE_SHARE));
  let bytesLeft = bytesMax;
  let passedBytesLeft = passedBytesMax;
  let failure: SourceError | undefined;

  return {
    bytesMax,
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
