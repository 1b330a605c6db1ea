/** DescribeIngestSchedule: its fields, its next occurrences, and how many ended in each state. */
import type { ScheduleAnswers } from "../../contract/schedules/answers.js";
import {
  SHOWN_OCCURRENCE_STATES,
  type ShownOccurrenceState,
} from "../../contract/schedules/fields.js";
import type { Call, Services } from "../../ingest/services.js";
import { findOwn } from "../find.js";
import { presentSchedule } from "../present.js";
import { SHOWN_NEXT, upcomingOfSchedule } from "../upcoming.js";

export async function describeSchedule(
  services: Services,
  { caller, request }: Call<"DescribeIngestSchedule">,
): Promise<ScheduleAnswers["DescribeIngestSchedule"]> {
  const { store, clock } = services;
  const schedule = await findOwn(services, caller, request.ScheduleId);
  const next = { from: clock.now(), count: SHOWN_NEXT };
  const { occurrences } = await upcomingOfSchedule(services, schedule, next);
  const counts = await store.schedules.countOccurrences(schedule.scheduleId);
  const Counts = Object.fromEntries(
    SHOWN_OCCURRENCE_STATES.map((state) => [state, counts[state] ?? 0]),
  ) as Record<ShownOccurrenceState, number>;
  return { ...presentSchedule(schedule), Occurrences: occurrences, Counts };
}
