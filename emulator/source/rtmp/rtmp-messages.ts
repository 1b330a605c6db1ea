/**
 * Reads and writes RTMP messages, which travel in interleaved chunks. Source: Adobe, Real Time
 * Messaging Protocol, 2012, section 5.3 and 5.4.
 */
import { SourceError } from "../../../shared/media/media.js";
import {
  AGGREGATE,
  AGGREGATE_BYTES_READ,
  messagesIn,
} from "../../../shared/media/flv/aggregate.js";
import type { ByteReader } from "../../../shared/media/byte-reader.js";
import { MESSAGE_BYTES_READ, type StreamMessage } from "../../../shared/media/flv/stream-facts.js";

export const MESSAGE = {
  chunkSize: 1,
  acknowledgement: 3,
  userControl: 4,
  commandAmf3: 17,
  command: 20,
} as const;

/** The default until the other side changes it. */
const CHUNK_BYTES = 128;

/** A key frame of a 1080p stream has half a megabyte. A larger message is not RTMP. */
const MESSAGE_BYTES_MAX = 8 * 1024 * 1024;

/** Streams in use have six. Each may hold an incomplete message. */
const CHUNK_STREAMS_MAX = 32;

const EXTENDED = 0xffffff;

interface ChunkStream {
  type: number;
  length: number;
  timestampMs: number;
  deltaMs: number;
  isExtended: boolean;
  /**
   * The received part of the current message, only as much as is read. It is one buffer, because a
   * server may send chunks of one byte.
   */
  kept: Buffer;
  received: number;
}

/** Endless. It ends as the bytes end. */
export async function* readMessages(bytes: ByteReader): AsyncGenerator<StreamMessage> {
  const streams = new Map<number, ChunkStream>();
  let chunkBytes = CHUNK_BYTES;
  for (;;) {
    const stream = await readChunkHeader(bytes, streams);
    const partBytes = Math.min(chunkBytes, stream.length - stream.received);
    const part = await bytes.read(partBytes);
    if (stream.received === 0) stream.kept = Buffer.alloc(keptBytesOf(stream));
    part.copy(stream.kept, Math.min(stream.received, stream.kept.length));
    stream.received += partBytes;
    if (stream.received < stream.length) continue;
    const { type, timestampMs, kept } = stream;
    const message = { type, timestampMs, bytes: kept };
    Object.assign(stream, { kept: NOTHING, received: 0 });
    if (type === MESSAGE.chunkSize) chunkBytes = chunkSizeIn(kept);
    else if (type === AGGREGATE) yield* messagesIn(message);
    else yield message;
  }
}

const NOTHING = Buffer.alloc(0);

const keptBytesOf = ({ type, length }: ChunkStream): number =>
  Math.min(length, type === AGGREGATE ? AGGREGATE_BYTES_READ : MESSAGE_BYTES_READ);

async function readChunkHeader(
  bytes: ByteReader,
  streams: Map<number, ChunkStream>,
): Promise<ChunkStream> {
  const first = (await bytes.read(1)).readUInt8();
  const kind = first >> 6;
  const stream = streamOf(await streamId(bytes, first & 0x3f), streams);
  const isNew = stream.received === 0;
  if (kind < 3) {
    const header = await bytes.read([11, 7, 3][kind] ?? 0);
    const time = header.readUIntBE(0, 3);
    stream.isExtended = time === EXTENDED;
    if (kind < 2) {
      stream.length = header.readUIntBE(3, 3);
      stream.type = header.readUInt8(6);
    }
    const timeMs = stream.isExtended ? (await bytes.read(4)).readUInt32BE() : time;
    stream.timestampMs = kind === 0 ? timeMs : stream.timestampMs + timeMs;
    stream.deltaMs = kind === 0 ? 0 : timeMs;
  } else {
    if (stream.isExtended) await bytes.skip(4);
    if (isNew) stream.timestampMs += stream.deltaMs;
  }
  if (stream.length > MESSAGE_BYTES_MAX || stream.received > stream.length) throw noRtmp();
  return stream;
}

/** Usually one byte. 0 and 1 announce one or two more. */
async function streamId(bytes: ByteReader, short: number): Promise<number> {
  if (short > 1) return short;
  const more = await bytes.read(short + 1);
  return short === 0 ? 64 + more.readUInt8() : 64 + more.readUInt16LE();
}

function streamOf(id: number, streams: Map<number, ChunkStream>): ChunkStream {
  const known = streams.get(id);
  if (known) return known;
  if (streams.size === CHUNK_STREAMS_MAX) throw noRtmp();
  const fresh = { type: 0, length: 0, timestampMs: 0, deltaMs: 0, isExtended: false };
  const stream: ChunkStream = { ...fresh, kept: NOTHING, received: 0 };
  streams.set(id, stream);
  return stream;
}

function chunkSizeIn(bytes: Buffer): number {
  const size = bytes.length === 4 ? bytes.readUInt32BE() : 0;
  if (size < 1 || size > 0x7fffffff) throw noRtmp();
  return size;
}

const noRtmp = (): SourceError => new SourceError("unreachable", "The server does not speak RTMP.");

/** Uses the default chunk size, which needs no announcement. */
export function writeMessage(type: number, bytes: Buffer, streamNumber = 0): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt8(type === MESSAGE.command ? 3 : 2);
  header.writeUIntBE(bytes.length, 4, 3);
  header.writeUInt8(type, 7);
  header.writeUInt32LE(streamNumber, 8);
  const parts = [header, bytes.subarray(0, CHUNK_BYTES)];
  for (let at = CHUNK_BYTES; at < bytes.length; at += CHUNK_BYTES) {
    parts.push(Buffer.of(0xc0 | header.readUInt8()), bytes.subarray(at, at + CHUNK_BYTES));
  }
  return Buffer.concat(parts);
}
