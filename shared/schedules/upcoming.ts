/** The next windows of a schedule, and those of them that do not take place. */
import { nextWindows } from "../calendar/planned-windows.js";
import type { PlannedWindow } from "../calendar/windows.js";
import { addMs } from "../clock.js";
import type { PreviewedOccurrence } from "../contract/schedules/answers.js";
import type { Services } from "../ingest/services.js";
import type { ShownOccurrence } from "../store/schedules/occurrences.js";
import type { Definition, Schedule } from "../store/schedules/schedule-row.js";
import { conflictsOf } from "./conflicts.js";
import { presentSchedule, presentWindow } from "./present.js";

export interface Upcoming {
  /** Windows that take place, for conflicts. */
  windows: PlannedWindow[];
  occurrences: PreviewedOccurrence[];
}

/** Of a schedule that is not written yet: by its rules alone. */
export function upcomingOf(
  definition: Definition,
  next: { from: Date; count: number },
  skippedAt: ReadonlyMap<number, string> = new Map(),
): Upcoming {
  const all = nextWindows(definition, next);
  const reasonOf = ({ nominalAt }: PlannedWindow) => skippedAt.get(nominalAt.getTime());
  return {
    windows: all.filter((one) => one.skipped === undefined && reasonOf(one) === undefined),
    occurrences: all.map((one) => presentWindow(one, reasonOf(one))),
  };
}

/** Occurrences that were skipped by a request, or ahead of their start by a stop. */
export async function upcomingOfSchedule(
  { store }: Pick<Services, "store">,
  { scheduleId, callerId, definition }: Schedule,
  next: { from: Date; count: number },
): Promise<Upcoming> {
  const { windows } = upcomingOf(definition, next);
  const [first, last] = [windows[0], windows.at(-1)];
  if (!first || !last) return upcomingOf(definition, next);
  const skipped = await store.schedules.listOccurrences({
    callerId,
    scheduleId,
    state: "Skipped",
    from: first.nominalAt,
    to: addMs(last.nominalAt, 1),
    limit: next.count,
  });
  const reasons = skipped.map(
    ({ nominalAt, reason }) => [nominalAt.getTime(), reason ?? "Skipped"] as const,
  );
  return upcomingOf(definition, next, new Map(reasons));
}

/** So many are shown with a schedule. */
export const SHOWN_NEXT = 5;

/** The answer of Create and Update. */
export async function writtenAnswer(services: Services, schedule: Schedule) {
  const next = { from: services.clock.now(), count: SHOWN_NEXT };
  const { windows, occurrences } = await upcomingOfSchedule(services, schedule, next);
  const Conflicts = await conflictsOf(services, schedule, windows);
  return { ...presentSchedule(schedule), Occurrences: occurrences, Conflicts };
}

/** One occurrence of the schedule that has its row. */
export async function readOccurrence(
  { store }: Pick<Services, "store">,
  { callerId, scheduleId }: Pick<Schedule, "callerId" | "scheduleId">,
  nominalAt: Date,
): Promise<ShownOccurrence | undefined> {
  const [occurrence] = await store.schedules.listOccurrences({
    callerId,
    scheduleId,
    from: nominalAt,
    to: addMs(nominalAt, 1),
    limit: 1,
  });
  return occurrence;
}
