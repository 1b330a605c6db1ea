/**
 * Updates with a Sequence take turns: one at a time may call TRTC for an ingest. Without turns, an
 * older call could reach TRTC after a newer one. TRTC would then play the older update, and the row
 * would say the newer one.
 *
 *   Sequence 5   turn ─── call ─── row written
 *   Sequence 7      └ waits ────────────────── turn ─── call ─── row written
 *   Sequence 6      └ waits ────────────────────────────────────────────────── refused: 7 took effect
 *
 * The turn is a claim with a lease, the same that a step of a programme takes. So an instance that
 * died delays the next update by no more than the lease. Its own update is repeatable: the caller's
 * retry repairs a crash between the call and the row.
 */
import { addMs } from "../../clock.js";
import { ignoreFailure } from "../../ignore.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import { throughOutage } from "../outage.js";
import type { Services } from "../services.js";
import { heldMs, STEP_LEASE_MS } from "../timing.js";
import { sleepBetween } from "../wait.js";
import { notRunning, otherUpdateRuns, refuseOutdated } from "./refusals.js";

export interface Turn {
  /** The row as it was when the turn began. */
  ingest: Ingest;
  timeLeftMs: () => number;
}

interface TurnRequest {
  ingest: Ingest;
  /** Absent: the turn is for no update, but to repair one. */
  sequence?: number | undefined;
  timeLeftMs: () => number;
}

/** Throws ApiError when a newer update took effect, or when the turn comes too late. */
export async function takeTurn(
  services: Services,
  { ingest: { taskId }, sequence, timeLeftMs }: TurnRequest,
): Promise<Turn> {
  const { clock, store } = services;
  const pauses = sleepBetween(services, timeLeftMs);
  for (;;) {
    const at = clock.now();
    const leaseUntil = addMs(at, STEP_LEASE_MS);
    const ingest = await store.ingests.takeUpdateTurn({ taskId, sequence, at, leaseUntil });
    if (ingest) return { ingest, timeLeftMs: heldMs(services, { leaseUntil }, timeLeftMs) };
    const now = await store.ingests.read(taskId);
    if (now) refuseOutdated(now, sequence);
    if (now && now.state !== "running") throw notRunning(now);
    if (!(await pauses())) throw otherUpdateRuns();
  }
}

/** If it fails, the turn ends with its lease. */
export async function endTurn(
  services: Services,
  { ingest: { taskId, stepFence }, timeLeftMs }: Turn,
): Promise<void> {
  const end = () => services.store.ingests.endUpdateTurn({ taskId, stepFence });
  await throughOutage(services, timeLeftMs, end).catch(ignoreFailure);
}
