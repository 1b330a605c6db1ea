/** The blocks of a Matroska or WebM file in order: their times, and the bytes of the first ones. */
import { EndOfBytes } from "../byte-reader.js";
import type { Remote } from "../http/remote.js";
import {
  type Element,
  ELEMENT_HEAD_BYTES_MAX,
  ID,
  readElement,
  readVint,
  unsignedOf,
} from "./ebml.js";
import { type MatroskaHead, masterWithoutSize } from "./head.js";

/** The number of a block's track and its time. */
const BLOCK_HEAD_BYTES_MAX = ELEMENT_HEAD_BYTES_MAX + 8 + 2;

/** The limit for the kept bytes of the first blocks. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024;

/** Two seconds at 30 frames: enough to distinguish 30 from 60. */
const FRAMES_MEASURED = 60;

/** A declared track that is missing after this time will not come. */
const ENOUGH_SECONDS = 3;

/** A longer step between two blocks does not show how long the last one lasts. */
const STEP_SECONDS_MAX = 1;

/** The largest picture is smaller. */
const READ_BYTES_MAX = 4 * 1024 * 1024;

const SEARCHED_BYTES = 64 * 1024;
const CLUSTER = Buffer.of(0x1f, 0x43, 0xb6, 0x75);

/** Elements that contain other elements. Their content is read as if it stood beside them. */
const OPENED: ReadonlySet<number> = new Set([ID.segment, ID.cluster, ID.blockGroup]);

/** Cues, tags and similar elements beside clusters. */
const BESIDE_CLUSTERS: ReadonlySet<number> = new Set([
  ...[ID.header, ID.info, ID.tracks, 0x114d9b74, 0x1c53bb6b, 0x1254c367, 0x1043a770, 0x1941a469],
]);

const IN_CLUSTER: ReadonlySet<number> = new Set([
  ...[ID.timestamp, ID.simpleBlock, 0xa7, 0xab, 0xaf, 0x5854, 0xbf, 0xec],
]);

const IN_GROUP: ReadonlySet<number> = new Set([
  ...[ID.block, ID.blockDuration, 0xa2, 0xa4, 0xc8, 0xfa, 0xfb, 0xfd, 0x75a1, 0x75a2, 0x8e],
]);

interface TrackTime {
  blocks: number;
  lastSeconds: number | undefined;
  stepSeconds: number;
}

export type Blocks = ReturnType<typeof blocksOf>;

export function blocksOf(remote: Remote, head: MatroskaHead) {
  const tracks = new Map(head.tracks.map((track) => [track.number, track]));
  const times = new Map<number, TrackTime>();
  const kept: Buffer[] = [head.described];
  let keptBytes = 0;
  let isKeeping = true;
  let isLost = false;
  let clusterTicks: number | undefined;
  let latestSeconds = 0;
  let beginSeconds: number | undefined;
  let endSeconds = 0;

  const noteBlock = (bytes: Buffer): void => {
    const number = readVint(bytes, 0);
    const track = number && tracks.get(number.value);
    if (!track || clusterTicks === undefined || bytes.length < number.length + 2) return;
    const ticks = clusterTicks + bytes.readInt16BE(number.length);
    const seconds = ticks * head.secondsPerTick;
    const time = times.get(track.number) ?? { blocks: 0, lastSeconds: undefined, stepSeconds: 0 };
    const step = seconds - (time.lastSeconds ?? seconds);
    if (step > 0) time.stepSeconds = step > STEP_SECONDS_MAX ? 0 : step;
    time.lastSeconds = Math.max(seconds, time.lastSeconds ?? seconds);
    time.blocks += 1;
    times.set(track.number, time);
    beginSeconds = Math.min(seconds, beginSeconds ?? seconds);
    latestSeconds = seconds;
    endSeconds = Math.max(endSeconds, seconds + (track.frameSeconds ?? time.stepSeconds));
  };

  const noteElement = ({ id }: Element, content: Buffer): void => {
    if (id === ID.cluster) clusterTicks = undefined;
    if (id === ID.timestamp) clusterTicks = unsignedOf(content);
    if (id === ID.simpleBlock || id === ID.block) noteBlock(content);
    if (id !== ID.blockDuration) return;
    const shown = unsignedOf(content) * head.secondsPerTick;
    endSeconds = Math.max(endSeconds, latestSeconds + shown);
  };

  /** Whether the element is kept as part of the beginning. */
  const isKept = ({ id, contentBytes = 0 }: Element): boolean => {
    if (BESIDE_CLUSTERS.has(id) || id === ID.segment) return false;
    if (IN_GROUP.has(id)) return false;
    if (id !== ID.cluster && keptBytes + contentBytes > KEPT_BYTES_MAX) isKeeping = false;
    return isKeeping;
  };

  /** Keeps whole groups, because the library cannot read a cluster that ends inside one. */
  const keep = async ({ id, headBytes, contentBytes = 0 }: Element): Promise<void> => {
    const isCluster = id === ID.cluster;
    const length = headBytes + contentBytes;
    const whole = isCluster ? masterWithoutSize(id) : await remote.peek(length);
    if (!isCluster && whole.length < length) return;
    kept.push(whole);
    keptBytes += whole.length;
  };

  const seenSeconds = () => Math.max(0, endSeconds - Math.max(0, beginSeconds ?? 0));

  return {
    /** From the first block to the end of the last. Players skip blocks before 0. */
    seenSeconds,
    firstBlocks: () => Buffer.concat(kept),
    stopKeeping: () => void (isKeeping = false),
    /** More of the beginning would add no facts. */
    isComplete(): boolean {
      if (!isKeeping || seenSeconds() > ENOUGH_SECONDS) return true;
      return head.tracks.every(({ number, isVideo }) => {
        return (times.get(number)?.blocks ?? 0) > (isVideo ? FRAMES_MEASURED : 0);
      });
    },
    /** Call it after a jump. A cluster must follow. */
    lostStep(): void {
      isLost = true;
      clusterTicks = undefined;
      times.clear();
    },
    /** Whether a block has arrived since the jump. */
    isInStep: () => times.size > 0,
    /** Reads one element and returns whether one was there. */
    async next(): Promise<boolean> {
      if (isLost && !(await skipToCluster(remote))) return false;
      isLost = false;
      const bytes = await remote.peek(BLOCK_HEAD_BYTES_MAX);
      if (bytes.length === 0) return false;
      const element = readElement(bytes);
      if (!element || !isExpected(element)) {
        isLost = true;
        await remote.skip(1);
        return true;
      }
      const { id, headBytes, contentBytes = 0 } = element;
      noteElement(element, bytes.subarray(headBytes, headBytes + contentBytes));
      if (isKeeping && isKept(element)) await keep(element);
      await skipContent(remote, headBytes + (OPENED.has(id) ? 0 : contentBytes));
      return true;
    },
  };
}

/** Another id means damaged data. */
const isExpected = ({ id, contentBytes }: Element): boolean =>
  OPENED.has(id) ||
  (contentBytes !== undefined &&
    (BESIDE_CLUSTERS.has(id) || IN_CLUSTER.has(id) || IN_GROUP.has(id)));

/** Skips the content of an element. Only a very large element justifies another request. */
async function skipContent(remote: Remote, length: number): Promise<void> {
  if (length > READ_BYTES_MAX) return remote.skip(length);
  for (let left = length; left > 0;) {
    const bytes = await remote.readSome(left);
    if (bytes.length === 0) throw new EndOfBytes();
    left -= bytes.length;
  }
}

async function skipToCluster(remote: Remote): Promise<boolean> {
  for (;;) {
    const bytes = await remote.peek(SEARCHED_BYTES);
    const at = bytes.indexOf(CLUSTER);
    const isEnd = bytes.length < SEARCHED_BYTES;
    await remote.skip(at >= 0 ? at : bytes.length - (isEnd ? 0 : CLUSTER.length - 1));
    if (at >= 0 || isEnd) return at >= 0;
  }
}
