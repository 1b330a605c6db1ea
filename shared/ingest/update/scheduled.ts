/** UpdateStreamIngest of an ingest that has not started: it changes the row, and calls no TRTC. */
import { addMs } from "../../clock.js";
import type { Requests } from "../../contract/schemas.js";
import {
  type AskedBounds,
  type Ingest,
  isRestarting,
  isScheduled,
  waitsToStart,
} from "../../store/ingests/ingest-row.js";
import type { Reschedule } from "../../store/ingests/updates.js";
import { deadlineFrom, earliest, isLoop, mayRestart } from "../lifecycle.js";
import { endRefusal } from "../start/end-refusal.js";
import { notRunning, refused } from "./refusals.js";
import { boundsAsked, startTimeOf, startTimeRefusal } from "../start/start-time.js";

type Update = Requests["UpdateStreamIngest"];

interface Moving {
  now: Date;
  /** The caller's longest ingest. */
  limitMinutes: number;
}

/**
 * The times of a scheduled ingest after an update. A new StartTime moves the deadline with it,
 * unless a StopTime was sent. Throws ApiError where the times do not fit.
 */
export function rescheduled(ingest: Ingest, update: Update, moving: Moving): Reschedule {
  const known = timesOf(ingest);
  const { now } = moving;
  const startsAt =
    update.StartTime === undefined ? known.startsAt : startTimeOf(update.StartTime, now);
  const asked = askedAfter(ingest.asked ?? {}, update);
  const end = endAfter(ingest, { startsAt, asked, update, moving });
  const windowMs = known.windowMs;
  const startBy = earliest(addMs(startsAt, windowMs), end.deadlineAt);
  const refusal =
    update.StartTime === undefined ? undefined : startTimeRefusal({ startsAt, startBy }, now);
  if (refusal) throw refusal;
  const isMoved = startsAt.getTime() !== known.startsAt.getTime();
  return { startsAt, startBy, asked, isMoved, ...end };
}

/** An ingest that plays cannot start later, and one that waits cannot pause. */
export function refuseOutOfPlace(update: Update, ingest: Ingest): void {
  if (update.IsPause !== undefined && waitsToStart(ingest)) {
    if (isRestarting(ingest)) throw notRunning(ingest);
    throw refused("The ingest has not started, so it cannot pause: leave IsPause out.");
  }
  if (!isScheduled(ingest) && update.StartTime !== undefined) {
    throw refused(
      "The ingest has started, so its StartTime cannot move: leave it out, or stop the ingest and start another.",
    );
  }
}

function timesOf({ startsAt, startBy, createdAt }: Ingest) {
  const from = startsAt ?? createdAt;
  return { startsAt: from, windowMs: (startBy ?? from).getTime() - from.getTime() };
}

const askedAfter = (asked: AskedBounds, { StopTime, MaxDuration }: Update): AskedBounds => {
  if (StopTime === undefined && MaxDuration === undefined) return asked;
  const { ExtendableUntil } = asked;
  return {
    ...(StopTime !== undefined && { StopTime }),
    ...(MaxDuration !== undefined && { MaxDuration }),
    ...(ExtendableUntil !== undefined && { ExtendableUntil }),
  };
};

interface Change {
  startsAt: Date;
  asked: AskedBounds;
  update: Update;
  moving: Moving;
}

function endAfter(ingest: Ingest, { startsAt, asked, update, moving }: Change) {
  const { now, limitMinutes } = moving;
  const isAsked = asked.StopTime !== undefined || asked.MaxDuration !== undefined;
  const isNew = update.StopTime !== undefined || update.MaxDuration !== undefined;
  if (isAsked && (isNew || update.StartTime !== undefined)) {
    const bounds = boundsAsked(asked, limitsOf(ingest, limitMinutes));
    const refusal = endRefusal(bounds, { now, startsAt });
    if (refusal) throw refusal;
    const { deadlineAt, latestAt } = deadlineFrom(startsAt, bounds);
    return { deadlineAt, latestAt };
  }
  const byMs = startsAt.getTime() - timesOf(ingest).startsAt.getTime();
  return { deadlineAt: addMs(ingest.deadlineAt, byMs), latestAt: addMs(ingest.latestAt, byMs) };
}

const limitsOf = ({ play, programme }: Ingest, limitMinutes: number) => ({
  limitMinutes,
  isLoop: isLoop(play),
  mayRestart: mayRestart(programme),
});
