/**
 * EBML, the format of Matroska and WebM: elements with an id, a size and content. Sources: RFC 8794
 * and RFC 9559.
 */
export const ID = {
  header: 0x1a45dfa3,
  segment: 0x18538067,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  duration: 0x4489,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackType: 0x83,
  defaultDuration: 0x23e383,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
  blockDuration: 0x9b,
} as const;

/** An id of four bytes and a size of eight. */
export const ELEMENT_HEAD_BYTES_MAX = 12;

const ID_BYTES_MAX = 4;

export interface Element {
  id: number;
  headBytes: number;
  /** Undefined: it ends where the next element of its level begins. */
  contentBytes: number | undefined;
}

export function readElement(bytes: Buffer, at = 0): Element | undefined {
  const id = readVint(bytes, at);
  const size = id && readVint(bytes, at + id.length);
  if (!size || id.length > ID_BYTES_MAX) return undefined;
  const isUnknown = size.value === 2 ** (7 * size.length) - 1;
  return {
    // An id keeps the bit that marks its length.
    id: id.value + 2 ** (7 * id.length),
    headBytes: id.length + size.length,
    contentBytes: isUnknown ? undefined : size.value,
  };
}

/** A number of one to eight bytes. The leading zeros tell how many. */
export function readVint(bytes: Buffer, at: number): { value: number; length: number } | undefined {
  const first = bytes[at] ?? 0;
  if (first === 0) return undefined;
  const length = Math.clz32(first) - 23;
  if (at + length > bytes.length) return undefined;
  const value = (first & (0xff >> length)) * 256 ** (length - 1);
  return { value: value + unsignedOf(bytes.subarray(at + 1, at + length)), length };
}

export const unsignedOf = (bytes: Buffer): number =>
  bytes.subarray(0, 8).reduce((sum, byte) => sum * 256 + byte, 0);

/** The complete elements inside another element's content. */
export function* childrenOf(content: Buffer): Generator<{ id: number; content: Buffer }> {
  for (let at = 0; at < content.length;) {
    const element = readElement(content, at);
    if (element?.contentBytes === undefined) return;
    const from = at + element.headBytes;
    at = from + element.contentBytes;
    yield { id: element.id, content: content.subarray(from, at) };
  }
}
