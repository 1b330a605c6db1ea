/**
 * FLV over HTTP: a file with its length in the metadata, or a live stream without one. TRTC accepts
 * FLV, and the library for files does not. Source: Adobe Flash Video File Format Specification
 * 10.1, annex E.
 */
import { SECOND_MS, timeLimit } from "../../clock.js";
import { type Media, SourceError, type Track } from "../media.js";
import type { Budget } from "../budget.js";
import { type ByteReader, EndOfBytes } from "../byte-reader.js";
import type { Remote } from "../http/remote.js";
import { MESSAGE_BYTES_READ, type StreamFacts, streamFacts } from "./stream-facts.js";

export const isFlv = (head: Buffer): boolean => head.toString("latin1", 0, 4) === "FLV\x01";

const HEADER_LENGTH_AT = 5;
const HEADER_BYTES = 9;
const TAG_HEADER_BYTES = 11;
/** The length of the previous tag, which follows the header and each tag. */
const TRAILER_BYTES = 4;

/** The share of the budget in which the last tag fits: a picture is far smaller. */
const TAIL_SHARE = 1 / 8;

/** A file without a size comes as fast as it can. A live stream sends no more than it has. */
const AT_ONCE_MS = SECOND_MS / 2;

/** Reads until everything is known, or until the budget is spent. */
export async function readFlv(bytes: Remote, budget: Budget): Promise<Media> {
  const facts = streamFacts();
  let isWhole = false;
  let tracks: readonly Track[] = [];
  try {
    const header = await bytes.read(HEADER_BYTES);
    await bytes.skip(header.readUInt32BE(HEADER_LENGTH_AT) - HEADER_BYTES + TRAILER_BYTES);
    while (!facts.isComplete()) await readTag(bytes, facts);
    tracks = facts.tracks();
    if (facts.durationSeconds() === null) isWhole = await readToEnd(bytes, facts, budget);
  } catch (error) {
    isWhole = error instanceof EndOfBytes;
    const isEnough = isWhole || (budget.signal.aborted && facts.tracks().length > 0);
    if (!isEnough) throw error;
  }
  const seen = isWhole ? facts.seenSeconds() : secondsByShare(bytes, facts);
  const durationSeconds = facts.durationSeconds() ?? seen;
  if (durationSeconds === 0) throw new SourceError("unsupported", "It is empty.");
  return { container: "flv", durationSeconds, tracks: tracks.length > 0 ? tracks : facts.tracks() };
}

/** If a file does not say its length, its last tag does. Returns whether that tag was read. */
async function readToEnd(
  bytes: Remote,
  facts: StreamFacts,
  { bytesMax }: Budget,
): Promise<boolean> {
  const { size } = bytes;
  if (size === undefined) {
    await readAtOnce(bytes, facts);
    return false;
  }
  const left = size - bytes.position();
  if (left < bytesMax || !bytes.hasRanges()) {
    for (;;) await readTag(bytes, facts);
  }
  const tailBytes = Math.floor(bytesMax * TAIL_SHARE);
  await bytes.skip(left - tailBytes);
  const tail = await bytes.peek(tailBytes);
  if (tail.length < tailBytes) return false;
  const at = tail.length - TRAILER_BYTES - tail.readUInt32BE(tail.length - TRAILER_BYTES);
  if (at < 0 || at + TAG_HEADER_BYTES > tail.length) return false;
  await bytes.skip(at);
  await readTag(bytes, facts);
  return true;
}

/** Throws EndOfBytes at the end, if it comes soon. */
async function readAtOnce(bytes: Remote, facts: StreamFacts): Promise<void> {
  const { signal: late, end } = timeLimit(AT_ONCE_MS);
  const lateness = new Promise<void>((resolve) => {
    late.addEventListener("abort", () => resolve(), { once: true });
  });
  const reading = (async () => {
    while (!late.aborted) await readTag(bytes, facts);
  })();
  await Promise.race([reading, lateness]).finally(end);
}

/** Null for a stream of unknown size: it is live. */
function secondsByShare({ size, position }: Remote, facts: StreamFacts): number | null {
  if (size === undefined || position() === 0) return null;
  return (facts.seenSeconds() * size) / position() || null;
}

async function readTag(bytes: ByteReader, facts: StreamFacts): Promise<void> {
  const header = await bytes.read(TAG_HEADER_BYTES);
  const size = header.readUIntBE(1, 3);
  // The highest byte of the time comes after the three lower ones.
  const timestampMs = header.readUIntBE(4, 3) + header.readUInt8(7) * 2 ** 24;
  const readBytes = Math.min(size, MESSAGE_BYTES_READ);
  facts.note({ type: header.readUInt8(0) & 0x1f, timestampMs, bytes: await bytes.read(readBytes) });
  await bytes.skip(size - readBytes + TRAILER_BYTES);
}
