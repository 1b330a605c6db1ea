/**
 * RunIngestSchedule: plays the schedule's Ingest now, once. Its ingest is an occurrence like any
 * other, which starts at once, so it has a state, it is counted, and it meets others in its room.
 */
import { nextWindows } from "../../calendar/planned-windows.js";
import { addMs, SECOND_MS } from "../../clock.js";
import { ApiError } from "../../contract/errors.js";
import type { ScheduleAnswers } from "../../contract/schedules/answers.js";
import { startOccurrence } from "../../ingest/overlap/start-occurrence.js";
import type { Call, Services } from "../../ingest/services.js";
import { startedAndEnded } from "../../ingest/start/start-errors.js";
import { waitWhileStarting } from "../../ingest/wait.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import type { Schedule } from "../../store/schedules/schedule-row.js";
import { checkRunLength } from "../check-schedule.js";
import { findOwn, unknownSchedule } from "../find.js";
import { runOnce } from "../planning/edit.js";
import { presentOccurrence } from "../present.js";
import { hashOf, nameOf, refuseOtherRequest } from "../request-name.js";
import { readOccurrence } from "../upcoming.js";

type RunCall = Call<"RunIngestSchedule">;

export async function runSchedule(
  services: Services,
  call: RunCall,
): Promise<ScheduleAnswers["RunIngestSchedule"]> {
  const schedule = await findOwn(services, call.caller, call.request.ScheduleId);
  const known = await findRun(services, call);
  const ingest = known
    ? await waitWhileStarting(services, known, call.timeLeftMs)
    : await startRun(services, call, schedule);
  if (known && ingest) refuseEnded(call, ingest);
  return answerOf(services, schedule, ingest);
}

/**
 * Two equal requests of one second have one signature. So the caller may have asked for another run,
 * and the TaskId of an ended one would mislead it.
 */
function refuseEnded({ request }: RunCall, ingest: Ingest): void {
  const isOver = ingest.state === "ended" || ingest.state === "stopping";
  const hasPlayed = isOver && ingest.startedAt !== null;
  if (hasPlayed && request.ClientToken === undefined) throw startedAndEnded(ingest);
}

/** What an equal request has started before. */
async function findRun({ store }: Services, call: RunCall): Promise<Ingest | undefined> {
  const clientToken = runToken(call);
  if (clientToken === undefined) return undefined;
  const [known] = await store.ingests.list({ callerId: call.caller.Id, clientToken, limit: 1 });
  if (known) refuseOtherRequest(call, known.requestHash);
  return known;
}

/** As the row of its ingest stores it. No start can have it. */
function runToken(call: RunCall): string | undefined {
  const name = nameOf(call);
  return name === null ? undefined : `run ${name}`;
}

async function startRun(
  services: Services,
  call: RunCall,
  schedule: Schedule,
): Promise<Ingest | undefined> {
  const { store } = services;
  const clientToken = runToken(call);
  const named = clientToken === undefined ? undefined : { clientToken, requestHash: hashOf(call) };
  const endsAtOf = (row: Schedule, now: Date) => addMs(now, lengthMs(call, row, now));
  try {
    const taskId = await runOnce(services, schedule, { endsAtOf, named });
    if (taskId === undefined) throw unknownSchedule();
    const claimed = await store.ingests.read(taskId);
    if (claimed) await startOccurrence(services, claimed, call.timeLeftMs);
    return await store.ingests.read(taskId);
  } catch (error) {
    // An equal request may have come first.
    const known = await findRun(services, call);
    if (!known) throw error;
    return waitWhileStarting(services, known, call.timeLeftMs);
  }
}

/** As long as the next window, unless the request says how long. */
function lengthMs({ request, caller }: RunCall, { definition }: Schedule, now: Date): number {
  const seconds = request.DurationSeconds ?? nextLength(definition, now);
  if (seconds === undefined) throw noWindow();
  checkRunLength(caller, definition, seconds);
  return seconds * SECOND_MS;
}

const LOOKED_AT = 400;

function nextLength(definition: Schedule["definition"], now: Date): number | undefined {
  const next = nextWindows(definition, { from: now, count: LOOKED_AT });
  const window = next.find(({ skipped }) => skipped === undefined);
  return window && (window.endsAt.getTime() - window.nominalAt.getTime()) / SECOND_MS;
}

const noWindow = (): ApiError =>
  new ApiError(
    "MissingParameter",
    "DurationSeconds is missing: the schedule has no window ahead whose length it could have, so send how long it plays.",
  );

/**
 * Throws the error of a start that has failed, as StartStreamIngest does. One that is tried again
 * says why it does not play yet.
 */
async function answerOf(
  services: Services,
  schedule: Schedule,
  ingest: Ingest | undefined,
): Promise<ScheduleAnswers["RunIngestSchedule"]> {
  const nominal = ingest?.occurrence?.nominalAt;
  const occurrence =
    nominal === undefined ? undefined : await readOccurrence(services, schedule, new Date(nominal));
  // A delete of the schedule has cancelled it before it began.
  if (!occurrence) throw unknownSchedule();
  if (occurrence.state === "Failed" && occurrence.reason !== null) {
    throw new ApiError(occurrence.reason, occurrence.detail ?? undefined);
  }
  const shown = presentOccurrence(occurrence);
  if (occurrence.state !== "Planned" || !ingest?.failureCode) return shown;
  return { ...shown, Reason: ingest.failureCode, Detail: ingest.failureMessage };
}
