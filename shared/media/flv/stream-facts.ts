/**
 * The tracks of an FLV or RTMP stream, from its messages, which both formats share. Headers take
 * precedence over metadata, which some writers invent.
 */
import type { AudioTrack, Track, VideoTrack } from "../media.js";
import { type AmfObject, type AmfValue, decodeAmf } from "./amf0.js";
import { readPicture, readSound } from "./stream-messages.js";

export interface StreamMessage {
  /** 8 is sound, 9 picture, 18 metadata. */
  type: number;
  timestampMs: number;
  /** As many bytes as the reader needs. */
  bytes: Buffer;
}

export interface StreamFacts {
  note: (message: StreamMessage) => void;
  /** Everything is known, or enough was read to know it. */
  isComplete: () => boolean;
  tracks: () => readonly Track[];
  /** From the metadata. null when they do not say it. */
  durationSeconds: () => number | null;
  /** From the first picture or sound to the latest. */
  seenSeconds: () => number;
}

const SOUND = 8;
const PICTURE = 9;
const METADATA = 18;

/** Headers and the needed metadata fields stand at the start of their message. */
export const MESSAGE_BYTES_READ = 64 * 1024;

/** A second at 30 frames, counted where the metadata do not give the rate. */
const FRAMES_COUNTED = 30;

/** A picture or sound that is missing after this time will not come. */
const ENOUGH_SECONDS = 3;

export function streamFacts(): StreamFacts {
  let metadata: AmfObject | undefined;
  let video: Omit<VideoTrack, "frameRate"> | undefined;
  let audio: AudioTrack | undefined;
  let firstMs: number | undefined;
  let lastMs = 0;
  let frames = 0;
  let firstFrameMs = 0;
  let lastFrameMs = 0;

  const seenSeconds = () => (lastMs - (firstMs ?? lastMs)) / 1000;

  return {
    note({ type, timestampMs, bytes }) {
      if (type === METADATA) metadata ??= decodeAmf(bytes).find(isObject);
      const isFrame =
        (type === PICTURE && notePicture(bytes, timestampMs)) ||
        (type === SOUND && noteSound(bytes));
      // Servers repeat headers for each viewer, with other times.
      if (!isFrame) return;
      firstMs ??= timestampMs;
      lastMs = Math.max(lastMs, timestampMs);
    },
    isComplete() {
      if (seenSeconds() > ENOUGH_SECONDS) return true;
      return metadata !== undefined && isVideoKnown() && audio !== undefined;
    },
    tracks: () => [
      ...(video ? [{ ...video, frameRate: frameRate() }] : []),
      ...(audio ? [audio] : []),
    ],
    durationSeconds: () => positive(metadata?.["duration"]),
    seenSeconds,
  };

  function notePicture(bytes: Buffer, timestampMs: number): boolean {
    const picture = readPicture(bytes);
    if (!picture) return false;
    video ??= {
      type: "video",
      codec: picture.codec,
      width: positive(metadata?.["width"]),
      height: positive(metadata?.["height"]),
    };
    if (picture.size) video = { ...video, ...picture.size };
    if (!picture.isFrame) return false;
    if (frames === 0) firstFrameMs = timestampMs;
    lastFrameMs = timestampMs;
    frames += 1;
    return true;
  }

  function noteSound(bytes: Buffer): boolean {
    const sound = readSound(bytes);
    if (!sound) return false;
    const { codec, channels, sampleRate, isFrame } = sound;
    audio ??= { type: "audio", codec, channels, sampleRate };
    return isFrame;
  }

  function isVideoKnown(): boolean {
    if (!video) return false;
    return positive(metadata?.["framerate"]) !== null || frames > FRAMES_COUNTED;
  }

  function frameRate(): number | null {
    const said = positive(metadata?.["framerate"]);
    if (said !== null) return said;
    const ms = lastFrameMs - firstFrameMs;
    return frames > 1 && ms > 0 ? Math.round(((frames - 1) / ms) * 1e6) / 1000 : null;
  }
}

export const isObject = (value: AmfValue): value is AmfObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const positive = (value: AmfValue): number | null =>
  typeof value === "number" && Number.isFinite(value) && value > 0 ? value : null;
