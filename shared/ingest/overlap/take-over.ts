/**
 * An occurrence takes over the task of the one that it has beaten. UpdateStreamIngest then puts its
 * source in, so the robot stays in the room.
 *
 *   rows changed: the winner has the task, its step is due ──── UpdateStreamIngest ──── row written
 *   └ a crash here: advance-ingests carries the step out
 */
import { ignoreFailure } from "../../ignore.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import type { OnAir } from "../../store/programmes/programme-row.js";
import type { CutReason } from "../../store/schedules/schedule-row.js";
import { budgetsOf } from "../budgets.js";
import { earliest, mayRestart } from "../lifecycle.js";
import { type Began, playAt } from "../programme/play-now.js";
import { stepNow } from "../programme/step-now.js";
import type { Services } from "../services.js";
import { heldMs, STEP_LEASE_MS } from "../timing.js";

export interface Beat {
  winner: Ingest;
  loser: Ingest;
  reason: CutReason;
  timeLeftMs: () => number;
}

/**
 * What the winner begins with; `undefined` where the loser has to leave first. Settings that no
 * update can change have to be equal, and no robot is one that the caller named.
 */
export function planTakeOver(
  { winner, loser }: Pick<Beat, "winner" | "loser">,
  at: Date,
): Began | undefined {
  if (!isOneAccount(winner, loser) || !isLikeTask(winner, loser)) return undefined;
  if (loser.state !== "running" || loser.pausedAt !== null) return undefined;
  if (winner.lateStartUntil !== null || !lastsFor(winner, loser, at)) return undefined;
  const began = playAt(winner, at);
  // No update seeks.
  return began && began.play.SeekSecond === undefined ? began : undefined;
}

/** False when the loser has changed since it was read. A step that fails is done by advance-ingests. */
export async function takeOver(
  services: Services,
  { winner, loser, reason, timeLeftMs }: Beat,
  { programme, onAir, play }: Began,
): Promise<boolean> {
  const { store, clock, log } = services;
  const at = clock.now();
  const running = await store.overlap.takeOver({
    budgets: budgetsOf(services, winner),
    winner,
    loser,
    reason,
    programme,
    onAir: onAirOfTask(onAir, loser),
    streamUrl: play.StreamUrl,
    latestAt: latestAtOf(winner, loser),
    at,
    leaseMs: STEP_LEASE_MS,
  });
  if (!running) return false;
  const held = heldMs(services, { leaseUntil: running.stepLeaseUntil }, timeLeftMs);
  const step = { ingest: running, slot: undefined, timeLeftMs: held };
  await stepNow(services, step).catch(ignoreFailure);
  const { taskId, callerId, startsAt } = running;
  const latenessMs = clock.now().getTime() - (startsAt ?? at).getTime();
  log({ level: "info", ingest: taskId, caller: callerId, outcome: "took-over", latenessMs });
  return true;
}

/** The task is the loser's, and the next step sends everything that the winner asks for. */
const onAirOfTask = (onAir: OnAir, { onAir: before }: Ingest): OnAir => ({
  ...onAir,
  taskSince: before?.taskSince ?? onAir.taskSince,
  taskEndsAt: before?.taskEndsAt,
  due: "update",
  sendsAll: true,
});

/** A task belongs to one account, region and caller, and a named robot to its own schedule. */
const isOneAccount = (winner: Ingest, loser: Ingest): boolean =>
  winner.callerId === loser.callerId &&
  winner.account === loser.account &&
  winner.site === loser.site &&
  winner.region === loser.region &&
  winner.programme?.hasOwnRobot === true &&
  loser.programme?.hasOwnRobot === true;

const isLikeTask = ({ play: next }: Ingest, { play: before }: Ingest): boolean =>
  next.IdleTimeout === before.IdleTimeout &&
  next.AutoPush === before.AutoPush &&
  !next.Stored &&
  !before.Stored;

/** Where no fresh task may follow, the present one has to last until the winner's deadline. */
function lastsFor(winner: Ingest, loser: Ingest, at: Date): boolean {
  const taskEndsAt = taskEndOf(loser);
  if (taskEndsAt === undefined) return mayRestart(winner.programme);
  return taskEndsAt > (mayRestart(winner.programme) ? at : winner.deadlineAt);
}

const taskEndOf = ({ onAir }: Ingest): Date | undefined =>
  onAir?.taskEndsAt === undefined ? undefined : new Date(onAir.taskEndsAt);

function latestAtOf(winner: Ingest, loser: Ingest): Date {
  const taskEndsAt = taskEndOf(loser);
  if (taskEndsAt === undefined || mayRestart(winner.programme)) return winner.latestAt;
  return earliest(winner.latestAt, taskEndsAt);
}
