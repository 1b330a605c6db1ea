/**
 * The start of an occurrence: the schedule's Ingest with the times of its window. Its schema, its
 * grants and its limits are checked again, because the configuration may have changed.
 */
import { SECOND_MS } from "../../clock.js";
import { applicationFor, siteFor } from "../../config/application-of.js";
import type { Caller, Config } from "../../config/configuration.js";
import { checkRequest } from "../../contract/check.js";
import { ApiError } from "../../contract/errors.js";
import { type Planner, planStart } from "../../ingest/start/plan-start.js";
import type { NewIngest } from "../../store/ingests/new-row.js";
import type { Refusal } from "../../store/ingests/scheduled.js";
import type { Occurrence, Schedule } from "../../store/schedules/schedule-row.js";

/** The times of an occurrence. */
export type Due = Pick<Occurrence, "nominalAt" | "startsAt" | "endsAt">;

export type PlannedStart = { start: NewIngest } | { refusal: Refusal };

/** A refusal may be over before the occurrence starts. */
export function startOf(services: Planner, schedule: Schedule, due: Due): PlannedStart {
  try {
    return { start: makeStart(services, schedule, due) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { code, message } = error;
    return { refusal: { code, message } };
  }
}

/** Throws ApiError when the caller may not have this start, or no longer. */
export function makeStart(
  services: Planner,
  schedule: Schedule,
  { nominalAt, startsAt, endsAt }: Due,
): NewIngest {
  const { config } = services;
  const { scheduleId, definition, revision } = schedule;
  const { priority, overlapPolicy, lateStart } = definition;
  const caller = callerOf(config, schedule);
  const body = {
    KeepAlive: true,
    ...definition.ingest,
    StartTime: startsAt.toISOString(),
    StopTime: endsAt.toISOString(),
  };
  const action = "StartStreamIngest";
  const site = siteFor(config, caller, body);
  // A caller's own StartWindowSeconds is at most a day. The one of a window may be longer.
  const request = {
    ...checkRequest({ action, site }, body),
    StartWindowSeconds: Math.ceil(catchupMs(schedule, { startsAt, endsAt }) / SECOND_MS),
  };
  const application = applicationFor(config, caller, { action, request, region: undefined });
  const nominal = nominalAt.toISOString();
  const plan = planStart(services, {
    caller,
    request,
    application,
    // Nothing waits for the start here, so advance-ingests carries it out.
    isMessage: true,
    timeLeftMs: () => 0,
    occurrence: {
      of: { scheduleId, nominalAt: nominal, priority, overlapPolicy },
      clientToken: `occurrence ${scheduleId} ${nominal} ${revision}`,
      clockFrom: lateStart === "AtPosition" ? startsAt : undefined,
    },
  });
  if (plan.refusal) throw plan.refusal;
  return plan.row;
}

function callerOf({ callers }: Config, { callerId }: Schedule): Caller {
  const caller = callers.get(callerId);
  if (caller) return caller;
  throw new ApiError(
    "UnauthorizedOperation",
    `The caller ${callerId} may no longer start ingests: its entry in CALLERS was removed.`,
  );
}

/** A start on the second still has this long, whatever CatchupSeconds says. */
const CATCHUP_MIN_MS = 10 * SECOND_MS;

/** How late the occurrence may start. */
export function catchupMs(
  { definition: { catchupSeconds } }: Schedule,
  { startsAt, endsAt }: Pick<Due, "startsAt" | "endsAt">,
): number {
  const lengthMs = endsAt.getTime() - startsAt.getTime();
  if (catchupSeconds === null) return lengthMs;
  return Math.min(Math.max(catchupSeconds * SECOND_MS, CATCHUP_MIN_MS), lengthMs);
}
