/**
 * The data that the emulator sends to the pages' script. Types only, without imports, so that both
 * sides can use them.
 */

/** The player for a format. `none`: browsers cannot play it. */
export type Format = "native" | "hls" | "flv" | "mpegts" | "none";

export interface RobotView {
  taskId: string;
  userId: string;
  /** The StreamUrl without its query and credentials, safe to show. */
  source: string;
  /** The media to play. null when the task has ended. */
  media: {
    format: Format;
    streamUrl: string;
    /** The same media through the emulator, for servers without CORS. */
    relayUrl: string;
  } | null;
  state: "opening" | "failing" | "playing" | "paused" | "ended";
  /** `not-opened`: it ended before its source was open. Only an open source can be live. */
  sourceState: "opening" | "failing" | "open" | "not-opened";
  /** The last reason why the source could not be opened, as a sentence. null otherwise. */
  sourceFailure: string | null;
  /** Within the current round. */
  positionSeconds: number;
  /** Of one round. null for a live source, and while the length is unknown. */
  durationSeconds: number | null;
  /** Completed rounds. */
  loops: number;
  /** The number of rounds. null for an endless loop. */
  rounds: number | null;
  /** 0 to 100, or to 200 on the Chinese site. */
  volume: number;
  tempo: number;
  startedAt: string;
  /** The sources that were on air before the present one: how many, and the latest, newest first. */
  playedBefore: { count: number; latest: PlayedView[] };
  /** When and why it ends by itself. null when it never does. */
  endsBy: { inSeconds: number; reason: string } | null;
  ended: { at: string; reason: string } | null;
  ingest?: IngestView;
}

export interface PlayedView {
  /** A short form of the StreamUrl, safe to show. */
  source: string;
  from: string;
  until: string;
}

/** The ingest of a task, if the emulator can look it up. */
export interface IngestView {
  taskId: string;
  deadline: string;
  endReason: string | null;
  /** Why it ended, as a sentence. null before the end. */
  endDetail: string | null;
  /** null where one StreamUrl plays, and after the end. */
  programme: ProgrammeView | null;
}

export interface ProgrammeView {
  /** What is on air by the clock of the list. null when the list is over. */
  item: {
    /** Counted from 1. */
    number: number;
    count: number;
    /** Its Title, as it was sent. Without one its StreamUrl, safe to show. */
    name: string;
    passedSeconds: number;
    /** null while its end is not known, and in a pause. */
    lengthSeconds: number | null;
  } | null;
  /** startsAt: null while that is not known, and in a pause. */
  next: { name: string; startsAt: string | null } | null;
  source: "primary" | "backup" | "filler";
}

export interface RoomAddress {
  /** Undefined: any application with such a room. */
  sdkAppId: number | undefined;
  roomId: string;
  roomIdType: 0 | 1;
}

export interface RoomView {
  /** The emulator's clock: ISO 8601. */
  at: string;
  /** The requested application. null when none or several have such a room. */
  sdkAppId: number | null;
  /** If several: the caller must name one of these. */
  applications: number[];
  live: RobotView[];
  /** The latest few, newest first. */
  ended: RobotView[];
}

export interface RoomSummary {
  sdkAppId: number;
  roomId: string;
  roomIdType: 0 | 1;
  /** Its page. */
  href: string;
  live: RobotView[];
  /** The latest few, newest first. */
  ended: RobotView[];
}

export interface RoomsView {
  at: string;
  /** Rooms with a live task first, each group newest first. */
  rooms: RoomSummary[];
  /** The number of rooms that are not shown. */
  hidden: number;
}
