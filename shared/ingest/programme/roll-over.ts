/**
 * Replaces a task that is near TRTC's cap by a fresh one, while the ingest plays on. The new robot
 * enters first. Once it plays, the rows swap their tasks, and the old robot leaves:
 *
 *   attempt written   successor starts   it plays: swap   old task stopped
 *   ├─────────────────┼──────────────────┼────────────────┤
 *                     └ two robots: a few seconds at most ┘
 *
 * The ingest keeps its steps meanwhile, so no switch is late. A crash at any point is repaired by
 * the next look: it takes a running successor over, or starts another one.
 */
import { addMs, MINUTE_MS, SECOND_MS } from "../../clock.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import type { OnAir } from "../../store/programmes/programme-row.js";
import { isHeld, playsOn } from "../../store/programmes/successors.js";
import type { Services } from "../services.js";
import { endBegunStop, stopNow } from "../stop/stop-now.js";
import { STOP_LEASE_MS } from "../timing.js";
import { isSameTarget, nextStepAt, onAirWith } from "./next-step.js";
import { switchTo } from "./play-now.js";
import { startSuccessor } from "./successor.js";
import type { Situation } from "./write-step.js";

/** `spared`: another instance has the step. `again`: it is tried again later. */
export type RollResult = "rolled" | "spared" | "again";

/** If this instance dies, another one looks at the roll-over after this time. */
const LOOK_AGAIN_MS = 15 * SECOND_MS;

/** The pause after an attempt that failed. */
const RETRY_MS = 2 * MINUTE_MS;

/** TRTC's events may be late or missing. Then the fresh task is taken to play after this time. */
const PLAYS_AFTER_MS = 3 * SECOND_MS;
const POLL_MS = 250;

/** A step or an update may be under way, or come between a reading of the rows and their swap. */
const SWAPS_MAX = 20;

/** The row holds this instance's step. Throws errors of the database. */
export async function rollOver(
  services: Services,
  { ingest, timeLeftMs }: { ingest: Ingest; timeLeftMs: () => number },
  now: Situation,
): Promise<RollResult> {
  const { store } = services;
  // The attempt is written first. So only one instance makes it.
  const parent = await lookAgain(services, ingest, { ...now, pauseMs: LOOK_AGAIN_MS });
  if (!parent) return "spared";
  const successor =
    (await store.programmes.findSuccessor(parent.taskId)) ??
    (await startSuccessor(services, parent, timeLeftMs));
  if (successor?.state === "starting") return "again";
  if (successor && (await takeOver(services, { parent, successor, timeLeftMs }))) return "rolled";
  // A step since then has another fence, and the next look then comes sooner.
  await lookAgain(services, parent, { ...now, pauseMs: RETRY_MS });
  return "again";
}

/** Gives the step back. The roll-over is looked at again after the pause. */
function lookAgain(
  { store }: Services,
  { taskId, stepFence, deadlineAt }: Ingest,
  { programme, onAir: before, at, pauseMs }: Situation & { pauseMs: number },
): Promise<Ingest | undefined> {
  const onAir = { ...before, rollAt: addMs(at, pauseMs).toISOString() };
  const stepAt = nextStepAt(programme, onAir, { at, deadlineAt }) ?? null;
  return store.programmes.markStepped({ taskId, stepFence, at, programme, onAir, stepAt }, "none");
}

interface Rows {
  parent: Ingest;
  successor: Ingest;
}

/** False when the successor does not take over. It is stopped then. */
async function takeOver(
  services: Services,
  { timeLeftMs, ...known }: Rows & { timeLeftMs: () => number },
): Promise<boolean> {
  const { store, log, clock } = services;
  let rows: Rows = { ...known, successor: await whenItPlays(services, known.successor) };
  for (let tries = 0; tries < SWAPS_MAX; tries += 1) {
    const [parent, successor] = await Promise.all([
      store.ingests.read(rows.parent.taskId),
      store.ingests.read(rows.successor.taskId),
    ]);
    if (!parent || !successor) return false;
    rows = { parent, successor };
    if (isHeld(parent, clock.now())) {
      await clock.sleep(POLL_MS);
      continue;
    }
    const swap = swapOf(services, rows);
    if (!swap) break;
    const swapped = await store.programmes.swapTasks({ ...rows, ...swap, leaseMs: STOP_LEASE_MS });
    if (!swapped) continue;
    await endBegunStop(services, swapped.old, timeLeftMs);
    const { taskId, callerId } = swapped.ingest;
    const overlapMs = clock.now().getTime() - (successor.startedAt?.getTime() ?? 0);
    log({ level: "info", ingest: taskId, caller: callerId, outcome: "rolled-over", overlapMs });
    return true;
  }
  // If that fails, its deadline ends it.
  await stopNow(services, rows.successor, { timeLeftMs });
  return false;
}

/** Without callbacks no event says that the source plays. */
async function whenItPlays({ store, clock }: Services, successor: Ingest): Promise<Ingest> {
  const until = addMs(successor.startedAt ?? clock.now(), PLAYS_AFTER_MS);
  let seen = successor;
  while (seen.state === "running" && seen.mediaState !== "playing" && clock.now() < until) {
    await clock.sleep(POLL_MS);
    seen = (await store.ingests.read(successor.taskId)) ?? seen;
  }
  return seen;
}

/** `undefined` when the successor plays something else by now, or nothing. */
function swapOf({ clock }: Services, { parent, successor }: Rows) {
  const at = clock.now();
  if (!playsOn(parent, at) || !playsOn(successor, at)) return undefined;
  if (successor.mediaState === "failed" || successor.mediaState === "retrying") return undefined;
  const { programme, onAir: before } = parent;
  const fresh = successor.onAir;
  if (!programme || !before || !fresh || playsOther({ parent, successor })) return undefined;
  const isSame = isSameTarget(fresh, before);
  const { source, index, round } = fresh;
  const onAir: OnAir = {
    ...(isSame ? before : onAirWith(before, { source, index, round }, new Date(fresh.since))),
    taskSince: fresh.taskSince,
    taskEndsAt: fresh.taskEndsAt,
    rolledOver: before.rolledOver + 1,
    rollAt: undefined,
  };
  const { deadlineAt } = parent;
  // A switch since its start is done again, for the fresh task. A step that is due stays due.
  const isDue = !isSame || (parent.stepAt !== null && parent.stepAt <= at);
  const stepAt = isDue ? at : (nextStepAt(programme, onAir, { at, deadlineAt }) ?? null);
  return { onAir, stepAt, at };
}

/** An update since its start has changed the source, its loudness or its tempo. */
function playsOther({ parent, successor }: Rows): boolean {
  const [now, then] = [parent, successor].map(({ programme, play }) => {
    const target = successor.onAir;
    const switched = programme && target && switchTo({ programme, target, play });
    return JSON.stringify({
      ...switched,
      volume: play.Volume,
      tempo: play.Tempo,
      progress: play.EnableProgress,
    });
  });
  return now !== then;
}
