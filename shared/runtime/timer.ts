/** The function kind for timers: one bounded run, with its counts in the log. */
import type { Services } from "../ingest/services.js";
import { defineFunction } from "./define-function.js";
import { failureOf } from "./invocation.js";

export type TimerUseCase = (
  services: Services,
  run: { timeLeftMs: () => number },
) => Promise<Record<string, number>>;

/**
 * A run that fails throws, so that the platform counts the failure. Due rows stay due, and the next
 * run takes them.
 */
export const timerFunction = (functionName: string, useCase: TimerUseCase) =>
  defineFunction<Record<string, number>>(functionName, {
    async handle(_event, services, { timeLeftMs, line }) {
      const counts = await useCase(services, { timeLeftMs });
      line.counts = counts;
      return counts;
    },
    // A timer runs every minute, and usually no row is due.
    isNews: (counts) => Object.values(counts).some((count) => count !== 0),
    outcomeOf: (error) => failureOf(error, "error"),
  });
