/**
 * The facts in the first frame of a sound: MPEG audio, and AAC as ADTS or LATM. Sources: ISO/IEC
 * 11172-3, 2.4.1.3; ISO/IEC 14496-3, 1.A.2 (ADTS), 1.7.3 (LATM).
 */
import type { AudioTrack } from "./media.js";

type Sound = Omit<AudioTrack, "type">;

export interface MpegFrame {
  layer: 1 | 2 | 3;
  sampleRate: number;
  channels: number;
  bitsPerSecond: number;
  samples: number;
  /** Of the whole frame, including its header. */
  bytes: number;
  /** MPEG-1. MPEG-2 and 2.5 have half the rates or less. */
  isFirst: boolean;
}

const MPEG_HEADER_BYTES = 4;

const KILOBITS: Readonly<Record<string, readonly number[]>> = {
  "1-1": [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  "1-2": [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  "1-3": [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  "2-1": [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  "2-2": [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  "2-3": [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
};

const MPEG_RATES = [44_100, 48_000, 32_000];

/** Undefined when no frame begins there. */
export function readMpegFrame(bytes: Buffer, at = 0): MpegFrame | undefined {
  if (at + MPEG_HEADER_BYTES > bytes.length) return undefined;
  if (bytes.readUInt8(at) !== 0xff) return undefined;
  const [second, third, fourth] = [
    bytes.readUInt8(at + 1),
    bytes.readUInt8(at + 2),
    bytes.readUInt8(at + 3),
  ];
  const version = (second >> 3) & 3;
  const layer = 4 - ((second >> 1) & 3);
  const rate = MPEG_RATES[(third >> 2) & 3];
  if ((second & 0xe0) !== 0xe0 || version === 1 || layer === 4 || rate === undefined)
    return undefined;
  const isFirst = version === 3;
  const kilobits = KILOBITS[`${isFirst ? 1 : 2}-${layer}`]?.[(third >> 4) - 1];
  if (kilobits === undefined) return undefined;
  const sampleRate = isFirst ? rate : version === 2 ? rate / 2 : rate / 4;
  const samples = layer === 1 ? 384 : layer === 3 && !isFirst ? 576 : 1152;
  const unit = layer === 1 ? 4 : 1;
  const padding = (third >> 1) & 1;
  const units = Math.floor((samples / 8 / unit) * ((kilobits * 1000) / sampleRate)) + padding;
  return {
    layer: layer as 1 | 2 | 3,
    sampleRate,
    samples,
    isFirst,
    bytes: units * unit,
    bitsPerSecond: kilobits * 1000,
    channels: fourth >> 6 === 3 ? 1 : 2,
  };
}

export const mpegSound = ({ layer, channels, sampleRate }: MpegFrame): Sound => ({
  codec: `mp${layer}`,
  channels,
  sampleRate,
});

const AAC_RATES = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000,
  7350,
];
const AAC_CHANNELS = [null, 1, 2, 3, 4, 5, 6, 8];

const ADTS_HEADER_BYTES = 7;

/** The first frame of ADTS. */
export function adtsSound(bytes: Buffer): Sound | undefined {
  for (let at = 0; at + ADTS_HEADER_BYTES <= bytes.length; at += 1) {
    if (bytes[at] !== 0xff || ((bytes[at + 1] ?? 0) & 0xf6) !== 0xf0) continue;
    const header = bytes.readUInt32BE(at + 2) >>> 8;
    const sampleRate = AAC_RATES[(header >> 18) & 0x0f];
    if (sampleRate === undefined) continue;
    return { codec: "aac", sampleRate, channels: AAC_CHANNELS[(header >> 14) & 7] ?? null };
  }
  return undefined;
}

/** The first frame of LATM that carries its configuration. */
export function latmSound(bytes: Buffer): Sound | undefined {
  for (let at = 0; at + 3 < bytes.length; at += 1) {
    if (bytes[at] !== 0x56 || ((bytes[at + 1] ?? 0) & 0xe0) !== 0xe0) continue;
    const sound = readStreamMux(bitsOf(bytes.subarray(at + 3)));
    if (sound) return sound;
  }
  return undefined;
}

type Bits = (count: number) => number;

/** Past the end all bits are 0. */
function bitsOf(bytes: Buffer): Bits {
  let at = 0;
  return (count) => {
    let value = 0;
    for (let n = 0; n < count; n += 1, at += 1) {
      value = value * 2 + (((bytes[at >> 3] ?? 0) >> (7 - (at & 7))) & 1);
    }
    return value;
  };
}

function readStreamMux(bits: Bits): Sound | undefined {
  const isAsBefore = bits(1) === 1;
  if (isAsBefore) return undefined;
  const version = bits(1);
  const latmValue = () => bits(8 * (bits(2) + 1));
  if (version === 1) {
    if (bits(1) === 1) return undefined;
    latmValue();
  }
  bits(1 + 6); // the same framing for all, and how many frames
  if (bits(4) !== 0 || bits(3) !== 0) return undefined; // several programmes or layers
  if (version === 1) latmValue();
  return readAacConfig(bits);
}

/** ISO/IEC 14496-3, 1.6.2.1. */
function readAacConfig(bits: Bits): Sound | undefined {
  if (bits(5) === 31) bits(6);
  const index = bits(4);
  const sampleRate = index === 15 ? bits(24) : AAC_RATES[index];
  const channels = AAC_CHANNELS[bits(4)] ?? null;
  return sampleRate === undefined ? undefined : { codec: "aac", channels, sampleRate };
}
