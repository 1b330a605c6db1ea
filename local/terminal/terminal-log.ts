/** The log for people: `19:57:20 start-ingest ok class-1 AKIDschool ing-…`. */
import type { Clock } from "../../shared/clock.js";
import type { Log, LogFields } from "../../shared/log.js";
import { printable } from "./terminal.js";

/** In the reader's time zone. */
export const terminalLog =
  (writeLine: (line: string) => void, clock: Pick<Clock, "now">): Log =>
  (fields) => {
    writeLine(lineOf(fields, clock.now()));
  };

export function lineOf(fields: LogFields, at: Date): string {
  const {
    function: functionName,
    outcome,
    room,
    caller,
    ingest,
    counts,
    latenessMs,
    detail,
  } = fields;
  const late = latenessMs === undefined ? undefined : `${Math.round(latenessMs)} ms late`;
  const done = Object.entries(counts ?? {})
    .filter(([, count]) => count !== 0)
    .map(([name, count]) => `${name} ${count}`);
  const parts = [timeOf(at), functionName, outcome, room, caller, ingest, late, ...done, detail];
  return printable(parts.filter((part) => part !== undefined && part !== "").join(" "));
}

const timeOf = (at: Date): string =>
  [at.getHours(), at.getMinutes(), at.getSeconds()]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
