/**
 * What one answer of an http server gives: its bytes in order, and how to get to later ones. One
 * connection is enough. Another is tried only to pass over much. The first one stays open until
 * that has worked, because some addresses allow one request only.
 */
import type { Budget } from "../budget.js";
import { type ByteReader, byteReader } from "../byte-reader.js";
import { fetchLaterPart, READ_THROUGH_BYTES } from "./later-part.js";
import { type Patience, patientChunks } from "./patient-chunks.js";

export interface Remote extends ByteReader {
  position: () => number;
  /** Undefined when the server does not say it, as for a live stream. */
  size: number | undefined;
  /** Whether reading can begin anywhere. */
  hasRanges: () => boolean;
  /**
   * Continues at this position, also backwards, if the server allows it. Otherwise the position
   * stays.
   */
  jumpTo: (position: number) => Promise<boolean>;
  /** Sets the test for enough facts, which applies when no end is in sight. */
  isEnough: (known: () => boolean) => void;
  /** Reading stopped before an end was in sight. */
  wasLeft: () => boolean;
}

interface Opening {
  url: string;
  budget: Budget;
  /** A fetch whose failure may be overcome. */
  fetch: typeof fetch;
}

export function openRemote(response: Response, opening: Opening): Remote {
  const { url, budget } = opening;
  const patience: Patience = { late: budget.late, isEnough: () => false, wasLeft: false };
  const readerOf = ({ body }: Response): ByteReader =>
    byteReader(body ? patientChunks(body, patience, budget.signal) : []);

  let ranged = response.status === 206 || response.headers.get("accept-ranges") === "bytes";
  let bytes = readerOf(response);
  let at = 0;

  const jump = async (to: number): Promise<boolean> => {
    const init = { headers: { range: `bytes=${to}-` } };
    const answer = await fetchLaterPart(opening.fetch, url, init).catch(() => undefined);
    const isThere = answer?.status === 206 && startOf(answer) === to;
    if (!isThere) {
      await answer?.body?.cancel().catch(() => undefined);
      ranged = false;
      return false;
    }
    await bytes.close();
    bytes = readerOf(answer);
    at = to;
    return true;
  };

  return {
    size: sizeOf(response),
    position: () => at,
    hasRanges: () => ranged,
    jumpTo: async (position) => ranged && jump(position),
    isEnough: (known) => (patience.isEnough = known),
    wasLeft: () => patience.wasLeft,
    peek: (length) => bytes.peek(length),
    async read(length) {
      const read = await bytes.read(length);
      at += length;
      return read;
    },
    async readSome(lengthMax) {
      const read = await bytes.readSome(lengthMax);
      budget.allowSkipped(read.length);
      at += read.length;
      return read;
    },
    async skip(length) {
      if (length > READ_THROUGH_BYTES && ranged && (await jump(at + length))) return;
      budget.allowSkipped(length);
      await bytes.skip(length);
      at += length;
    },
    rest: () => bytes.rest(),
    close: () => bytes.close(),
  };
}

/** The size of the whole, also when the answer is a part from its beginning. */
function sizeOf(response: Response): number | undefined {
  const { headers, status } = response;
  const said =
    status === 206 ? /\/(\d{1,15})$/.exec(headers.get("content-range") ?? "")?.[1] : null;
  // For a compressed body the length is that of the compressed bytes.
  const length = headers.has("content-encoding") ? null : headers.get("content-length");
  const text = said ?? (status === 206 ? null : length);
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Where the part begins. A missing header counts as the requested start. */
function startOf({ headers }: Response): number | undefined {
  const range = /^\s*bytes\s+(\d{1,15})-/i.exec(headers.get("content-range") ?? "");
  return range ? Number(range[1]) : undefined;
}
