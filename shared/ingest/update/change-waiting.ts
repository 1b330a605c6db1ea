/**
 * An update of an ingest whose start waits for its time: a scheduled one, or one whose task has ended
 * and that starts again. Nothing plays, so only the row changes.
 */
import { type Ingest, isScheduled, waitsToStart } from "../../store/ingests/ingest-row.js";
import type { Reschedule, ScheduledTimes, ScheduledUpdate } from "../../store/ingests/updates.js";
import { budgetsOfMove, checkBudgets } from "../budgets.js";
import type { Call, Services } from "../services.js";
import { lostItsTurn, movedDeadline, type Update } from "./change-running.js";
import { type Media, playAfter } from "./media.js";
import { type NewItems, programmeAfter } from "./programme-after.js";
import { notRunning, otherUpdateRuns, refuseOutdated } from "./refusals.js";
import { rescheduled } from "./scheduled.js";

/** Another update changed the same list or the same times. */
const TRIES_MAX = 5;

const TIMES = ["startsAt", "deadlineAt", "latestAt"] as const satisfies (keyof ScheduledTimes)[];

/** The row afterwards. */
export async function changeWaiting(
  services: Services,
  call: Call<"UpdateStreamIngest">,
  { ingest: first, media, items, claimed }: Update & { items: NewItems },
): Promise<Ingest> {
  const { store, clock, machineClock } = services;
  const { request } = call;
  let ingest = first;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const at = clock.now();
    const edit = editOf(ingest, call, { items, at });
    const schedule = timesAfter(ingest, call, at);
    const { deadlineAt } = schedule;
    // What has not started is counted when it starts.
    const budgets = isScheduled(ingest)
      ? []
      : budgetsOfMove(services, call, { ingest, deadlineAt });
    await checkBudgets(services, { taskId: ingest.taskId, deadlineAt, budgets });
    const updated = await store.scheduled.markUpdated({
      taskId: ingest.taskId,
      play: playOf(ingest, media, edit),
      schedule,
      before: ingest,
      movedAt: at,
      sequence: request.Sequence,
      edit,
      signature: claimed?.signature,
      use: claimed?.use,
      budgets,
      at: machineClock.now(),
    });
    if (updated) return updated;
    // It has started or was stopped, a newer update took effect, or another request carried it out.
    const now = (await store.ingests.read(ingest.taskId)) ?? ingest;
    if (!waitsToStart(now)) throw notRunning(now);
    refuseOutdated(now, request.Sequence);
    if (isSame(now, ingest) && !lostItsTurn(now, { ingest, deadlineAt, budgets })) return now;
    ingest = now;
  }
  throw otherUpdateRuns();
}

const isSame = (one: Ingest, other: Ingest): boolean =>
  JSON.stringify(one.programme) === JSON.stringify(other.programme) &&
  TIMES.every((time) => one[time]?.getTime() === other[time]?.getTime());

function editOf(
  ingest: Ingest,
  { request }: Call<"UpdateStreamIngest">,
  { items, at }: { items: NewItems; at: Date },
): ScheduledUpdate["edit"] {
  const before = ingest.programme ?? undefined;
  return before && { before, ...programmeAfter(ingest, before, { request, items, at }) };
}

/** Of a programme, the item that starts first says which source it is. */
function playOf(ingest: Ingest, media: Media, edit: ScheduledUpdate["edit"]) {
  if (!edit) return playAfter(ingest, media);
  const { items, anchor } = edit.programme;
  const { StreamUrl: _source, ...others } = media;
  const first = items[anchor.index]?.StreamUrl ?? ingest.play.StreamUrl;
  const isOther = isScheduled(ingest) && first !== ingest.play.StreamUrl;
  return playAfter(ingest, { ...others, ...(isOther && { StreamUrl: first }) });
}

/** What starts again has begun long ago, so only its deadline moves. */
function timesAfter(
  ingest: Ingest,
  { request, caller }: Call<"UpdateStreamIngest">,
  now: Date,
): Reschedule {
  if (isScheduled(ingest)) {
    return rescheduled(ingest, request, { now, limitMinutes: caller.maxDurationMinutes });
  }
  const { startsAt, latestAt, asked } = ingest;
  const deadlineAt = movedDeadline(ingest, request, now) ?? ingest.deadlineAt;
  return {
    startsAt,
    startBy: deadlineAt,
    asked: asked ?? {},
    deadlineAt,
    latestAt,
    isMoved: false,
  };
}
