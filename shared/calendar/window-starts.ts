/** The starts of one window, in the order of time. The rules for changed clocks are here. */
import { recurrenceOf } from "./recurrence.js";
import type { Window } from "./windows.js";
import type { LocalTime, Span, Zone } from "./zone.js";

const DAY = 86_400_000;

/** Milliseconds. Local times are written as if they were UTC. */
export interface WindowStart {
  at: number;
  /** The local time that the rules name. The clocks may show another one at `at`. */
  wall: number;
  /** How the local time meets a change of the clocks. */
  clocks: "plain" | "missing" | "first" | "later";
}

/** From `from` on, `to` is not in it. */
export function startsOf(
  window: Window,
  zone: Zone,
  from: number,
  to: number,
): Iterable<WindowStart> {
  if (window.startAt === undefined) return recurringStarts(window.recurrence ?? "", zone, from, to);
  const start = startOnce(parseWall(window.startAt), zone);
  return start.at >= from && start.at < to ? [start] : [];
}

/** A local date and time, with or without seconds. */
export const parseWall = (text: string): number => Date.parse(`${text}Z`);

function startOnce(wall: number, zone: Zone): WindowStart {
  const local = zone.at(wall);
  if (local.kind === "twice") return { at: local.first, wall, clocks: "first" };
  return { at: local.at, wall, clocks: local.kind === "once" ? "plain" : "missing" };
}

/** Goes from span to span: in each one the order of local times is the order of instants. */
function* recurringStarts(
  expression: string,
  zone: Zone,
  from: number,
  to: number,
): Generator<WindowStart> {
  const recurrence = recurrenceOf(expression);
  for (let cursor = from; cursor < to;) {
    const span = zone.spanAt(cursor);
    const ends = Math.min(span.to, to) + span.offset;
    let wall = recurrence.at(firstWall(span, cursor, zone));
    for (; wall !== undefined && wall < ends; wall = recurrence.at(wall + 1)) {
      const start = startIn(span, wall, zone.at(wall), recurrence.everyHour);
      if (start) yield start;
    }
    if (wall === undefined) return;
    // No need to look at the changes of years in which it does not start.
    cursor = Math.max(span.to, wall - 2 * DAY);
  }
}

/** Local times in the gap before a span belong to its first instant. */
function firstWall(span: Span, cursor: number, zone: Zone): number {
  if (span.from < cursor) return cursor + span.offset;
  return cursor + Math.min(zone.spanAt(cursor - 1).offset, span.offset);
}

/**
 * The start that a local time has in this span. A recurrence of every hour leaves out a local time
 * that does not exist, and starts in both passes of one that comes twice.
 */
function startIn(
  span: Span,
  wall: number,
  local: LocalTime,
  everyHour: boolean,
): WindowStart | undefined {
  if (local.kind === "once") return { at: local.at, wall, clocks: "plain" };
  if (local.kind === "missing") {
    return everyHour ? undefined : { at: local.at, wall, clocks: "missing" };
  }
  const at = wall - span.offset;
  if (at === local.first) return { at, wall, clocks: "first" };
  return everyHour ? { at, wall, clocks: "later" } : undefined;
}
