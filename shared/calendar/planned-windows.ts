/** From the rules of a schedule to its windows, each one at an instant. */
import { planWindow } from "./planned-window.js";
import { startsOf, type WindowStart } from "./window-starts.js";
import type { PlannedWindow, Window, Windows } from "./windows.js";
import type { Zone } from "./zone.js";
import { RUNTIME_ZONES, type Zones } from "./zones.js";

/** 50 years: a Monday that is 29 February can be 40 years away. */
const SEARCHED_MS = 50 * 366 * 86_400_000;
/** More excluded windows in a row end a search early. */
const MOST_SKIPPED = 10_000;

/**
 * The windows that start at `from` or later, and before `to`, in their order. Skipped ones are among
 * them. The rules must have passed `checkWindows`.
 */
export function windowsBetween(
  rules: Windows,
  range: { from: Date; to: Date },
  zones: Zones = RUNTIME_ZONES,
): PlannedWindow[] {
  return [...plannedWindows(rules, range.from.getTime(), range.to.getTime(), zones)];
}

/** The next windows at `from` or later, skipped ones among them: fewer where 50 years have fewer. */
export function nextWindows(rules: Windows, next: { from: Date; count: number }): PlannedWindow[] {
  const from = searchFrom(rules, next.from);
  const windows: PlannedWindow[] = [];
  if (next.count <= 0) return windows;
  for (const window of plannedWindows(rules, from, from + SEARCHED_MS, RUNTIME_ZONES)) {
    windows.push(window);
    if (windows.length >= next.count) break;
  }
  return windows;
}

/**
 * The first start, at `at` or later, of a window that takes place; undefined: there is none in 50
 * years. After 10,000 skipped ones in a row it is the next start, skipped or not: search again then.
 */
export function firstStartAfter(
  rules: Windows,
  at: Date,
  zones: Zones = RUNTIME_ZONES,
): Date | undefined {
  const from = searchFrom(rules, at);
  let skipped = 0;
  for (const window of plannedWindows(rules, from, from + SEARCHED_MS, zones)) {
    if (window.skipped === undefined || skipped >= MOST_SKIPPED) return window.nominalAt;
    skipped += 1;
  }
  return undefined;
}

const searchFrom = ({ startTime }: Windows, from: Date): number =>
  Math.max(from.getTime(), startTime === null ? -Infinity : Date.parse(startTime));

/** Windows that start at one instant are one. */
function* plannedWindows(
  rules: Windows,
  from: number,
  to: number,
  { zoneOf }: Pick<Zones, "zoneOf">,
): Generator<PlannedWindow> {
  const zone = zoneOf(rules.timeZone);
  const first = searchFrom(rules, new Date(from));
  const end = Math.min(to, rules.endTime === null ? Infinity : Date.parse(rules.endTime));
  if (!(first < end)) return;
  const queues = rules.windows.map((window) => openQueue(window, zone, first, end));
  for (let at = earliest(queues); at < Infinity; at = earliest(queues)) {
    yield queues
      .flatMap((queue) => takeStarts(queue, at).map((start) => ({ queue, start })))
      .map(({ queue, start }) => planWindow(rules, queue.window, start, zone))
      .reduce(longer);
  }
}

/** The starts of one window. `head` is the next one. */
interface Queue {
  window: Window;
  starts: Iterator<WindowStart>;
  head: WindowStart | undefined;
}

function openQueue(window: Window, zone: Zone, from: number, to: number): Queue {
  const starts = startsOf(window, zone, from, to)[Symbol.iterator]();
  return { window, starts, head: nextOf(starts) };
}

function nextOf(starts: Iterator<WindowStart>): WindowStart | undefined {
  const next = starts.next();
  return next.done ? undefined : next.value;
}

const earliest = (queues: readonly Queue[]): number =>
  queues.reduce((least, { head }) => Math.min(least, head?.at ?? Infinity), Infinity);

function takeStarts(queue: Queue, at: number): WindowStart[] {
  const starts: WindowStart[] = [];
  for (; queue.head?.at === at; queue.head = nextOf(queue.starts)) starts.push(queue.head);
  return starts;
}

/** One that takes place comes before a skipped one, and a longer one before a shorter one. */
function longer(one: PlannedWindow, other: PlannedWindow): PlannedWindow {
  const isSkipped = Number(one.skipped !== undefined) - Number(other.skipped !== undefined);
  const length = other.endsAt.getTime() - one.endsAt.getTime();
  return isSkipped > 0 || (isSkipped === 0 && length > 0) ? other : one;
}
