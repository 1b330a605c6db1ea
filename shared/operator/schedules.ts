/**
 * The schedules of all callers: ListSchedules, newest first; ListOccurrences, what is planned and
 * over; PreviewSchedule, what the rules give. The last two answer as the caller's own actions do.
 */
import { ApiError } from "../contract/errors.js";
import type { Services } from "../ingest/services.js";
import { listOccurrences } from "../schedules/actions/list-occurrences.js";
import { writeCursor } from "../contract/cursors.js";
import { readCursor } from "../schedules/actions/list.js";
import { previewSchedule } from "../schedules/actions/preview.js";
import { presentSchedule } from "../schedules/present.js";
import { listSchedulesForOperator } from "../store/operator.js";
import { actingFor } from "./acting-for.js";
import type { OperatorCall } from "./request.js";

const LIMIT = 100;

export async function listSchedulesOfAll(
  { store }: Services,
  { request }: OperatorCall<"ListSchedules">,
) {
  const { CallerId, SdkAppId, RoomId, State, Limit: limit = LIMIT, Cursor } = request;
  const filter = {
    callerId: CallerId,
    sdkAppId: SdkAppId,
    roomId: RoomId,
    state: State,
    before: readCursor(Cursor),
    limit: limit + 1,
  };
  const rows = await store.health.read((query) => listSchedulesForOperator(query, filter));
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    Schedules: page.map((schedule) => ({
      ...presentSchedule(schedule),
      CallerId: schedule.callerId,
    })),
    NextCursor: rows.length > limit && last ? writeCursor(last.scheduleId) : null,
  };
}

/** Of one caller, because the index of occurrences begins with it. */
export async function occurrencesForOperator(
  services: Services,
  { request: { CallerId: callerId, ...request }, timeLeftMs }: OperatorCall<"ListOccurrences">,
) {
  // The occurrences of every application are listed.
  const caller = actingFor({ callerId, sdkAppId: 0 });
  return listOccurrences(services, { caller, request, application: undefined, timeLeftMs });
}

export async function previewForOperator(
  services: Services,
  { request: { CallerId: callerId, ...request }, timeLeftMs }: OperatorCall<"PreviewSchedule">,
) {
  const scheduleId = request.ScheduleId;
  const schedule = await services.store.schedules.read({ callerId, scheduleId });
  if (!schedule) throw new ApiError("ResourceNotFound", NO_SUCH_SCHEDULE);
  const caller = actingFor(schedule);
  return previewSchedule(services, { caller, request, application: undefined, timeLeftMs });
}

const NO_SUCH_SCHEDULE =
  "This caller has no such schedule: send a ScheduleId and its CallerId that ListSchedules gave.";
