/**
 * MP3 over HTTP, from one answer. The first frame may have a frame count. It is believed only if it
 * fits the size, because joined files keep the count of their first part. A radio station begins
 * anywhere and never ends. Sources: ISO/IEC 11172-3, 2.4; the Xing header; id3.org.
 */
import { type Media, SourceError } from "./media.js";
import type { Budget } from "./budget.js";
import { EndOfBytes } from "./byte-reader.js";
import type { Remote } from "./http/remote.js";
import { type MpegFrame, mpegSound, readMpegFrame } from "./sound-headers.js";

const TAG_HEADER_BYTES = 10;

/** A frame begins within this many bytes, or the file is not MP3. */
const SEARCHED_BYTES = 4096;
export const MP3_HEAD_BYTES = SEARCHED_BYTES + 2 * 1500;

/** A file larger than the budget is measured by its first part. */
const MEASURED_BYTES_MAX = 1024 * 1024;

/** Tags and silence at the end take less than this share of a file, or less than this size. */
const SHARE_MAX = 0.02;
const TAGS_BYTES_MAX = 4 * 1024;

export const hasTag = (bytes: Buffer, at = 0): boolean =>
  bytes.toString("latin1", at, at + 3) === "ID3";

/** The position of the first of two frames in a row. */
export function findFrame(bytes: Buffer): { at: number; frame: MpegFrame } | undefined {
  const last = Math.min(SEARCHED_BYTES, bytes.length);
  for (let at = bytes.indexOf(0xff); at >= 0 && at < last; at = bytes.indexOf(0xff, at + 1)) {
    const frame = readMpegFrame(bytes, at);
    const next = frame && readMpegFrame(bytes, at + frame.bytes);
    if (next && next.layer === frame.layer && next.sampleRate === frame.sampleRate) {
      return { at, frame };
    }
  }
  return undefined;
}

/** Undefined when no MPEG audio follows the tag. */
export async function readMp3(remote: Remote, budget: Budget): Promise<Media | undefined> {
  await skipTags(remote);
  const head = await remote.peek(MP3_HEAD_BYTES);
  const first = findFrame(head);
  if (!first) return undefined;
  const track = { type: "audio", ...mpegSound(first.frame) } as const;
  const said = countedSeconds(head, first, remote);
  const counter = frameCounter();
  remote.isEnough(() => remote.size === undefined && counter.seconds() > 0);
  try {
    const durationSeconds = said ?? (await measuredSeconds(remote, counter, budget));
    if (durationSeconds === 0) throw new SourceError("unsupported", "It is empty.");
    return { container: "mp3", durationSeconds, tracks: [track] };
  } finally {
    await remote.close();
  }
}

async function skipTags(remote: Remote): Promise<void> {
  for (;;) {
    const head = await remote.peek(TAG_HEADER_BYTES);
    if (head.length < TAG_HEADER_BYTES || !hasTag(head)) return;
    await remote.skip(tagBytes(head, 0));
  }
}

/** Its length has four times seven bits. */
function tagBytes(bytes: Buffer, at: number): number {
  const sizes = [...bytes.subarray(at + 6, at + 10)];
  return TAG_HEADER_BYTES + sizes.reduce((sum, byte) => sum * 128 + (byte & 0x7f), 0);
}

/** The count in the first frame. Undefined when it is missing or does not fit the size. */
function countedSeconds(
  head: Buffer,
  { at, frame }: { at: number; frame: MpegFrame },
  { size, position }: Remote,
): number | undefined {
  const first = head.subarray(at, at + frame.bytes);
  const mark = Math.max(first.indexOf("Xing"), first.indexOf("Info"));
  if (mark < 0 || mark + 16 > first.length || size === undefined) return undefined;
  const flags = first.readUInt32BE(mark + 4);
  if ((flags & 3) !== 3) return undefined;
  const [frames, bytes] = [first.readUInt32BE(mark + 8), first.readUInt32BE(mark + 12)];
  const difference = Math.abs(size - position() - at - bytes);
  if (difference > Math.max(TAGS_BYTES_MAX, size * SHARE_MAX)) return undefined;
  return (frames * frame.samples) / frame.sampleRate || undefined;
}

type FrameCounter = ReturnType<typeof frameCounter>;

async function measuredSeconds(
  remote: Remote,
  counter: FrameCounter,
  budget: Budget,
): Promise<number | null> {
  const start = remote.position();
  const isLarge = (remote.size ?? 0) - start > budget.bytesMax;
  const measuredBytes = Math.min(MEASURED_BYTES_MAX, budget.bytesMax / 2);
  let isWhole = false;
  try {
    for (;;) {
      const bytes = await remote.readSome(64 * 1024);
      counter.add(bytes, bytes.length === 0);
      isWhole = bytes.length === 0;
      if (isWhole || (isLarge && remote.position() - start > measuredBytes)) break;
    }
  } catch (error) {
    if (!(error instanceof EndOfBytes) && !budget.signal.aborted) throw error;
  }
  if (isWhole && !remote.wasLeft()) return counter.seconds();
  if (remote.size === undefined) return null;
  return (counter.seconds() * (remote.size - start)) / Math.max(1, counter.frameBytes());
}

/** Adds up frames and skips tags and noise between them. */
function frameCounter() {
  let held: Buffer = Buffer.alloc(0);
  let seconds = 0;
  let frameBytes = 0;
  let passing = 0;

  return {
    seconds: () => seconds,
    frameBytes: () => frameBytes,
    add(bytes: Buffer, isEnd: boolean): void {
      held = Buffer.concat([held, bytes]);
      let at = 0;
      while (at < held.length) {
        if (passing > 0) {
          const passed = Math.min(passing, held.length - at);
          passing -= passed;
          at += passed;
          continue;
        }
        if (held.length - at < TAG_HEADER_BYTES && !isEnd) break;
        const frame = readMpegFrame(held, at);
        if (frame && frame.bytes > held.length - at && isEnd) break;
        if (frame) {
          seconds += frame.samples / frame.sampleRate;
          frameBytes += frame.bytes;
          passing = frame.bytes;
        } else if (hasTag(held, at) && held.length - at >= TAG_HEADER_BYTES)
          passing = tagBytes(held, at);
        else {
          const next = held.indexOf(0xff, at + 1);
          const tag = held.indexOf("ID3", at + 1);
          at = Math.min(next < 0 ? held.length : next, tag < 0 ? held.length : tag);
        }
      }
      held = held.subarray(at);
    },
  };
}
