/**
 * The contents that a transport stream announces. The association table leads to the maps of its
 * programmes, and a map to their streams. Source: ISO/IEC 13818-1, 2.4.4; ETSI EN 300 468 for the descriptors.
 */

export interface MappedStream {
  pid: number;
  type: "video" | "audio";
  /** From the map. MPEG and AAC sound add the rest in their own headers. */
  codec: string;
}

const VIDEO: Readonly<Record<number, string>> = {
  0x01: "mpeg1video",
  0x02: "mpeg2video",
  0x10: "mpeg4",
  0x1b: "h264",
  0x21: "jpeg2000",
  0x24: "h265",
  0x33: "h266",
  0x42: "avs",
  0xea: "vc1",
};

/**
 * `private` may be AAC that no descriptor names, as some writers of M2TS leave it. `mpeg` has its
 * layer in its header. `adts` and `latm` are two ways to pack AAC.
 */
const AUDIO: Readonly<Record<number, string>> = {
  0x03: "mpeg",
  0x04: "mpeg",
  0x0f: "adts",
  0x11: "latm",
  0x80: "pcm",
  0x81: "ac3",
  0x82: "dts",
  0x87: "eac3",
  0x8a: "dts",
};

const PRIVATE = 0x06;

const REGISTRATION = 0x05;
const BY_REGISTRATION: Readonly<Record<string, readonly ["video" | "audio", string]>> = {
  Opus: ["audio", "opus"],
  "AC-3": ["audio", "ac3"],
  EAC3: ["audio", "eac3"],
  DTS1: ["audio", "dts"],
  DTS2: ["audio", "dts"],
  DTS3: ["audio", "dts"],
  HEVC: ["video", "h265"],
  AV01: ["video", "av1"],
  "VC-1": ["video", "vc1"],
};

const BY_DESCRIPTOR: Readonly<Record<number, string>> = {
  0x6a: "ac3",
  0x7a: "eac3",
  0x7b: "dts",
  0x7c: "latm",
};

/** Teletext and subtitles. */
const TEXTS = [0x45, 0x46, 0x56, 0x59];

export interface Section {
  /** The bytes after the section's header, without its checksum, once complete. */
  add: (payload: Buffer, isStart: boolean) => { tableId: number; body: Buffer } | undefined;
}

/** Joins the packets of a table's section. */
export function makeSection(): Section {
  let held: Buffer = Buffer.alloc(0);

  return {
    add(payload, isStart) {
      if (isStart) held = payload.subarray(1 + (payload[0] ?? 0));
      else if (held.length > 0) held = Buffer.concat([held, payload]);
      if (held.length < 3) return undefined;
      const end = 3 + (held.readUInt16BE(1) & 0x0fff);
      if (held.length < end || end < 12) return undefined;
      const table = { tableId: held.readUInt8(0), body: held.subarray(8, end - 4) };
      held = Buffer.alloc(0);
      return table;
    },
  };
}

/** The pids of the programmes' maps. */
export function readAssociations(body: Buffer): number[] {
  const pids: number[] = [];
  for (let at = 0; at + 4 <= body.length; at += 4) {
    if (body.readUInt16BE(at) !== 0) pids.push(body.readUInt16BE(at + 2) & 0x1fff);
  }
  return pids;
}

export function readMap(body: Buffer): MappedStream[] {
  const streams: MappedStream[] = [];
  if (body.length < 4) return streams;
  let at = 4 + (body.readUInt16BE(2) & 0x0fff);
  while (at + 5 <= body.length) {
    const streamType = body.readUInt8(at);
    const pid = body.readUInt16BE(at + 1) & 0x1fff;
    const end = at + 5 + (body.readUInt16BE(at + 3) & 0x0fff);
    const stream = streamOf(streamType, descriptorsOf(body.subarray(at + 5, end)));
    if (stream) streams.push({ pid, ...stream });
    at = end;
  }
  return streams;
}

function streamOf(
  streamType: number,
  descriptors: ReadonlyMap<number, Buffer>,
): Omit<MappedStream, "pid"> | undefined {
  const video = VIDEO[streamType];
  if (video !== undefined) return { type: "video", codec: video };
  const audio = AUDIO[streamType];
  if (audio !== undefined) return { type: "audio", codec: audio };
  if (streamType !== PRIVATE) return undefined;
  const letters = descriptors.get(REGISTRATION)?.toString("latin1", 0, 4) ?? "";
  const registered = Object.hasOwn(BY_REGISTRATION, letters) ? BY_REGISTRATION[letters] : undefined;
  if (registered) return { type: registered[0], codec: registered[1] };
  for (const tag of descriptors.keys()) {
    const codec = BY_DESCRIPTOR[tag];
    if (codec !== undefined) return { type: "audio", codec };
  }
  return TEXTS.some((tag) => descriptors.has(tag))
    ? undefined
    : { type: "audio", codec: "private" };
}

function descriptorsOf(bytes: Buffer): ReadonlyMap<number, Buffer> {
  const descriptors = new Map<number, Buffer>();
  for (let at = 0; at + 2 <= bytes.length;) {
    const end = at + 2 + bytes.readUInt8(at + 1);
    descriptors.set(bytes.readUInt8(at), bytes.subarray(at + 2, end));
    at = end;
  }
  return descriptors;
}
