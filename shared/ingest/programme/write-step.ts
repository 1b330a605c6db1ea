/** Writes what a step has changed, or gives its claim back. */
import { addMs, MINUTE_MS, SECOND_MS } from "../../clock.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import type { OnAir, Programme, Target } from "../../store/programmes/programme-row.js";
import type { StepNews } from "../../store/programmes/steps.js";
import { throughOutage } from "../outage.js";
import type { Services } from "../services.js";
import { nextStepAt } from "./next-step.js";
import { urlOf } from "./play-now.js";

/**
 * `read`: the headers of a source were read, and what plays stays. `rolled`: a fresh task has taken
 * over.
 */
export type StepResult = "switched" | "read" | "restarted" | "rolled" | "over" | "spared" | "again";

/** A programme that stands still is looked at again after this. */
const STILL_MS = MINUTE_MS;

/** The pause before a step that TRTC did not carry out is done again. */
const AGAIN_MS = SECOND_MS;

export interface Situation {
  programme: Programme;
  onAir: OnAir;
  at: Date;
}

/** The row holds this instance's claim, and no later than that. */
interface Holder {
  ingest: Ingest;
  timeLeftMs: () => number;
}

interface Written extends Situation {
  /** When a source that TRTC refused gives way to another one. */
  againAt?: Date;
}

/** Writes what is on air now, and when the next step is due. */
export async function writeStep(
  services: Services,
  { ingest, timeLeftMs }: Holder,
  { programme, onAir, at, againAt }: Written,
): Promise<StepResult> {
  const { store, log, clock } = services;
  const { taskId, stepFence, callerId, deadlineAt, onAir: before } = ingest;
  const news = againAt ? "none" : newsOf(before, onAir);
  const streamUrl = urlOf(programme, onAir);
  const isOther = streamUrl !== ingest.play.StreamUrl;
  const stepAt = againAt ?? nextStepAt(programme, onAir, { at, deadlineAt });
  const stepped = {
    taskId,
    stepFence,
    at,
    programme,
    onAir,
    stepAt: stepAt ?? null,
    streamUrl: isOther ? streamUrl : undefined,
    // Earlier failures belong to the source before, or are counted in `onAir`.
    failuresAfter: onAir === before ? undefined : (ingest.mediaAt ?? undefined),
  };
  const written = await throughOutage(services, timeLeftMs, () =>
    store.programmes.markStepped(stepped, news),
  );
  if (!written) return "spared";
  if (news === "none") return "read";
  const latenessMs = clock.now().getTime() - (ingest.stepAt ?? at).getTime();
  log({ level: "info", ingest: taskId, caller: callerId, outcome: news, latenessMs });
  return "switched";
}

function newsOf(before: OnAir | null, { index, round, source }: Target): StepNews {
  if (before?.index !== index || before.round !== round) return "item";
  return before.source === source ? "none" : "source";
}

/** The programme stands still, and an update lets it go on. */
export async function keepStep(services: Services, holder: Holder): Promise<StepResult> {
  await releaseStep(services, holder, STILL_MS);
  return "spared";
}

/** TRTC did not carry the call out, or did not answer. The same step is due again soon. */
export async function stepAgain(services: Services, holder: Holder): Promise<StepResult> {
  await releaseStep(services, holder, AGAIN_MS);
  return "again";
}

function releaseStep(
  services: Services,
  { ingest: { taskId, stepFence }, timeLeftMs }: Holder,
  pauseMs: number,
): Promise<void> {
  const { store, clock } = services;
  return throughOutage(services, timeLeftMs, () =>
    store.programmes.releaseStep({ taskId, stepFence, stepAt: addMs(clock.now(), pauseMs) }),
  );
}
