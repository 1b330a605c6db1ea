import { type Clock, systemClock } from "./clock.js";

/**
 * One JSON line per event. The log takes the named fields below and no others: no request, event
 * or URL is ever passed in whole, so that no secret, UserSig, PrivateMapKey or signed query can
 * reach a line.
 */
export interface LogFields {
  level: "info" | "warn" | "error";
  /** The door: the name of its file, as `start-ingest`. */
  event: string;
  requestId?: string | undefined;
  action?: string | undefined;
  caller?: string | undefined;
  /** Our TaskId. */
  ingest?: string | undefined;
  /** The RoomId. */
  room?: string | undefined;
  /** `ok`, or the error's code. */
  outcome: string;
  /** How long the event took, in milliseconds. */
  ms?: number | undefined;
  /** For people: what went wrong, in our own words or a stack. */
  detail?: string | undefined;
  /** What a timer's run did, by name. */
  counts?: Record<string, number> | undefined;
  /** Milliseconds from the deadline, or from an earlier wish to stop, to TRTC's answer. */
  latenessMs?: number | undefined;
}

export type Log = (fields: LogFields) => void;

/** A line of JSON for each entry, with its time; `undefined` fields are left out. */
export const jsonLog =
  (writeLine: (line: string) => void, clock: Pick<Clock, "now"> = systemClock): Log =>
  (fields) => {
    const line = JSON.stringify({ time: clock.now().toISOString(), ...fields });
    writeLine(line.replace(UNSAFE, escaped));
  };

/**
 * JSON leaves DEL, C1 controls, line separators and bidi overrides as they are. A terminal that
 * shows the log would act on them; escaped, they mean the same.
 */
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const escaped = (sign: string): string => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;

export const consoleLog: Log = jsonLog((line) => process.stdout.write(`${line}\n`));
