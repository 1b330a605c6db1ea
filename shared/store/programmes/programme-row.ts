/** What an ingest plays beyond one source, as its row stores it. Instants are ISO 8601, in UTC. */

import type { OnItemFailure, SourcePreference } from "../../contract/programme-fields.js";

export const SOURCES = ["primary", "backup", "filler"] as const;
export type SourceKind = (typeof SOURCES)[number];

export interface ProgrammeItem {
  StreamUrl: string;
  Title?: string;
  SeekSecond?: number;
  /** How long the item is on air. Without it: its own length, as often as RepeatNum says. */
  PlaySeconds?: number;
  RepeatNum?: number;
  Volume?: number;
  Tempo?: number;
  /** The length of one round, from its headers. null: it has no end, or could not be read. */
  LengthSeconds?: number | null;
}

/**
 * The instant at which an item was a certain time on air. Every later place in the list follows
 * from it, so no switch adds its lateness to the next one.
 */
export interface Anchor {
  /** null: the ingest has not started. */
  at: string | null;
  index: number;
  round: number;
  /** The part of the item that was over at `at`. */
  passedSeconds: number;
}

export interface Programme {
  /** At least one. */
  items: ProgrammeItem[];
  /** false: the only item is the StreamUrl of the request, and no list was sent. */
  isList: boolean;
  /** How often the list plays; -1: until the deadline. */
  rounds: number;
  anchor: Anchor;
  onItemFailure: OnItemFailure;
  fillerUrl: string | null;
  backupUrl: string | null;
  /** How long the main source must be healthy before it comes back. */
  clearSeconds: number;
  preference: SourcePreference;
  /** How often an hour the ingest is started again after TRTC ended it; 0: never. */
  restartsPerHour: number;
  /** We named the robot, so a fresh task may have another one. */
  hasOwnRobot: boolean;
  /** What was on air when another list came. It has the index -1 until it leaves. */
  leaving?: ProgrammeItem | null;
}

/** The item that plays, and its source. */
export interface Target {
  source: SourceKind;
  index: number;
  round: number;
}

/** A source of the present item that has failed. */
export interface FailedSource {
  at: string;
  /** How often it has failed; each failure doubles the wait for it. */
  times: number;
  /** When it is read or tried next; null: it is on air again. */
  nextAt: string | null;
  /** Since when every reading of it has succeeded; null: the last one has not. */
  healthySince: string | null;
}

export interface OnAir extends Target {
  /** When this source came on air. */
  since: string;
  /** When TRTC's present task started. */
  taskSince: string;
  /** TRTC's cap ends the present task then. */
  taskEndsAt?: string | undefined;
  /** When the roll-over to a fresh task is looked at next; absent: it has not begun. */
  rollAt?: string | undefined;
  failed: Partial<Record<SourceKind, FailedSource>>;
  /** How often the ingest was started again after TRTC had ended it. */
  restarts: number;
  /** When it was started again within the last hour. */
  restartedAt: string[];
  /** What an edit asks for although the clock names the same item; absent: the clock decides. */
  due?: "update" | "restart";
  /** The task played for another ingest before, so the next update sends its loudness and tempo too. */
  sendsAll?: true | undefined;
  /** How often a fresh task replaced one that was near TRTC's cap. */
  rolledOver: number;
}
