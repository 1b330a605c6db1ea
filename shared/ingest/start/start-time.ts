/** The StartTime of a later start: what it may be, and the bounds that a moved one keeps. */
import { addMs, DAY_MS, SECOND_MS } from "../../clock.js";
import { ApiError } from "../../contract/errors.js";
import { parseInstant } from "../../contract/instants.js";
import type { AskedBounds } from "../../store/ingests/ingest-row.js";
import type { Schedule } from "../../store/ingests/new-row.js";
import type { Bounds } from "../lifecycle.js";
import { ADVANCE_LEASE_MS, NEAR_START_MS, NEAR_START_TIME_MS } from "../timing.js";

/** The farthest StartTime. */
const AHEAD_MAX_MS = 14 * DAY_MS;

/** How long a start is tried, unless StartWindowSeconds says otherwise. */
const WINDOW_SECONDS = 300;

interface StartTimeFields extends AskedBounds {
  StartTime?: string;
  StartWindowSeconds?: number;
  UserSig?: string;
  PrivateMapKey?: string;
}

/**
 * `undefined` for a start that leaves at once. A StartTime inside its window is not too late: the
 * request may have been under way.
 */
export function scheduleOf(
  request: StartTimeFields,
  { now, waitMaxMs }: { now: Date; waitMaxMs: number },
): Schedule | undefined {
  const { StartTime, StartWindowSeconds } = request;
  if (StartTime === undefined) {
    if (StartWindowSeconds === undefined) return undefined;
    throw refused("StartWindowSeconds needs StartTime: send both, or leave it out.");
  }
  refuseSignatures(request);
  const startsAt = startTimeOf(StartTime, now);
  const { StopTime, MaxDuration, ExtendableUntil } = request;
  const isNear = startsAt.getTime() - now.getTime() <= NEAR_START_MS;
  return {
    startsAt,
    startBy: addMs(startsAt, (StartWindowSeconds ?? WINDOW_SECONDS) * SECOND_MS),
    asked: {
      ...(StopTime !== undefined && { StopTime }),
      ...(MaxDuration !== undefined && { MaxDuration }),
      ...(ExtendableUntil !== undefined && { ExtendableUntil }),
    },
    heldUntil:
      isNear && waitMaxMs > NEAR_START_TIME_MS
        ? addMs(latest(startsAt, now), ADVANCE_LEASE_MS)
        : null,
  };
}

export function startTimeOf(text: string, now: Date): Date {
  const startsAt = parseInstant("StartTime", text);
  const lastAt = addMs(now, AHEAD_MAX_MS);
  if (startsAt.getTime() <= lastAt.getTime()) return startsAt;
  throw refused(
    `StartTime is more than 14 days ahead: send ${lastAt.toISOString()} or an earlier instant.`,
  );
}

/** Its attempts are over before the request has come. */
export function startTimeRefusal(
  { startsAt, startBy }: Pick<Schedule, "startsAt" | "startBy">,
  now: Date,
): ApiError | undefined {
  if (startBy.getTime() > now.getTime()) return undefined;
  return refused(
    startsAt.getTime() < now.getTime()
      ? "StartTime is over: send an instant ahead of now, or leave StartTime out to start now."
      : "StartWindowSeconds is over: send a longer one.",
  );
}

/** The row never holds a signature, and one of today may have expired by StartTime. */
function refuseSignatures({ UserSig, PrivateMapKey }: StartTimeFields): void {
  if (UserSig === undefined && PrivateMapKey === undefined) return;
  const field = UserSig === undefined ? "PrivateMapKey" : "UserSig";
  throw refused(
    `${field} cannot be kept until StartTime: leave UserSig and PrivateMapKey out, and the login is signed at the start.`,
  );
}

/** The bounds of the end, as a request asked for them. */
export function boundsAsked(
  { StopTime, MaxDuration, ExtendableUntil }: AskedBounds,
  limits: Pick<Bounds, "limitMinutes" | "isLoop" | "defaultMinutes" | "mayRestart">,
): Bounds {
  const instant = (field: string, text: string | undefined) =>
    text === undefined ? undefined : parseInstant(field, text);
  return {
    stopAt: instant("StopTime", StopTime),
    extendableUntil: instant("ExtendableUntil", ExtendableUntil),
    maxDurationMinutes: MaxDuration,
    ...limits,
  };
}

const latest = (a: Date, b: Date): Date => (a.getTime() >= b.getTime() ? a : b);

const refused = (message: string): ApiError => new ApiError("InvalidParameterValue", message);
