/**
 * Reads a request's body and keeps at most a given number of bytes. Bytes beyond that are dropped.
 */
import type { IncomingMessage } from "node:http";

/**
 * An oversized body is read up to this length, so that its sender receives the answer. Then the
 * connection is cut.
 */
const SWALLOWED_BYTES_MAX = 64 * 1024 * 1024;

/** Throws when the connection breaks. */
export async function readBody(request: IncomingMessage, keptBytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    if (length < keptBytesMax) chunks.push(chunk.subarray(0, keptBytesMax - length));
    length += chunk.length;
    if (length > SWALLOWED_BYTES_MAX) break;
  }
  return Buffer.concat(chunks);
}
