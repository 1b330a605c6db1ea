/** The facts of an opened source, and the reasons why a source could not be opened. */

export interface VideoTrack {
  type: "video";
  /** In lower case, as TRTC writes it: `h264`, `vp8`. Other codecs have their common name. */
  codec: string;
  /** Pixels, before any rotation. null where the stream does not say. */
  width: number | null;
  height: number | null;
  /** Frames a second, measured over about the first two seconds. null for a single frame. */
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
  /** The played picture and sound, at most one of each. */
  tracks: readonly Track[];
}

export type SourceFailure =
  /**
   * The name does not resolve, no answer, a refusal, an error status, or too little data in time.
   */
  | "unreachable"
  /** It was reached, and cannot be played: no medium, an empty one, another container or codec. */
  | "unsupported"
  /** It could be played, were it not over 1080p or 30 frames a second. */
  | "too-large";

/** The limit that was reached while opening. It is the reader's limit, not the source's fault. */
export type SpentBudget = "bytes" | "time";

export interface OpeningFailure {
  /** One word, for programs. */
  reason: string;
  /** One sentence, for people. */
  message?: string | undefined;
  /** The limit that was reached, if that was the cause. */
  budget?: SpentBudget | undefined;
}

/** The only error from opening a source. Its message is one sentence for people. */
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

/** Keeps queries and passwords out of logs and pages, also where a library quotes an address. */
const withoutQueries = (message: string): string =>
  message.replace(/(\w:\/\/)([^\s"'<>]{1,4096})/g, (_whole, scheme: string, rest: string) => {
    const [address = ""] = rest.split(/[?#]/, 1);
    return `${scheme}${address.slice(address.lastIndexOf("@") + 1)}`;
  });
