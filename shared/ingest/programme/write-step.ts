/** Writes what a step has changed, or gives its claim back. */
import { addMs, MINUTE_MS, SECOND_MS } from "../../clock.js";
import type { Ingest } from "../../store/ingests/ingest-row.js";
import type { OnAir, Programme, Target } from "../../store/programmes/programme-row.js";
import type { StepNews } from "../../store/programmes/steps.js";
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

interface Written extends Situation {
  /** When a source that TRTC refused gives way to another one. */
  againAt?: Date;
}

/** Writes what is on air now, and when the next step is due. */
export async function writeStep(
  { store, log, clock }: Services,
  ingest: Ingest,
  { programme, onAir, at, againAt }: Written,
): Promise<StepResult> {
  const { taskId, stepFence, callerId, deadlineAt, onAir: before } = ingest;
  const news = againAt ? "none" : newsOf(before, onAir);
  const streamUrl = urlOf(programme, onAir);
  const isOther = streamUrl !== ingest.play.StreamUrl;
  const stepAt = againAt ?? nextStepAt(programme, onAir, { at, deadlineAt });
  const written = await store.programmes.markStepped(
    {
      taskId,
      stepFence,
      at,
      programme,
      onAir,
      stepAt: stepAt ?? null,
      streamUrl: isOther ? streamUrl : undefined,
      // Earlier failures belong to the source before, or are counted in `onAir`.
      failuresAfter: onAir === before ? undefined : (ingest.mediaAt ?? undefined),
    },
    news,
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
export async function keepStep(
  { store, clock }: Services,
  { taskId, stepFence }: Ingest,
): Promise<StepResult> {
  const stepAt = addMs(clock.now(), STILL_MS);
  await store.programmes.releaseStep({ taskId, stepFence, stepAt });
  return "spared";
}

/** TRTC did not carry the call out, or did not answer. The same step is due again soon. */
export async function stepAgain(
  { store, clock }: Services,
  { taskId, stepFence }: Ingest,
): Promise<StepResult> {
  const stepAt = addMs(clock.now(), AGAIN_MS);
  await store.programmes.releaseStep({ taskId, stepFence, stepAt });
  return "again";
}
