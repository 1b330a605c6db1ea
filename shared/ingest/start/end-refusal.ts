/** Refuses an end that a start cannot keep: its StopTime, and its ExtendableUntil. */
import { ApiError } from "../../contract/errors.js";
import { MAX_DURATION_MINUTES } from "../../contract/fields.js";
import { askedDeadline, type Bounds, limitAtOf } from "../lifecycle.js";

interface Times {
  now: Date;
  /** `now`, or the StartTime. */
  startsAt: Date;
}

/** Refuses an end that the start cannot keep. */
export const endRefusal = (bounds: Bounds, times: Times): ApiError | undefined =>
  stopTimeRefusal(bounds, times) ?? extendableRefusal(bounds, times);

function stopTimeRefusal({ stopAt }: Bounds, { now, startsAt }: Times): ApiError | undefined {
  if (!stopAt) return undefined;
  const refused = (message: string) => new ApiError("InvalidParameterValue", message);
  if (stopAt.getTime() <= now.getTime()) {
    return refused("StopTime is over: send an instant ahead of now.");
  }
  if (stopAt.getTime() > startsAt.getTime()) return undefined;
  return refused("StopTime is not after StartTime: send a later StopTime or an earlier StartTime.");
}

function extendableRefusal(bounds: Bounds, { now, startsAt }: Times): ApiError | undefined {
  const { extendableUntil, stopAt } = bounds;
  if (!extendableUntil) return undefined;
  const refused = (message: string) => new ApiError("InvalidParameterValue", message);
  const ms = extendableUntil.getTime();
  const limitAt = limitAtOf(startsAt, bounds);
  if (ms <= now.getTime()) {
    return refused("ExtendableUntil is over: send an instant ahead of now, or leave it out.");
  }
  if (stopAt && ms < stopAt.getTime()) {
    return refused(
      "ExtendableUntil is before StopTime: send StopTime's instant or a later one, or leave it out.",
    );
  }
  const asked = askedDeadline(startsAt, bounds);
  if (asked && ms < asked.getTime()) {
    return refused(
      "ExtendableUntil is before the end of MaxDuration: send a later instant, or a shorter MaxDuration.",
    );
  }
  if (ms <= limitAt.getTime()) return undefined;
  return refused(
    `ExtendableUntil is too late, since ${limitWords(bounds)}: send ${limitAt.toISOString()} or an earlier instant.`,
  );
}

function limitWords({ limitMinutes, mayRestart: isRestarted }: Bounds): string {
  if (limitMinutes > MAX_DURATION_MINUTES && !isRestarted) {
    return "without KeepAlive: true no ingest lasts longer than seven days";
  }
  return limitMinutes === MAX_DURATION_MINUTES
    ? "the caller's longest ingest lasts seven days"
    : `the caller's longest ingest lasts ${limitMinutes} minutes`;
}
