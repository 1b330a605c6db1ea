/**
 * The segments of an HLS playlist: their total length, and which are opened. The memory does not
 * grow with the playlist.
 */
import { SourceError } from "../media.js";
import type { Playlist } from "./playlist-types.js";

/** This many segments show the tracks. */
const SEGMENTS_READ = 3;

const NO_KEY = "#EXT-X-KEY:METHOD=NONE";

/** Names for parts of addresses. Playlists in use have a few. */
const DEFINITIONS_MAX = 100;

/** A segment, with the earlier lines that its reader needs. */
interface Segment {
  sequence: number;
  key: string;
  /** With the key that applied at its place, because that key encrypts the map. */
  map: string;
  /** The lines of this segment only. */
  lines: string[];
  uri: string;
}

interface SegmentReader {
  note: (line: string) => void;
  /** Throws a SourceError when no segment can be opened. */
  end: () => Playlist;
}

export function segmentReader(): SegmentReader {
  const first: Segment[] = [];
  const last: Segment[] = [];
  const definitions: string[] = [];
  let totalSeconds = 0;
  let count = 0;
  let isEnded = false;
  let sequence = 0;
  let key = NO_KEY;
  let map = "";
  let length: string | undefined;
  let range: string | undefined;
  /** The end of the last range. The next range may begin there without saying so. */
  let rangeEnd = 0;
  let isGap = false;
  let isDiscontinuity = false;

  return {
    note(line) {
      if (line === "") return;
      if (!line.startsWith("#")) noteSegment(line);
      else if (line.startsWith("#EXTINF:")) {
        length = line;
        totalSeconds += secondsOf(line);
      } else noteTag(line);
    },
    end() {
      if (count === 0) throw new SourceError("unsupported", "The playlist has no segments.");
      if (first.length === 0) {
        throw new SourceError("unsupported", "The playlist has gaps only, and no segment to open.");
      }
      return {
        kind: "segments",
        durationSeconds: isEnded ? totalSeconds : null,
        heads: isEnded
          ? [headOf(definitions, first)]
          : last.map((_segment, at) => headOf(definitions, last.slice(at))),
      };
    },
  };

  function noteTag(line: string): void {
    if (/^#EXT-X-(ENDLIST|PLAYLIST-TYPE:VOD)$/i.test(line)) isEnded = true;
    else if (line === "#EXT-X-GAP") isGap = true;
    else if (line === "#EXT-X-DISCONTINUITY") isDiscontinuity = true;
    else if (line.startsWith("#EXT-X-KEY:")) key = line;
    else if (line.startsWith("#EXT-X-MAP:")) map = `${key}\n${line}`;
    else if (line.startsWith("#EXT-X-BYTERANGE:"))
      noteRange(line.slice("#EXT-X-BYTERANGE:".length));
    else if (line.startsWith("#EXT-X-DEFINE:")) {
      if (definitions.length < DEFINITIONS_MAX) definitions.push(line);
    } else if (line.startsWith("#EXT-X-MEDIA-SEQUENCE:")) {
      const said = Number(line.slice("#EXT-X-MEDIA-SEQUENCE:".length));
      if (Number.isSafeInteger(said) && said >= 0) sequence = said;
    }
  }

  function noteRange(text: string): void {
    const [bytes, start] = text.split("@", 2).map(Number);
    const from = start ?? rangeEnd;
    rangeEnd = from + (bytes ?? 0);
    range = `#EXT-X-BYTERANGE:${bytes}@${from}`;
  }

  function noteSegment(uri: string): void {
    const lines = [
      ...(isDiscontinuity ? ["#EXT-X-DISCONTINUITY"] : []),
      ...(length === undefined ? [] : [length]),
      ...(range === undefined ? [] : [range]),
    ];
    const segment = { sequence, key, map, lines, uri };
    if (!isGap) {
      if (first.length < SEGMENTS_READ) first.push(segment);
      last.push(segment);
      if (last.length > SEGMENTS_READ) last.shift();
    }
    count += 1;
    sequence += 1;
    [isGap, isDiscontinuity, length, range] = [false, false, undefined, undefined];
  }
}

/** Writes the number of each segment, because the decryption depends on it. */
function headOf(definitions: readonly string[], segments: readonly Segment[]): string {
  let [knownKey, knownMap] = [NO_KEY, ""];
  const lines = segments.flatMap(({ sequence, key, map, lines: own, uri }) => {
    // A repeated map would be fetched twice.
    const isNewMap = map !== knownMap;
    const isNewKey = isNewMap || key !== knownKey;
    [knownKey, knownMap] = [key, map];
    return [
      `#EXT-X-MEDIA-SEQUENCE:${sequence}`,
      ...(isNewMap ? [map] : []),
      ...(isNewKey ? [key] : []),
      ...own,
      uri,
    ];
  });
  return ["#EXTM3U", ...definitions, ...lines, "#EXT-X-ENDLIST", ""].join("\n");
}

function secondsOf(line: string): number {
  const seconds = parseFloat(line.slice("#EXTINF:".length, 100));
  if (Number.isFinite(seconds) && seconds >= 0) return seconds;
  throw new SourceError("unsupported", "A segment of the playlist has no length.");
}
