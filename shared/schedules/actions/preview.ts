/**
 * PreviewIngestSchedule: when a schedule plays, and what it meets in its room. It writes nothing.
 * With a ScheduleId and other fields it shows what an update with these fields would do.
 */
import { parseInstant } from "../../contract/instants.js";
import { ApiError } from "../../contract/errors.js";
import type { ScheduleAnswers } from "../../contract/schedules/answers.js";
import { SCHEDULE_DEFAULTS } from "../../contract/schedules/fields.js";
import type { Call, Services } from "../../ingest/services.js";
import type { Schedule } from "../../store/schedules/schedule-row.js";
import { checkOccurrences, checkRules } from "../check-schedule.js";
import { conflictsOf } from "../conflicts.js";
import { changedDefinition, definitionOf, placeOf } from "../definition.js";
import { findOwn } from "../find.js";
import { upcomingOf, upcomingOfSchedule } from "../upcoming.js";

type PreviewCall = Call<"PreviewIngestSchedule">;
type PreviewAnswer = ScheduleAnswers["PreviewIngestSchedule"];

export async function previewSchedule(
  services: Services,
  call: PreviewCall,
): Promise<PreviewAnswer> {
  const { request, caller } = call;
  const { From, Count: count = SCHEDULE_DEFAULTS.Count } = request;
  const from = From === undefined ? services.clock.now() : parseInstant("From", From);
  if (request.ScheduleId === undefined) return previewNew(services, call, { from, count });
  const known = await findOwn(services, caller, request.ScheduleId);
  const definition = changedDefinition(known.definition, request);
  const schedule = { ...known, ...placeOf(definition), definition };
  if (definition !== known.definition) check(services, call, schedule);
  const { windows, occurrences } = await upcomingOfSchedule(services, schedule, { from, count });
  const Conflicts = await conflictsOf(services, schedule, windows);
  return { Occurrences: occurrences, Conflicts };
}

/** Without Ingest there is no room, and so no conflict. */
async function previewNew(
  services: Services,
  call: PreviewCall,
  next: { from: Date; count: number },
): Promise<PreviewAnswer> {
  const { request, caller } = call;
  const { TimeZone, Windows, Ingest } = request;
  if (TimeZone === undefined) throw missing("TimeZone");
  if (Windows === undefined) throw missing("Windows");
  const definition = definitionOf({
    ...request,
    TimeZone,
    Windows,
    Ingest: Ingest ?? NO_INGEST,
  });
  checkRules(definition);
  const { windows, occurrences } = upcomingOf(definition, next);
  if (!Ingest) return { Occurrences: occurrences, Conflicts: [] };
  const now = services.clock.now();
  const schedule: Schedule = {
    // Of two equal starts the one of the schedule that is older plays.
    scheduleId: "~",
    callerId: caller.Id,
    ...placeOf(definition),
    name: request.Name ?? "",
    comment: "",
    state: "Enabled",
    pausedBecause: null,
    definition,
    clientToken: null,
    requestHash: "",
    revision: 1,
    tzdata: "",
    plannedUntil: now,
    planAt: null,
    failures: 0,
    notified: null,
    createdAt: now,
    updatedAt: now,
  };
  check(services, call, schedule);
  const Conflicts = await conflictsOf(services, schedule, windows);
  return { Occurrences: occurrences, Conflicts };
}

const NO_INGEST = { SdkAppId: 0, RoomId: "" };

function check(services: Services, { caller }: PreviewCall, schedule: Schedule): void {
  checkRules(schedule.definition);
  checkOccurrences(services, caller, schedule);
}

const missing = (field: string): ApiError =>
  new ApiError(
    "MissingParameter",
    `${field} is missing: send ScheduleId, or TimeZone and Windows.`,
  );
