/**
 * Brings on air what the clock of a programme says: a switch to the next item or source, another try
 * of a failed source, or the end of the list.
 *
 * The order is: claim and slot, then the call to TRTC, then the row. Each part may be done again,
 * because what to play follows from the clock.
 */
import { addMs, SECOND_MS } from "../../clock.js";
import type { Slot } from "../../store/engine/database-time.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import type { OnAir, Target } from "../../store/programmes/programme-row.js";
import type { TrtcError } from "../../trtc/trtc-error.js";
import { logTrtcFailure } from "../log-trtc-failure.js";
import { throughOutage } from "../outage.js";
import type { Services } from "../services.js";
import { startOnTime } from "../start/scheduled-start.js";
import { endGone } from "../stop/end-gone.js";
import { stopNow } from "../stop/stop-now.js";
import { ADVANCE_LEASE_MS } from "../timing.js";
import { callInNextSlot, callInSlot, saysGone } from "../trtc-call.js";
import { afterFailure, aimAt, isSameTarget, onAirWith } from "./next-step.js";
import { settingsOf, switchTo } from "./play-now.js";
import { asReported, decisionTime } from "./reported.js";
import { callFor } from "./switch-call.js";
import { keepStep, type Situation, stepAgain, type StepResult, writeStep } from "./write-step.js";

/** The pause after a source that TRTC refused at once. */
const REFUSED_MS = 2 * SECOND_MS;

export interface Step {
  /** The row holds this instance's claim. */
  ingest: Ingest;
  /** Undefined: the slot is taken when the call needs one. */
  slot: Slot | undefined;
  timeLeftMs: () => number;
}

/** For a caller or an event that waits. What has to be read is left to advance-ingests. */
export async function stepNow(services: Services, step: Step): Promise<StepResult> {
  const { ingest } = step;
  const { programme } = ingest;
  const at = decisionTime(ingest, services.clock.now());
  const onAir = asReported(ingest, at);
  if (!programme || !onAir || ingest.pausedAt !== null) return keepStep(services, step);
  return follow(services, step, { programme, onAir, at });
}

export async function follow(services: Services, step: Step, now: Situation): Promise<StepResult> {
  const { ingest } = step;
  const aim = aimAt(now.programme, now.onAir, now.at);
  if (aim.kind !== "play") return endProgramme(services, step, aim.kind);
  const { target } = aim;
  const situation = { ...now, programme: aim.programme };
  switch (callFor(ingest, { aim, onAir: now.onAir, at: now.at })) {
    case "none":
      return writeStep(services, step, {
        ...situation,
        onAir: withTarget(now.onAir, target, now.at),
      });
    case "update":
      return update(services, step, { ...situation, target });
    case "restart":
      return restart(services, step, situation);
  }
}

/** The next item has the same source, so no call was necessary. */
const withTarget = (onAir: OnAir, target: Target, at: Date): OnAir =>
  isSameTarget(onAir, target) ? onAir : onAirWith(onAir, target, at);

async function update(
  services: Services,
  step: Step,
  to: Situation & { target: Target },
): Promise<StepResult> {
  const { ingest, timeLeftMs } = step;
  const { programme, target, onAir } = to;
  try {
    const request = {
      SdkAppId: ingest.sdkAppId,
      TaskId: ingest.trtcTaskId ?? "",
      ...(onAir.sendsAll && settingsOf(ingest)),
      ...switchTo({ programme, target, play: ingest.play }),
    };
    const call = { ingest, request, timeLeftMs };
    const { Status } = step.slot
      ? await callInSlot(services, "UpdateStreamIngest", { ...call, slot: step.slot })
      : await callInNextSlot(services, "UpdateStreamIngest", call);
    if (Status !== "NotExist") {
      return await writeStep(services, step, { ...to, onAir: onAirWith(onAir, target, to.at) });
    }
  } catch (error) {
    if (!saysGone(error)) {
      logTrtcFailure(services, ingest, error);
      if (!isAboutSource(error)) return stepAgain(services, step);
      const { sendsAll } = onAir;
      const refused = { ...afterFailure(onAirWith(onAir, target, to.at), to.at), sendsAll };
      return writeStep(services, step, {
        ...to,
        onAir: refused,
        againAt: addMs(to.at, REFUSED_MS),
      });
    }
  }
  const ended = await endGone(services, ingest, timeLeftMs);
  return ended.state === "ended" ? "over" : "restarted";
}

/** TRTC has refused the source. Other refusals say nothing about it. */
const isAboutSource = ({ code, outcome }: TrtcError): boolean =>
  outcome === "refused" && code.startsWith("InvalidParameter");

/** The item begins at a second of its own, which no update can set. */
export async function restart(
  services: Services,
  step: Step,
  { programme, onAir, at }: Situation,
): Promise<StepResult> {
  const { store, clock } = services;
  const { ingest, timeLeftMs } = step;
  const { taskId, fence, stepFence } = ingest;
  try {
    const request = { SdkAppId: ingest.sdkAppId, TaskId: ingest.trtcTaskId ?? "" };
    await callInNextSlot(services, "StopStreamIngest", { ingest, request, timeLeftMs });
  } catch (error) {
    if (!saysGone(error)) {
      logTrtcFailure(services, ingest, error);
      return stepAgain(services, step);
    }
  }
  const restarting = await throughOutage(services, timeLeftMs, () =>
    store.programmes.markRestarting({
      taskId,
      fence,
      stepFence,
      programme,
      onAir,
      advanceAt: at,
      heldUntil: addMs(clock.now(), ADVANCE_LEASE_MS),
    }),
  );
  if (!restarting) return "spared";
  await startOnTime(services, restarting, timeLeftMs);
  return "restarted";
}

async function endProgramme(
  services: Services,
  { ingest, timeLeftMs }: Step,
  kind: "finish" | "fail",
): Promise<StepResult> {
  const reason = kind === "finish" ? "finished" : "failed";
  return (await stopNow(services, ingest, { reason, timeLeftMs })) ? "over" : "spared";
}
