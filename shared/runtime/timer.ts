/** The function kind for timers: one bounded run, with its counts in the log. */
import type { Services } from "../ingest/services.js";
import { defineFunction } from "./define-function.js";
import { failureOf } from "./invocation.js";
import { rememberAnswers } from "./trtc-answers.js";

export type TimerUseCase = (
  services: Services,
  run: { timeLeftMs: () => number },
) => Promise<Record<string, number>>;

/**
 * A run that fails throws, so that the platform counts the failure. Due rows stay due, and the next
 * run takes them. Each run writes its end, so that a timer that does not fire is seen.
 */
export const timerFunction = (functionName: string, useCase: TimerUseCase) =>
  defineFunction<Record<string, number>>(functionName, {
    actor: "timer",
    async handle(_event, services, { timeLeftMs, line }) {
      // The outcome of the run is what counts, not whether its mark could be written.
      const { trtc, answers } = rememberAnswers(services.trtc);
      const mark = (isFailed: boolean) =>
        services.store.health
          .markTimerRun({ functionName, isFailed, answers: answers() })
          .catch(() => undefined);
      try {
        line.counts = await useCase({ ...services, trtc }, { timeLeftMs });
      } catch (error) {
        await mark(true);
        throw error;
      }
      await mark(false);
      return line.counts;
    },
    // A timer runs every minute, and usually no row is due.
    isNews: (counts) => Object.values(counts).some((count) => count !== 0),
    outcomeOf: (error) => failureOf(error, "error"),
  });
