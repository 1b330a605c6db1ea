/** The facts before the first cluster of a Matroska or WebM file. */
import type { Remote } from "../http/remote.js";
import { childrenOf, ELEMENT_HEAD_BYTES_MAX, ID, readElement, unsignedOf } from "./ebml.js";

/** The library reads larger heads, which hold fonts and covers. */
const HEAD_BYTES_MAX = 512 * 1024;

/** In nanoseconds. Default where the file does not say. */
const TIMESTAMP_SCALE = 1_000_000;

const VIDEO = 1;
const AUDIO = 2;

export interface MatroskaTrack {
  number: number;
  isVideo: boolean;
  /** Seconds of one frame. */
  frameSeconds: number | undefined;
}

export interface MatroskaHead {
  /** Where the first cluster begins. */
  clusterAt: number;
  saysLength: boolean;
  secondsPerTick: number;
  /** Its picture and sound tracks. */
  tracks: readonly MatroskaTrack[];
  /** The elements that describe the tracks, as a file to which clusters can be added. */
  described: Buffer;
}

/** Consumes nothing. Undefined when no cluster follows, or the head is broken or very large. */
export async function readHead(remote: Remote): Promise<MatroskaHead | undefined> {
  const kept: Buffer[] = [];
  const elements: { info?: Buffer; tracks?: Buffer } = {};
  for (let at = 0; at < HEAD_BYTES_MAX;) {
    const element = readElement(await remote.peek(at + ELEMENT_HEAD_BYTES_MAX), at);
    if (!element) return undefined;
    const { id, headBytes, contentBytes } = element;
    if (id === ID.cluster) return headOf(at, elements, Buffer.concat(kept));
    if (id === ID.segment) {
      kept.push(masterWithoutSize(ID.segment));
      at += headBytes;
      continue;
    }
    if (contentBytes === undefined || at + headBytes + contentBytes > HEAD_BYTES_MAX) {
      return undefined;
    }
    const end = at + headBytes + contentBytes;
    if (id === ID.header || id === ID.info || id === ID.tracks) {
      const whole = (await remote.peek(end)).subarray(at);
      kept.push(whole);
      if (id === ID.info) elements.info = whole.subarray(headBytes);
      if (id === ID.tracks) elements.tracks = whole.subarray(headBytes);
    }
    at = end;
  }
  return undefined;
}

/** The head of an element that ends where the next one of its level begins. */
export function masterWithoutSize(id: number): Buffer {
  const bytes = Buffer.alloc(ELEMENT_HEAD_BYTES_MAX, 0xff);
  bytes.writeUInt32BE(id);
  bytes.writeUInt8(1, 4);
  return bytes;
}

function headOf(
  clusterAt: number,
  { info, tracks }: { info?: Buffer; tracks?: Buffer },
  described: Buffer,
): MatroskaHead | undefined {
  if (!tracks) return undefined;
  const facts = new Map([...childrenOf(info ?? Buffer.alloc(0))].map((fact) => [fact.id, fact]));
  const scale = facts.get(ID.timestampScale);
  const length = facts.get(ID.duration)?.content;
  return {
    clusterAt,
    described,
    saysLength: length !== undefined && floatOf(length) > 0,
    secondsPerTick: ((scale && unsignedOf(scale.content)) || TIMESTAMP_SCALE) / 1e9,
    tracks: [...childrenOf(tracks)].flatMap(({ id, content }) =>
      id === ID.trackEntry ? trackOf(content) : [],
    ),
  };
}

function trackOf(entry: Buffer): MatroskaTrack[] {
  const facts = new Map([...childrenOf(entry)].map(({ id, content }) => [id, unsignedOf(content)]));
  const type = facts.get(ID.trackType);
  const number = facts.get(ID.trackNumber);
  if (number === undefined || (type !== VIDEO && type !== AUDIO)) return [];
  const nanoseconds = facts.get(ID.defaultDuration);
  return [
    {
      number,
      isVideo: type === VIDEO,
      frameSeconds: nanoseconds ? nanoseconds / 1e9 : undefined,
    },
  ];
}

function floatOf(bytes: Buffer): number {
  if (bytes.length === 4) return bytes.readFloatBE();
  return bytes.length === 8 ? bytes.readDoubleBE() : 0;
}
