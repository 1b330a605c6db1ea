/**
 * An update of an ingest with a programme that plays. It takes the claim of a step, so no switch is
 * under way meanwhile. One statement writes the new programme, and its step is due at once. This
 * instance carries the step out itself, so its answer comes after the switch. If it dies before,
 * advance-ingests carries the step out.
 *
 *   turn ──── call: volume, pause ──── programme written, step due ──── step: switch ──── answer
 */
import { addMs } from "../../clock.js";
import { ignoreFailure } from "../../ignore.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import { budgetsOfMove, checkBudgets } from "../budgets.js";
import { throughOutage } from "../outage.js";
import { itemOf } from "../programme/play-now.js";
import { decisionTime } from "../programme/reported.js";
import { stepNow } from "../programme/step-now.js";
import type { Call, Services } from "../services.js";
import { endGone } from "../stop/end-gone.js";
import { heldMs, STEP_LEASE_MS } from "../timing.js";
import { lostItsTurn, movedDeadline, type Update } from "./change-running.js";
import { checkEditable } from "./edit-fields.js";
import { isElsewhere } from "./edits.js";
import { changeTask, isEmpty, type Media, pausedAt } from "./media.js";
import { type NewItems, programmeAfter } from "./programme-after.js";
import { notRunning, otherUpdateRuns, refuseOutdated } from "./refusals.js";
import { repair } from "./repair.js";
import { endTurn, takeTurn, type Turn } from "./turns.js";

/** A step that a failure of a source made due takes the claim away. It is short. */
const TRIES_MAX = 5;

/** The row afterwards. */
export async function changeProgramme(
  services: Services,
  call: Call<"UpdateStreamIngest">,
  update: Update & { items: NewItems },
): Promise<Ingest> {
  const { ingest } = update;
  const { timeLeftMs, request } = call;
  const { Sequence: sequence } = request;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const turn = await takeTurn(services, { ingest, sequence, timeLeftMs });
    try {
      const row = await changeInTurn(services, call, { ...update, turn });
      if (row) return row;
    } catch (error) {
      await endTurn(services, turn);
      throw error;
    }
    await endTurn(services, turn);
  }
  throw otherUpdateRuns();
}

/** `undefined` when the claim was lost, and the update had no effect. */
async function changeInTurn(
  services: Services,
  call: Call<"UpdateStreamIngest">,
  { media, items, claimed, turn }: Update & { items: NewItems; turn: Turn },
): Promise<Ingest | undefined> {
  const { store, clock, machineClock } = services;
  const { request } = call;
  const { ingest } = turn;
  const { programme: before } = ingest;
  if (!before) throw notRunning(ingest);
  checkEditable(ingest, request);
  const edit = (at: Date) => programmeAfter(ingest, before, { request, items, at });
  // What the list does not allow is refused before TRTC changes anything.
  const decidedAt = decisionTime(ingest, clock.now());
  edit(decidedAt);
  const { taskId } = ingest;
  const later = movedDeadline(ingest, request, decidedAt);
  const budgets = budgetsOfMove(services, call, { ingest, deadlineAt: later });
  await checkBudgets(services, { taskId, deadlineAt: later, budgets });
  const sent = mediaOfTask(ingest, media);
  if (!isEmpty(sent) && !(await changeTask(services, { ...turn, media: sent }))) {
    const gone = await endGone(services, ingest, call.timeLeftMs);
    if (gone.state !== "ended") throw notRunning(gone);
    return gone;
  }
  const at = decisionTime(ingest, clock.now());
  const edited = edit(at);
  const isPaused = media.IsPause ?? ingest.pausedAt !== null;
  const leaseUntil = isPaused ? null : addMs(at, STEP_LEASE_MS);
  const deadlineAt = movedDeadline(ingest, request, at);
  const change = {
    taskId,
    deadlineAt,
    play: playOfRow(media),
    pausedAt: pausedAt(media.IsPause, at),
    turn: { sequence: request.Sequence, stepFence: ingest.stepFence },
    failuresAfter: isElsewhere(edited, at) ? (ingest.mediaAt ?? undefined) : undefined,
    edit: { ...edited, stepAt: isPaused ? null : at, leaseUntil },
    signature: claimed?.signature,
    use: claimed?.use,
    budgets,
    at: machineClock.now(),
  };
  const updated = await throughOutage(services, turn.timeLeftMs, () =>
    store.ingests.markUpdated(change),
  );
  if (updated) return isPaused ? updated : afterStep(services, updated, call.timeLeftMs);
  const move = { deadlineAt, budgets };
  const now = (await store.ingests.read(taskId)) ?? ingest;
  if (!lostItsTurn(now, { ingest, ...move }))
    return afterLoss(services, call, { ingest, now, sent });
  try {
    await checkBudgets(services, { taskId, ...move });
  } catch (error) {
    // TRTC has what was sent. Without a name and a Sequence, a repeat may still change the rest.
    await store.ingests.markUpdated({
      taskId,
      deadlineAt: undefined,
      play: playOfRow(sent),
      pausedAt: pausedAt(media.IsPause, at),
      turn: { sequence: undefined, stepFence: ingest.stepFence },
      edit: {
        programme: before,
        onAir: ingest.onAir,
        stepAt: isPaused ? null : at,
        leaseUntil: null,
      },
      signature: undefined,
      at: machineClock.now(),
    });
    throw error;
  }
  return undefined;
}

/** The update has taken effect. A step that fails is done by advance-ingests. */
async function afterStep(
  services: Services,
  ingest: Ingest,
  timeLeftMs: () => number,
): Promise<Ingest> {
  const held = heldMs(services, { leaseUntil: ingest.stepLeaseUntil }, timeLeftMs);
  const step = { ingest, slot: undefined, timeLeftMs: held };
  await stepNow(services, step).catch(ignoreFailure);
  return (await services.store.ingests.read(ingest.taskId)) ?? ingest;
}

/** A stop, a restart, a failed source, or another request with the same name was faster. */
async function afterLoss(
  services: Services,
  { request, timeLeftMs }: Call<"UpdateStreamIngest">,
  { ingest, now, sent }: { ingest: Ingest; now: Ingest; sent: Media },
): Promise<Ingest | undefined> {
  if (now.state !== "running") throw notRunning(now);
  // An equal request was faster, or this one was written without an answer.
  if (now.stepFence === ingest.stepFence) return afterStep(services, now, timeLeftMs);
  if (request.Sequence !== undefined && (now.sequence ?? -1) >= request.Sequence) {
    await repair(services, { ingest: now, media: sent, timeLeftMs });
    refuseOutdated(now, request.Sequence);
  }
  return undefined;
}

/** The step puts sources in, and an item with a loudness of its own keeps it. */
function mediaOfTask({ programme, onAir }: Ingest, media: Media): Media {
  const { StreamUrl: _source, Volume, ...sent } = media;
  const own = programme && onAir ? itemOf(programme, onAir)?.Volume : undefined;
  return Volume === undefined || own !== undefined ? sent : { ...sent, Volume };
}

/** The step writes which source plays. */
function playOfRow({ StreamUrl: _source, IsPause: _pause, ...changed }: Media) {
  return changed;
}
