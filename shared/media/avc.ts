/**
 * Reads the size of an H.264 picture from the sequence header that FLV and RTMP send first.
 * Sources: ISO/IEC 14496-15, 5.3.3 (the record around it); ITU-T H.264, 7.3.2.1.1 (the set itself).
 */
import { EndOfBytes } from "./byte-reader.js";

const PROFILES_WITH_CHROMA = new Set([
  44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244,
]);

/** Undefined when the bytes are not such a record. */
export function avcSize(record: Buffer): { width: number; height: number } | undefined {
  if (record.length < 12) return undefined;
  const size = sequenceSize(record.subarray(8, 8 + record.readUInt16BE(6)));
  return size && { width: size.width, height: size.height };
}

export interface PictureSize {
  width: number;
  height: number;
  /** Its pictures may consist of two fields. */
  isInterlaced: boolean;
}

/** Reads a sequence parameter set, including its head byte. */
export function sequenceSize(parameterSet: Buffer): PictureSize | undefined {
  try {
    const size = sizeOf(parameterSet);
    return size.width > 0 && size.height > 0 ? size : undefined;
  } catch (error) {
    if (error instanceof EndOfBytes) return undefined;
    throw error;
  }
}

function sizeOf(parameterSet: Buffer): PictureSize {
  if (parameterSet.length < 5) throw new EndOfBytes();
  const profile = parameterSet.readUInt8(1);
  const { bit, unsigned, signed } = bitReader(withoutEmulation(parameterSet.subarray(4)));
  unsigned(); // its id
  let chroma = 1;
  if (PROFILES_WITH_CHROMA.has(profile)) {
    chroma = unsigned();
    if (chroma === 3) bit();
    unsigned(); // bits of luma
    unsigned(); // bits of chroma
    bit();
    if (bit()) skipScalingLists(chroma === 3 ? 12 : 8, { bit, signed });
  }
  unsigned(); // bits of the frame number
  const order = unsigned();
  if (order === 0) unsigned();
  else if (order === 1) {
    bit();
    signed();
    signed();
    for (let left = unsigned(); left > 0; left -= 1) signed();
  }
  unsigned(); // reference frames
  bit();
  const columns = unsigned() + 1;
  const rows = unsigned() + 1;
  const fieldsInFrame = bit() ? 1 : 2;
  if (fieldsInFrame === 2) bit();
  bit();
  const [left, right, top, bottom] = bit()
    ? [unsigned(), unsigned(), unsigned(), unsigned()]
    : NONE;
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1;
  const unitY = (chroma === 1 ? 2 : 1) * fieldsInFrame;
  return {
    width: columns * 16 - (left + right) * unitX,
    height: rows * 16 * fieldsInFrame - (top + bottom) * unitY,
    isInterlaced: fieldsInFrame === 2,
  };
}

const NONE = [0, 0, 0, 0] as const;

function skipScalingLists(count: number, { bit, signed }: Pick<BitReader, "bit" | "signed">): void {
  for (let list = 0; list < count; list += 1) {
    if (!bit()) continue;
    let last = 8;
    let next = 8;
    for (let n = 0; n < (list < 6 ? 16 : 64); n += 1) {
      if (next !== 0) next = (last + signed() + 256) % 256;
      if (next !== 0) last = next;
    }
  }
}

/** 00 00 03 stands for 00 00, so that the content contains no start code. */
function withoutEmulation(bytes: Buffer): Buffer {
  return Buffer.from(
    bytes.filter((byte, at) => !(byte === 3 && bytes[at - 1] === 0 && bytes[at - 2] === 0)),
  );
}

interface BitReader {
  bit: () => number;
  bits: (count: number) => number;
  /** Exponential Golomb. */
  unsigned: () => number;
  signed: () => number;
}

/** Throws EndOfBytes. */
function bitReader(bytes: Buffer): BitReader {
  let at = 0;
  const bit = (): number => {
    if (at >> 3 >= bytes.length) throw new EndOfBytes();
    const value = (bytes.readUInt8(at >> 3) >> (7 - (at & 7))) & 1;
    at += 1;
    return value;
  };
  const bits = (count: number): number => {
    let value = 0;
    for (let n = 0; n < count; n += 1) value = value * 2 + bit();
    return value;
  };
  const unsigned = (): number => {
    let zeros = 0;
    while (bit() === 0) zeros += 1;
    if (zeros > 31) throw new EndOfBytes();
    return 2 ** zeros - 1 + bits(zeros);
  };
  const signed = (): number => {
    const value = unsigned();
    return value % 2 === 1 ? (value + 1) / 2 : -value / 2;
  };
  return { bit, bits, unsigned, signed };
}
