/**
 * The behaviour of a start for each type of source. A test starts each of them through the official
 * SDK and compares the results with this table.
 */
import type { SourceFailure } from "../../shared/media/media.js";
import type { EndReason } from "../tasks/task.js";

export interface SourceRow {
  what: string;
  /**
   * The statuses of the 701 callbacks, in order: 0 started, 1 could not be opened, 2 trying again.
   */
  statuses: readonly number[];
  container: string | null;
  /** Seconds of one round. `null`: no end. */
  durationSeconds: number | null;
  failure: SourceFailure | null;
  /** Why it ends by itself. `null`: it plays until a caller or a limit ends it. */
  endReason: EndReason | null;
}

/** Four attempts: at once, then 0, 1 and 3 s after each failure. */
const FAILS = [1, 2, 1, 2, 1, 2, 1];

const failing = (what: string, failure: SourceFailure): SourceRow => ({
  what,
  statuses: FAILS,
  container: null,
  durationSeconds: null,
  failure,
  endReason: "source-failed",
});

const playing = (what: string, container: string, durationSeconds: number | null): SourceRow => ({
  what,
  statuses: [0],
  container,
  durationSeconds,
  failure: null,
  endReason: null,
});

export const SOURCE_ROWS = {
  loop: playing("A looped MP4", "mp4", 4),
  hls: playing("An HLS playlist with an end, looped", "hls", 4),
  live: playing("A live HLS playlist that never ends", "hls", null),
  flv: playing("An FLV file, looped", "flv", 4),
  sound: playing("An MP3, looped: sound alone", "mp3", 4),
  stream: playing("An RTMP stream with a publisher", "rtmp", null),
  uhd: failing("A 4K file", "too-large"),
  fast: failing("A file of 60 frames a second", "too-large"),
  codec: failing("A file of H.265", "unsupported"),
  missing: failing("A missing file (HTTP 404)", "unreachable"),
  slow: failing("A file at one byte a second", "unreachable"),
  text: failing("A text behind `.mp4`", "unsupported"),
  rtmp: failing("A missing RTMP server", "unreachable"),
} as const satisfies Record<string, SourceRow>;
