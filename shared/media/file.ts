/** Files: all of TRTC's containers except FLV, read by ranges where the server supports them. */
import {
  ADTS,
  BufferSource,
  HLS,
  Input,
  type InputAudioTrack,
  type InputFormat,
  type InputVideoTrack,
  LogLevel,
  Logging,
  MATROSKA,
  MP3,
  MP4,
  MPEG_TS,
  QTFF,
  UnsupportedInputFormatError,
  UrlSource,
  WEBM,
} from "mediabunny";
import { type Container, type Media, SourceError, type Track } from "./media.js";
import { isPlayed } from "./playable.js";
import type { Budget } from "./budget.js";

/** The bytes kept in memory per source, because many sources may be open at once. */
const CACHE_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Two seconds at 30 frames: enough to distinguish 30 from 60, and most files give it in one read.
 */
const FRAMES_MEASURED = 60;

/** Otherwise it warns about servers without range requests. */
Logging.level = LogLevel.Silent;

const FILES = [MP4, QTFF, MATROSKA, WEBM, MP3, MPEG_TS];

const INDEXED = [MP4, QTFF, MATROSKA, WEBM];

/** The formats of a playlist's segments. Bare AAC is a TRTC format only in a playlist. */
const SEGMENTS = [HLS, MP4, QTFF, MPEG_TS, MP3, ADTS];

const CONTAINERS = new Map<InputFormat, Container>([
  [MP4, "mp4"],
  [QTFF, "mov"],
  [MATROSKA, "mkv"],
  [WEBM, "webm"],
  [MP3, "mp3"],
  [MPEG_TS, "mpegts"],
]);

/** TRTC's names of the codecs, where the library's names differ. */
const CODECS: Readonly<Record<string, string>> = { avc: "h264", hevc: "h265" };

interface Reading {
  budget: Budget;
  fetch: typeof fetch;
}

/** Throws when the file cannot be read. A file that shows no end within the budget has none. */
export const readFile = (url: string, reading: Reading): Promise<Media> =>
  readInput(openInput(url, reading, FILES), reading.budget);

/** A film whose index is already read, or the first part of one. */
export const readIndexed = (bytes: Buffer, budget: Budget): Promise<Media> =>
  readInput(new Input({ formats: INDEXED, source: new BufferSource(bytes) }), budget);

async function readInput(input: Input, { within, signal }: Budget): Promise<Media> {
  try {
    const container = CONTAINERS.get(await within(input.getFormat())) ?? "mp4";
    const tracks = await within(tracksOf(input));
    if (tracks.length === 0) return { container, durationSeconds: null, tracks };
    const durationSeconds = await within(lengthSeconds(input)).catch((error: unknown) => {
      if (signal.aborted) return null;
      throw error;
    });
    if (durationSeconds === 0) throw new SourceError("unsupported", "It is empty.");
    return { container, durationSeconds, tracks };
  } catch (error) {
    if (!(error instanceof UnsupportedInputFormatError)) throw error;
    throw new SourceError("unsupported", "Its container cannot be played.");
  } finally {
    input.dispose();
  }
}

/** The tracks of a media playlist, from its first segments. */
export async function readSegments(url: string, reading: Reading): Promise<readonly Track[]> {
  const input = openInput(url, reading, SEGMENTS);
  try {
    return await reading.budget.within(tracksOf(input));
  } finally {
    input.dispose();
  }
}

const openInput = (url: string, { fetch: fetchFn }: Reading, formats: InputFormat[]): Input =>
  new Input({
    formats,
    formatOptions: { hls: { offsetTimestampsByDateTime: false } },
    source: new UrlSource(url, {
      fetchFn,
      getRetryDelay: () => null,
      // Some servers allow one connection at a time.
      parallelism: 1,
      maxCacheSize: CACHE_BYTES_MAX,
      handleUnhandledError: () => undefined,
    }),
  });

async function tracksOf(input: Input): Promise<readonly Track[]> {
  const sounds = await input.getAudioTracks();
  const audio = await playedOf(sounds, await input.getPrimaryAudioTrack());
  const shown = await playedOf(await input.getVideoTracks(), await input.getPrimaryVideoTrack());
  const isCover = shown && audio && STILLS.test(await codecOf(shown));
  const video = isCover ? null : shown;
  return [...(video ? [await videoOf(video)] : []), ...(audio ? [await audioOf(audio)] : [])];
}

/** Pictures of chapters and covers. They accompany the sound and are not played. */
const STILLS = /^(jpeg|mjpa|mjpb|png|gif|bmp|tiff|V_MJPEG)\b/i;

/** The library's choice if it can be played, otherwise the first that can. */
async function playedOf<T extends InputVideoTrack | InputAudioTrack>(
  tracks: readonly T[],
  primary: T | null,
): Promise<T | null> {
  for (const track of [...(primary ? [primary] : []), ...tracks]) {
    const type = track.isVideoTrack() ? "video" : "audio";
    if (isPlayed({ type, codec: await codecOf(track) })) return track;
  }
  return primary;
}

async function videoOf(track: InputVideoTrack): Promise<Track> {
  return {
    type: "video",
    codec: await codecOf(track),
    width: await track.getCodedWidth(),
    height: await track.getCodedHeight(),
    frameRate: await frameRateOf(track),
  };
}

async function audioOf(track: InputAudioTrack): Promise<Track> {
  return {
    type: "audio",
    codec: await codecOf(track),
    channels: await track.getNumberOfChannels(),
    sampleRate: await track.getSampleRate(),
  };
}

async function codecOf(track: InputVideoTrack | InputAudioTrack): Promise<string> {
  const codec = await track.getCodec();
  if (codec !== null) return CODECS[codec] ?? codec;
  const inside = await track.getInternalCodecId();
  return typeof inside === "string" ? inside : "unknown";
}

async function frameRateOf(track: InputVideoTrack): Promise<number | null> {
  const metrics = await track.computeFrameRateMetrics({ targetPacketCount: FRAMES_MEASURED });
  if (metrics.probedPacketCount < 2) return null;
  return Math.round(metrics.averageFrameRate * 1000) / 1000;
}

async function lengthSeconds(input: Input): Promise<number> {
  const beginSeconds = await input.getFirstTimestamp();
  const endSeconds = (await input.getDurationFromMetadata()) ?? (await input.computeDuration());
  // Encoders put a little before 0, which is not played. MPEG-TS begins at any time.
  return Math.max(0, endSeconds - Math.max(0, beginSeconds));
}
