/** What the reading of a source means for a start, in words for its caller. */
import type { SourceMedia } from "../contract/answers.js";
import type { Media, SourceError, SourceFailure } from "./media.js";

export interface SourceVerdict {
  /** `not-checked`: the reader cannot say whether TRTC plays it. */
  outcome: "ok" | "not-checked" | SourceFailure;
  media: SourceMedia | null;
  /** Why, and what to send instead. */
  message?: string;
  /** With more time the reader may have said more. */
  isCutShort?: true;
}

/** How a refusal speaks of the source. */
export interface SourceWords {
  /** Its place in the request. */
  field: string;
  /** What the caller may do instead, so that the source is not read. */
  otherwise: string;
}

const WORDS: SourceWords = {
  field: "StreamUrl",
  otherwise: "leave ProbeSource out to let TRTC try it",
};

export const notChecked = (message: string): SourceVerdict => ({
  outcome: "not-checked",
  media: null,
  message,
});

export const cutShort = (message: string): SourceVerdict => ({
  ...notChecked(message),
  isCutShort: true,
});

export const playable = (media: Media): SourceVerdict => ({
  outcome: "ok",
  media: factsOf(media),
});

const ADVICE: Readonly<Record<SourceFailure, string>> = {
  unreachable: "Send a URL that answers with the media",
  unsupported:
    "Send MP4, MOV, MKV, WebM, MP3, M4A, MPEG-TS, FLV or HLS, with H.264 or VP8 and with AAC, Opus or MP3.",
  "too-large": "Send at most 1080p and 30 frames a second.",
};

/**
 * A large index may need more bytes than we read, and TRTC still plays the file. A source that gave
 * too little in the full time is too slow to play. With less time we cannot say.
 */
export function verdictOf(
  { reason, message, budget }: SourceError,
  { hadFullTime, words = WORDS }: { hadFullTime: boolean; words?: SourceWords | undefined },
): SourceVerdict {
  const why = sentence(message);
  if (budget === "bytes" || (budget === "time" && !hadFullTime)) {
    return budget === "time" ? cutShort(why) : notChecked(why);
  }
  const advice = `${ADVICE[reason]}${reason === "unreachable" ? `, or ${words.otherwise}.` : ""}`;
  const full = `TRTC would not play ${words.field}: ${why} ${advice}`;
  return { outcome: reason, media: null, message: full };
}

/** Names of codecs come from the file, and may have any length. */
const LETTERS_MAX = 300;

function sentence(text: string): string {
  const short = text.replace(/\p{Cc}/gu, " ").slice(0, LETTERS_MAX);
  return /[.!?]$/.test(short) ? short : `${short}.`;
}

function factsOf({ container, durationSeconds, tracks }: Media): SourceMedia {
  const video = tracks.find((track) => track.type === "video");
  const audio = tracks.find((track) => track.type === "audio");
  return {
    Container: container,
    DurationSeconds: durationSeconds === null ? null : rounded(durationSeconds),
    Video: video
      ? {
          Codec: video.codec,
          Width: video.width,
          Height: video.height,
          FrameRate: video.frameRate,
        }
      : null,
    Audio: audio
      ? { Codec: audio.codec, Channels: audio.channels, SampleRate: audio.sampleRate }
      : null,
  };
}

const rounded = (seconds: number): number => Math.round(seconds * 1000) / 1000;
