/**
 * FLV over HTTP: a file with its length in the metadata, or a live stream without one. TRTC takes
 * FLV and the reader of files here does not.
 * Source: Adobe Flash Video File Format Specification 10.1, annex E.
 */
import { type Media, SourceError } from "../media.js";
import { type ByteReader, EndOfBytes } from "./byte-reader.js";
import { MESSAGE_BYTES_READ, type StreamFacts, streamFacts } from "./stream-facts.js";

export const isFlv = (head: Buffer): boolean => head.toString("latin1", 0, 4) === "FLV\x01";

const HEADER_LENGTH_AT = 5;
const HEADER_BYTES = 9;
const TAG_HEADER_BYTES = 11;
/** After the header and after each tag, the length of what was before. */
const TRAILER_BYTES = 4;

/** Reads until everything is known; what is known when the budget is spent has to do. */
export async function readFlv(bytes: ByteReader, signal: AbortSignal): Promise<Media> {
  const facts = streamFacts();
  let isWhole = false;
  try {
    const header = await bytes.read(HEADER_BYTES);
    await bytes.skip(header.readUInt32BE(HEADER_LENGTH_AT) - HEADER_BYTES + TRAILER_BYTES);
    while (!facts.isComplete()) await readTag(bytes, facts);
  } catch (error) {
    isWhole = error instanceof EndOfBytes;
    const isEnough = isWhole || (signal.aborted && facts.tracks().length > 0);
    if (!isEnough) throw error;
  }
  const durationSeconds = facts.durationSeconds() ?? (isWhole ? facts.seenSeconds() : null);
  if (durationSeconds === 0) throw new SourceError("unsupported", "It is empty.");
  return { container: "flv", durationSeconds, tracks: facts.tracks() };
}

async function readTag(bytes: ByteReader, facts: StreamFacts): Promise<void> {
  const header = await bytes.read(TAG_HEADER_BYTES);
  const size = header.readUIntBE(1, 3);
  // The fourth byte of the time comes after the three lower ones.
  const timestampMs = header.readUIntBE(4, 3) + header.readUInt8(7) * 2 ** 24;
  const wanted = Math.min(size, MESSAGE_BYTES_READ);
  facts.note({ type: header.readUInt8(0) & 0x1f, timestampMs, bytes: await bytes.read(wanted) });
  await bytes.skip(size - wanted + TRAILER_BYTES);
}
