/** A week of occurrences: what was planned and has run, and what the rules give for the rest. */
import { DAY_MS, localDay, nowMs } from "../clock.js";
import { listOccurrences, listSchedules, previewSchedule } from "./schedules.js";
import type { Session } from "./session.js";
import type { Conflict, Occurrence, Schedule } from "./types.js";

export interface Entry {
  schedule: string;
  caller: string;
  name: string;
  startTime: string;
  endTime: string;
  /** A state of an occurrence, or "Preview" while nothing has planned it. */
  state: string;
  reason: string | undefined;
  detail: string | undefined;
  /** How clocks change its start or end. */
  note: string | undefined;
  /** In the schedule's own time zone. */
  localStart: string | undefined;
  taskId: string | undefined;
}

export interface Week {
  schedules: Schedule[];
  entries: Entry[];
  conflicts: (Conflict & { of: string })[];
  /** True when there are more schedules than these. */
  isListCut: boolean;
  /** True when there are more occurrences in the week than these. */
  isCut: boolean;
}

/** Each schedule is one request or more. */
const PREVIEWS_MAX = 60;

/** The occurrences of each caller are one request or more. A caller sees its own only. */
const CALLERS_MAX = 20;

/** A caller's own occurrences are listed without a name. */
const ITSELF = "";

/** `from`: the first instant of the week. */
export async function loadWeek(session: Session, from: Date): Promise<Week> {
  const to = localDay(from.getTime(), 7);
  const { rows: schedules, isCut: isListCut } = await listSchedules(session);
  const callers = session.kind === "caller" ? [ITSELF] : [...new Set(schedules.map(callerOf))];
  let isCut = callers.length > CALLERS_MAX;
  const entries = new Map<string, Entry>();
  for (const caller of callers.slice(0, CALLERS_MAX)) {
    const planned = await listOccurrences(session, caller, { from, to });
    for (const row of planned.rows) addPlanned(caller, row, entries);
    isCut ||= planned.isCut;
  }
  const conflicts = new Map<string, Conflict & { of: string }>();
  if (to.getTime() > nowMs()) {
    isCut ||= isListCut || schedules.length > PREVIEWS_MAX;
    for (const schedule of schedules.slice(0, PREVIEWS_MAX)) {
      const isWhole = await addPreview({ session, schedule, from, to }, entries, conflicts);
      isCut ||= !isWhole;
    }
  }
  const byStart = [...entries.values()].sort((one, other) => startMs(one) - startMs(other));
  return {
    schedules,
    entries: byStart,
    conflicts: [...conflicts.values()],
    isListCut,
    isCut,
  };
}

const callerOf = ({ CallerId, Caller }: Schedule): string => CallerId ?? Caller;

function addPlanned(
  caller: string,
  { ScheduleId, StartTime, ...row }: Occurrence,
  entries: Map<string, Entry>,
): void {
  entries.set(keyOf(ScheduleId, StartTime), {
    schedule: ScheduleId,
    caller,
    name: row.Name,
    startTime: StartTime,
    endTime: row.EndTime,
    state: row.State,
    reason: row.Reason ?? undefined,
    detail: row.Detail ?? undefined,
    note: undefined,
    localStart: undefined,
    taskId: row.TaskId ?? undefined,
  });
}

interface Span {
  session: Session;
  schedule: Schedule;
  from: Date;
  to: Date;
}

/** False when the week has more occurrences of this schedule. */
async function addPreview(
  { session, schedule, from, to }: Span,
  entries: Map<string, Entry>,
  conflicts: Map<string, Conflict & { of: string }>,
): Promise<boolean> {
  const { ScheduleId, Name, State } = schedule;
  const first = new Date(Math.max(from.getTime(), nowMs()));
  const preview = await previewSchedule(session, schedule, { from: first, to });
  for (const row of preview.Occurrences) {
    if (Date.parse(row.StartTime) >= to.getTime()) continue;
    const key = keyOf(ScheduleId, row.StartTime);
    const known = entries.get(key);
    const byRules = row.Skipped === undefined ? "Preview" : "Skipped";
    entries.set(key, {
      schedule: ScheduleId,
      caller: callerOf(schedule),
      name: Name,
      startTime: row.StartTime,
      endTime: row.EndTime,
      state: known?.state ?? (State === "Paused" ? "Paused" : byRules),
      reason: known?.reason ?? row.Skipped,
      detail: known?.detail,
      // Its note says that the date is excluded, as its reason does. Other notes are about clocks.
      note: row.Skipped === "Excluded" ? undefined : row.Note,
      localStart: row.LocalStart,
      taskId: known?.taskId,
    });
  }
  for (const conflict of preview.Conflicts) {
    const at = Date.parse(conflict.StartTime);
    if (at < from.getTime() - DAY_MS || at >= to.getTime()) continue;
    // Each of the two reports it, and so does each day. The first one stands for all.
    const key = [callerOf(schedule), ...[Name, conflict.Name].sort()].join("\n");
    if (!conflicts.has(key)) conflicts.set(key, { ...conflict, of: Name });
  }
  return !preview.isCut;
}

const keyOf = (schedule: string, startTime: string): string =>
  `${schedule} ${Date.parse(startTime)}`;

const startMs = ({ startTime }: Entry): number => Date.parse(startTime);
