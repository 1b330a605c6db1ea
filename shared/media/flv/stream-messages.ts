/**
 * One message of picture or sound in FLV and RTMP: the codec and the facts in its header. Sources:
 * Adobe Flash Video File Format Specification 10.1, annex E.4.2 and E.4.3; Enhanced RTMP v2. The
 * codecs of the latter have names of four letters.
 */
import { avcSize } from "../avc.js";

export interface PictureMessage {
  codec: string;
  /** False for a header, which is not played. */
  isFrame: boolean;
  size: { width: number; height: number } | undefined;
}

export interface SoundMessage {
  codec: string;
  isFrame: boolean;
  channels: number | null;
  sampleRate: number | null;
}

const PICTURES: Readonly<Record<number, string>> = {
  2: "h263",
  3: "screen video",
  4: "vp6",
  5: "vp6",
  6: "screen video",
  7: "h264",
  12: "h265",
};

const SOUNDS: Readonly<Record<number, string>> = {
  0: "pcm",
  1: "adpcm",
  2: "mp3",
  3: "pcm",
  7: "g711",
  8: "g711",
  10: "aac",
  11: "speex",
  13: "opus",
  14: "mp3",
};

const FOUR_LETTERS: Readonly<Record<string, string>> = {
  avc1: "h264",
  hvc1: "h265",
  vp08: "vp8",
  vp09: "vp9",
  av01: "av1",
  mp4a: "aac",
  Opus: "opus",
  ".mp3": "mp3",
};

const AAC = 10;
const ENHANCED_SOUND = 9;
const OPUS_RATE = 48_000;

/** kHz, by the index in AAC's header. */
const AAC_RATES = [96, 88.2, 64, 48, 44.1, 32, 24, 22.05, 16, 12, 11.025, 8, 7.35].map(
  (kilohertz) => kilohertz * 1000,
);

/** Undefined when it is empty. */
export function readPicture(bytes: Buffer): PictureMessage | undefined {
  const [first, second] = bytes;
  if (first === undefined) return undefined;
  const isEnhanced = first >= 0x80;
  const codec = isEnhanced ? deadLettersOf(bytes) : (PICTURES[first & 0x0f] ?? "unknown");
  /** A frame's head has five bytes in both forms. */
  const packet = isEnhanced ? first & 0x0f : codec === "h264" || codec === "h265" ? second : 1;
  const size = packet === 0 && codec === "h264" ? avcSize(bytes.subarray(5)) : undefined;
  return { codec, size, isFrame: packet === 1 || (isEnhanced && packet === 3) };
}

/** Undefined when it is empty. */
export function readSound(bytes: Buffer): SoundMessage | undefined {
  const [first, second] = bytes;
  if (first === undefined) return undefined;
  const format = first >> 4;
  if (format === ENHANCED_SOUND) {
    const codec = deadLettersOf(bytes);
    const isFrame = (first & 0x0f) === 1;
    const asAac = !isFrame && codec === "aac" ? aacHeader(bytes.subarray(5)) : UNKNOWN;
    return { codec, isFrame, ...(codec === "opus" ? { ...asAac, sampleRate: OPUS_RATE } : asAac) };
  }
  const codec = SOUNDS[format] ?? "unknown";
  if (format === AAC) {
    return {
      codec,
      isFrame: second === 1,
      ...(second === 0 ? aacHeader(bytes.subarray(2)) : UNKNOWN),
    };
  }
  // 5.5, 11, 22 or 44 kHz; one or two channels.
  const sampleRate = 44_100 / 2 ** (3 - ((first >> 2) & 3));
  return { codec, isFrame: true, sampleRate, channels: (first & 1) + 1 };
}

const UNKNOWN = { channels: null, sampleRate: null };

const deadLettersOf = (bytes: Buffer): string => {
  const letters = bytes.toString("latin1", 1, 5);
  return (Object.hasOwn(FOUR_LETTERS, letters) && FOUR_LETTERS[letters]) || letters;
};

/** Source: ISO/IEC 14496-3, 1.6.2.1. */
function aacHeader(bytes: Buffer): { channels: number | null; sampleRate: number | null } {
  if (bytes.length < 2) return UNKNOWN;
  const bits = bytes.readUInt16BE(0);
  return {
    sampleRate: AAC_RATES[(bits >> 7) & 0x0f] ?? null,
    channels: (bits >> 3) & 0x0f || null,
  };
}
