/**
 * Which windows the rules give, found without the product's calendar: a walk over the minutes of the
 * year with the offsets of Intl.
 */
import type { DrawnRules, DrawnWindow } from "./draw.js";
import type { ZoneChange } from "./zones.js";

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
/** Offsets change on quarters of an hour. */
const QUARTER = 15 * MINUTE;

export interface ExpectedWindow {
  nominalMs: number;
  endMs: number;
  skipped: "DstGap" | "Excluded" | undefined;
}

const tables = new Map<string, { fromMs: number; offsets: Int32Array }>();

/** Local time minus UTC, for each quarter of an hour. */
function offsetsOf(zone: string, fromMs: number, toMs: number): Int32Array {
  const known = tables.get(zone);
  if (known?.fromMs === fromMs) return known.offsets;
  const format = new Intl.DateTimeFormat("en", { timeZone: zone, timeZoneName: "longOffset" });
  const offsets = new Int32Array(Math.ceil((toMs - fromMs) / QUARTER));
  // An offset stays for days, so most quarters of an hour need no look.
  for (let start = 0; start < offsets.length; start += 96) {
    const end = Math.min(start + 96, offsets.length - 1);
    const [first, last] = [start, end].map((at) => offsetAt(format, fromMs + at * QUARTER));
    for (let at = start; at <= end; at += 1) {
      offsets[at] = first === last ? (first ?? 0) : offsetAt(format, fromMs + at * QUARTER);
    }
  }
  tables.set(zone, { fromMs, offsets });
  return offsets;
}

function offsetAt(format: Intl.DateTimeFormat, ms: number): number {
  const name = format.formatToParts(ms).find(({ type }) => type === "timeZoneName")?.value ?? "";
  const [, sign, hours, minutes] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(name) ?? [];
  const size = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * MINUTE;
  return sign === "-" ? -size : size;
}

export interface OracleRange {
  fromMs: number;
  toMs: number;
  change: ZoneChange;
}

/** The instants of the year at which the zone's offset changes, by the older data. */
export function changesOf(zone: string, fromMs: number, toMs: number): number[] {
  const offsets = offsetsOf(zone, fromMs, toMs);
  const changes: number[] = [];
  for (let at = 1; at < offsets.length; at += 1) {
    if (offsets[at] !== offsets[at - 1]) changes.push(fromMs + at * QUARTER);
  }
  return changes;
}

/** In the order of their starts, from an instant on and before another one. */
export function expectedWindows(
  rules: DrawnRules,
  range: OracleRange,
  { fromMs, toMs }: { fromMs: number; toMs: number } = range,
): ExpectedWindow[] {
  const byStart = new Map<number, ExpectedWindow>();
  const local = localTimes(rules.definition.timeZone, range);
  for (const window of rules.windows) {
    for (const one of windowsOf(window, rules, { local, fromMs, toMs })) {
      const known = byStart.get(one.nominalMs);
      if (!known || isStronger(one, known)) byStart.set(one.nominalMs, one);
    }
  }
  const { startTime, endTime } = rules.definition;
  const [least, most] = [Date.parse(startTime ?? ""), Date.parse(endTime ?? "")];
  return [...byStart.values()]
    .filter(({ nominalMs }) => !(nominalMs < least) && !(nominalMs >= most))
    .sort((a, b) => a.nominalMs - b.nominalMs);
}

const isStronger = (one: ExpectedWindow, other: ExpectedWindow): boolean =>
  one.skipped === other.skipped
    ? one.endMs > other.endMs
    : one.skipped === undefined || (other.skipped !== undefined && one.endMs > other.endMs);

interface LocalTimes {
  fromMs: number;
  count: number;
  /** The local time at each minute, written as if it were UTC. */
  walls: Float64Array;
}

const walls = new Map<string, LocalTimes>();

function localTimes(zone: string, { fromMs, toMs, change }: OracleRange): LocalTimes {
  const changeMs = change.name === zone ? change.fromMs : Infinity;
  const name = `${zone} ${fromMs} ${changeMs}`;
  const known = walls.get(name);
  if (known) return known;
  const offsets = offsetsOf(zone, fromMs, toMs);
  const kept = offsets[Math.floor((changeMs - fromMs) / QUARTER) - 1] ?? 0;
  const count = Math.floor((toMs - fromMs) / MINUTE);
  const local = { fromMs, count, walls: new Float64Array(count) };
  for (let minute = 0; minute < count; minute += 1) {
    const ms = fromMs + minute * MINUTE;
    const offset = ms >= changeMs ? kept : (offsets[Math.floor(minute / 15)] ?? 0);
    local.walls[minute] = ms + offset;
  }
  if (walls.size >= MOST_KEPT) walls.clear();
  walls.set(name, local);
  return local;
}

/** At four megabytes each. */
const MOST_KEPT = 16;

interface Looked {
  local: LocalTimes;
  fromMs: number;
  toMs: number;
}

/** A time that comes twice is known after a look at the day before. */
function windowsOf(
  drawn: DrawnWindow,
  { definition }: DrawnRules,
  { local, fromMs, toMs }: Looked,
): ExpectedWindow[] {
  const isTime = new Uint8Array(1440);
  for (const hour of drawn.hours) {
    for (const minute of drawn.minutes) isTime[hour * 60 + minute] = 1;
  }
  const isHourly = drawn.hours.length === 24;
  const windows: ExpectedWindow[] = [];
  const minuteOf = (ms: number) => Math.ceil((ms - local.fromMs) / MINUTE);
  const first = Math.max(1, minuteOf(fromMs));
  const last = Math.min(local.count, minuteOf(toMs));
  const { walls: at } = local;
  let latest = -Infinity;
  for (let minute = Math.max(1, first - 1440); minute < last; minute += 1) {
    const wall = at[minute] ?? 0;
    const before = at[minute - 1] ?? 0;
    // The clocks went forward: what was left out starts now.
    for (let named = before + MINUTE; named <= wall; named += MINUTE) {
      if (isTime[(named % DAY) / MINUTE] === 0 || minute < first) continue;
      const isMissed = named < wall;
      if (isMissed && (isHourly || named <= latest)) continue;
      if (!isMissed && !isHourly && named <= latest) continue;
      if (drawn.isDay(dayOf(named)))
        windows.push(windowAt(minute, named, { drawn, definition, local }));
    }
    // The clocks went back: only what comes in every hour starts again.
    if (wall <= before && isHourly && minute >= first && isTime[(wall % DAY) / MINUTE] === 1) {
      if (drawn.isDay(dayOf(wall)))
        windows.push(windowAt(minute, wall, { drawn, definition, local }));
    }
    if (wall > latest) latest = wall;
  }
  return windows;
}

const dates = new Map<number, ReturnType<typeof readDay>>();

function dayOf(wall: number) {
  const day = Math.floor(wall / DAY);
  const known = dates.get(day) ?? readDay(day);
  dates.set(day, known);
  return known;
}

function readDay(day: number) {
  const at = new Date(day * DAY);
  const last = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 0)).getUTCDate();
  return {
    month: at.getUTCMonth() + 1,
    date: at.getUTCDate(),
    weekday: at.getUTCDay(),
    last,
  };
}

const dateText = (wall: number): string => new Date(wall).toISOString().slice(0, 10);

function windowAt(
  minute: number,
  named: number,
  {
    drawn,
    definition,
    local,
  }: { drawn: DrawnWindow; definition: DrawnRules["definition"]; local: LocalTimes },
): ExpectedWindow {
  const nominalMs = local.fromMs + minute * MINUTE;
  const { endAt, durationSeconds = 0 } = drawn.window;
  const endMs =
    endAt === undefined
      ? nominalMs + durationSeconds * 1000
      : endOf(minute, { named, endAt, local });
  const days = [dateText(named), dateText(local.walls[minute] ?? 0)];
  const isExcluded = days.some((day) => definition.excludeDates.includes(day));
  const shortest = endAt === undefined ? 0 : definition.jitterSeconds * 1000;
  const isEmpty = endMs - nominalMs <= shortest;
  return { nominalMs, endMs, skipped: isExcluded ? "Excluded" : isEmpty ? "DstGap" : undefined };
}

interface End {
  named: number;
  endAt: string;
  local: LocalTimes;
}

/** The last minute that the clocks show it; where they never do, the first one after it. */
function endOf(minute: number, { named, endAt, local }: End): number {
  const sameDay = Date.parse(`${dateText(named)}T${endAt}Z`);
  const wall = sameDay > named ? sameDay : sameDay + DAY;
  let shown: number | undefined;
  let after: number | undefined;
  for (let at = Math.max(0, minute - 180); at < minute + 1800; at += 1) {
    const shows = local.walls[at] ?? 0;
    if (shows === wall) shown = at;
    if (after === undefined && shows >= wall) after = at;
  }
  return local.fromMs + (shown ?? after ?? 0) * MINUTE;
}
