/**
 * One stream of a transport stream: its codec, size or rate from its first packets, and its time.
 * Sources: ISO/IEC 13818-1, 2.4.3.6 (PES); ITU-T H.264, annex B.
 */
import type { Track } from "../media.js";
import { sequenceSize } from "../avc.js";
import { adtsSound, latmSound, mpegSound, readMpegFrame } from "../sound-headers.js";
import type { MappedStream } from "./tables.js";

const TICKS_A_SECOND = 90_000;
const WRAP = 2 ** 33;

/** A larger step between neighbours is a cut in the recording. It takes no time. */
const CUT_TICKS = 10 * TICKS_A_SECOND;

/** A header that is missing after this many bytes will not come. */
const HEAD_BYTES_MAX = 256 * 1024;

/** Two seconds at 30 frames: enough to distinguish 30 from 60. */
const FRAMES_MEASURED = 60;

export interface TsStream {
  mapped: MappedStream;
  /** Records the payload of one packet. */
  note: (payload: Buffer, isStart: boolean) => void;
  /** From the first picture or sound to the end of the latest, without cuts. */
  seenSeconds: () => number;
  /** The first instant, on the recording's clock. */
  firstTicks: () => number | undefined;
  lastTicks: () => number | undefined;
  /** How long the latest picture or sound packet lasts. */
  lastSeconds: () => number;
  /** The known facts. Undefined until its header arrives. */
  track: () => Track | undefined;
  /** More of it would add no facts. */
  isMeasured: () => boolean;
}

export function tsStream(mapped: MappedStream): TsStream {
  const head = headOf(mapped);
  let units = 0;
  let seenTicks = 0;
  let latestTicks = 0;
  let first: number | undefined;
  let last: number | undefined;
  let firstDecoded = 0;
  let decodedTicks = 0;
  let lastDecoded: number | undefined;
  let bytes = 0;
  let lastBytes = 0;
  let timed = 0;

  const noteTime = ({ shown, decoded }: PesTimes): void => {
    if (last === undefined) firstDecoded = decoded;
    first ??= shown;
    const step = last === undefined ? 0 : signedStep(last, shown);
    if (Math.abs(step) <= CUT_TICKS) latestTicks += step;
    seenTicks = Math.max(seenTicks, latestTicks);
    last = shown;
    const decodedStep = signedStep(lastDecoded ?? firstDecoded, decoded);
    if (units < FRAMES_MEASURED * 2 && decodedStep >= 0 && decodedStep <= CUT_TICKS) {
      decodedTicks += decodedStep;
      units += 1;
    }
    lastDecoded = decoded;
  };
  /** Packets of sound hold several frames, the last one fewer. */
  const lastSeconds = () => {
    const share = mapped.type === "audio" && timed > 1 ? lastBytes / (bytes / (timed - 1)) : 1;
    return (unitTicks() * Math.min(1, share)) / TICKS_A_SECOND;
  };
  const unitTicks = () => (units > 1 ? decodedTicks / (units - 1) : 0);

  return {
    mapped,
    note(payload, isStart) {
      if (!isStart) {
        head.add(payload);
        lastBytes += payload.length;
        return;
      }
      const pes = readPes(payload);
      if (!pes) return;
      head.add(pes.data);
      if (!pes.times) return;
      noteTime(pes.times);
      bytes += lastBytes;
      lastBytes = pes.data.length;
      timed += 1;
    },
    seenSeconds: () => (first === undefined ? 0 : seenTicks / TICKS_A_SECOND + lastSeconds()),
    lastSeconds,
    firstTicks: () => first,
    lastTicks: () => last,
    track: () => head.track(unitTicks() > 0 ? TICKS_A_SECOND / unitTicks() : null),
    isMeasured: () =>
      head.isRead() &&
      (mapped.type === "audio" || units >= FRAMES_MEASURED || seenTicks >= 2 * TICKS_A_SECOND),
  };
}

/** The shorter way between two instants, around the wrap. */
function signedStep(from: number, to: number): number {
  const step = (((to - from) % WRAP) + WRAP) % WRAP;
  return step >= WRAP / 2 ? step - WRAP : step;
}

export const forwardSeconds = (from: number, to: number): number =>
  ((((to - from) % WRAP) + WRAP) % WRAP) / TICKS_A_SECOND;

interface PesTimes {
  shown: number;
  decoded: number;
}

function readPes(bytes: Buffer): { data: Buffer; times: PesTimes | undefined } | undefined {
  if (bytes.length < 9 || bytes.readUIntBE(0, 3) !== 1) return undefined;
  const flags = bytes.readUInt8(7) >> 6;
  const data = bytes.subarray(9 + bytes.readUInt8(8));
  if ((flags & 2) === 0 || bytes.length < 14) return { data, times: undefined };
  const shown = ticksAt(bytes, 9);
  const decoded = flags === 3 && bytes.length >= 19 ? ticksAt(bytes, 14) : shown;
  return { data, times: { shown, decoded } };
}

/** 33 bits, with a marker bit after the first three and after each fifteen. */
const ticksAt = (bytes: Buffer, at: number): number =>
  ((bytes.readUInt8(at) >> 1) & 7) * 2 ** 30 +
  (bytes.readUInt16BE(at + 1) >> 1) * 2 ** 15 +
  (bytes.readUInt16BE(at + 3) >> 1);

interface Head {
  add: (data: Buffer) => void;
  isRead: () => boolean;
  track: (unitsASecond: number | null) => Track | undefined;
}

/** Keeps the first bytes until they have shown all facts. */
function headOf({ type, codec }: MappedStream): Head {
  let kept = Buffer.alloc(0);
  let isGivenUp = false;
  let facts: ReturnType<typeof sizeIn> | ReturnType<typeof soundIn>;
  const needsHead = codec === "h264" || ["mpeg", "adts", "latm", "private"].includes(codec);

  return {
    add(data) {
      if (!needsHead || facts || isGivenUp) return;
      kept = Buffer.concat([kept, data]);
      facts = type === "video" ? sizeIn(kept) : soundIn(codec, kept);
      isGivenUp = kept.length > HEAD_BYTES_MAX;
      if (facts || isGivenUp) kept = Buffer.alloc(0);
    },
    isRead: () => codec === "private" || !needsHead || facts !== undefined || isGivenUp,
    track(unitsASecond) {
      if (needsHead && !facts && (!isGivenUp || codec === "private")) return undefined;
      if (type === "audio") {
        const unknown = { codec: codec === "mpeg" ? "mp3" : needsHead ? "aac" : codec };
        return { type, channels: null, sampleRate: null, ...unknown, ...(facts as Sound) };
      }
      const size = facts as Size | undefined;
      const frameRate = unitsASecond === null ? null : roundRate(framesOf(unitsASecond, size));
      return { type, codec, width: size?.width ?? null, height: size?.height ?? null, frameRate };
    },
  };
}

type Size = NonNullable<ReturnType<typeof sequenceSize>>;
type Sound = ReturnType<typeof soundIn>;

/** Each field of an interlaced picture may be a unit of its own. */
const framesOf = (unitsASecond: number, size: Size | undefined): number =>
  size?.isInterlaced === true && unitsASecond > 35 ? unitsASecond / 2 : unitsASecond;

const roundRate = (rate: number): number => Math.round(rate * 1000) / 1000;

const SEQUENCE_PARAMETERS = 7;

/** From the first complete sequence parameter set. */
function sizeIn(bytes: Buffer): Size | undefined {
  const START_CODE = Buffer.of(0, 0, 1);
  for (let at = bytes.indexOf(START_CODE); at >= 0; at = bytes.indexOf(START_CODE, at + 3)) {
    if (((bytes[at + 3] ?? 0) & 0x1f) !== SEQUENCE_PARAMETERS) continue;
    const end = bytes.indexOf(START_CODE, at + 3);
    const size = end > 0 ? sequenceSize(bytes.subarray(at + 3, end)) : undefined;
    if (size) return size;
  }
  return undefined;
}

function soundIn(codec: string, bytes: Buffer) {
  if (codec === "private" && bytes[0] !== 0xff) return undefined;
  if (codec === "adts" || codec === "private") return adtsSound(bytes);
  if (codec === "latm") return latmSound(bytes);
  for (let at = bytes.indexOf(0xff); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const frame = readMpegFrame(bytes, at);
    if (frame) return mpegSound(frame);
  }
  return undefined;
}
