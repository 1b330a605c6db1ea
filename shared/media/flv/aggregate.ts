/**
 * RTMP's aggregate message: several messages of picture and sound in one, each with the head of an
 * FLV file. Wowza, Flash Media Server and nginx-rtmp send recordings this way. Source: Adobe, Real
 * Time Messaging Protocol, 2012, section 7.1.6.
 */
import type { StreamMessage } from "./stream-facts.js";

export const AGGREGATE = 22;

/** Some seconds of sound or a group of pictures. Messages beyond it are not read. */
export const AGGREGATE_BYTES_READ = 256 * 1024;

const HEADER_BYTES = 11;
const TRAILER_BYTES = 4;

/** In a cut message, the inner messages whose head is present. */
export function messagesIn({ bytes, timestampMs }: StreamMessage): StreamMessage[] {
  const messages: StreamMessage[] = [];
  let firstMs: number | undefined;
  for (let at = 0; at + HEADER_BYTES <= bytes.length;) {
    const size = bytes.readUIntBE(at + 1, 3);
    const ownMs = bytes.readUIntBE(at + 4, 3) + bytes.readUInt8(at + 7) * 2 ** 24;
    // Times count from the first inner message, which has the outer message's time.
    firstMs ??= ownMs;
    const start = at + HEADER_BYTES;
    messages.push({
      type: bytes.readUInt8(at) & 0x1f,
      timestampMs: timestampMs + ownMs - firstMs,
      bytes: bytes.subarray(start, start + size),
    });
    at = start + size + TRAILER_BYTES;
  }
  return messages;
}
