/**
 * Occurrences of the caller's other schedules in the room that overlap the next ones of a schedule,
 * and which of the two plays then. The work is bounded: it looks at so many schedules and windows.
 */
import { nextWindows } from "../calendar/planned-windows.js";
import type { PlannedWindow } from "../calendar/windows.js";
import { addMs, MINUTE_MS, SECOND_MS } from "../clock.js";
import type { ScheduleConflict } from "../contract/schedules/answers.js";
import { meet, type Side } from "../ingest/overlap/meet.js";
import type { Services } from "../ingest/services.js";
import type { Definition, Schedule } from "../store/schedules/schedule-row.js";

const SCHEDULES_MAX = 50;
/** Windows of the other schedules, all together. */
const WINDOWS_MAX = 5_000;
const CONFLICTS_MAX = 100;

/** A window to `EndAt` may be a day long, and the clocks may add to it. */
const END_AT_MAX_MS = 26 * 60 * MINUTE_MS;

/** What a conflict needs of a schedule. It may not be written yet. */
export type Contender = Pick<
  Schedule,
  "callerId" | "sdkAppId" | "roomId" | "roomIdType" | "definition"
> & { scheduleId: string };

/** In the order of their starts. `windows` are the next ones of `mine`, and take place. */
export async function conflictsOf(
  { store }: Pick<Services, "store">,
  mine: Contender,
  windows: readonly PlannedWindow[],
): Promise<ScheduleConflict[]> {
  const { callerId, sdkAppId, roomId, roomIdType, scheduleId } = mine;
  if (windows.length === 0) return [];
  const others = await store.schedules.listInRoom({
    callerId,
    sdkAppId,
    roomId,
    roomIdType,
    besides: scheduleId,
    limit: SCHEDULES_MAX,
  });
  const budget = { windows: WINDOWS_MAX };
  return others
    .flatMap((other) =>
      overlapsOf(other.definition, windows, budget).map((met) => ({ other, met })),
    )
    .sort((one, other) => startMs(one.met.theirs) - startMs(other.met.theirs))
    .slice(0, CONFLICTS_MAX)
    .map(({ other, met: { own, theirs } }) => ({
      ScheduleId: other.scheduleId,
      Name: other.name,
      StartTime: theirs.nominalAt.toISOString(),
      EndTime: theirs.endsAt.toISOString(),
      Outcome: outcomeOf({ ...mine, window: own }, { ...other, window: theirs }),
    }));
}

interface Met {
  own: PlannedWindow;
  theirs: PlannedWindow;
}

/** Each window of the other schedule once, with the first one that it overlaps. */
function overlapsOf(
  definition: Definition,
  windows: readonly PlannedWindow[],
  budget: { windows: number },
): Met[] {
  const longestMs = longestOf(definition);
  const met = new Map<number, Met>();
  for (const own of windows) {
    let from = addMs(own.nominalAt, -longestMs);
    while (from < own.endsAt && budget.windows > 0) {
      const next = nextWindows(definition, { from, count: Math.min(10, budget.windows) });
      budget.windows -= Math.max(1, next.length);
      for (const theirs of next.filter((one) => isOverlap(own, one))) {
        if (!met.has(startMs(theirs))) met.set(startMs(theirs), { own, theirs });
      }
      const last = next.at(-1);
      if (!last) break;
      from = addMs(last.nominalAt, 1);
    }
  }
  return [...met.values()];
}

const longestOf = ({ windows }: Definition): number =>
  Math.max(
    ...windows.map(({ durationSeconds }) =>
      durationSeconds === undefined ? END_AT_MAX_MS : durationSeconds * SECOND_MS,
    ),
  );

const startMs = ({ nominalAt }: PlannedWindow): number => nominalAt.getTime();

const isOverlap = (one: PlannedWindow, other: PlannedWindow): boolean =>
  other.skipped === undefined && one.nominalAt < other.endsAt && other.nominalAt < one.endsAt;

type Meeting = Pick<Contender, "scheduleId" | "definition"> & { window: PlannedWindow };

/** The start of the later one decides, so the rule of the start is asked. */
function outcomeOf(own: Meeting, theirs: Meeting): string {
  const isOwnFirst = startMs(own.window) <= startMs(theirs.window);
  const [first, second] = isOwnFirst ? [own, theirs] : [theirs, own];
  const isAtOnce = startMs(own.window) === startMs(theirs.window);
  const meeting = meet(sideOf(second), [sideOf(first)]);
  if (meeting.kind === "alone") return "";
  const { reason } =
    meeting.kind === "loses" ? meeting : (meeting.over[0] ?? { reason: "Overlap" });
  const name = (one: Meeting) => (one === own ? "this schedule's" : "the other one");
  const policy = second.definition.overlapPolicy;
  const why = {
    LowerPriority: "its Priority is lower",
    Extended: "the OverlapPolicy of the later start is Extend",
    Overlap: isAtOnce ? "both start at once" : `the OverlapPolicy of the later start is ${policy}`,
  }[reason];
  const [winner, loser] = meeting.kind === "loses" ? [first, second] : [second, first];
  if (reason === "Extended") {
    return `${asSubject(name(loser))} is skipped, and ${name(winner)} plays until the later end: ${why}.`;
  }
  const isCut = loser === first && !isAtOnce;
  const what = isCut ? `is cut when ${name(winner)} starts` : "is skipped";
  return `${asSubject(name(loser))} ${what}: ${why}.`;
}

const asSubject = (name: string): string => `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;

/** A window as the row of its ingest would say it, waiting for its start. */
const sideOf = ({ scheduleId, definition, window: { nominalAt } }: Meeting): Side => ({
  taskId: scheduleId,
  state: "starting",
  advanceAt: nominalAt,
  startedAt: null,
  startsAt: nominalAt,
  createdAt: nominalAt,
  occurrence: {
    scheduleId,
    nominalAt: nominalAt.toISOString(),
    priority: definition.priority,
    overlapPolicy: definition.overlapPolicy,
  },
});
