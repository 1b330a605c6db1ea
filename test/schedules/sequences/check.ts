/**
 * Compares the rows and the emulator's record with what the history asks for. It knows the calendar,
 * and nothing of planning.
 */
import { MINUTE_MS, SECOND_MS } from "../../../shared/clock.js";
import type { PlannedWindow } from "../../../shared/calendar/windows.js";
import type { Database } from "../../../shared/store/engine/database.js";
import type { TaskTruth } from "../../../local/emulator-truth.js";
import { type History, type Life, type Period, windowsOf } from "./history.js";

interface Seen {
  nominalMs: number;
  startsMs: number;
  endsMs: number;
  localStart: string | null;
  state: string;
  reason: string | null;
  taskId: string | null;
  startedMs: number | null;
  isLive: boolean;
}

export interface Outcome {
  life: Life;
  history: History;
  tasks: TaskTruth[];
  occurrences: Seen[];
  /** The robots that take an ingest over at a roll-over, with the TaskId of the ingest. */
  successors: ReadonlyMap<string, string>;
  nowMs: number;
}

const msOf = (value: unknown): number => (value as Date).getTime();

export async function readOccurrences({ query }: Database, { scheduleId }: Life): Promise<Seen[]> {
  const rows = await query(
    `select occurrence.*, coalesce(ingest.started_at, occurrence.started_at) as began,
       coalesce(ingest.state <> 'ended', false) as is_live
     from occurrence left join ingest on ingest.task_id = occurrence.task_id
     where schedule_id = $1 order by nominal_at`,
    [scheduleId],
  );
  return rows.map((row) => ({
    nominalMs: msOf(row["nominal_at"]),
    startsMs: msOf(row["starts_at"]),
    endsMs: msOf(row["ends_at"]),
    localStart: row["local_start"] as string | null,
    state: String(row["state"]),
    reason: row["reason"] as string | null,
    taskId: row["task_id"] as string | null,
    startedMs: row["began"] === null ? null : msOf(row["began"]),
    isLive: row["is_live"] === true,
  }));
}

/** Ingests of occurrences that no occurrence has, although they may still play. */
export const readOrphans = ({ query }: Database) =>
  query(
    `select task_id, state from ingest where state <> 'ended'
       and not exists (select from occurrence where occurrence.task_id = ingest.task_id)`,
  );

export async function readSuccessors({ query }: Database): Promise<Map<string, string>> {
  const rows = await query(
    "select task_id, successor_of from ingest where successor_of is not null",
  );
  return new Map(rows.map((row) => [String(row["task_id"]), String(row["successor_of"])]));
}

const text = (ms: number): string => new Date(ms).toISOString();

/** Sentences; none when all is as promised. */
export const faultsOf = (outcome: Outcome): string[] => [
  ...lostFaults(outcome),
  ...inventedFaults(outcome),
  ...taskFaults(outcome),
];

/** Each window that was open has its occurrence. */
function lostFaults(outcome: Outcome): string[] {
  const { life, occurrences, nowMs } = outcome;
  return life.periods.flatMap((period, index) => {
    if (period.state !== "Enabled") return [];
    const toMs = life.periods[index + 1]?.fromMs ?? nowMs + AHEAD_MS;
    return [...windowsOf(period, period.fromMs, toMs)].flatMap(([ms, window]) => {
      if (mayBeGone(life, index, ms)) return [];
      const seen = occurrences.find(({ nominalMs }) => nominalMs === ms);
      if (!seen && isNotLookedAt(outcome, window)) return [];
      if (!seen) return [`${text(ms)} is lost`];
      return stateFault(outcome, { window, seen }) ?? [];
    });
  });
}

/** Planning looks next at a window that takes place. Until then a skipped one has no row. */
const isNotLookedAt = ({ occurrences }: Outcome, { nominalAt, skipped }: PlannedWindow): boolean =>
  skipped !== undefined &&
  !occurrences.some(
    ({ nominalMs, localStart, reason }) =>
      nominalMs > nominalAt.getTime() && localStart !== null && reason !== "Asked",
  );

/** All of them are planned. */
const AHEAD_MS = 24 * 60 * MINUTE_MS - 5 * MINUTE_MS;

/** An edit may take back what has not begun, where its rules lack it. */
function mayBeGone(life: Life, index: number, ms: number): boolean {
  for (let next = index + 1; next < life.periods.length; next += 1) {
    const period = life.periods[next] as Period;
    if (ms >= period.fromMs || period.begun.has(ms)) return false;
    if (period.isSecond || period.state !== "Enabled") return true;
    if (!windowsOf(period, ms, ms + 1).has(ms)) return true;
  }
  return false;
}

const PLAYED = new Set(["Running", "Done", "Cut"]);

function stateFault(
  { life, history, nowMs }: Outcome,
  { window, seen }: { window: PlannedWindow; seen: Seen },
): string | undefined {
  const { nominalMs, startsMs, state, reason, startedMs, isLive } = seen;
  const name = `${text(nominalMs)} (${state}, ${reason ?? "no reason"})`;
  const skip = life.skips.get(nominalMs);
  if (reason === "Asked" && skip !== undefined) return undefined;
  if (skip === "sure") return `${name} was to be skipped`;
  if (window.skipped !== undefined && nominalMs >= life.last.fromMs) {
    return reason === window.skipped ? undefined : `${name} is no window: ${window.skipped}`;
  }
  if (startsMs > nowMs) {
    if (state !== "Planned" || !isLive) return `${name} will not start`;
    return window.endsAt.getTime() === seen.endsMs ? undefined : `${name} has another end`;
  }
  if (state === "Planned" && startedMs === null) return `${name} has not started`;
  if (!isCalmAt(history, startsMs) || nominalMs < life.last.fromMs) return undefined;
  if (startedMs === null) {
    const isAnother = reason === "Overlap" || reason === "Extended";
    return isAnother ? undefined : `${name} did not play, although all timers ran`;
  }
  const lateMs = startedMs - startsMs;
  return lateMs >= 0 && lateMs <= SECOND_MS ? undefined : `${name} began ${lateMs} ms late`;
}

/** Each occurrence has a window, a skip or a run by hand. */
const inventedFaults = ({ life, occurrences, nowMs }: Outcome): string[] =>
  occurrences.flatMap((seen) => {
    const { nominalMs, localStart, reason, state } = seen;
    if (localStart === null || (reason === "Asked" && life.skips.has(nominalMs))) return [];
    const isOf = (period: Period, index: number) => {
      const isLast = index === life.periods.length - 1;
      const latestMs = isLast ? nowMs + 2 * AHEAD_MS : period.latestMs;
      return (
        period.state === "Enabled" &&
        nominalMs >= period.fromMs &&
        nominalMs <= latestMs &&
        windowsOf(period, nominalMs, nominalMs + 1).has(nominalMs)
      );
    };
    return life.periods.some(isOf) ? [] : [`${text(nominalMs)} is no window, but ${state}`];
  });

/** A robot has the name of its ingest. */
const taskIdOf = ({ userId }: TaskTruth): string => userId.replace(/^robot_/, "ing-");

/** One robot for each occurrence that plays, and none for any other. A roll-over hands it over. */
function taskFaults({ life, history, occurrences, tasks, successors }: Outcome): string[] {
  const ingestOf = (task: TaskTruth) => successors.get(taskIdOf(task)) ?? taskIdOf(task);
  const strangers = tasks
    .filter((task) => !occurrences.some(({ taskId }) => taskId === ingestOf(task)))
    .map(({ userId, startedAt }) => `${userId} has played at ${startedAt} without an occurrence`);
  const faults = occurrences.flatMap((seen) => {
    const { nominalMs, startsMs, state, taskId, startedMs } = seen;
    const played = tasks.filter((task) => ingestOf(task) === taskId);
    const own = played.filter((task) => taskIdOf(task) === taskId);
    const name = `${text(nominalMs)} (${state})`;
    const hasPlayed = PLAYED.has(state) || startedMs !== null;
    if (hasPlayed && own.length === 0) return [`${name} has no robot`];
    if (handovers(own).some(({ overlapMs }) => overlapMs > 0)) {
      return [`${name} has two robots at once`];
    }
    if (history.hasDeaths) return [];
    if (own.length !== (hasPlayed ? 1 : 0)) return [`${name} has had ${own.length} robots`];
    const wrong = handovers(played).filter(
      ({ atMs, overlapMs }) => overlapMs > OVERLAP_MS || (overlapMs < 0 && isCalmAt(history, atMs)),
    );
    if (wrong.length > 0) {
      const overlaps = wrong.map(({ overlapMs }) => overlapMs).join(", ");
      return [`${name} overlaps at its roll-overs by ${overlaps} ms`];
    }
    const isEarly = own.some(({ startedAt }) => Date.parse(startedAt) < startsMs);
    return isEarly ? [`${name} began early`] : [];
  });
  const lost = life.runs
    .filter((run) => !occurrences.some(({ taskId }) => taskId === run))
    .filter(() => life.last.state !== "Deleted")
    .map((run) => `the run by hand ${run} is lost`);
  return [...strangers, ...faults, ...lost];
}

/** At a roll-over the next robot enters first, and the one before leaves at most 5 s later. */
const OVERLAP_MS = 5 * SECOND_MS;

/** When each robot leaves, and how long it plays beside the next one. Negative: a gap. */
function handovers(tasks: readonly TaskTruth[]): { atMs: number; overlapMs: number }[] {
  const sorted = [...tasks].sort((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt));
  return sorted.slice(1).map(({ startedAt }, index) => {
    const endedAt = sorted[index]?.endedAt;
    const atMs = endedAt ? Date.parse(endedAt) : Number.POSITIVE_INFINITY;
    return { atMs, overlapMs: atMs - Date.parse(startedAt) };
  });
}

/** All timers ran. Where none ran, TRTC ended the task before a roll-over could follow. */
const isCalmAt = ({ calm }: History, ms: number): boolean =>
  calm.some(({ fromMs, toMs }) => ms > fromMs + MINUTE_MS && ms < toMs);
