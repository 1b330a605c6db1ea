/** zlib (RFC 1950) for the UserSig envelope: written without compression, read with a limit. */
import { inflateSync } from "node:zlib";

/** The size limit of one stored block: its length is a 16-bit number (RFC 1951, 3.2.4). */
const STORED_BYTES_MAX = 0xffff;

/**
 * Returns the bytes as a zlib stream of one stored block.
 *
 * Creating a deflate state takes twice as long as all other signing, including the HMAC. It would
 * save a fifth of a UserSig, which has about 250 characters instead of 200. A UserSig travels in a
 * request body only. Tencent's own Go library writes stored blocks too (header 78 01), so TRTC
 * accepts them.
 */
export function zlibStored(bytes: Buffer): Buffer {
  const { length } = bytes;
  if (length > STORED_BYTES_MAX) throw new RangeError("Too long for one stored block.");
  const stream = Buffer.allocUnsafe(length + 11);
  stream.writeUInt16BE(0x7801, 0);
  stream[2] = 1; // the last block, and a stored one
  stream.writeUInt16LE(length, 3);
  stream.writeUInt16LE(~length & 0xffff, 5);
  bytes.copy(stream, 7);
  stream.writeUInt32BE(adler32(bytes), length + 7);
  return stream;
}

/**
 * Returns the content of a zlib stream of any level. Undefined when it is not one, is cut off, has
 * extra bytes, or would inflate to more than `maxBytes`. Inflating stops at that limit.
 */
export function inflateAtMost(maxBytes: number, stream: Buffer): Buffer | undefined {
  try {
    const bytes = inflateSync(stream, { maxOutputLength: maxBytes });
    return endsWithChecksum(stream, bytes) ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** zlib ignores bytes after the checksum. This check allows none. */
const endsWithChecksum = (stream: Buffer, bytes: Buffer): boolean =>
  stream.readUInt32BE(stream.length - 4) === adler32(bytes);

/**
 * RFC 1950, 9. The sums stay exact in a double far beyond 64 KiB, so one modulo at the end
 * suffices.
 */
function adler32(bytes: Buffer): number {
  let low = 1;
  let high = 0;
  // By index: iterating over a Buffer takes four times as long, a tenth of the whole signing.
  for (let at = 0; at < bytes.length; at += 1) {
    low += bytes[at] ?? 0;
    high += low;
  }
  return (high % 65521) * 0x10000 + (low % 65521);
}
