/** What is known of a medium once it was opened, and why one could not be. */

export interface VideoTrack {
  type: "video";
  /** In lower case and as TRTC writes it: `h264`, `vp8`; of others, the name they are known by. */
  codec: string;
  /** Pixels, before any rotation; null where the stream does not say. */
  width: number | null;
  height: number | null;
  /** Frames a second, measured over the first two seconds or so; null for a single frame. */
  frameRate: number | null;
}

export interface AudioTrack {
  type: "audio";
  codec: string;
  channels: number | null;
  /** Hertz. */
  sampleRate: number | null;
}

export type Track = VideoTrack | AudioTrack;

export type Container = "mp4" | "mov" | "mkv" | "webm" | "mp3" | "mpegts" | "flv" | "hls" | "rtmp";

export interface Media {
  container: Container;
  /** `null`: it has no end. */
  durationSeconds: number | null;
  /** The picture and the sound that are played, one of each at most. */
  tracks: readonly Track[];
}

export type SourceFailure =
  /** No name, no answer, a refusal, a status that is no success, or too little in the time. */
  | "unreachable"
  /** It was reached, and cannot be played: no medium, an empty one, another container or codec. */
  | "unsupported"
  /** It could be played, were it not over 1080p or 30 frames a second. */
  | "too-large";

/** The limit of one opening that ran out: the emulator's own, not a fault of the source. */
export type SpentBudget = "bytes" | "time";

export interface OpeningFailure {
  /** One word for programmes. */
  reason: string;
  /** One sentence for people. */
  message?: string | undefined;
  /** The limit of one opening that ran out, if that was the cause. */
  budget?: SpentBudget | undefined;
}

/** All that opening a source throws. Its message is one sentence for people. */
export class SourceError extends Error {
  constructor(
    readonly reason: SourceFailure,
    message: string,
    readonly budget?: SpentBudget,
  ) {
    super(withoutQueries(message));
    this.name = "SourceError";
  }
}

/** Queries and passwords stay out of logs and pages, also where a library quotes an address. */
const withoutQueries = (message: string): string =>
  message.replace(/(\w:\/\/)([^\s"'<>]{1,4096})/g, (_whole, scheme: string, rest: string) => {
    const [address = ""] = rest.split(/[?#]/, 1);
    return `${scheme}${address.slice(address.lastIndexOf("@") + 1)}`;
  });
