/**
 * Opens a StreamUrl and learns how long its media is. What it reads, and for how long, is limited;
 * nothing that a server does can make it throw anything but an Error, or hang.
 */
import {
  ADTS,
  HLS,
  Input,
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
import { SECOND_MS } from "../../shared/clock.js";
import { boundedFetch, type BoundedFetch } from "./bounded-fetch.js";
import { flvDurationSeconds } from "./flv.js";
import { isRtmp } from "./stream-url.js";

export interface Media {
  /** `null`: it has no end. */
  durationSeconds: number | null;
}

export type Probe = (streamUrl: string) => Promise<Media>;

export interface ProbeLimits {
  bytesMax: number;
  timeLimitMs: number;
}

const LIMITS: ProbeLimits = {
  /** Headers, indexes and playlists are far smaller; only files without any are read through. */
  bytesMax: 16 * 1024 * 1024,
  timeLimitMs: 10 * SECOND_MS,
};

/** Of what was read, so much is kept at once: many sources may be opened at the same time. */
const CACHE_BYTES_MAX = 4 * 1024 * 1024;

/** `onMetaData` with the keyframe index of a long film has a few hundred kB; its length comes first. */
const FLV_HEAD_BYTES = 4096;

/** It would warn of servers without range requests, which is nothing to anybody here. */
Logging.level = LogLevel.Silent;

/** TRTC's containers but for FLV, which is read below; bare AAC is what segments of a playlist may be. */
const FORMATS = [HLS, MP4, QTFF, MATROSKA, WEBM, MP3, MPEG_TS, ADTS];

const ENDLESS: Media = { durationSeconds: null };

/** Throws an Error when there is nothing at the address that can be played. */
export async function probe(streamUrl: string, limits = LIMITS): Promise<Media> {
  // Opening RTMP takes a client of its own; until there is one, every RTMP source counts as live.
  if (isRtmp(streamUrl)) return ENDLESS;
  const bounded = boundedFetch(limits);
  const input = openInput(streamUrl, bounded);
  try {
    return await readMedia(input, bounded.signal);
  } catch (error) {
    if (!(error instanceof UnsupportedInputFormatError)) throw error;
    return await readFlv(streamUrl, bounded);
  } finally {
    input.dispose();
  }
}

const openInput = (streamUrl: string, { fetch: fetchFn }: BoundedFetch): Input =>
  new Input({
    formats: FORMATS,
    formatOptions: { hls: { offsetTimestampsByDateTime: false } },
    source: new UrlSource(streamUrl, {
      fetchFn,
      getRetryDelay: () => null,
      maxCacheSize: CACHE_BYTES_MAX,
      handleUnhandledError: () => undefined,
    }),
  });

async function readMedia(input: Input, signal: AbortSignal): Promise<Media> {
  if (await within(signal, isLive(input))) return ENDLESS;
  try {
    const durationSeconds = await within(signal, lengthSeconds(input));
    if (durationSeconds > 0) return { durationSeconds };
  } catch (error) {
    // It can be played, but no end was found within the limits: a stream that goes on and on.
    if (signal.aborted) return ENDLESS;
    throw error;
  }
  throw new Error("The media is empty.");
}

async function isLive(input: Input): Promise<boolean> {
  const tracks = await input.getTracks();
  if (tracks.length === 0) throw new Error("The media has no tracks.");
  const lives = await Promise.all(tracks.map((track) => track.isLive()));
  return lives.includes(true);
}

async function lengthSeconds(input: Input): Promise<number> {
  const beginSeconds = await input.getFirstTimestamp();
  const endSeconds = (await input.getDurationFromMetadata()) ?? (await input.computeDuration());
  // Encoders put a little before 0, which is not played; MPEG-TS begins anywhere.
  return endSeconds - Math.max(0, beginSeconds);
}

async function readFlv(streamUrl: string, { fetch, signal }: BoundedFetch): Promise<Media> {
  const headers = { range: `bytes=0-${FLV_HEAD_BYTES - 1}` };
  const response = await within(signal, fetch(streamUrl, { headers }));
  const head = await within(signal, readHead(response));
  const durationSeconds = flvDurationSeconds(head);
  if (durationSeconds === undefined) throw new Error("The media's format is not known.");
  return { durationSeconds };
}

async function readHead({ body }: Response): Promise<Buffer> {
  let head = Buffer.alloc(0);
  for await (const chunk of body ?? []) {
    head = Buffer.concat([head, chunk]);
    if (head.length >= FLV_HEAD_BYTES) break; // leaving the loop cancels the rest
  }
  return head.subarray(0, FLV_HEAD_BYTES);
}

/** Rejects when the limits are used up, even if the reader below should not notice. */
function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const usedUp = new Promise<never>((_resolve, reject) => {
    const fail = () => reject(asError(signal.reason));
    if (signal.aborted) fail();
    else signal.addEventListener("abort", fail, { once: true });
  });
  return Promise.race([work, usedUp]);
}

const asError = (reason: unknown): Error =>
  reason instanceof Error ? reason : new Error(String(reason));
