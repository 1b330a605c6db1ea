/**
 * SkipIngestOccurrence: one occurrence does not start. It may be any number of days ahead: then its
 * row is written ahead of planning. A second skip is a success.
 */
import { startWithJitter } from "../../calendar/jitter.js";
import { windowsBetween } from "../../calendar/planned-windows.js";
import { addMs } from "../../clock.js";
import { ApiError } from "../../contract/errors.js";
import { parseInstant } from "../../contract/instants.js";
import type { ScheduleAnswers } from "../../contract/schedules/answers.js";
import type { Call, Services } from "../../ingest/services.js";
import type { ShownOccurrence } from "../../store/schedules/occurrences.js";
import type { Schedule } from "../../store/schedules/schedule-row.js";
import { findOwn, unknownSchedule } from "../find.js";
import * as planning from "../planning/edit.js";
import { presentOccurrence } from "../present.js";
import { readOccurrence } from "../upcoming.js";

export async function skipOccurrence(
  services: Services,
  { caller, request }: Call<"SkipIngestOccurrence">,
): Promise<ScheduleAnswers["SkipIngestOccurrence"]> {
  const nominalAt = parseInstant("StartTime", request.StartTime);
  const schedule = await findOwn(services, caller, request.ScheduleId);
  const known = await readOccurrence(services, schedule, nominalAt);
  if (known?.state === "Skipped" && !isByRules(known)) return presentOccurrence(known);
  if (known && known.state !== "Planned" && known.state !== "Skipped") throw hasBegun(known);
  const due = known ?? windowAt(schedule, nominalAt);
  if (!due) throw noOccurrence();
  if (!known && nominalAt.getTime() <= services.clock.now().getTime()) throw isPast();
  const { callerId, scheduleId } = schedule;
  const { startsAt, endsAt, localStart } = due;
  const { outcome } = await planning.skipOccurrence(services, {
    callerId,
    scheduleId,
    due: { nominalAt, startsAt, endsAt, localStart: localStart ?? "" },
  });
  if (outcome === "unknown") throw unknownSchedule();
  const now = await readOccurrence(services, schedule, nominalAt);
  if (!now || now.state !== "Skipped") throw hasBegun(now);
  return presentOccurrence(now);
}

/** Other rules may give it a start again, which the skip has to keep away. */
const isByRules = ({ reason }: ShownOccurrence): boolean =>
  reason === "Excluded" || reason === "DstGap";

/** The window that starts at exactly this instant. */
function windowAt({ scheduleId, definition }: Schedule, nominalAt: Date) {
  const range = { from: nominalAt, to: addMs(nominalAt, 1) };
  const [window] = windowsBetween(definition, range);
  if (!window) return undefined;
  const startsAt = startWithJitter(scheduleId, nominalAt, definition.jitterSeconds);
  return { startsAt, endsAt: window.endsAt, localStart: window.localStart };
}

const noOccurrence = (): ApiError =>
  new ApiError(
    "ResourceNotFound",
    "The schedule has no occurrence at this StartTime: send a StartTime that PreviewIngestSchedule or ListIngestOccurrences answers.",
  );

const isPast = (): ApiError =>
  new ApiError(
    "FailedOperation",
    "This StartTime is over, and an occurrence of the past cannot be skipped: send a later one that PreviewIngestSchedule answers.",
  );

function hasBegun(occurrence: ShownOccurrence | undefined): ApiError {
  const { state, taskId } = occurrence ?? {};
  const isLive = state === undefined || state === "Running" || state === "Planned";
  return new ApiError(
    "FailedOperation",
    isLive && taskId
      ? `The occurrence has begun, so it cannot be skipped: stop it with StopStreamIngest and its TaskId ${taskId}.`
      : `The occurrence is over (${state ?? "gone"}), so it cannot be skipped: send the StartTime of a later one.`,
  );
}
