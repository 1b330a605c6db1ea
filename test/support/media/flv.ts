/** FLV streams made by hand: unusual ones, and parts of real ones. */
import { type AmfPlain, encodeAmf } from "../../../shared/media/flv/amf0.js";

export interface FlvTag {
  /** 8 is sound, 9 picture, 18 metadata. */
  type: number;
  timestampMs?: number;
  data: Buffer;
}

export function flvOf(...tags: FlvTag[]): Buffer {
  return Buffer.concat([
    Buffer.from("FLV\x01\x05\0\0\0\x09\0\0\0\0", "latin1"),
    ...tags.map(({ type, timestampMs = 0, data }) => {
      const header = Buffer.alloc(11);
      header.writeUInt8(type);
      header.writeUIntBE(data.length, 1, 3);
      header.writeUIntBE(timestampMs % 2 ** 24, 4, 3);
      header.writeUInt8(Math.floor(timestampMs / 2 ** 24), 7);
      const trailer = Buffer.alloc(4);
      trailer.writeUInt32BE(11 + data.length);
      return Buffer.concat([header, data, trailer]);
    }),
  ]);
}

export const metadata = (fields: Record<string, AmfPlain>): FlvTag => ({
  type: 18,
  data: encodeAmf("onMetaData", fields),
});

/** AAC-LC at 44.1 kHz with two channels. */
export const AAC_HEADER: FlvTag = { type: 8, data: Buffer.of(0xaf, 0, 0x12, 0x10) };

/** The head of H.264, from the sequence header of an encoder. */
export const avcHeader = (record: Buffer): FlvTag => ({
  type: 9,
  data: Buffer.concat([Buffer.of(0x17, 0, 0, 0, 0), record]),
});

export const sound = (timestampMs: number): FlvTag => ({
  type: 8,
  timestampMs,
  data: Buffer.of(0xaf, 1, 0x21, 0x10),
});

export const frame = (timestampMs: number): FlvTag => ({
  type: 9,
  timestampMs,
  data: Buffer.of(0x27, 1, 0, 0, 0, 0, 0, 0, 1, 0x41),
});

export function flvTags(flv: Buffer): Required<FlvTag>[] {
  const tags: Required<FlvTag>[] = [];
  for (let at = flv.readUInt32BE(5) + 4; at < flv.length;) {
    const size = flv.readUIntBE(at + 1, 3);
    const timestampMs = flv.readUIntBE(at + 4, 3) + flv.readUInt8(at + 7) * 2 ** 24;
    const data = flv.subarray(at + 11, at + 11 + size);
    tags.push({ type: flv.readUInt8(at), timestampMs, data });
    at += 11 + size + 4;
  }
  return tags;
}
