/**
 * Carries out one step of a running programme at its time: a switch, a reading of a source's headers,
 * or a fresh task near TRTC's cap.
 */
import type { Ingest } from "../../store/ingests/ingest-row.js";
import { throughOutage } from "../outage.js";
import type { Services } from "../services.js";
import { STEP_LEASE_MS } from "../timing.js";
import { slotWaitMaxMs } from "../trtc-call.js";
import { sleepUntil } from "../wait.js";
import { aimAt, rollDueAt } from "./next-step.js";
import { readDue } from "./read-sources.js";
import { asReported, decisionTime } from "./reported.js";
import { rollOver } from "./roll-over.js";
import { follow, restart, type Step } from "./step-now.js";
import { callFor } from "./switch-call.js";
import { keepStep, type Situation, type StepResult } from "./write-step.js";

/** Carries out a step that this instance has claimed, at its time. Throws errors of the database. */
export async function stepOnTime(
  services: Services,
  claimed: Ingest,
  timeLeftMs: () => number,
): Promise<StepResult> {
  const { store, trtc, clock } = services;
  await trtc.ready();
  await sleepUntil(services, claimed.stepAt ?? clock.now());
  const begun = await throughOutage(services, timeLeftMs, () => {
    const at = clock.now();
    return store.programmes.beginStep({
      claimed,
      at,
      leaseMs: STEP_LEASE_MS,
      needsSlot: needsSlot(claimed, at),
      waitMaxMs: slotWaitMaxMs(Math.min(timeLeftMs(), STEP_LEASE_MS), "UpdateStreamIngest"),
    });
  });
  if (!begun) {
    await store.programmes.releaseStep({ taskId: claimed.taskId, stepFence: claimed.stepFence });
    return "spared";
  }
  return carryOutStep(services, { ...begun, timeLeftMs });
}

async function carryOutStep(services: Services, step: Step): Promise<StepResult> {
  const { ingest } = step;
  const { programme } = ingest;
  const at = decisionTime(ingest, services.clock.now());
  const onAir = asReported(ingest, at);
  if (!programme || !onAir || ingest.pausedAt !== null) return keepStep(services, step);
  const first = aimAt(programme, onAir, at);
  const isSwitch = callFor(ingest, { aim: first, onAir, at }) !== "none";
  // A switch is on time. What has to be read is read by the step after it.
  if (isSwitch) return follow(services, step, { programme, onAir, at });
  const rollAt = rollDueAt(onAir, ingest.deadlineAt);
  const isRollDue = rollAt !== undefined && rollAt <= at && onAir === ingest.onAir;
  if (isRollDue && first.kind === "play") {
    return replaceTask(services, step, { programme: first.programme, onAir, at });
  }
  const read = await readDue(services, { programme, onAir, at, timeLeftMs: step.timeLeftMs });
  return follow(services, step, { ...read, at: decisionTime(ingest, services.clock.now()) });
}

/** TRTC's cap is near. A robot that the caller named cannot be in the room twice, so it leaves first. */
const replaceTask = (services: Services, step: Step, now: Situation): Promise<StepResult> =>
  now.programme.hasOwnRobot
    ? rollOver(services, step, now)
    : restart(services, step, {
        ...now,
        onAir: { ...now.onAir, rolledOver: now.onAir.rolledOver + 1 },
      });

/** Whether the step will probably call UpdateStreamIngest. */
function needsSlot(ingest: Ingest, now: Date): boolean {
  const { programme } = ingest;
  const at = decisionTime(ingest, now);
  const onAir = asReported(ingest, at);
  if (!programme || !onAir) return false;
  return callFor(ingest, { aim: aimAt(programme, onAir, at), onAir, at }) === "update";
}
