/** The bundled clip as FLV, written here from the same packets, because no library writes FLV. */
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input, type InputTrack } from "mediabunny";
import { CLIP } from "./media.js";

interface Tag {
  /** 8 sound, 9 picture. */
  type: 8 | 9;
  atMs: number;
  data: Buffer;
}

export interface FlvClip {
  /** The header, and the data that every player needs before the first packet. */
  head: Buffer;
  /** In the order of their times. */
  tags: Tag[];
}

const HEADER = Buffer.concat([Buffer.from("FLV\x01\x05\0\0\0\x09", "latin1"), Buffer.alloc(4)]);

export async function flvClip(): Promise<FlvClip> {
  const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(CLIP) });
  const [video, audio] = [await input.getPrimaryVideoTrack(), await input.getPrimaryAudioTrack()];
  if (!video || !audio) throw new Error("The clip has lost a track.");
  const described = await Promise.all([video, audio].map((track) => track.getDecoderConfig()));
  const [avc, aac] = described.map((config) => bytesOf(config?.description));
  const beginnings: Tag[] = [
    { type: 9, atMs: 0, data: Buffer.concat([Buffer.of(0x17, 0, 0, 0, 0), avc ?? Buffer.of()]) },
    { type: 8, atMs: 0, data: Buffer.concat([Buffer.of(0xaf, 0), aac ?? Buffer.of()]) },
  ];
  const pictures = await tagsOf(video, (data, isKey) => ({
    type: 9,
    data: Buffer.concat([Buffer.of(isKey ? 0x17 : 0x27, 1, 0, 0, 0), data]),
  }));
  const sounds = await tagsOf(audio, (data) => ({
    type: 8,
    data: Buffer.concat([Buffer.of(0xaf, 1), data]),
  }));
  const tags = [...pictures, ...sounds].sort((one, other) => one.atMs - other.atMs);
  return { head: Buffer.concat([HEADER, ...beginnings.map((tag) => tagBytes(tag))]), tags };
}

/** One tag, delayed by this time. */
export function tagBytes({ type, atMs, data }: Tag, laterMs = 0): Buffer {
  const time = Math.round(atMs + laterMs);
  const head = Buffer.alloc(11);
  head.writeUInt8(type, 0);
  head.writeUIntBE(data.length, 1, 3);
  head.writeUIntBE(time & 0xffffff, 4, 3);
  head.writeUInt8(time >> 24, 7);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(head.length + data.length);
  return Buffer.concat([head, data, size]);
}

async function tagsOf(
  track: InputTrack,
  write: (data: Uint8Array, isKey: boolean) => Omit<Tag, "atMs">,
): Promise<Tag[]> {
  const tags: Tag[] = [];
  for await (const packet of new EncodedPacketSink(track).packets()) {
    const atMs = Math.max(0, packet.timestamp * 1000);
    tags.push({ atMs, ...write(packet.data, packet.type === "key") });
  }
  return tags;
}

/** Its type exists in browsers only, so Node.js has no name for it. */
function bytesOf(description: unknown): Buffer {
  if (!(description instanceof Uint8Array)) throw new Error("The codec is not described.");
  return Buffer.from(description);
}
