/**
 * An update of an ingest that plays. It calls TRTC first and then writes the row. An update is
 * repeatable, so the caller's retry repairs a crash in between.
 */
import { ApiError } from "../../contract/errors.js";
import { parseInstant } from "../../contract/instants.js";
import type { Budget } from "../../config/money/budgets.js";
import type { Requests } from "../../contract/schemas.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import { budgetsOfMove, checkBudgets } from "../budgets.js";
import { askedDeadline, isLoop, mayRestart } from "../lifecycle.js";
import { throughOutage } from "../outage.js";
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
  const budgets = budgetsOfMove(services, call, { ingest, deadlineAt });
  // Before TRTC hears of anything.
  await checkBudgets(services, { taskId: ingest.taskId, deadlineAt, budgets });
  const change = { timeLeftMs, deadlineAt, budgets };
  const { Sequence: sequence } = request;
  if (sequence === undefined) return carryOut(services, update, change);
  const turn = await takeTurn(services, { ingest, sequence, timeLeftMs });
  try {
    const held = { ...update, ingest: turn.ingest };
    return await carryOut(services, held, { ...change, inTurn: { sequence, turn } });
  } catch (error) {
    await endTurn(services, turn);
    throw error;
  }
}

export interface Change {
  /** Of the function. A turn may end earlier. */
  timeLeftMs: () => number;
  /** For an update with a Sequence. */
  inTurn?: { sequence: number; turn: Turn };
  deadlineAt: Date | undefined;
  /** What a later deadline has to keep. */
  budgets: readonly Budget[];
}

/** Another start or update takes the turn of a budget. */
const TRIES_MAX = 20;

async function carryOut(
  services: Services,
  { ingest, media, claimed }: Update,
  { inTurn, deadlineAt, budgets, timeLeftMs }: Change,
): Promise<Ingest> {
  const { store, clock, machineClock } = services;
  const held = { ingest, media, timeLeftMs: inTurn?.turn.timeLeftMs ?? timeLeftMs };
  const isThere = isEmpty(media) || (await changeTask(services, held));
  if (!isThere) return gone(await endGone(services, ingest, timeLeftMs));
  const play = playAfter(ingest, media);
  // Only failures after this time count, by TRTC's clock. Earlier ones belong to the old source.
  const wasReported = play.StreamUrl !== undefined && ingest.mediaState !== "connecting";
  const { taskId, stepFence } = ingest;
  const written = {
    taskId,
    play,
    pausedAt: pausedAt(media.IsPause, clock.now()),
    failuresAfter: wasReported ? (ingest.mediaAt ?? undefined) : undefined,
    at: machineClock.now(),
  };
  let now = ingest;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const change = {
      ...written,
      deadlineAt,
      budgets,
      turn: inTurn && { sequence: inTurn.sequence, stepFence },
      signature: claimed?.signature,
      use: claimed?.use,
    };
    const updated = await throughOutage(services, held.timeLeftMs, () =>
      store.ingests.markUpdated(change),
    );
    if (updated) return updated;
    // Another request stopped the ingest meanwhile, or carried out the same signed update.
    now = (await store.ingests.read(taskId)) ?? ingest;
    if (!lostItsTurn(now, { ingest, deadlineAt, budgets })) break;
    try {
      await checkBudgets(services, { taskId, deadlineAt, budgets });
    } catch (error) {
      // TRTC plays it already. Without a name and a Sequence, a repeat may still move the deadline.
      const turn = inTurn && { sequence: undefined, stepFence };
      await store.ingests.markUpdated({
        ...written,
        deadlineAt: undefined,
        turn,
        signature: undefined,
      });
      throw error;
    }
  }
  if (inTurn) await endTurn(services, inTurn.turn);
  if (now.state !== "running") throw notRunning(now);
  if (inTurn && now.stepFence !== ingest.stepFence) {
    await repair(services, { ingest: now, media, timeLeftMs });
    refuseOutdated(now, inTurn.sequence);
    throw otherUpdateRuns();
  }
  if (lostItsTurn(now, { ingest, deadlineAt, budgets })) throw otherUpdateRuns();
  return now;
}

/** Nothing but a budget, or the turn of one, can have prevented the later deadline. */
export const lostItsTurn = (
  now: Ingest,
  { ingest, deadlineAt, budgets }: { ingest: Ingest } & Pick<Change, "deadlineAt" | "budgets">,
): boolean =>
  budgets.length > 0 &&
  deadlineAt !== undefined &&
  now.deadlineAt < deadlineAt &&
  now.state === ingest.state &&
  now.stepFence === ingest.stepFence;

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
