/** shared/store/schedules/schedules.ts and writes.ts, statement by statement. */
import type { Schedule } from "../../../../shared/store/schedules/schedule-row.js";
import type { ScheduleFilter } from "../../../../shared/store/schedules/schedules.js";
import type { Inserted, NewSchedule } from "../../../../shared/store/schedules/writes.js";
import type { Tables } from "../tables.js";

type Keys = Pick<Schedule, "callerId" | "scheduleId">;

export function putSchedule({ schedules }: Tables, schedule: Schedule): Schedule {
  schedules.set(schedule.scheduleId, schedule);
  return schedule;
}

const isLeft = ({ state }: Schedule): boolean => state !== "Deleted";

export function readSchedule(
  { schedules }: Tables,
  { callerId, scheduleId }: Keys,
): Schedule | undefined {
  const schedule = schedules.get(scheduleId);
  return schedule?.callerId === callerId ? schedule : undefined;
}

export const findScheduleByName = (
  { schedules }: Tables,
  { callerId, name }: Pick<Schedule, "callerId" | "name">,
): Schedule | undefined =>
  [...schedules.values()].find(
    (one) => isLeft(one) && one.callerId === callerId && one.name === name,
  );

export function listSchedules({ schedules }: Tables, filter: ScheduleFilter): Schedule[] {
  const { callerId, before, limit, ...equal } = filter;
  return [...schedules.values()]
    .filter((one) => isLeft(one) && one.callerId === callerId && isLike(one, equal))
    .filter(({ scheduleId }) => before === undefined || scheduleId < before)
    .sort((one, other) => (one.scheduleId < other.scheduleId ? 1 : -1))
    .slice(0, limit);
}

/** Fields that are absent fit any value. */
export const isLike = (one: object, equal: object): boolean =>
  Object.entries(equal).every(
    ([field, value]) => value === undefined || Reflect.get(one, field) === value,
  );

export const countSchedules = ({ schedules }: Tables, callerId: string): number =>
  [...schedules.values()].filter((one) => isLeft(one) && one.callerId === callerId).length;

export function listSchedulesInRoom(
  { schedules }: Tables,
  {
    besides,
    limit,
    ...equal
  }: Pick<Schedule, "callerId" | "sdkAppId" | "roomId" | "roomIdType"> & {
    besides?: string | null;
    limit: number;
  },
): Schedule[] {
  return [...schedules.values()]
    .filter((one) => one.state === "Enabled" && isLike(one, equal))
    .filter(({ scheduleId }) => scheduleId !== besides)
    .sort((one, other) => (one.scheduleId < other.scheduleId ? -1 : 1))
    .slice(0, limit);
}

export const findByToken = (
  { schedules }: Tables,
  { callerId, clientToken }: Pick<Schedule, "callerId" | "clientToken">,
): Schedule | undefined =>
  [...schedules.values()].find(
    (one) => clientToken !== null && one.callerId === callerId && one.clientToken === clientToken,
  );

const STAYS_TAKEN = "The schedule's name or token stays taken, although no schedule has it";

export function insertSchedule(tables: Tables, schedule: NewSchedule): Inserted {
  const known = findByToken(tables, schedule);
  if (known) return { outcome: "token-known", schedule: known };
  const named = findScheduleByName(tables, schedule);
  const isTaken = tables.schedules.has(schedule.scheduleId);
  if (named && (isTaken || isLeft(schedule as Schedule))) {
    return { outcome: "name-taken", schedule: named };
  }
  if (isTaken) throw new Error(STAYS_TAKEN);
  const row = { ...schedule, revision: 1, planAt: null, failures: 0 };
  return { outcome: "created", schedule: putSchedule(tables, row) };
}

export function lockSchedule(tables: Tables, keys: Keys): Schedule | undefined {
  const schedule = readSchedule(tables, keys);
  return schedule && isLeft(schedule) ? schedule : undefined;
}

export function updateSchedule(tables: Tables, to: Schedule): Schedule | undefined {
  const row = tables.schedules.get(to.scheduleId);
  if (!row) return undefined;
  const { name, comment, state, pausedBecause, sdkAppId, roomId, roomIdType } = to;
  const named = findScheduleByName(tables, { callerId: row.callerId, name });
  if (named && named.scheduleId !== to.scheduleId) return undefined;
  const { definition, revision, failures, updatedAt } = to;
  return putSchedule(tables, {
    ...row,
    ...{ name, comment, state, pausedBecause, sdkAppId, roomId, roomIdType },
    ...{ definition, revision, failures, updatedAt },
  });
}
