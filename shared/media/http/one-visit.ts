/**
 * `fetch` for a file whose first answer is open already: it is read on from there. So an address
 * that allows one request, or one connection at a time, gets one request. To get to what lies far
 * behind, a second connection is tried. The first one stays open until that has worked, and is read
 * through to there when it does not.
 */
import type { Budget } from "../budget.js";
import type { ByteReader } from "../byte-reader.js";
import { fetchLaterPart, READ_THROUGH_BYTES } from "./later-part.js";

interface FirstAnswer {
  /** The address as it was requested. */
  url: string;
  response: Response;
  /** The body from its beginning. */
  bytes: Pick<ByteReader, "rest">;
}

interface Reading {
  budget: Budget;
  fetch: typeof fetch;
}

export function oneVisit(first: FirstAnswer, { budget, fetch }: Reading): typeof fetch {
  const { response, url } = first;
  let held: Held | undefined = heldOf(first.bytes.rest());

  const readOn = async (from: number): Promise<Response | undefined> => {
    if (!held || !(await held.skipTo(from))) return undefined;
    const { status, headers } = from === 0 ? response : partFrom(response, from);
    // The reader believes the length of a whole answer only for basic responses.
    return Object.defineProperties(new Response(held.stream(), { status, headers }), {
      url: { value: response.url },
      type: { value: response.type },
    });
  };

  const another = async (from: number, init: RequestInit): Promise<Response> => {
    const isBehind = held !== undefined && from >= held.at();
    if (!isBehind) {
      // Its data is no longer needed, and some servers allow one connection only.
      held?.close();
      held = undefined;
      return fetch(url, init);
    }
    const answer = await fetchLaterPart(fetch, url, init).catch((error: unknown) => ({ error }));
    if (!("error" in answer) && answer.status === 206) {
      held?.close();
      held = undefined;
      return answer;
    }
    if (!("error" in answer)) await answer.body?.cancel();
    const readThrough = budget.signal.aborted ? undefined : await readOn(from);
    if (readThrough) {
      budget.forgetFailure();
      return readThrough;
    }
    if ("error" in answer) throw answer.error;
    return answer;
  };

  return async (input, init = {}) => {
    if (input !== url) return fetch(input, init);
    const range = /^bytes=(\d{1,15})-$/.exec(new Headers(init.headers).get("range") ?? "");
    if (!range) return fetch(input, init);
    const from = Number(range[1]);
    const distance = held ? from - held.at() : -1;
    const isNear = distance >= 0 && distance <= READ_THROUGH_BYTES;
    return (isNear ? await readOn(from) : undefined) ?? another(from, init);
  };
}

interface Held {
  /** The position of its next byte in the file. */
  at: () => number;
  /** Returns whether the answer reaches that position. */
  skipTo: (position: number) => Promise<boolean>;
  /** Reads from the current position. Bytes that one reader leaves go to the next reader. */
  stream: () => ReadableStream<Uint8Array>;
  close: () => void;
}

function heldOf(chunks: AsyncGenerator<Uint8Array>): Held {
  let at = 0;
  /** The chunk that has arrived and is not taken yet, or is on its way. */
  let next: Promise<IteratorResult<Uint8Array, unknown>> | undefined;

  const peek = () => (next ??= chunks.next());
  const take = (chunk: Uint8Array, length: number): void => {
    at += length;
    const rest = chunk.subarray(length);
    next = rest.length > 0 ? Promise.resolve({ done: false, value: rest }) : undefined;
  };

  return {
    at: () => at,
    async skipTo(position) {
      while (at < position) {
        const read = await peek();
        if (read.done) return false;
        take(read.value, Math.min(read.value.length, position - at));
      }
      return true;
    },
    stream() {
      let isLeft = false;
      return new ReadableStream<Uint8Array>({
        async pull(controller) {
          const read = await peek();
          if (isLeft) return;
          if (read.done) {
            controller.close();
            return;
          }
          take(read.value, read.value.length);
          controller.enqueue(read.value);
        },
        cancel() {
          isLeft = true;
        },
      });
    },
    // Does not wait for data in transit.
    close: () => void chunks.return(undefined).catch(() => undefined),
  };
}

/** The head for an answer to a range, built from the answer with the whole file. */
function partFrom(whole: Response, from: number): { status: number; headers: Headers } {
  const size = /\/(\d{1,15})$/.exec(whole.headers.get("content-range") ?? "")?.[1];
  const where = size === undefined ? "*" : `${from}-${Number(size) - 1}/${size}`;
  return { status: 206, headers: new Headers({ "content-range": `bytes ${where}` }) };
}
