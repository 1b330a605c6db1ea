/**
 * What the pages are told: the shapes that the emulator sends and the browser's script reads. Types
 * only, and without an import, so that both sides can use them.
 */

/** The player that a format needs; `none` for what no browser can play. */
export type Format = "native" | "hls" | "flv" | "mpegts" | "none";

export interface RobotView {
  taskId: string;
  userId: string;
  /** The StreamUrl without its query and credentials: what may be shown. */
  source: string;
  /** What to play; null when the task has ended. */
  media: {
    format: Format;
    streamUrl: string;
    /** The same through the emulator, for servers that let no other page read them. */
    relayUrl: string;
  } | null;
  state: "opening" | "failing" | "playing" | "paused" | "ended";
  /** `not-opened`: it ended before its source was open. Only an open source can be live. */
  sourceState: "opening" | "failing" | "open" | "not-opened";
  /** Why the source could not be opened the last time, as a sentence; null otherwise. */
  sourceFailure: string | null;
  /** Within the current round. */
  positionSeconds: number;
  /** Of one round; null for a live source, and while the length is not known yet. */
  durationSeconds: number | null;
  /** Rounds that were played to their end. */
  loops: number;
  /** Of how many; null for a loop without end. */
  rounds: number | null;
  /** 0 to 100, or to 200 on the Chinese site. */
  volume: number;
  tempo: number;
  startedAt: string;
  /** When it ends by itself if nobody intervenes, and why; null when it never does. */
  endsBy: { inSeconds: number; reason: string } | null;
  ended: { at: string; reason: string } | null;
  ingest?: IngestView;
}

/** The ingest that a task belongs to, where the emulator was told how to find it. */
export interface IngestView {
  taskId: string;
  deadline: string;
  endReason: string | null;
  /** Why it ended, in a sentence; null before. */
  endDetail: string | null;
}

export interface RoomAddress {
  /** Undefined: of whichever application has such a room. */
  sdkAppId: number | undefined;
  roomId: string;
  roomIdType: 0 | 1;
}

export interface RoomView {
  /** The emulator's clock: ISO 8601. */
  at: string;
  /** The application that was meant; null when none or several have such a room. */
  sdkAppId: number | null;
  /** Several: one of these has to be named. */
  applications: number[];
  live: RobotView[];
  /** The newest first; the last few. */
  ended: RobotView[];
}

export interface RoomSummary {
  sdkAppId: number;
  roomId: string;
  roomIdType: 0 | 1;
  /** Its page. */
  href: string;
  live: RobotView[];
  /** The newest first; the last few. */
  ended: RobotView[];
}

export interface RoomsView {
  at: string;
  /** Those with a live task first, and within both kinds the newest first. */
  rooms: RoomSummary[];
  /** How many more there are than are shown. */
  hidden: number;
}
