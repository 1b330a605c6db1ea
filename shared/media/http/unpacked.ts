/** Decompresses an answer's body. */
import type { IncomingMessage } from "node:http";
import { pipeline, type Readable, type Transform } from "node:stream";
import { constants, createBrotliDecompress, createGunzip, createInflate } from "node:zlib";

/** Servers compress once. Each further level could multiply the size by a thousand. */
const PACKINGS_MAX = 2;

/** Data is passed on as it arrives, and a cut body as far as it goes. */
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

/** A body with an unknown compression stays as it is. */
export function unpacked(message: IncomingMessage): Readable {
  const packings = (message.headers["content-encoding"] ?? "")
    .split(",", PACKINGS_MAX + 1)
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "" && name !== "identity");
  if (packings.length > PACKINGS_MAX) throw new Error("The answer is compressed too many times.");
  const steps = packings.reverse().map((name) => UNPACKERS[name]);
  if (steps.length === 0 || steps.includes(undefined)) return message;
  // The last step reports all errors, because that step is read.
  return steps.reduce<Readable>(
    (body, step) => (step ? pipeline(body, step(), () => undefined) : body),
    message,
  );
}
