/** Every window of the rules has one occurrence, or a reason, and no occurrence has no window. */
import { MINUTE_MS, SECOND_MS } from "../../../../shared/clock.js";
import type { Occurrence } from "../../../../shared/store/schedules/schedule-row.js";
import type { StoredIngest } from "../../model/tables.js";
import type { Check } from "../../checks/facts.js";
import { expectedWindows, type ExpectedWindow } from "../drawn/oracle.js";
import { DAY_MS, JUDGED_UNTIL_MS } from "../drawn/span.js";
import { keyOf, type Life, type Seen } from "../record.js";
import type { Year } from "./checks.js";

/** A window of a period, and until when its rules held. */
interface Expected extends ExpectedWindow {
  untilMs: number;
}

const text = (ms: number): string => new Date(ms).toISOString();

function windowsOfLife({ range }: Year, life: Life): Expected[] {
  return life.periods.flatMap((period, index) => {
    if (period.state !== "Enabled") return [];
    const untilMs = life.periods[index + 1]?.fromMs ?? Infinity;
    const toMs = Math.min(untilMs, JUDGED_UNTIL_MS);
    return expectedWindows(period.rules, range, { fromMs: period.fromMs, toMs }).map((window) => ({
      ...window,
      untilMs,
    }));
  });
}

interface Looked {
  year: Year;
  life: Life;
  scheduleId: string;
}

/** Its start was so near to an edit that it had not begun, and the new rules may not have it. */
const isNearEdit = ({ year }: Looked, { nominalMs, untilMs }: Expected): boolean => {
  const leewayMs =
    year.mood === "calm" && year.isQuietTime(nominalMs - MINUTE_MS, untilMs)
      ? 6 * MINUTE_MS
      : DAY_MS;
  return nominalMs + leewayMs >= untilMs;
};

function faultOf(looked: Looked, window: Expected): string | undefined {
  const { year, life, scheduleId } = looked;
  const key = keyOf(scheduleId, text(window.nominalMs));
  const seen = year.record.occurrences.get(key);
  const played = year.record.ingestsOf(key).filter(({ playedMs }) => playedMs !== undefined);
  if (!seen || seen.droppedMs !== undefined) {
    return isNearEdit(looked, window) ? undefined : `${key} has no occurrence`;
  }
  const { row } = seen;
  const skippedMs = life.skips.get(window.nominalMs);
  if (window.skipped !== undefined && row.reason !== "Asked") {
    if (played.length > 0) return `${key} has played, although it is skipped: ${window.skipped}`;
    return row.reason === window.skipped ? undefined : `${key} lacks the reason ${window.skipped}`;
  }
  if (skippedMs !== undefined && skippedMs < window.nominalMs) {
    return row.reason === "Asked" && played.length === 0 ? undefined : `${key} was to be skipped`;
  }
  if (row.reason === "Excluded" || row.reason === "DstGap") {
    return isNearEdit(looked, window) ? undefined : `${key} is skipped: ${row.reason}`;
  }
  if (row.settledAt === null) return `${key} was never settled`;
  if (row.endsAt.getTime() !== window.endMs && !isNearEdit(looked, window)) {
    return `${key} ends at ${text(row.endsAt.getTime())} instead of ${text(window.endMs)}`;
  }
  return outcomeFault(looked, { window, row, playedMs: played[0]?.playedMs });
}

/** Its caller's own robot plays, or has played, another occurrence of the schedule by then. */
const isRobotBusy = (
  { record }: Year,
  { scheduleId, nominalAt, startsAt, endsAt }: Occurrence,
): boolean =>
  [...record.ingests.values()].some(
    ({ key, playedMs, last }) =>
      key.startsWith(`${scheduleId} `) &&
      key !== keyOf(scheduleId, nominalAt.toISOString()) &&
      last.programme?.hasOwnRobot === false &&
      playedMs !== undefined &&
      playedMs < endsAt.getTime() &&
      (last.endedAt ?? last.deadlineAt).getTime() > startsAt.getTime() - MINUTE_MS,
  );

const hasBadMedia = ({ play }: StoredIngest): boolean => /broken/.test(play.StreamUrl);

interface Outcome {
  window: Expected;
  row: Occurrence;
  playedMs: number | undefined;
}

/** The final state says what has happened. */
function outcomeFault({ year }: Looked, { window, row, playedMs }: Outcome): string | undefined {
  const { record } = year;
  const { state, reason, startsAt, endsAt } = row;
  const key = keyOf(row.scheduleId, text(window.nominalMs));
  const hasPlayed = playedMs !== undefined;
  if (hasPlayed !== (state === "Done" || state === "Cut") && state !== "Failed") {
    return `${key} is ${state}, and it has ${hasPlayed ? "played" : "not played"}`;
  }
  const startMs = startsAt.getTime();
  const isCalm = year.mood === "calm" && year.isQuietTime(startMs - DAY_MS, endsAt.getTime());
  if (!isCalm || window.nominalMs < year.range.fromMs + DAY_MS) return undefined;
  const isBusy = isRobotBusy(year, row);
  if (state === "Missed" && reason === "RobotBusy" && isBusy) return undefined;
  const mayFail = record.ingestsOf(key).some(({ last }) => hasBadMedia(last));
  if (state === "Failed" && mayFail) return undefined;
  if (state === "Missed" || state === "Failed") return `${key} is ${state}: ${reason ?? ""}`;
  const lateMs = (playedMs ?? startMs) - startMs;
  const mostMs = 3 * SECOND_MS + year.skewMaxMs;
  return lateMs > mostMs && !isBusy && !isNearEdit({ year } as Looked, window)
    ? `${key} began ${lateMs} ms late`
    : undefined;
}

const lost = (year: Year): Check => ({
  name: "schedules: every window has an occurrence or a reason",
  objection(fact) {
    if (fact.kind !== "end") return undefined;
    for (const life of year.record.lives) {
      const { scheduleId } = life;
      if (scheduleId === undefined) return `${life.name} was never created`;
      for (const window of windowsOfLife(year, life)) {
        const fault = faultOf({ year, life, scheduleId }, window);
        if (fault !== undefined) return fault;
      }
    }
    return undefined;
  },
});

/** RunIngestSchedule made it, or a skip that its caller asked for is left. */
const needsNoWindow = ({ row, droppedMs }: Seen): boolean =>
  droppedMs !== undefined || row.localStart === null || row.reason === "Asked";

const invented = (year: Year): Check => ({
  name: "schedules: no occurrence without a window",
  objection(fact) {
    if (fact.kind !== "end") return undefined;
    for (const life of year.record.lives) {
      const windows = windowsOfLife(year, life);
      const expected = new Set(windows.map(({ nominalMs }) => nominalMs));
      for (const [key, seen] of year.record.occurrences) {
        const { scheduleId, nominalAt } = seen.row;
        if (scheduleId !== life.scheduleId || needsNoWindow(seen)) continue;
        const ms = nominalAt.getTime();
        if (expected.has(ms) || ms >= JUDGED_UNTIL_MS) continue;
        return `${key} is no window of the rules: ${seen.row.state} ${seen.row.reason ?? ""}`;
      }
    }
    return undefined;
  },
});

export const WINDOWS = (year: Year): Check[] => [lost(year), invented(year)];
