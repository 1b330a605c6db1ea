/** A request's body, of which only so much is kept; what lies beyond is read and thrown away. */
import type { IncomingMessage } from "node:http";

/** Of an oversized body, so much is swallowed so that its sender hears the answer; then it is cut. */
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
