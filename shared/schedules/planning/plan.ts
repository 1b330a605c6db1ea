/**
 * Plans one schedule: which occurrences and ingests are written, which are taken back, and when
 * planning looks at it next. A pure function; `startOf` makes the rows of the ingests.
 */
import { firstStartAfter } from "../../calendar/planned-windows.js";
import type { PlannedWindow } from "../../calendar/windows.js";
import { addMs, DAY_MS, MINUTE_MS } from "../../clock.js";
import type { NewIngest } from "../../store/ingests/new-row.js";
import type { KnownOccurrence, PlannedOccurrence } from "../../store/schedules/planning.js";
import type { Schedule } from "../../store/schedules/schedule-row.js";
import { catchupMs, type Due, type PlannedStart } from "./start-of.js";
import { type Candidate, decide, isFixed, isRun, type Looked } from "./windows.js";

/** Occurrences have their ingests so long before they start. */
export const PLAN_AHEAD_MS = DAY_MS;

/** The interval of plan-schedules. */
export const LOOK_AGAIN_MS = MINUTE_MS;

/** One change of a plan. It is carried out as a whole or not at all. */
export interface Entry {
  /** The occurrence afterwards. `null`: it is deleted. */
  after: PlannedOccurrence | null;
  key: Pick<PlannedOccurrence, "scheduleId" | "nominalAt">;
  /** The TaskId of an ingest that waits for its start. It may have begun meanwhile. */
  cancels?: string | undefined;
  start?: NewIngest | undefined;
}

export interface Plan {
  schedule: Schedule;
  entries: Entry[];
}

export interface ToPlan extends Looked {
  startOf: (due: Due) => PlannedStart;
}

export function planSchedule(plan: ToPlan): Plan {
  const { schedule, known, now, until } = plan;
  if (schedule.state !== "Enabled") return withdraw(plan);
  const { candidates, skipped, obsolete } = decide(plan);
  const entries = [
    ...obsolete.map((before) => removed(before)),
    ...skipped.map(({ window, before }) => skippedEntry(schedule, window, before)),
    ...planCandidates(plan, candidates),
  ];
  const plannedUntil = latest(schedule.plannedUntil, until);
  const nextAt = firstStartAfter(schedule.definition, plannedUntil, plan.zones);
  const looks = [
    ...(nextAt ? [latest(addMs(nextAt, -PLAN_AHEAD_MS), addMs(now, 1))] : []),
    ...entries.flatMap(({ after }) => (after && isPending(after) ? [lookAt(after, now)] : [])),
    // A refused attempt waits again, with what was planned before the change.
    ...(known.some((one) => isStarting(one) && one.revision < schedule.revision)
      ? [addMs(now, LOOK_AGAIN_MS)]
      : []),
  ];
  const revision = schedule.revision + (entries.some(hasSpentToken) ? 1 : 0);
  return { schedule: { ...schedule, revision, plannedUntil, planAt: earliestOf(looks) }, entries };
}

/** The occurrence may get another ingest, whose token the revision has to make a new one. */
const hasSpentToken = ({ cancels, after, start }: Entry): boolean =>
  cancels !== undefined && after?.state === "Planned" && start === undefined;

/** What has not begun does not begin. */
function withdraw({ schedule, known, now }: ToPlan): Plan {
  const entries = known
    .filter((one) => !isFixed(one, now) && (!isRun(one) || schedule.state === "Deleted"))
    .map((before) => removed(before));
  const planAt = known.some(isStarting) ? addMs(now, LOOK_AGAIN_MS) : null;
  return { schedule: { ...schedule, planAt }, entries };
}

const isStarting = ({ ingest, settledAt }: KnownOccurrence): boolean =>
  settledAt === null && ingest?.phase === "starting";

const isPending = ({ state, taskId }: PlannedOccurrence): boolean =>
  state === "Planned" && taskId === null;

/** A refusal may be over, and a robot free, by a minute before the start. */
export const lookAt = ({ startsAt }: Due, now: Date): Date =>
  latest(addMs(startsAt, -LOOK_AGAIN_MS), addMs(now, LOOK_AGAIN_MS));

function planCandidates(plan: ToPlan, candidates: readonly Candidate[]): Entry[] {
  const { schedule, known, now } = plan;
  const isOver = ({ startsAt }: Due) => startsAt.getTime() <= now.getTime();
  const sorted = [...candidates].sort((a, b) => a.startsAt.getTime() - b.startsAt.getTime());
  const newestBegan = Math.max(
    ...known.filter((one) => isFixed(one, now) && one.taskId !== null).map(startMs),
  );
  const newest = sorted.findLast((one) => isOver(one) && one.endsAt.getTime() > now.getTime());
  // Before an edit, a start whose time is over is missed. Otherwise reconcile-ingests ends it.
  const isClosing = plan.until <= now;
  // One robot plays one occurrence. The earliest one has it.
  let isRobotFree = !hasOwnRobot(schedule) || !known.some(isLive);
  return sorted.flatMap((candidate) => {
    const { before } = candidate;
    const hasTime = now.getTime() - startMs(candidate) < catchupMs(schedule, candidate);
    const isKept =
      before?.ingest?.phase === "waiting" &&
      (hasTime || !isClosing) &&
      (isRun(before) || before.revision === schedule.revision);
    const mayStart = !hasOwnRobot(schedule) || isRobotFree;
    if (isKept && mayStart) {
      isRobotFree = false;
      return [];
    }
    const isLate = isOver(candidate);
    const isCaughtUp = candidate === newest && startMs(candidate) > newestBegan && hasTime;
    if (isLate && !isCaughtUp) {
      const reason = before?.reason === "RobotBusy" ? before.reason : "Late";
      return [settledAs(schedule, candidate, { state: "Missed", reason, detail: null })];
    }
    if (!mayStart) return [pending(schedule, candidate, { reason: "RobotBusy", detail: null })];
    const planned = plan.startOf(candidate);
    if ("refusal" in planned) {
      const { code: reason, message: detail } = planned.refusal;
      return isLate
        ? [settledAs(schedule, candidate, { state: "Failed", reason, detail })]
        : [pending(schedule, candidate, { reason, detail })];
    }
    isRobotFree = false;
    return [started(schedule, candidate, planned.start)];
  });
}

const startMs = ({ startsAt }: Due): number => startsAt.getTime();

const hasOwnRobot = ({ definition: { ingest } }: Schedule): boolean =>
  ingest["UserId"] !== undefined;

const isLive = ({ ingest }: KnownOccurrence): boolean =>
  ingest?.phase === "begun" || ingest?.phase === "starting";

type Why = Pick<PlannedOccurrence, "reason" | "detail">;

function skippedEntry(
  schedule: Schedule,
  window: PlannedWindow,
  before: KnownOccurrence | undefined,
): Entry {
  const due = { ...window, startsAt: window.nominalAt };
  const after = { ...occurrenceAt(schedule, due), state: "Skipped" as const };
  return {
    ...changed(schedule, window, before),
    after: { ...after, reason: window.skipped ?? null },
  };
}

const settledAs = (
  schedule: Schedule,
  candidate: Candidate,
  why: Why & { state: "Missed" | "Failed" },
): Entry => {
  const entry = changed(schedule, candidate, candidate.before);
  return { ...entry, after: { ...occurrenceAt(schedule, candidate), ...why } };
};

const pending = (schedule: Schedule, candidate: Candidate, why: Why): Entry => {
  const entry = changed(schedule, candidate, candidate.before);
  return { ...entry, after: { ...occurrenceAt(schedule, candidate), ...why } };
};

/** An ingest whose start says the same stays: its caller may know its TaskId. */
function started(schedule: Schedule, candidate: Candidate, start: NewIngest): Entry {
  const { before } = candidate;
  const entry = changed(schedule, candidate, before);
  const isSame =
    before?.ingest?.phase === "waiting" &&
    before.nominalAt.getTime() === candidate.nominalAt.getTime() &&
    saysTheSame(before.ingest, start);
  const taskId = isSame ? before.taskId : start.taskId;
  const reason = isRun(candidate) ? "Run" : null;
  const after = { ...occurrenceAt(schedule, candidate), taskId, reason };
  return isSame ? { ...entry, cancels: undefined, after } : { ...entry, after, start };
}

const saysTheSame = (
  { requestHash, occurrence, anchor }: NonNullable<KnownOccurrence["ingest"]>,
  start: NewIngest,
): boolean =>
  requestHash === start.requestHash &&
  occurrence?.priority === start.occurrence?.priority &&
  occurrence?.overlapPolicy === start.occurrence?.overlapPolicy &&
  anchor?.at === start.programme?.anchor.at;

function changed(
  { scheduleId }: Pick<Schedule, "scheduleId">,
  { nominalAt }: Pick<Due, "nominalAt">,
  before: KnownOccurrence | undefined,
): Entry {
  const cancels = before?.ingest?.phase === "waiting" ? (before.taskId ?? undefined) : undefined;
  return { key: { scheduleId, nominalAt }, after: null, cancels };
}

const removed = (before: KnownOccurrence): Entry => changed(before, before, before);

/** Without an ingest. */
const occurrenceAt = (
  { scheduleId, revision }: Pick<Schedule, "scheduleId" | "revision">,
  { nominalAt, startsAt, endsAt, localStart }: Omit<Candidate, "before">,
): PlannedOccurrence => ({
  scheduleId,
  nominalAt,
  startsAt,
  endsAt,
  localStart,
  revision,
  state: "Planned",
  taskId: null,
  reason: null,
  detail: null,
});

const latest = (a: Date, b: Date): Date => (a.getTime() >= b.getTime() ? a : b);

const earliestOf = (times: readonly Date[]): Date | null =>
  times.length === 0 ? null : new Date(Math.min(...times.map((at) => at.getTime())));
