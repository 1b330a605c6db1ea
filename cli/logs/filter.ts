/** Which lines of the log a command shows. */
import type { LogFields } from "../../shared/log.js";
import { parseObject } from "../../shared/json.js";
import { readSince } from "../../local/terminal/times.js";

/** A line as npm start writes it. */
export type LogLine = LogFields & { time: string };

export const LEVELS = ["info", "warn", "error"] as const;

export interface LogFlags {
  task?: string;
  function?: string;
  level?: (typeof LEVELS)[number];
  caller?: string;
  room?: string;
  requestId?: string;
  since?: string;
}

/** `undefined`: the text is no line of the log. */
export function readLine(text: string): LogLine | undefined {
  const line = parseObject(text);
  const isLine = typeof line?.["time"] === "string" && typeof line["level"] === "string";
  return isLine ? (line as unknown as LogLine) : undefined;
}

/** Throws UsageError for a `--since` that is no past time. */
export function filterOf(flags: LogFlags, now: Date): (line: LogLine) => boolean {
  const since = flags.since === undefined ? "" : readSince(flags.since, now).toISOString();
  const levels: readonly string[] = LEVELS.slice(LEVELS.indexOf(flags.level ?? "info"));
  const isAsked = (asked: string | undefined, value: string | undefined) =>
    asked === undefined || asked === value;
  return (line) =>
    line.time >= since &&
    levels.includes(line.level) &&
    isAsked(flags.task, line.ingest) &&
    isAsked(flags.function, line.function) &&
    isAsked(flags.caller, line.caller) &&
    isAsked(flags.room, line.room) &&
    isAsked(flags.requestId, line.requestId);
}
