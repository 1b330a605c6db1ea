/** The schedule that a request names, if it is the caller's own. */
import type { Caller } from "../config/configuration.js";
import { ApiError } from "../contract/errors.js";
import type { Services } from "../ingest/services.js";
import type { Schedule } from "../store/schedules/schedule-row.js";

/** The answer for a deleted or another caller's schedule is the same as for an unknown one. */
export async function findOwn(
  { store }: Pick<Services, "store">,
  caller: Caller,
  scheduleId: string,
  which: "not-deleted" | "deleted-too" = "not-deleted",
): Promise<Schedule> {
  const schedule = await store.schedules.read({ callerId: caller.Id, scheduleId });
  const isGone = schedule?.state === "Deleted" && which === "not-deleted";
  if (!schedule || isGone) throw unknownSchedule();
  return ofCaller(schedule, caller);
}

/** An operator may have taken the application away from the caller. */
export function ofCaller(schedule: Schedule, { SdkAppIds }: Caller): Schedule {
  if (SdkAppIds.includes(schedule.sdkAppId)) return schedule;
  throw unknownSchedule();
}

export const unknownSchedule = (): ApiError =>
  new ApiError(
    "ResourceNotFound",
    "The caller has no such schedule: send a ScheduleId that CreateIngestSchedule or ListIngestSchedules gave.",
  );

export const nameTaken = (): ApiError =>
  new ApiError(
    "InvalidParameterValue",
    "Name is taken by another schedule of the caller: send another one, or find that schedule with ListIngestSchedules.",
  );
