/**
 * `fetch` within a budget, that says of everything which is no success why. Redirects are followed
 * to http and https only, twenty at most, as the Fetch standard says.
 */
import { SourceError } from "../media.js";
import type { Budget } from "./budget.js";
import { causeOf } from "./cause.js";

/** "Range not satisfiable" is what an empty file is answered with: its reader will find it empty. */
const UNSATISFIABLE = 416;

export function boundedFetch(budget: Budget): typeof fetch {
  return async (input, init = {}) => {
    const address = input instanceof Request ? input.url : String(input);
    if (!/^https?:/i.test(address)) throw new SourceError("unsupported", NO_SUCH_PROTOCOL);
    const signals = init.signal ? [budget.signal, init.signal] : [budget.signal];
    const isOver = () => signals.some(({ aborted }) => aborted);
    const lost = (error: unknown): unknown => {
      if (isOver()) return error;
      const failure = new SourceError("unreachable", causeOf(error));
      budget.noteFailure(failure);
      return failure;
    };

    const response = await fetch(input, { ...init, signal: AbortSignal.any(signals) }).catch(
      (error: unknown) => {
        throw lost(error);
      },
    );
    if (!response.ok && response.status !== UNSATISFIABLE) {
      await response.body?.cancel();
      throw lost(new Error(`The server answers ${response.status}.`));
    }
    if (!response.body) return response;
    // A new Response would lose its address, which a playlist's relative addresses start from.
    return Object.defineProperty(response, "body", {
      value: counted(response.body, { budget, lost }),
    });
  };
}

const NO_SUCH_PROTOCOL = "It leads to an address that is neither http nor https.";

interface Counting {
  budget: Budget;
  lost: (error: unknown) => unknown;
}

function counted(body: ReadableStream<Uint8Array>, { budget, lost }: Counting): ReadableStream {
  const reader = body.getReader();
  let isCancelled = false;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const read = await reader.read().catch((error: unknown) => ({ error: lost(error) }));
      if (isCancelled) return;
      if ("error" in read) controller.error(read.error);
      else if (read.done) controller.close();
      else if (budget.spend(read.value.byteLength)) controller.enqueue(read.value);
      else controller.error(budget.signal.reason);
    },
    cancel(reason) {
      isCancelled = true;
      return reader.cancel(reason);
    },
  });
}
