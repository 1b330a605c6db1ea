import { type Clock, systemClock } from "./clock.js";

/**
 * One JSON line per event. The log takes these named fields only. Code never passes a whole
 * request, event or URL, so no secret, UserSig, PrivateMapKey or signed query reaches a line.
 */
export interface LogFields {
  level: "info" | "warn" | "error";
  /** The function's name, as `start-ingest`. A bound log adds it: use cases leave it out. */
  function?: string;
  /** The platform's name of this run of the function. A bound log adds it as well. */
  requestId?: string;
  action?: string | undefined;
  caller?: string | undefined;
  /** Our TaskId. */
  ingest?: string | undefined;
  /** The ScheduleId. */
  schedule?: string | undefined;
  /** The RoomId. */
  room?: string | undefined;
  /** `ok`, or the error's code. */
  outcome: string;
  /** How long the run took, in milliseconds. */
  ms?: number | undefined;
  /** For people to read: the problem in our own words, or a stack. */
  detail?: string | undefined;
  /** What a timer's run did: counts by name. */
  counts?: Record<string, number> | undefined;
  /** What a probe of the source found: `ok`, `not-checked`, or why TRTC would not play it. */
  probe?: string | undefined;
  /** How long the probe took, in milliseconds. */
  probeMs?: number | undefined;
  /** Milliseconds from the deadline, or from an earlier stop request, to TRTC's answer. */
  latenessMs?: number | undefined;
  /** How long two robots of an ingest were in the room while a fresh task took over. */
  overlapMs?: number | undefined;
}

export type Log = (fields: LogFields) => void;

/** A child of `log`: each of its lines names the function and the request. */
export const boundLog =
  (log: Log, origin: { function: string; requestId: string }): Log =>
  ({ level, ...fields }) => {
    log({ level, ...origin, ...fields });
  };

/** Writes a JSON line for each entry, with its time. `undefined` fields are left out. */
export const jsonLog =
  (writeLine: (line: string) => void, clock: Pick<Clock, "now"> = systemClock): Log =>
  (fields) => {
    const line = JSON.stringify({ time: clock.now().toISOString(), ...fields });
    writeLine(line.replace(UNSAFE, escaped));
  };

/**
 * JSON does not escape DEL, C1 controls, line separators and bidi overrides. A terminal that shows
 * the log would act on them. The escaped form means the same.
 */
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const escaped = (sign: string): string => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;

export const consoleLog: Log = jsonLog((line) => process.stdout.write(`${line}\n`));
