/** An answer's body without the packing that its server gave it for the way. */
import type { IncomingMessage } from "node:http";
import { pipeline, type Readable, type Transform } from "node:stream";
import { constants, createBrotliDecompress, createGunzip, createInflate } from "node:zlib";

/** Servers pack once; each further time makes a small answer a thousand times as large. */
const PACKINGS_MAX = 2;

/** What comes is told at once, and what is cut short is told as far as it goes. */
const FLUSHED = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };

const UNPACKERS: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip(FLUSHED),
  "x-gzip": () => createGunzip(FLUSHED),
  deflate: () => createInflate(FLUSHED),
  br: () =>
    createBrotliDecompress({
      flush: constants.BROTLI_OPERATION_FLUSH,
      finishFlush: constants.BROTLI_OPERATION_FLUSH,
    }),
};

/** What is packed in a way that nobody knows is left as it is. */
export function unpacked(message: IncomingMessage): Readable {
  const packings = (message.headers["content-encoding"] ?? "")
    .split(",", PACKINGS_MAX + 1)
    .map((each) => each.trim().toLowerCase())
    .filter((each) => each !== "" && each !== "identity");
  if (packings.length > PACKINGS_MAX) throw new Error("The answer is packed too many times.");
  const steps = packings.reverse().map((each) => UNPACKERS[each]);
  if (steps.length === 0 || steps.includes(undefined)) return message;
  // Errors are told by the last of them, which is the one that is read.
  return steps.reduce<Readable>(
    (body, step) => (step ? pipeline(body, step(), () => undefined) : body),
    message,
  );
}
