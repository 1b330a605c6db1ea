/**
 * An update of an ingest that plays. It calls TRTC first and then writes the row. An update is
 * repeatable, so the caller's retry repairs a crash in between.
 */
import { ApiError } from "../../contract/errors.js";
import { parseInstant } from "../../contract/instants.js";
import type { Requests } from "../../contract/schemas.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import { askedDeadline, isLoop, mayRestart } from "../lifecycle.js";
import type { Call, Services } from "../services.js";
import { endGone } from "../stop/end-gone.js";
import { changeTask, isEmpty, type Media, pausedAt, playAfter } from "./media.js";
import type { ClaimedUpdate } from "./once.js";
import { notRunning, otherUpdateRuns, refuseOutdated } from "./refusals.js";
import { repair } from "./repair.js";
import { endTurn, takeTurn, type Turn } from "./turns.js";

export interface Update {
  ingest: Ingest;
  media: Media;
  claimed?: ClaimedUpdate | undefined;
}

/** The row afterwards. */
export async function changeRunning(
  services: Services,
  call: Call<"UpdateStreamIngest">,
  update: Update,
): Promise<Ingest> {
  const { request, timeLeftMs } = call;
  const { ingest } = update;
  const deadlineAt = movedDeadline(ingest, request, services.clock.now());
  const { Sequence: sequence } = request;
  if (sequence === undefined) return carryOut(services, update, { timeLeftMs, deadlineAt });
  const turn = await takeTurn(services, { ingest, sequence, timeLeftMs });
  try {
    const held = { ...update, ingest: turn.ingest };
    return await carryOut(services, held, { timeLeftMs, deadlineAt, inTurn: { sequence, turn } });
  } catch (error) {
    await endTurn(services, turn);
    throw error;
  }
}

interface Change {
  /** Of the function. A turn may end earlier. */
  timeLeftMs: () => number;
  /** For an update with a Sequence. */
  inTurn?: { sequence: number; turn: Turn };
  deadlineAt: Date | undefined;
}

async function carryOut(
  services: Services,
  { ingest, media, claimed }: Update,
  { inTurn, deadlineAt, timeLeftMs }: Change,
): Promise<Ingest> {
  const { store, clock, machineClock } = services;
  const held = { ingest, media, timeLeftMs: inTurn?.turn.timeLeftMs ?? timeLeftMs };
  const isThere = isEmpty(media) || (await changeTask(services, held));
  if (!isThere) return gone(await endGone(services, ingest, timeLeftMs));
  const play = playAfter(ingest, media);
  // Only failures after this time count, by TRTC's clock. Earlier ones belong to the old source.
  const wasReported = play.StreamUrl !== undefined && ingest.mediaState !== "connecting";
  const updated = await store.ingests.markUpdated({
    taskId: ingest.taskId,
    deadlineAt,
    play,
    pausedAt: pausedAt(media.IsPause, clock.now()),
    failuresAfter: wasReported ? (ingest.mediaAt ?? undefined) : undefined,
    turn: inTurn && { sequence: inTurn.sequence, stepFence: ingest.stepFence },
    signature: claimed?.signature,
    use: claimed?.use,
    at: machineClock.now(),
  });
  if (updated) return updated;
  if (inTurn) await endTurn(services, inTurn.turn);
  // Another request stopped the ingest meanwhile, or carried out the same signed update.
  const now = (await store.ingests.read(ingest.taskId)) ?? ingest;
  if (now.state !== "running") throw notRunning(now);
  if (inTurn && now.stepFence !== ingest.stepFence) {
    await repair(services, { ingest: now, media, timeLeftMs });
    refuseOutdated(now, inTurn.sequence);
    throw otherUpdateRuns();
  }
  return now;
}

/** The update changed nothing. The row stays as it is while its robot is still in the room. */
function gone(ingest: Ingest): Ingest {
  if (ingest.state !== "ended") throw notRunning(ingest);
  return ingest;
}

/** TRTC ends a loop at the cap of its start. So a later deadline is refused. */
export function movedDeadline(
  ingest: Ingest,
  { StopTime, MaxDuration }: Requests["UpdateStreamIngest"],
  now: Date,
): Date | undefined {
  const stopAt = StopTime === undefined ? undefined : parseInstant("StopTime", StopTime);
  const bounds = { stopAt, maxDurationMinutes: MaxDuration };
  const deadlineAt = askedDeadline(ingest.startedAt ?? ingest.createdAt, bounds);
  if (deadlineAt === undefined) return undefined;
  if (deadlineAt.getTime() <= now.getTime()) {
    throw new ApiError(
      "InvalidParameterValue",
      "The new deadline is over: send a later StopTime or MaxDuration, or StopStreamIngest to end it now.",
    );
  }
  if (deadlineAt.getTime() <= ingest.latestAt.getTime()) return deadlineAt;
  const isCapped = isLoop(ingest.play) && !mayRestart(ingest.programme);
  const why = isCapped
    ? "TRTC ends this loop at the cap it was started with, which ExtendableUntil sets"
    : "the caller's longest ingest ends there, or its start said ExtendableUntil";
  throw new ApiError(
    "InvalidParameterValue",
    `The deadline cannot be moved past ${ingest.latestAt.toISOString()}: ${why}. Send that instant or an earlier one, or stop the ingest and start another.`,
  );
}
