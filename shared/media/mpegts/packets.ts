/**
 * The packets of an MPEG transport stream: 188 bytes each. Blu-ray discs and cameras put 4 bytes
 * before them, some receivers 16 after them. A recording may begin or be torn inside of one.
 * Source: ISO/IEC 13818-1, 2.4.3.
 */
import type { ByteReader } from "../byte-reader.js";

const PACKET_BYTES = 188;
const STRIDES = [188, 192, 204];
const SYNC = 0x47;

/** This many packets in step cannot be an accident. */
const IN_STEP = 5;

/** A packet begins within this many bytes, or the data is not a transport stream. */
const SEARCHED_BYTES = 4096;

export interface Framing {
  /** The position of the first sync byte. */
  offset: number;
  stride: number;
}

/** Enough to recognize a transport stream. */
export const TS_HEAD_BYTES = SEARCHED_BYTES + 204 * IN_STEP;

/** Undefined without packets. In short data all packets must be in step. */
export function framingOf(head: Buffer): Framing | undefined {
  const last = Math.min(SEARCHED_BYTES, head.length - PACKET_BYTES);
  for (let offset = head.indexOf(SYNC); offset >= 0 && offset <= last;) {
    const stride = STRIDES.find((bytes) => isInStep(head, offset, bytes));
    if (stride !== undefined) return { offset, stride };
    offset = head.indexOf(SYNC, offset + 1);
  }
  return undefined;
}

function isInStep(head: Buffer, offset: number, stride: number): boolean {
  for (let n = 1; n < IN_STEP; n += 1) {
    const at = offset + n * stride;
    if (at >= head.length) return n > 1;
    if (head[at] !== SYNC) return false;
  }
  return true;
}

export interface TsPacket {
  pid: number;
  /** A table or a packet of the elementary stream begins here. */
  isStart: boolean;
  isScrambled: boolean;
  payload: Buffer;
}

export interface PacketReader {
  /** The packets that have arrived, at least one. Empty at the end. */
  next: () => Promise<TsPacket[]>;
  /** Bytes that were read and not yet used. */
  heldBytes: () => number;
  /** Call it after a jump. */
  lostStep: () => void;
}

/** The bytes of one read: what the network delivers at once. */
const BATCH_BYTES = 64 * 1024;

/** Without a packet in this many bytes the stream is not merely damaged. */
const SEARCHED_BYTES_MAX = 1024 * 1024;

export function packetReader(bytes: ByteReader): PacketReader {
  let held: Buffer = Buffer.alloc(0);
  let framing: Framing | undefined;
  let searchedBytes = 0;

  /** Drops bytes before the next packet and returns whether one exists. */
  const findStep = (isEnd: boolean): boolean => {
    if (held.length < TS_HEAD_BYTES && !isEnd) return false;
    framing = framingOf(held);
    const dropped = framing ? framing.offset : Math.min(SEARCHED_BYTES, held.length);
    held = held.subarray(dropped);
    searchedBytes = framing ? 0 : searchedBytes + dropped;
    return framing !== undefined;
  };

  const takePackets = (isEnd: boolean): TsPacket[] => {
    const packets: TsPacket[] = [];
    while (framing || findStep(isEnd)) {
      const stride = framing?.stride ?? PACKET_BYTES;
      if (held.length < (isEnd ? PACKET_BYTES : stride)) break;
      if (held[0] !== SYNC) {
        framing = undefined;
        continue;
      }
      const packet = readPacket(held);
      if (packet) packets.push(packet);
      held = held.subarray(stride);
    }
    return packets;
  };

  return {
    heldBytes: () => held.length,
    lostStep() {
      framing = undefined;
      held = Buffer.alloc(0);
    },
    async next() {
      while (searchedBytes < SEARCHED_BYTES_MAX) {
        const more = await bytes.readSome(BATCH_BYTES);
        held = held.length > 0 ? Buffer.concat([held, more]) : more;
        const packets = takePackets(more.length === 0);
        if (packets.length > 0 || more.length === 0) return packets;
      }
      return [];
    },
  };
}

/** Undefined without a payload. */
function readPacket(bytes: Buffer): TsPacket | undefined {
  const second = bytes.readUInt8(1);
  const fourth = bytes.readUInt8(3);
  if ((fourth & 0x10) === 0 || (second & 0x80) !== 0) return undefined;
  const start = (fourth & 0x20) === 0 ? 4 : 5 + bytes.readUInt8(4);
  if (start >= PACKET_BYTES) return undefined;
  return {
    pid: ((second & 0x1f) << 8) | bytes.readUInt8(2),
    isStart: (second & 0x40) !== 0,
    isScrambled: (fourth & 0xc0) !== 0,
    payload: bytes.subarray(start, PACKET_BYTES),
  };
}
