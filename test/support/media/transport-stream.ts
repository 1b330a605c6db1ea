/** MPEG-TS streams made by hand. */

export interface TsUnit {
  pid: number;
  /** Of 90 kHz, modulo 2^33 when it is written. */
  ticks: number;
  data: Buffer;
}

export interface TsStreamEntry {
  pid: number;
  streamType: number;
  descriptors?: Buffer;
}

export const VIDEO_PID = 0x100;
export const AUDIO_PID = 0x101;

const MAP_PID = 0x1000;

/** Each unit has its own packets. The tables come again before every fourth. */
export function tsOf(
  streams: readonly TsStreamEntry[],
  units: readonly TsUnit[],
  { stuffingBytes = 0 } = {},
): Buffer {
  const tables = Buffer.concat([
    tablePacket(0, 0, Buffer.of(0, 1, 0xe0 | (MAP_PID >> 8), MAP_PID & 0xff)),
    tablePacket(MAP_PID, 2, mapOf(streams)),
  ]);
  const between = stuffing(stuffingBytes);
  return Buffer.concat(
    units.flatMap((unit, n) => [...(n % 4 === 0 ? [tables] : []), unitPackets(unit), between]),
  );
}

/** As many empty packets as fill this many bytes. */
const stuffing = (bytes: number): Buffer =>
  Buffer.alloc(Math.floor(bytes / 188) * 188, packetOf(0x1fff, false, Buffer.alloc(184, 0xff)));

function mapOf(streams: readonly TsStreamEntry[]): Buffer {
  const first = streams[0]?.pid ?? 0x1fff;
  const entries = streams.map(({ pid, streamType, descriptors = Buffer.alloc(0) }) =>
    Buffer.concat([
      Buffer.of(streamType, 0xe0 | (pid >> 8), pid & 0xff, 0xf0, descriptors.length),
      descriptors,
    ]),
  );
  return Buffer.concat([Buffer.of(0xe0 | (first >> 8), first & 0xff, 0xf0, 0), ...entries]);
}

/** No reader here verifies the checksum. */
function tablePacket(pid: number, tableId: number, body: Buffer): Buffer {
  const length = 5 + body.length + 4;
  const head = Buffer.of(0, tableId, 0xb0 | (length >> 8), length & 0xff, 0, 1, 0xc1, 0, 0);
  const section = Buffer.concat([head, body, Buffer.alloc(4)]);
  return packetOf(pid, true, Buffer.concat([section, Buffer.alloc(184 - section.length, 0xff)]));
}

function unitPackets({ pid, ticks, data }: TsUnit): Buffer {
  const pes = Buffer.concat([pesHead(pid === VIDEO_PID ? 0xe0 : 0xc0, ticks), data]);
  const packets: Buffer[] = [];
  for (let at = 0; at < pes.length; at += 184) {
    packets.push(packetOf(pid, at === 0, pes.subarray(at, at + 184)));
  }
  return Buffer.concat(packets);
}

/** Without a length, as in streams of pictures. */
function pesHead(streamId: number, ticks: number): Buffer {
  const wrapped = ticks % 2 ** 33;
  const head = Buffer.of(0, 0, 1, streamId, 0, 0, 0x80, 0x80, 5, 0, 0, 0, 0, 0);
  head.writeUInt8(0x21 | (Math.floor(wrapped / 2 ** 30) << 1), 9);
  head.writeUInt16BE((Math.floor(wrapped / 2 ** 15) % 2 ** 15) * 2 + 1, 10);
  head.writeUInt16BE((wrapped % 2 ** 15) * 2 + 1, 12);
  return head;
}

/** An adaptation field fills up short content. */
function packetOf(pid: number, isStart: boolean, payload: Buffer): Buffer {
  const missing = 184 - payload.length;
  const head = Buffer.of(0x47, (isStart ? 0x40 : 0) | (pid >> 8), pid & 0xff, 0x10);
  if (missing === 0) return Buffer.concat([head, payload]);
  head.writeUInt8(0x30, 3);
  const field = Buffer.alloc(missing, 0xff);
  field.writeUInt8(missing - 1, 0);
  if (missing > 1) field.writeUInt8(0, 1);
  return Buffer.concat([head, field, payload]);
}

/** H.264 with its size first. The rest cannot be decoded as a picture. */
export const h264Unit = (parameterSet: string): Buffer =>
  Buffer.concat([
    Buffer.from(`00000001${parameterSet}00000001`, "hex"),
    Buffer.of(0x65),
    Buffer.alloc(20, 0x88),
  ]);

/** The parameter sets that x264 writes. */
export const SETS = {
  "176x144": "6742c00bd902c4ec0440000003004000000c83c50a92",
  "1080i": "67640028acd94078044fde0220000003002000000643e2c5b2c0",
  "1080p": "67640028acd940780227e5c044000003000400000300c83c60c658",
} as const;

/** AAC-LC, 48 kHz, two channels: a frame of ADTS without content. */
export const adtsFrame = (bytes = 32): Buffer => {
  const frame = Buffer.alloc(bytes);
  Buffer.from("fff14c80", "hex").copy(frame);
  frame.writeUInt16BE((bytes << 5) | 0x1f, 4);
  frame.writeUInt8(0xfc, 6);
  return frame;
};

/** The same as LATM: 0x56e0 and the length, then the configuration. */
export const latmFrame = (): Buffer =>
  Buffer.concat([Buffer.from("56e01020001190", "hex"), Buffer.alloc(12)]);

/** MPEG-1 layer II: 192 kbit/s, 48 kHz, two channels. */
export const layer2Frame = (): Buffer =>
  Buffer.concat([Buffer.of(0xff, 0xfd, 0xa4, 0x00), Buffer.alloc(572)]);
