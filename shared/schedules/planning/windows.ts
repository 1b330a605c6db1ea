/**
 * Which windows of a schedule planning decides on now, and the occurrences that have no window any
 * more. A pure function of the schedule, its occurrences and the time.
 */
import { startWithJitter } from "../../calendar/jitter.js";
import { windowsBetween } from "../../calendar/planned-windows.js";
import type { PlannedWindow } from "../../calendar/windows.js";
import type { Zones } from "../../calendar/zones.js";
import { addMs, MINUTE_MS } from "../../clock.js";
import type { KnownOccurrence } from "../../store/schedules/planning.js";
import type { Schedule } from "../../store/schedules/schedule-row.js";
import type { Due } from "./start-of.js";

/** A zone's rules never move a window by more. */
const MOVED_MAX_MS = 26 * 60 * MINUTE_MS;

/** An occurrence that may get an ingest, or may have it already. */
export interface Candidate extends Due {
  localStart: string | null;
  /** Its row; where its zone's rules have moved it, the row at the former instant. */
  before: KnownOccurrence | undefined;
}

export interface Decided {
  candidates: Candidate[];
  /** Windows that have no start. */
  skipped: { window: PlannedWindow; before: KnownOccurrence | undefined }[];
  /** Their window is gone. */
  obsolete: KnownOccurrence[];
}

export interface Looked {
  schedule: Schedule;
  known: readonly KnownOccurrence[];
  now: Date;
  /** Windows that start before it get their occurrence. */
  until: Date;
  /** Other time zone data has planned the occurrences. */
  isMoved: boolean;
  zones: Zones;
}

/**
 * It has begun, or its state is final. Planning leaves it. A window without a start is over at its
 * own start, also before it is settled.
 */
export function isFixed(
  { nominalAt, state, reason, settledAt, ingest }: KnownOccurrence,
  now: Date,
): boolean {
  if (settledAt !== null) return true;
  if (state === "Skipped") {
    return (reason !== "DstGap" && reason !== "Excluded") || nominalAt < now;
  }
  return state !== "Planned" || (ingest !== null && ingest.phase !== "waiting");
}

/** RunIngestSchedule made it. No window gave it, so no window can take it away. */
export const isRun = ({ localStart }: Pick<KnownOccurrence, "localStart">): boolean =>
  localStart === null;

export function decide({ schedule, known, now, until, isMoved, zones }: Looked): Decided {
  const { definition, plannedUntil, revision } = schedule;
  const open = known.filter((occurrence) => !isFixed(occurrence, now));
  const stale = open.filter((one) => one.revision < revision && !isRun(one));
  const byStart = new Map(known.map((one) => [one.nominalAt.getTime(), one]));
  const byClock = new Map(isMoved ? known.map((one) => [clockOf(one.localStart), one]) : []);
  const decided: Decided = {
    candidates: open
      .filter((one) => !stale.includes(one) && one.state === "Planned")
      .map((before) => candidateOf(before, before)),
    skipped: [],
    obsolete: [],
  };
  const kept = new Set<KnownOccurrence>();
  for (const window of windowsOf({
    definition,
    stale,
    plannedUntil,
    now,
    until,
    isMoved,
    zones,
  })) {
    const before = byStart.get(window.nominalAt.getTime());
    const moved = before ? undefined : byClock.get(clockOf(window.localStart));
    const isNew = window.nominalAt.getTime() >= plannedUntil.getTime();
    if (!isNew && !before && !moved) continue;
    if (before && !stale.includes(before)) continue;
    // The same window at another instant. It has begun, or ended.
    if (moved && isFixed(moved, now)) continue;
    if (before) kept.add(before);
    if (window.skipped !== undefined) decided.skipped.push({ window, before });
    else decided.candidates.push(candidateOf(atWindow(window, schedule), before ?? moved));
  }
  decided.obsolete = stale.filter((occurrence) => !kept.has(occurrence));
  return decided;
}

function windowsOf({
  definition,
  stale,
  plannedUntil,
  now,
  until,
  isMoved,
  zones,
}: Pick<Looked, "now" | "until" | "isMoved" | "zones"> &
  Pick<Schedule, "definition" | "plannedUntil"> & {
    stale: readonly KnownOccurrence[];
  }): PlannedWindow[] {
  const starts = stale.map(({ nominalAt }) => nominalAt.getTime());
  const from = Math.min(plannedUntil.getTime(), ...starts);
  const to = Math.max(until.getTime(), ...starts.map((at) => at + 1));
  const searched = isMoved ? Math.min(from, addMs(now, -MOVED_MAX_MS).getTime()) : from;
  return windowsBetween(definition, { from: new Date(searched), to: new Date(to) }, zones);
}

/** The local time of day and date, without the offset. */
const clockOf = (localStart: string | null): string => localStart?.slice(0, 19) ?? "";

/** The jitter of a window that is shorter would leave nothing of it. */
function atWindow(
  { nominalAt, endsAt, localStart }: PlannedWindow,
  { scheduleId, definition }: Schedule,
): Omit<Candidate, "before"> {
  const delayed = startWithJitter(scheduleId, nominalAt, definition.jitterSeconds);
  const startsAt = delayed.getTime() < endsAt.getTime() ? delayed : nominalAt;
  return { nominalAt, startsAt, endsAt, localStart };
}

const candidateOf = (
  { nominalAt, startsAt, endsAt, localStart }: Omit<Candidate, "before">,
  before: KnownOccurrence | undefined,
): Candidate => ({ nominalAt, startsAt, endsAt, localStart, before });
