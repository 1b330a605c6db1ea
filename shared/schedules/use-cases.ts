/** The use cases of the schedule actions. The functions `schedules` and `api` serve them. */
import type { ScheduleAction } from "../contract/schedules/schemas.js";
import type { UseCase } from "../ingest/services.js";

export const scheduleUseCases: { readonly [A in ScheduleAction]?: UseCase<A> } = {};
