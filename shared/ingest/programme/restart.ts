/**
 * KeepAlive: starts an ingest again whose task TRTC has ended before its time. It plays what the
 * clock says then. Its TaskId stays.
 */
import { addMs, MINUTE_MS, SECOND_MS } from "../../clock.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import type { OnAir, Programme, Target } from "../../store/programmes/programme-row.js";
import { earliest } from "../lifecycle.js";
import { throughOutage } from "../outage.js";
import type { Services } from "../services.js";
import { startOnTime } from "../start/scheduled-start.js";
import { ADVANCE_LEASE_MS } from "../timing.js";
import { afterFailure, aimAt, isSameTarget } from "./next-step.js";
import { decisionTime } from "./reported.js";

const HOUR_MS = 60 * MINUTE_MS;

/** Pauses before the second and each further restart within an hour. */
const PAUSE_MIN_MS = 2 * SECOND_MS;
const PAUSE_MAX_MS = MINUTE_MS;

/**
 * `undefined` when the ingest ends with its task. Otherwise returns the row as it is after the
 * attempt, or before it where the attempt comes later. Throws errors of the database.
 */
export async function restartInstead(
  services: Services,
  ingest: Ingest,
  timeLeftMs: () => number,
): Promise<Ingest | undefined> {
  const { store, clock } = services;
  const at = clock.now();
  const plan = planRestart(ingest, at);
  if (!plan) return undefined;
  const { taskId, fence } = ingest;
  const { pauseMs, ...change } = plan;
  // At its deadline the row is over, also while it waits.
  const advanceAt = earliest(addMs(at, pauseMs), ingest.deadlineAt);
  const heldUntil = pauseMs === 0 ? addMs(at, ADVANCE_LEASE_MS) : null;
  const restarting = await throughOutage(services, timeLeftMs, () =>
    store.programmes.markRestarting({ taskId, fence, ...change, advanceAt, heldUntil }),
  );
  if (restarting && heldUntil) await startOnTime(services, restarting, timeLeftMs);
  return store.ingests.read(taskId);
}

interface RestartPlan {
  programme: Programme;
  onAir: OnAir;
  pauseMs: number;
}

/** `undefined`: no restart follows. */
function planRestart(ingest: Ingest, at: Date): RestartPlan | undefined {
  const { programme, onAir } = ingest;
  if (!programme || !onAir || !mayRestart(ingest, at)) return undefined;
  // A task that ended although its source was well may only have come to its end.
  const hasFailed = programme.backupUrl !== null || isInTrouble(ingest);
  const failed = hasFailed ? afterFailure(onAir, at) : onAir;
  const aim = aimAt(programme, failed, decisionTime(ingest, at));
  if (aim.kind !== "play") return undefined;
  const restartedAt = onAir.restartedAt.filter(
    (restart) => at.getTime() - new Date(restart).getTime() < HOUR_MS,
  );
  // A switch that was due now has stopped the task, or came a moment too late.
  const isSwitch = !hasFailed && !isSameTarget(aim.target, onAir);
  if (isSwitch) return { programme: aim.programme, onAir: failed, pauseMs: 0 };
  if (restartedAt.length >= allowance(programme, { from: onAir, to: aim.target })) return undefined;
  return {
    programme: aim.programme,
    onAir: {
      ...failed,
      restarts: onAir.restarts + 1,
      restartedAt: [...restartedAt, at.toISOString()],
    },
    pauseMs: pauseMs(restartedAt.length),
  };
}

/** A backup takes over also where KeepAlive is off. */
const BACKUPS_PER_HOUR = 12;

const allowance = (
  { restartsPerHour }: Programme,
  { from, to }: Record<"from" | "to", Target>,
): number =>
  from.source === to.source ? restartsPerHour : Math.max(restartsPerHour, BACKUPS_PER_HOUR);

const pauseMs = (earlier: number): number =>
  earlier === 0 ? 0 : Math.min(PAUSE_MIN_MS * 2 ** (earlier - 1), PAUSE_MAX_MS);

/** A removed robot, a dismissed room and a pause that lasted too long stay ends. */
function mayRestart(
  { state, stopAskedAt, pausedAt, endCause, deadlineAt, successorOf }: Ingest,
  at: Date,
): boolean {
  if (successorOf !== null) return false;
  if (state !== "running" || stopAskedAt !== null || pausedAt !== null) return false;
  return endCause === null && deadlineAt.getTime() > at.getTime();
}

const isInTrouble = ({ mediaState }: Ingest): boolean =>
  mediaState === "failed" || mediaState === "retrying";
