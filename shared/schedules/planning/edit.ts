/** Changes that plan in their own transaction: a new schedule, an edit, a skip, and a run by hand. */
import { addMs } from "../../clock.js";
import { ApiError } from "../../contract/errors.js";
import type { Services } from "../../ingest/services.js";
import { ADVANCE_LEASE_MS } from "../../ingest/timing.js";
import type { NewIngest } from "../../store/ingests/new-row.js";
import type { ScheduleWrites } from "../../store/schedules/operations.js";
import type { KnownOccurrence } from "../../store/schedules/planning.js";
import type { Schedule } from "../../store/schedules/schedule-row.js";
import type { Inserted, NewSchedule } from "../../store/schedules/writes.js";
import { carryOut, planLocked } from "./carry-out.js";
import { type Entry, LOOK_AGAIN_MS } from "./plan.js";
import { type Due, makeStart } from "./start-of.js";
import { isFixed } from "./windows.js";

type Keys = Pick<Schedule, "callerId" | "scheduleId">;

/** The schedule of `created` is planned. */
export function createAndPlan(services: Services, schedule: NewSchedule): Promise<Inserted> {
  const now = services.clock.now();
  return services.store.schedules.transaction(async (writes) => {
    const inserted = await writes.insert(schedule);
    if (inserted.outcome !== "created") return inserted;
    return { ...inserted, schedule: await planOne(services, writes, inserted.schedule, now) };
  });
}

export type Edited =
  { outcome: "edited"; schedule: Schedule } | { outcome: "unknown" | "name-taken" };

/**
 * `change` returns the schedule as it should be, or the same object for no change. What runs is
 * left; what has not begun is planned anew. An edit that sets the state to Deleted deletes it.
 */
export function editAndPlan(
  services: Services,
  keys: Keys,
  change: (schedule: Schedule, writes: ScheduleWrites) => Schedule | Promise<Schedule>,
): Promise<Edited> {
  const now = services.clock.now();
  return services.store.schedules.transaction(async (writes): Promise<Edited> => {
    const locked = await writes.lock(keys);
    if (!locked) return { outcome: "unknown" };
    const before = await upToNow(services, writes, locked, now);
    const changed = await change(before, writes);
    if (changed === before) return { outcome: "edited", schedule: before };
    const isResumed = before.state !== "Enabled" && changed.state === "Enabled";
    const plannedUntil = isResumed || before.plannedUntil > now ? now : before.plannedUntil;
    const next = {
      ...changed,
      plannedUntil,
      revision: before.revision + 1,
      failures: isResumed ? 0 : changed.failures,
      pausedBecause: changed.state === "Paused" ? changed.pausedBecause : null,
      updatedAt: now,
    };
    const updated = await writes.update(next);
    if (!updated) return { outcome: "name-taken" };
    const schedule = await planOne(services, writes, { ...updated, plannedUntil }, now);
    return { outcome: "edited", schedule };
  });
}

/** Windows that are over, or that planning has not reached, belong to the schedule as it was then. */
async function upToNow(
  services: Services,
  writes: ScheduleWrites,
  locked: Schedule,
  now: Date,
): Promise<Schedule> {
  if (locked.state !== "Enabled") return locked;
  const { schedules } = await planLocked(services, writes, {
    schedules: [locked],
    now,
    until: now,
  });
  return schedules[0] ?? locked;
}

async function planOne(
  services: Services,
  writes: ScheduleWrites,
  schedule: Schedule,
  now: Date,
): Promise<Schedule> {
  const { schedules } = await planLocked(services, writes, { schedules: [schedule], now });
  return schedules[0] ?? schedule;
}

/** `begun`: it runs, or is over. `known`: it is skipped already. */
export interface Skipped {
  outcome: "skipped" | "known" | "begun" | "unknown";
}

/** Skips one occurrence of the schedule, at any distance. Its window must not have begun. */
export function skipOccurrence(
  services: Services,
  { due, ...keys }: Keys & { due: Due & { localStart: string } },
): Promise<Skipped> {
  const now = services.clock.now();
  return services.store.schedules.transaction(async (writes): Promise<Skipped> => {
    const schedule = await writes.lock(keys);
    if (!schedule) return { outcome: "unknown" };
    const known = await writes.readOpenOccurrences({ scheduleIds: [keys.scheduleId], at: now });
    const before = known.find(({ nominalAt }) => nominalAt.getTime() === due.nominalAt.getTime());
    if (before?.state === "Skipped" && before.reason === "Asked") return { outcome: "known" };
    if (before && isFixed(before, now)) return { outcome: "begun" };
    const { nominalAt, startsAt, endsAt, localStart } = before ?? due;
    const after = {
      scheduleId: keys.scheduleId,
      nominalAt,
      startsAt,
      endsAt,
      localStart,
      revision: schedule.revision,
      state: "Skipped" as const,
      taskId: null,
      reason: "Asked",
      detail: null,
    };
    const key = { scheduleId: keys.scheduleId, nominalAt };
    const cancels = waitingTask(before);
    const planAt = schedule.state === "Enabled" ? addMs(now, 1) : schedule.planAt;
    const entries: Entry[] = [{ key, after, cancels }];
    await carryOut(writes, [{ schedule: { ...schedule, planAt }, entries }], now);
    const open = await writes.readOpenOccurrences({ scheduleIds: [keys.scheduleId], at: now });
    const isSkipped = open.some(
      (one) => one.nominalAt.getTime() === nominalAt.getTime() && one.state === "Skipped",
    );
    return { outcome: isSkipped ? "skipped" : "begun" };
  });
}

const waitingTask = (before: KnownOccurrence | undefined): string | undefined =>
  before?.ingest?.phase === "waiting" ? (before.taskId ?? undefined) : undefined;

export interface ByHand {
  endsAtOf: (schedule: Schedule, now: Date) => Date;
  /** Names the request, as the row of the ingest stores it. No two runs have the same name. */
  named?: Pick<NewIngest, "clientToken" | "requestHash"> | undefined;
}

/**
 * Makes one occurrence that starts now, also of a paused schedule. This instance holds its start.
 * Returns its TaskId, `undefined` for an unknown schedule. Throws ApiError when its caller may not
 * have the start, and when its robot or its name is in another ingest.
 */
export function runOnce(
  services: Services,
  keys: Keys,
  { endsAtOf, named }: ByHand,
): Promise<string | undefined> {
  const now = services.clock.now();
  return services.store.schedules.transaction(async (writes) => {
    const schedule = await writes.lock(keys);
    if (!schedule) return undefined;
    const { scheduleId } = schedule;
    const known = await writes.readOpenOccurrences({ scheduleIds: [scheduleId], at: now });
    const due = {
      nominalAt: freeInstant(known, now),
      startsAt: now,
      endsAt: endsAtOf(schedule, now),
    };
    const start = { ...heldUntil(makeStart(services, schedule, due), now), ...named };
    const revision = schedule.revision + 1;
    const after = {
      scheduleId,
      ...due,
      localStart: null,
      revision,
      state: "Planned" as const,
      taskId: start.taskId,
      reason: "Run",
      detail: null,
    };
    const entries: Entry[] = [
      ...(schedule.definition.ingest["UserId"] === undefined ? [] : known.flatMap(givesRobot)),
      { key: { scheduleId, nominalAt: due.nominalAt }, after, start },
    ];
    const planAt = schedule.state === "Enabled" ? addMs(now, LOOK_AGAIN_MS) : schedule.planAt;
    const plan = {
      schedule: { ...schedule, revision, planAt: sooner(schedule.planAt, planAt) },
      entries,
    };
    const { starts } = await carryOut(writes, [plan], now);
    if (starts === 0) throw robotBusy();
    return start.taskId;
  });
}

/** An occurrence that starts at this very instant keeps its row. */
function freeInstant(known: readonly KnownOccurrence[], now: Date): Date {
  const starts = new Set(known.map(({ nominalAt }) => nominalAt.getTime()));
  let ms = now.getTime();
  while (starts.has(ms)) ms += 1;
  return new Date(ms);
}

const heldUntil = (start: NewIngest, now: Date): NewIngest => ({
  ...start,
  schedule: start.schedule && { ...start.schedule, heldUntil: addMs(now, ADVANCE_LEASE_MS) },
});

/** Its robot plays the occurrence of now first. Planning gives it another ingest in time. */
function givesRobot(before: KnownOccurrence): Entry[] {
  const cancels = waitingTask(before);
  if (cancels === undefined) return [];
  const { ingest: _ingest, ...row } = before;
  const after = { ...row, taskId: null, reason: "RobotBusy" };
  return [{ key: before, after, cancels }];
}

const sooner = (one: Date | null, other: Date | null): Date | null =>
  one !== null && other !== null && one < other ? one : (other ?? one);

const robotBusy = (): ApiError =>
  new ApiError(
    "FailedOperation.TaskExist",
    "The schedule's UserId is in another ingest: stop that one first, or leave UserId out of Ingest to get a robot for each occurrence.",
  );
