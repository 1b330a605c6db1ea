/**
 * Matroska and WebM files without a length, as browsers record them and streams send them. The
 * first blocks show the tracks, the last cluster shows the length.
 */
import { type Media, SourceError } from "../media.js";
import type { Budget } from "../budget.js";
import { EndOfBytes } from "../byte-reader.js";
import { readIndexed } from "../file.js";
import type { Remote } from "../http/remote.js";
import { type Blocks, blocksOf } from "./blocks.js";
import { ID } from "./ebml.js";
import { readHead } from "./head.js";

/** A remainder up to this share of the budget is read, not skipped. */
const READ_TO_END_SHARE = 1 / 2;

/** A cluster lasts up to 32 seconds, and its size is unknown in advance. */
const TAIL_SHARES = [1 / 8, 1 / 2, 2];

/** A Content-Length may be wrong by this much. */
const NEAR_END_BYTES = 16 * 1024;

export const isMatroska = (head: Buffer): boolean =>
  head.length >= 4 && head.readUInt32BE(0) === ID.header;

/** Undefined when the file says its length or is broken. Then nothing was consumed. */
export async function readMatroska(remote: Remote, budget: Budget): Promise<Media | undefined> {
  const head = await readHead(remote);
  if (!head || head.saysLength) return undefined;
  const reading: Reading = { remote, budget, blocks: blocksOf(remote, head) };
  const { blocks } = reading;
  remote.isEnough(() => isEndNear(remote) && blocks.seenSeconds() > 0);
  let isWhole = false;
  try {
    await remote.skip(head.clusterAt);
    isWhole = await readThrough(reading);
  } catch (error) {
    if (error instanceof EndOfBytes) isWhole = isAtEnd(remote);
    else if (!budget.signal.aborted || !reading.media) throw error;
  } finally {
    await remote.close();
  }
  const media = reading.media ?? (await readIndexed(blocks.firstBlocks(), budget));
  return { ...media, durationSeconds: isWhole ? rounded(blocks.seenSeconds()) : byShare(reading) };
}

interface Reading {
  remote: Remote;
  budget: Budget;
  blocks: Blocks;
  /** The facts from the first blocks. */
  media?: Media;
  /** The facts from before a jump. */
  first?: { seconds: number; bytes: number };
}

/** Without a size the end may never come. A size may be slightly too large. */
const isEndNear = ({ size, position }: Remote): boolean =>
  size === undefined || size - position() < NEAR_END_BYTES;

const isAtEnd = (remote: Remote): boolean =>
  !remote.wasLeft() || (remote.size !== undefined && isEndNear(remote));

/** Returns whether the end was reached. */
async function readThrough(reading: Reading): Promise<boolean> {
  const { remote, budget, blocks } = reading;
  while (await blocks.next()) {
    if (reading.media || !blocks.isComplete()) continue;
    blocks.stopKeeping();
    reading.media = await readIndexed(blocks.firstBlocks(), budget);
    const left = (remote.size ?? 0) - remote.position();
    if (left < budget.bytesMax * READ_TO_END_SHARE) continue;
    reading.first = { seconds: blocks.seenSeconds(), bytes: remote.position() };
    const isAtLastCluster = await readTail(reading);
    if (isAtLastCluster !== undefined) return isAtLastCluster;
    delete reading.first;
  }
  return isAtEnd(remote);
}

/** Returns whether the last cluster was found. Undefined where the server has no ranges. */
async function readTail({ remote, budget, blocks }: Reading): Promise<boolean | undefined> {
  const { size = 0, position } = remote;
  const begin = position();
  let hasJumped = false;
  for (const share of TAIL_SHARES) {
    const bytes = Math.floor(budget.bytesMax * share);
    if (!(await remote.jumpTo(Math.max(begin, size - bytes)))) break;
    hasJumped = true;
    blocks.lostStep();
    await readToEnd(blocks);
    if (blocks.isInStep()) return isAtEnd(remote);
  }
  return hasJumped ? false : undefined;
}

async function readToEnd(blocks: Blocks): Promise<void> {
  try {
    while (await blocks.next());
  } catch (error) {
    if (!(error instanceof EndOfBytes)) throw error;
  }
}

/** From the share of bytes that were read. null for a source of unknown size. */
function byShare({ remote, blocks, first }: Reading): number | null {
  const { seconds, bytes } = first ?? { seconds: blocks.seenSeconds(), bytes: remote.position() };
  if (remote.size === undefined || bytes === 0 || seconds === 0) return null;
  return rounded((seconds * remote.size) / bytes);
}

function rounded(seconds: number): number {
  if (seconds === 0) throw new SourceError("unsupported", "It is empty.");
  return Math.round(seconds * 1000) / 1000;
}
