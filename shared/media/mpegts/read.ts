/**
 * MPEG-TS over HTTP, from one answer. Its beginning says what is in it. Its end says how long it
 * is, if the end is near or can be asked for. Without an end it is live.
 */
import { type Media, SourceError, type Track } from "../media.js";
import { playedTracks } from "../playable.js";
import type { Budget } from "../budget.js";
import { EndOfBytes } from "../byte-reader.js";
import type { Remote } from "../http/remote.js";
import { type PacketReader, packetReader, type TsPacket } from "./packets.js";
import { forwardSeconds, type TsStream, tsStream } from "./stream.js";
import { makeSection, readAssociations, readMap, type Section } from "./tables.js";

/** A remainder up to this share of the budget is read, not skipped. */
const READ_TO_END_SHARE = 1 / 2;

/**
 * Each stream has its last packets within this share of the budget from the end. Of 16 MB it is a
 * second at 16 Mbit/s.
 */
const TAIL_SHARE = 1 / 8;

/** A Content-Length may be wrong by this much. */
const NEAR_END_BYTES = 16 * 1024;

/** A declared stream that is missing after this time will not come. */
const ENOUGH_SECONDS = 3;

/**
 * If the clock and the share of bytes differ by more than this factor, the clock is not believed.
 */
const DOUBT = 8;

export async function readTransportStream(remote: Remote, budget: Budget): Promise<Media> {
  const streams = streamsOf();
  const packets = packetReader(remote);
  remote.isEnough(() => isEndNear(remote) && streams.tracks().length > 0);
  let isWhole = false;
  try {
    isWhole = await readThrough({ packets, remote, streams, budget });
  } catch (error) {
    const isEnough = error instanceof EndOfBytes || budget.signal.aborted;
    if (!isEnough || streams.tracks().length === 0) throw error;
  } finally {
    await remote.close();
  }
  if (streams.isScrambled()) throw new SourceError("unsupported", "It is scrambled.");
  const durationSeconds = isWhole ? streams.seenSeconds() : lengthByShare(remote, streams);
  if (durationSeconds === 0) throw new SourceError("unsupported", "It is empty.");
  return { container: "mpegts", durationSeconds, tracks: playedTracks(streams.tracks()) };
}

/** Without a size the end may never come. A size may be slightly too large. */
const isEndNear = ({ size, position }: Remote): boolean =>
  size === undefined || size - position() < NEAR_END_BYTES;

interface Reading {
  packets: PacketReader;
  remote: Remote;
  streams: Streams;
  budget: Budget;
}

/** Returns whether the end was reached. */
async function readThrough({ packets, remote, streams, budget }: Reading): Promise<boolean> {
  let hasJumped = false;
  for (let some = await packets.next(); some.length > 0; some = await packets.next()) {
    for (const packet of some) streams.note(packet);
    if (hasJumped || !streams.isComplete()) continue;
    const left = remote.size === undefined ? 0 : remote.size - remote.position();
    if (left < budget.bytesMax * READ_TO_END_SHARE || !remote.hasRanges()) continue;
    hasJumped = true;
    const share = remote.position() / (remote.size ?? 1);
    const headSeconds = streams.seenSeconds();
    await remote.skip(left - Math.floor(budget.bytesMax * TAIL_SHARE));
    packets.lostStep();
    streams.expectJump(headSeconds / share);
  }
  return !remote.wasLeft() || (remote.size !== undefined && isEndNear(remote));
}

/** From the share of bytes that were read. null for a source of unknown size. */
function lengthByShare({ size, position }: Remote, streams: Streams): number | null {
  const seconds = streams.seenSeconds();
  if (size === undefined || position() === 0 || seconds === 0) return null;
  return Math.round((seconds * size * 1000) / position()) / 1000;
}

type Streams = ReturnType<typeof streamsOf>;

function streamsOf() {
  const associations = makeSection();
  const maps = new Map<number, Section>();
  const streams = new Map<number, TsStream>();
  let hasMap = false;
  let scrambled = 0;
  let jump: { estimateSeconds: number } | undefined;

  const all = () => [...streams.values()];
  const tracks = (): Track[] => all().flatMap((stream) => stream.track() ?? []);
  const begun = () => all().filter((stream) => stream.firstTicks() !== undefined);

  function noteTable(pid: number, section: Section, payload: Buffer, isStart: boolean): void {
    const table = section.add(payload, isStart);
    if (pid === 0 && table?.tableId === 0) {
      for (const mapPid of readAssociations(table.body)) {
        if (!maps.has(mapPid)) maps.set(mapPid, makeSection());
      }
    }
    if (pid === 0 || table?.tableId !== 2) return;
    // The first programme with a picture or sound is played.
    for (const mapped of readMap(table.body)) streams.set(mapped.pid, tsStream(mapped));
    hasMap = streams.size > 0;
  }

  return {
    tracks,
    isScrambled: () => tracks().length === 0 && scrambled > 0,
    note({ pid, isStart, isScrambled, payload }: TsPacket): void {
      const stream = streams.get(pid);
      if (stream) {
        if (isScrambled) scrambled += 1;
        else stream.note(payload, isStart);
      } else if (!hasMap) {
        const section = pid === 0 ? associations : maps.get(pid);
        if (section) noteTable(pid, section, payload, isStart);
      }
    },
    isComplete(): boolean {
      if (!hasMap) return false;
      if (all().every((stream) => stream.isMeasured())) return true;
      return Math.max(...all().map((stream) => stream.seenSeconds())) > ENOUGH_SECONDS;
    },
    /** The following packets are from near the end. */
    expectJump(estimateSeconds: number): void {
      jump = { estimateSeconds };
    },
    seenSeconds(): number {
      if (begun().length === 0) return 0;
      if (!jump) return spanSeconds(begun());
      const estimate = jump.estimateSeconds;
      const clock = Math.max(
        ...begun().map(
          (stream) =>
            forwardSeconds(stream.firstTicks() ?? 0, stream.lastTicks() ?? 0) +
            stream.lastSeconds(),
        ),
      );
      const isLikely = clock > estimate / DOUBT && clock < estimate * DOUBT;
      return Math.round((isLikely ? clock : estimate) * 1000) / 1000;
    },
  };
}

/** From the first picture or sound of any stream to the last of any stream. */
function spanSeconds(streams: readonly TsStream[]): number {
  const ends = streams.map((stream) => {
    const lateSeconds = Math.min(
      ...streams.map((other) => {
        const seconds = forwardSeconds(other.firstTicks() ?? 0, stream.firstTicks() ?? 0);
        return seconds > 3600 ? 0 : seconds;
      }),
    );
    return lateSeconds + stream.seenSeconds();
  });
  return Math.round(Math.max(...ends) * 1000) / 1000;
}
