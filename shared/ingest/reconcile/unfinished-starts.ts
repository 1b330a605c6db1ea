/** Resumes or cancels starts with an unknown outcome. */
import type { Ingest } from "../../store/ingests/ingest-row.js";
import type { Services } from "../services.js";
import { resumeStart } from "../start/resume-start.js";
import { RESUME_LEASE_MS } from "../timing.js";
import { CLAIMS, inBatches, type Outcome, type ReconcileRun } from "./run.js";

export const resumeUnfinishedStarts = (services: Services, run: ReconcileRun): Promise<void> => {
  const { store, clock, trtc } = services;
  return inBatches(run, {
    claim: () =>
      store.ingests.claimUnfinished({ at: clock.now(), limit: CLAIMS, leaseMs: RESUME_LEASE_MS }),
    work: async (ingest) => {
      await trtc.ready();
      const resumed = await resumeStart(services, ingest, run.timeLeftMs);
      logOutcome(services, resumed);
      return outcomeOf(resumed);
    },
  });
};

function outcomeOf({ state }: Ingest): Outcome {
  if (state === "starting") return "unsettled";
  return state === "ended" ? "failed" : "started";
}

/** Helps an operator who searches the log for the start's TaskId. */
function logOutcome({ log }: Services, { taskId, callerId, state, failureCode }: Ingest): void {
  if (state === "starting") return;
  const outcome = failureCode ?? "ok";
  const detail = state === "ended" ? "the start was taken back" : "the start was finished";
  const level = failureCode === null ? "info" : "warn";
  log({ level, ingest: taskId, caller: callerId, outcome, detail });
}
