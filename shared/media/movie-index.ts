/**
 * The index of an MP4 or a QuickTime film, wherever it is in the file and however large. Only the
 * first entries of its tables are kept: a length and a frame rate need no more. Source: ISO/IEC
 * 14496-12, 4.2 and 8.
 */
import { SourceError } from "./media.js";
import type { Remote } from "./http/remote.js";

/** The first box of a file is one of these. Old QuickTime films have no `ftyp`. */
const FIRST_BOXES = new Set(["ftyp", "moov", "mdat", "free", "skip", "wide", "pnot"]);

export const isMovie = (head: Buffer): boolean => FIRST_BOXES.has(head.toString("latin1", 4, 8));

/** Fragments have their own indexes, which the library reads one by one. */
export const hasFragments = (head: Buffer): boolean => head.includes("mvex");

const CONTAINERS = new Set(["trak", "mdia", "minf", "stbl", "edts"]);

/** For each table: the position of its count after the box's head, and the length of an entry. */
const TABLES: Readonly<Record<string, readonly [countAt: number, entryBytes: number]>> = {
  stts: [4, 8],
  ctts: [4, 8],
  stss: [4, 4],
  stsc: [4, 12],
  stsz: [8, 4],
  stco: [4, 4],
  co64: [4, 8],
};

const ENTRIES_KEPT = 4096;

/** Larger boxes hold texts, covers and other data that are not needed. */
const BOX_BYTES_KEPT = 256 * 1024;

/** Thirty times the index of five hours. */
const INDEX_BYTES_MAX = 512 * 1024 * 1024;
const KEPT_BYTES_MAX = 16 * 1024 * 1024;
const BOXES_MAX = 10_000;

const QUICKTIME = Buffer.from("\0\0\0\x14ftypqt  \0\0\0\0qt  ", "latin1");

interface Box {
  type: string;
  headBytes: number;
  /** Undefined: to the end of the file. */
  contentBytes: number | undefined;
}

/**
 * Returns a film without pictures and sounds. Undefined when they are in fragments, which have
 * their own indexes. Throws when there is no index.
 */
export async function readMovieIndex(remote: Remote): Promise<Buffer | undefined> {
  let brand: Buffer = QUICKTIME;
  for (let n = 0; n < BOXES_MAX; n += 1) {
    const box = await readHead(remote);
    if (!box) break;
    const { type, headBytes, contentBytes } = box;
    if (type === "moof" || type === "sidx" || type === "styp") return undefined;
    if (type === "moov") {
      if (contentBytes === undefined || contentBytes > INDEX_BYTES_MAX) break;
      const index = await reduced(remote, { contentBytes, left: { bytes: KEPT_BYTES_MAX } });
      return index && Buffer.concat([brand, boxOf("moov", index)]);
    }
    if (contentBytes === undefined) break;
    if (type === "ftyp" && contentBytes <= BOX_BYTES_KEPT) {
      await remote.skip(headBytes);
      brand = boxOf("ftyp", await remote.read(contentBytes));
    } else await remote.skip(headBytes + contentBytes);
  }
  throw new SourceError("unsupported", "It is a film without an index.");
}

async function readHead(remote: Remote): Promise<Box | undefined> {
  const head = await remote.peek(16);
  if (head.length < 8) return undefined;
  const type = head.toString("latin1", 4, 8);
  const size = head.readUInt32BE(0);
  if (size === 0) return { type, headBytes: 8, contentBytes: undefined };
  const isLong = size === 1 && head.length === 16;
  const headBytes = isLong ? 16 : 8;
  const contentBytes = (isLong ? Number(head.readBigUInt64BE(8)) : size) - headBytes;
  return contentBytes < 0 ? undefined : { type, headBytes, contentBytes };
}

interface Part {
  contentBytes: number;
  /** How much of the whole may still be kept. */
  left: { bytes: number };
}

/** The content of a box whose head was only peeked at. Undefined when it announces fragments. */
async function reduced(remote: Remote, part: Part): Promise<Buffer | undefined> {
  const outer = await readHead(remote);
  await remote.skip(outer?.headBytes ?? 8);
  const kept: Buffer[] = [];
  for (let read = 0; read < part.contentBytes;) {
    const box = await readHead(remote);
    if (!box) break;
    const contentBytes = box.contentBytes ?? part.contentBytes - read - box.headBytes;
    if (box.type === "mvex") return undefined;
    const content = await keptOf(remote, { box, part: { ...part, contentBytes } });
    if (content) {
      kept.push(boxOf(box.type, content));
      part.left.bytes -= content.length;
    }
    if (part.left.bytes < 0)
      throw new SourceError("unsupported", "The index of the film is broken.");
    read += box.headBytes + contentBytes;
  }
  return Buffer.concat(kept);
}

async function keptOf(
  remote: Remote,
  { box, part }: { box: Box; part: Part },
): Promise<Buffer | undefined> {
  if (CONTAINERS.has(box.type)) return reduced(remote, part);
  await remote.skip(box.headBytes);
  if (part.contentBytes <= BOX_BYTES_KEPT) return remote.read(part.contentBytes);
  const table = Object.hasOwn(TABLES, box.type) ? TABLES[box.type] : undefined;
  const head = table ? await remote.read(table[0] + 4 + ENTRIES_KEPT * table[1]) : undefined;
  await remote.skip(part.contentBytes - (head?.length ?? 0));
  if (table) head?.writeUInt32BE(ENTRIES_KEPT, table[0]);
  return head;
}

function boxOf(type: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + content.length);
  head.write(type, 4, "latin1");
  return Buffer.concat([head, content]);
}

/**
 * The movie header's length, for a track with several edits: the library reads only one edit.
 * Undefined where each track has at most one edit, or the header has no length.
 */
export function editedSeconds(index: Buffer): number | undefined {
  const moov = boxesIn(index).find(({ type }) => type === "moov")?.content ?? Buffer.alloc(0);
  const inside = boxesIn(moov);
  const edits = inside
    .filter(({ type }) => type === "trak")
    .flatMap(({ content }) => boxesIn(content).filter(({ type }) => type === "edts"))
    .flatMap(({ content }) => boxesIn(content).filter(({ type }) => type === "elst"));
  const hasSeveral = edits.some(
    ({ content }) => content.length >= 8 && content.readUInt32BE(4) > 1,
  );
  const header = inside.find(({ type }) => type === "mvhd")?.content;
  if (!hasSeveral || !header || header.length < 32) return undefined;
  const isLong = header[0] === 1;
  const scale = header.readUInt32BE(isLong ? 20 : 12);
  const ticks = isLong ? Number(header.readBigUInt64BE(24)) : header.readUInt32BE(16);
  const isUnknown = ticks >= (isLong ? 2 ** 64 : 2 ** 32 - 1);
  return scale === 0 || isUnknown ? undefined : ticks / scale || undefined;
}

/** Reads boxes that this reader has written or copied. */
function boxesIn(bytes: Buffer): { type: string; content: Buffer }[] {
  const boxes: { type: string; content: Buffer }[] = [];
  for (let at = 0; at + 8 <= bytes.length;) {
    const length = bytes.readUInt32BE(at);
    if (length < 8) break;
    const type = bytes.toString("latin1", at + 4, at + 8);
    boxes.push({ type, content: bytes.subarray(at + 8, at + length) });
    at += length;
  }
  return boxes;
}
