/** One window from its start to its end, and what the caller reads about changed clocks. */
import { dateText, localText, timeText } from "./local-text.js";
import type { WindowStart } from "./window-starts.js";
import type { PlannedWindow, Window, Windows } from "./windows.js";
import type { Zone } from "./zone.js";

const DAY = 86_400_000;

interface WindowEnd {
  at: number;
  note?: string;
}

/** The window that begins at `start`, with its reason if it does not take place. */
export function planWindow(
  rules: Windows,
  window: Window,
  start: WindowStart,
  zone: Zone,
): PlannedWindow {
  const end = endOf(window, start, zone);
  const times = {
    nominalAt: new Date(start.at),
    endsAt: new Date(end.at),
    localStart: localText(zone, start.at),
    localEnd: localText(zone, end.at),
  };
  const date = excludedDate(rules, start, zone);
  if (date !== undefined) return { ...times, skipped: "Excluded", note: `${date} is excluded.` };
  if (isMissingDay(start, zone)) {
    return { ...times, skipped: "DstGap", note: `${dateText(start.wall)} does not exist.` };
  }
  // A window that is as short as its delay could start at its end.
  const shortest = window.endAt === undefined ? 0 : rules.jitterSeconds * 1000;
  if (end.at - start.at <= shortest) {
    return { ...times, skipped: "DstGap", note: gapNote(rules, window, start) };
  }
  const notes = [startNote(start, zone), end.note].filter((note) => note !== undefined);
  return notes.length === 0 ? times : { ...times, note: notes.join(" ") };
}

/** Whether it is left out by the date of its rule, or by the one at which it really starts. */
function excludedDate(
  { excludeDates }: Windows,
  { at, wall }: WindowStart,
  zone: Zone,
): string | undefined {
  if (excludeDates.length === 0) return undefined;
  const dates = [dateText(wall), dateText(zone.wallAt(at))];
  return dates.find((date) => excludeDates.includes(date));
}

/** The zone left out the whole date, as Samoa did with 30 December 2011. */
function isMissingDay({ clocks, wall }: WindowStart, zone: Zone): boolean {
  if (clocks !== "missing") return false;
  const day = wall - (wall % DAY);
  return zone.at(day).kind === "missing" && zone.at(day + DAY - 1).kind === "missing";
}

function endOf(window: Window, start: WindowStart, zone: Zone): WindowEnd {
  if (window.endAt !== undefined) return endAtTime(window.endAt, start, zone);
  const at = start.at + (window.durationSeconds ?? 0) * 1000;
  const note = "The clocks change during it, and its duration is elapsed time.";
  return changesBetween(start.at, at, zone) ? { at, note } : { at };
}

/** The next such time of day after the start that the rule names. */
function endAtTime(endAt: string, start: WindowStart, zone: Zone): WindowEnd {
  const sameDay = Date.parse(`${dateText(start.wall)}T${endAt}Z`);
  const wall = sameDay > start.wall ? sameDay : sameDay + DAY;
  const local = zone.at(wall);
  const date = dateText(wall);
  if (local.kind === "twice") {
    const note = `Its end ${endAt} comes twice on ${date}: it ends at the later one.`;
    return { at: local.later, note };
  }
  if (local.kind === "missing") {
    const ends = timeText(zone.wallAt(local.at));
    return {
      at: local.at,
      note: `Its end ${endAt} does not exist on ${date}: it ends at ${ends}.`,
    };
  }
  if (!changesBetween(start.at, local.at, zone)) return { at: local.at };
  const seconds = (local.at - start.at) / 1000;
  return { at: local.at, note: `The clocks change during it: it lasts ${seconds} seconds.` };
}

const changesBetween = (start: number, end: number, zone: Zone): boolean =>
  zone.spanAt(start).to < end;

function startNote({ at, wall, clocks }: WindowStart, zone: Zone): string | undefined {
  const local = `${timeText(wall)} ${clocks === "missing" ? "does not exist" : "comes twice"}`;
  const sentence = `${local} on ${dateText(wall)}: it starts at`;
  if (clocks === "missing") return `${sentence} ${timeText(zone.wallAt(at))}.`;
  if (clocks === "first") return `${sentence} the first one.`;
  return clocks === "later" ? `${sentence} the later one too.` : undefined;
}

function gapNote(
  { jitterSeconds }: Windows,
  { endAt = "" }: Window,
  { wall }: WindowStart,
): string {
  const left = jitterSeconds === 0 ? "nothing" : `at most ${jitterSeconds} seconds`;
  return `On ${dateText(wall)} the change of the clocks leaves ${left} between ${timeText(wall)} and ${endAt}.`;
}
